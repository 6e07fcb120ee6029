"""One HTTPS port for people outside: pages, SIP over WebSocket and TURN behind it, as nginx and coturn are told.

The site's settings enter, the text of their files leaves (decision 0041). What must never happen here: a relay that reaches
anything but the PBX, or a secret in a file that is not said to hold one.
"""
