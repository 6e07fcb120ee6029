"""Keeping, wired: the register of the store and the shelf of the archive behind it, the verbs and the board before it.

``terms`` says holds and terms in lines for a person, ``disposing`` proposals, their execution and the records, ``watch`` looks
once an hour beside the calls. Nothing here decides what may be destroyed.
"""
