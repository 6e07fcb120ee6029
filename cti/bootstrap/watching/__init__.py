"""The service watching: frames and witnesses come in, are followed and replayed, and what it stands on is looked after.

Enters: the PBX's link, its files, the store's health. Leaves: events into the pipeline, alarms onto the board. Never here: what a
person asks for.
"""
