"""The words by which rooms speak of a browser phone: what the PBX accepts at a post, for whom, until when."""

from dataclasses import dataclass
from typing import Final

from cti.journey.around.duty import PersonId
from cti.journey.words import AgentId, Instant

#: Why a caller goes back to his filière when his agent's phone vanished; the dialplan says the same (section 10).
LOST_PHONE: Final = "téléphone perdu"


@dataclass(frozen=True, slots=True)
class Credential:
    """What the PBX accepts at a post, without its password."""

    poste: AgentId
    personne: PersonId
    since: Instant  #: when she took the post; 0 at a fixed one
    until: Instant

    @property
    def closed(self) -> bool:
        """Nobody's: its password is known to nobody."""
        return self.personne == ""
