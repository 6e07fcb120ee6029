"""What people write about a caller while they have him: for whoever takes him next. Only ever added to."""

from dataclasses import dataclass
from typing import Final

from cti.journey.words import AgentId, CallId, Instant

#: The longest note (characters): some lines, not a dossier.
NOTE_MOST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNote:
    """One note; never changed, never taken back, a later one says more."""

    note_id: str
    call_id: CallId
    at: Instant  #: our clock
    by: str  #: how people call the author
    poste: AgentId  #: where she sat; empty for one who sits at none
    texte: str
