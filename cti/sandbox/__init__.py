"""A PBX of our own: a real Asterisk, fetched without root, started and stopped by one process, for the demo and the tests.

In comes a folder of telephony configuration and the free ports to use; out come a running Asterisk, its command line,
its log, and SIPp processes that call it.
What must never happen here: touching the machine's own packages or an Asterisk we did not start, or leaving a process
behind.
"""
