"""Who may do what with the voice, and the proof of who did.

Named accounts with roles and tokens, the site's table of rights and the decision it leads to, and the hash-chained log of every
access, enter and leave as values; the store and the clock are given by bootstrap. What must never happen here: a right that is
not in the table, an answer given before its trace is written, a token kept in clear.
"""

from cti.access.decision import Decision, Granted, Refused, decide
from cti.access.rights import About, Asker, Rights
from cti.access.table import AccessConfigError, AccessSettings, Right, from_mapping

__all__ = [
    "About",
    "AccessConfigError",
    "AccessSettings",
    "Asker",
    "Decision",
    "Granted",
    "Refused",
    "Right",
    "Rights",
    "decide",
    "from_mapping",
]
