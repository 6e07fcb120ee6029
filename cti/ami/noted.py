"""What the raw journal holds besides frames: what the service was told, or found, that no frame over the link says.

With these notes a replay of the journal tells the same story as the service did, blind intervals included. Each is one value; its
JSON stands in the journal between the frames, at the place where the service took it into account (`cti.ami.recorded`). The notes
hold what was *seen* (rows of CEL, the snapshot of the PBX, the secours file), not what was made of it: a replay concludes anew.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from cti.ami.actions import ChannelRow, QueueSnapshot
from cti.ami.recorded import SessionError
from cti.ami.secours_spool import SecoursCall
from cti.ami.translate.cel import CelRow
from cti.ami.translate.queue_log import QueueLogRow
from cti.journey.words import CallId, Instant


class UnreadableNote(SessionError):
    """A note of the raw journal is not one that this version writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection was begun: its frames wait until the past is told."""

    kind: Literal["connected"] = "connected"
    first: bool  #: of this run of the service: what the run before held in memory is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """The link was up and is lost; frames that still wait are void, CEL will tell what they told."""

    kind: Literal["disconnected"] = "disconnected"
    at: Instant
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All that was read to tell the blind interval, and the PBX as it was found at its end."""

    kind: Literal["past"] = "past"
    since: Instant  #: last instant at which we saw
    until: Instant  #: instant of the snapshot, on the PBX's clock
    heard_at: Instant = 0  #: the same on ours
    steady_us: int = 0  #: the same on a clock that never steps; 0 in journals of before, where no step is looked for
    started_at: Instant | None  #: when the PBX was started, if it may have been within the interval
    rows: tuple[CelRow, ...]  #: CEL from before the oldest open call on
    troubles: tuple[str, ...]  #: what of CEL could not be read
    queue_log: tuple[QueueLogRow, ...] = ()  #: the third witness, of the same time
    queues: QueueSnapshot
    channels: tuple[ChannelRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCall:
    """An open call of which nobody can say what it did since then."""

    call_id: CallId
    at: Instant
    since: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPast:
    """The past could not be told, by a fault of ours: live frames went on without it."""

    kind: Literal["no_past"] = "no_past"
    at: Instant
    calls: tuple[LostCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecoursRead:
    """The secours file of a call was taken in."""

    kind: Literal["secours"] = "secours"
    call: SecoursCall
    alone: bool  #: neither the store nor a live channel knew this call


Note: TypeAlias = Connected | Disconnected | Past | NoPast | SecoursRead

_NOTES: TypeAdapter[Note] = TypeAdapter(Annotated[Note, Field(discriminator="kind")])


def written(note: Note) -> bytes:
    """The note as it stands in the journal."""
    return _NOTES.dump_json(note)


def read(text: bytes) -> Note:
    """The note that was written.

    Raises:
        UnreadableNote: it is none of ours, or damaged.
    """
    try:
        return _NOTES.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnreadableNote(f"a note cannot be read: {where}: {first['msg']}") from error
