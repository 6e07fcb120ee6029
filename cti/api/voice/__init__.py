"""The voice over HTTP: recordings looked for and told, listened to by tickets, drawn for review.

Enters: a request of a person whose token names her. Leaves: what the table of rights gives her of it, once the log of accesses
says so. Never here: a decision about a right, a byte of sound before its trace, a file.
"""

from cti.api.voice import ecoutes, enregistrements, tirages

#: The parts whose operations make up the voice.
VOICE = (enregistrements, ecoutes, tirages)

__all__ = ["VOICE"]
