"""The simulated people of the demo and of the acceptance tests: callers who dial, agents who answer, and what really happened.

In come a site's phones, a plan (rate, durations, seed) and a startable SIPp; out come real calls on the PBX, and the truth about
each of them, read from SIPp's own log and compared with what the service believes.
What must never happen here: asking the service or the PBX what the truth is, or leaving a SIPp behind.
"""
