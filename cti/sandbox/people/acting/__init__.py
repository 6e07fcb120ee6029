"""What agents do more rarely than answer, pass on and hang up: hold, consult apart, call a physician or a guest into the talk.

In come the usual gestures of a filière and how often each act is wanted; out come gestures with acts in them, and the steps with
which a SIPp plays them. Nothing here is drawn in a town that does not ask for acts.
"""
