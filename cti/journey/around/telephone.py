"""The word by which rooms speak of a browser phone: what the PBX accepts at a post, for whom, until when."""

from dataclasses import dataclass

from cti.journey.around.duty import PersonId
from cti.journey.words import AgentId, Instant


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
