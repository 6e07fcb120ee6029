"""What the api needs of listening and of quality draws, and the values that pass.

Instants are microseconds. A port that cannot read now raises ``StoreUnavailable``, which becomes a 503.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cti.access import Granted
from cti.api.edge.door import Known
from cti.journey import CallId, Instant
from cti.journey.around.access import Tie
from cti.journey.around.listening import Draw, Wanted
from cti.listening.pieces import Found
from cti.listening.sound import Sound
from cti.listening.tickets import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One recording as one person sees it."""

    found: Found
    ties: tuple[Tie, ...]
    may: str  #: see it: ``oui``, ``motif`` (with a reason), ``non``
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The sound of one recording as it stands at this instant."""

    sound: Sound
    running: bool  #: the recorder still writes
    piece_id: str

    @property
    def formats(self) -> list[str]:
        """In which it can be had."""
        return ["wav"] if self.sound.flac is None else ["flac", "wav"]

    @property
    def duration_ms(self) -> int:
        """Length, cut and never rounded up."""
        return self.sound.frames * 1000 // self.sound.rate

    def upto(self, until_ms: int | None) -> int:
        """How many frames lie before this offset; all of them without one."""
        return self.sound.frames if until_ms is None else min(self.sound.frames, until_ms * self.sound.rate // 1000)


class Listening(Protocol):
    """Recordings, tickets, sound."""

    async def find(self, piece_id: str) -> Found | None:
        """One recording; None when nobody knows it."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[Found]:
        """The recordings of one call."""
        ...

    async def of_dossier(self, dossier: str) -> Sequence[Found]:
        """The recordings of a dossier, by its identity or its number."""
        ...

    async def search(
        self, wanted: Wanted, agent: str, before: tuple[Instant, CallId] | None, limit: int
    ) -> tuple[Sequence[Found], tuple[Instant, CallId] | None]:
        """A page of recordings, the newest call first, and the place from which the next one goes on."""
        ...

    async def posts(self, agent: str) -> tuple[str, ...]:
        """The posts of a person, or the post of that name; empty when nobody and nothing is called so."""
        ...

    async def mine(self, known: Known) -> Sequence[Seen]:
        """What she may see because she talked in it, or holds or held its patient; calls under way included."""
        ...

    async def seen(self, known: Known, found: Sequence[Found]) -> Sequence[Seen]:
        """The recordings as this person sees them."""
        ...

    async def ties(self, known: Known, found: Found) -> tuple[Tie, ...]:
        """What ties this person to this recording."""
        ...

    async def detail(self, found: Found) -> dict[str, Any]:
        """What its own page adds to its row."""
        ...

    async def open(self, known: Known, granted: Granted, found: Found) -> tuple[Ticket, Heard]:
        """A ticket for what was granted and written down, and the sound.

        Raises:
            NoSound, SoundDamaged, OutOfReach: there is nothing to listen to, or not now.
        """
        ...

    async def holder(self, ecoute_id: str, secret: str, client: str) -> Known | None:
        """Whose cookie this is; None when it opens nothing that is open."""
        ...

    async def ticket(self, ecoute_id: str, known: Known, client: str) -> Ticket | None:
        """An open ticket of hers; None when there is none of this name.

        Raises:
            TicketOver: it is over, or somebody else's; written down.
        """
        ...

    def close(self, ticket: Ticket) -> None:
        """The listening is over."""
        ...

    async def hear(self, ticket: Ticket) -> Heard:
        """The sound behind a ticket, as it stands now.

        Raises:
            NoSound, SoundDamaged, OutOfReach: it cannot be had any more, or not now.
        """
        ...

    async def peaks(self, ticket: Ticket, buckets: int, until_ms: int | None) -> dict[str, Any]:
        """Its waveform.

        Raises:
            NoSound, SoundDamaged, OutOfReach: it cannot be had any more, or not now.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawWish:
    """What is to be drawn, for whom."""

    reviewer: str
    wanted: int
    since: Instant
    until: Instant
    ends_at: Instant
    reason: str
    flux: str = ""
    filiere: str = ""
    seed: str = ""  #: empty: drawn too


class Draws(Protocol):
    """Quality draws."""

    async def draw(self, wish: DrawWish, by: Known, client: str) -> Draw:
        """Draw, and write it down with its entry in the log.

        Raises:
            DrawRefused: it may not be, in French.
        """
        ...

    async def all(self) -> Sequence[Draw]:
        """Every draw, the newest first."""
        ...

    async def hers(self, known: Known) -> Sequence[Draw]:
        """Those for this account whose review is not over."""
        ...
