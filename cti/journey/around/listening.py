"""What is looked for among the recordings, and quality draws: words that the store, the rules and the API all speak."""

from dataclasses import dataclass

from cti.journey.around.access import UserName
from cti.journey.around.voice import VoiceState
from cti.journey.words import AgentId, CallId, FiliereCode, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which recordings are looked for; what is empty asks for nothing."""

    since: Instant | None = None  #: first t0 of the call, held
    until: Instant | None = None  #: last one, not held
    dossier: str = ""  #: identity or readable number of a dossier
    numbers: tuple[str, ...] = ()  #: every way in which one number may be written
    posts: tuple[AgentId, ...] = ()  #: somebody talked at one of these
    filiere: FiliereCode = ""  #: somebody answered in it
    state: VoiceState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Answered calls drawn at random for one person's quality review. Never changed: a draw that was wrong is over at its end.

    Whoever holds ``seed`` and the calls of the period draws the same ones again (``cti.listening.draw``).
    """

    number: int  #: 1, 2, 3...
    by: str
    at: Instant
    reviewer: UserName
    ends_at: Instant  #: the tie of the reviewer ends there
    reason: str
    since: Instant  #: period of t0, the first held, the last not
    until: Instant
    flux: str = ""
    filiere: FiliereCode = ""
    wanted: int  #: how many were asked for
    seed: str
    pool: int  #: how many calls there were to draw from
    pool_sha256: str  #: of their identities, in order, one a line
    calls: tuple[CallId, ...] = ()  #: in the order in which they were drawn
