"""The fold of one call, by what happens to it: its own story, its consultations, its room, an outgoing call.

Enters: a journey and an event. Leaves: the journey after it and the facts that follow. Never here: clock, frame, another call.
"""
