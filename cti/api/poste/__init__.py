"""The desk over HTTP: what an ARM, an OSNP or a doctor follows and asks for at her own post, and the phone of its page.

Enters: a request of the person who sits there, of a superviseur, or of the site. Leaves: the picture of that desk, its changes,
and what was asked of the calls that are hers. Never here: somebody else's caller, a decision about a call, a password told to who
does not sit there or written to a log.
"""

from cti.api.poste import desk, page_words, telephone

#: The parts whose operations make up the desk.
POSTE = (desk, telephone, page_words)

__all__ = ["POSTE"]
