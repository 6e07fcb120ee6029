"""What stands around the calls, as values: who is on duty, crisis mode, which numbers belong to one caller.

Enters and leaves: frozen values that the rooms, the store and the screens pass to each other. Never here: how they are decided.
"""
