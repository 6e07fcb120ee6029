"""The desk over HTTP: what an ARM, an OSNP or a doctor follows and asks for at her own post.

Enters: a request of the person who sits there, of a superviseur, or of the site. Leaves: the picture of that desk, its changes,
and what was asked of the calls that are hers. Never here: somebody else's caller, or a decision about a call.
"""

from cti.api.poste import desk

#: The parts whose operations make up the desk.
POSTE = (desk,)

__all__ = ["POSTE"]
