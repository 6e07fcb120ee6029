"""What a run takes from the machine it is on: processes and ports.

In come a command line or a telephony configuration; out come a process that is always reaped, or the name of a taken port.
Nothing here may know what Asterisk or SIPp do with them.
"""
