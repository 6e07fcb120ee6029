"""What the pipeline needs of others, and how it is paced."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from cti.journey import Journey
from cti.journey.events import CallEvent, PbxEvent
from cti.journey.facts import Fact
from cti.journey.ledger import Batch, Promise
from cti.journey.words import CallId, Instant

T = TypeVar("T")


class Store(Protocol):
    """Where batches are written. Plain synchronous methods, all called from one writer thread."""

    def commit(self, batch: Batch) -> None:
        """Write all of the batch or nothing.

        Raises:
            StoreUnavailable: out of reach, locked or full; the same batch may be offered again.
        """

    def open_journeys(self) -> list[Journey]:
        """The calls that had not ended when we last wrote."""

    def outlived_journeys(self, since: Instant) -> list[Journey]:
        """The calls that came in since then and ended while an agent consulted for their caller."""

    def journey(self, call_id: CallId) -> Journey | None:
        """One call, ended or not."""

    def pending(self) -> list[Promise]:
        """Promises not yet kept."""


class Listener(Protocol):
    """Somebody who wants to know what happened; quick, synchronous, and never the cause of a failure elsewhere."""

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call is now like this, because of this event."""

    def seen(self, event: PbxEvent) -> None:
        """Something of the room, not of one call."""


class Runner(Protocol):
    """The one writer thread of the store."""

    def __call__(self, function: Callable[..., T], /, *args: Any) -> Awaitable[T]:
        """Run a synchronous function of the store there, and wait for its result."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows from a fact, once per call and fact.

    ``run`` may be tried again until it succeeds, so it must be idempotent; each try is cut after ``attempt_seconds``. A
    promise not kept within ``deadline_seconds`` is late: that is logged as an alarm, and it is still tried.
    """

    name: str
    run: Callable[[Journey], Awaitable[Sequence[CallEvent]]]
    attempt_seconds: float
    deadline_seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How the writer breathes."""

    linger_seconds: float = 0.02  #: events that come within this join one commit: far under what a screen shows
    batch_events: int = 20_000  #: a commit larger than this would hold the next ones up
    waiting_events: int = 200_000  #: more than this in memory (about 1 kB each) while the store is away are thinned
    early_seconds: float = 1.0  #: without a commit for this long, the listeners are told all the same
    retry_first_seconds: float = 0.1
    retry_most_seconds: float = 5.0
    ended_kept: int = 512  #: ended calls kept in memory for late frames


@dataclass(slots=True)
class Counters:
    """What the pipeline has done since its start, for /metrics."""

    events: int = 0
    commits: int = 0
    failed_commits: int = 0
    rejected: int = 0
    listener_failures: int = 0
    reactions: int = 0
    reaction_failures: int = 0
    late_promises: int = 0
    thinned: int = 0  #: events that are in no row because the store was away too long
