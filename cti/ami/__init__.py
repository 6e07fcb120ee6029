"""The PBX: the only room that knows Asterisk exists (AMI, AGI, CEL, dialplan).

In come bytes of the manager port, questions of the dialplan and rows of CEL; out go domain events in the PBX's own order,
answers within their time, a few checked actions, and recorded sessions.
What must never happen here: a fault of ours that delays a caller, an action sent twice, or an unchecked value that Asterisk
would read as a second header, action or variable.
"""
