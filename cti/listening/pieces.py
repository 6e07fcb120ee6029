"""The recordings of a call as pieces, whether the archive knows them already or the recorder still runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cti.journey.around.voice import Piece, PieceKind, VoiceState
from cti.journey.events import ConsultEnd
from cti.journey.model import Consult, Journey, Recording

#: After these the agent's second line is over, and its recorder with it; after any other end it may go on.
_OVER = frozenset({ConsultEnd.RETURNED, ConsultEnd.NO_ANSWER, ConsultEnd.BUSY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One recording, with its call."""

    piece: Piece
    journey: Journey
    running: bool  #: the recorder still writes, as far as the story tells
    duration_ms: int | None  #: of what is finished
    consult: Consult | None = None  #: whose it is, of a consultation


def found(journey: Journey, rows: Iterable[Piece]) -> tuple[Found, ...]:
    """Every recording of this call, in order of its beginning.

    Args:
        journey: the call.
        rows: the pieces that the archive knows of it.
    """
    known = {row.piece_id: row for row in rows}
    told: dict[str, Found] = {}
    for kind, recording, consult in _recordings(journey):
        piece_id = piece_id_of(recording.stem)
        if recording.stem and piece_id not in told:
            piece = known.pop(piece_id, None) or _unarchived(journey, kind, recording)
            running = recording.checked_at is None and _runs(journey, recording, consult)
            told[piece_id] = _one(journey, piece, recording, consult, running=running)
    # A row that the story does not tell of is a voice all the same.
    others = [_one(journey, row, None, None, running=False) for row in known.values()]
    return tuple(sorted((*told.values(), *others), key=lambda one: (one.piece.started_at, one.piece.piece_id)))


def piece_id_of(stem: str) -> str:
    """The identity of the recording that lies under this stem."""
    return stem.rpartition("/")[2]


def _one(journey: Journey, piece: Piece, recording: Recording | None, consult: Consult | None, *, running: bool) -> Found:
    lengths = [ms for ms in (recording.caller_ms, recording.agents_ms) if ms is not None] if recording is not None else []
    duration_ms = piece.sealed.duration_ms if piece.sealed is not None else max(lengths, default=None)
    return Found(piece=piece, journey=journey, running=running, duration_ms=duration_ms, consult=consult)


def _recordings(journey: Journey) -> Iterator[tuple[PieceKind, Recording, Consult | None]]:
    yield from ((PieceKind.APPEL, one, None) for one in journey.recordings)
    yield from ((PieceKind.CONSULTATION, one.recording, one) for one in journey.consults if one.recording is not None)


def _runs(journey: Journey, recording: Recording, consult: Consult | None) -> bool:
    if consult is not None:
        return consult.how not in _OVER
    # A later recording of the same call took over from an earlier one.
    return journey.ended_at is None and all(one.started_at <= recording.started_at for one in journey.recordings)


def _unarchived(journey: Journey, kind: PieceKind, recording: Recording) -> Piece:
    """A recording that the archive has not taken up: under way, waiting for it, or kept in clear where no archive is."""
    looked_at = recording.checked_at is not None
    return Piece(
        piece_id=piece_id_of(recording.stem),
        call_id=journey.call_id,
        kind=kind,
        stem=recording.stem,
        started_at=recording.started_at,
        state=_judged(recording) if looked_at else VoiceState.STARTED,
        state_at=recording.checked_at or recording.started_at,
        problem=recording.problem,
    )


def _judged(recording: Recording) -> VoiceState:
    """What the check at the end of the call says of it."""
    if recording.problem is None:
        return VoiceState.PROVEN
    return VoiceState.DAMAGED if recording.caller_ms or recording.agents_ms else VoiceState.MISSING
