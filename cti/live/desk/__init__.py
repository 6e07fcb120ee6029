"""One desk: the calls of one post, what its person may do about them now, and the numbered picture that her page follows.

In come journeys; out goes plain data. A desk shows the whole number of its own callers and nothing of anybody else's. What must
never happen here: a decision about a call, or an act offered that the PBX would refuse for a reason that was known.
"""

from cti.live.desk.acts import DeskAct, Ground, acts_of
from cti.live.desk.picture import Picture
from cti.live.desk.places import Here, Place, places_of
from cti.live.desk.telling import Words, tell_call, tell_last, tell_note

__all__ = [
    "DeskAct",
    "Ground",
    "Here",
    "Picture",
    "Place",
    "Words",
    "acts_of",
    "places_of",
    "tell_call",
    "tell_last",
    "tell_note",
]
