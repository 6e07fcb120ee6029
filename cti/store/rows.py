"""Journeys as rows and back: pure functions, exact in both directions.

Every ``*_row`` gives the values in the column order of its table; ``rebuild`` gives the very journey that was written.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

from cti.journey.events import ConsultEnd, OfferEnd, PlacedVia, RouteSource, TransferVia
from cti.journey.events.codec import to_json
from cti.journey.events.placed import Direction, Placed
from cti.journey.ledger import Entry, Promise
from cti.journey.model import Anomaly, Consult, Gap, Journey, Leg, Quality, Recording, Stage, StageEnd
from cti.journey.states import State
from cti.journey.words import CallId, Instant

#: One row, its values in the order of the table's columns.
Row: TypeAlias = Sequence[Any]
#: Where the columns of an outgoing call begin, after those that are read off the journey.
_PLACED: Final = 30
Word = TypeVar("Word", bound=StrEnum)


def _words(enum: type[Word]) -> Mapping[str | None, Word | None]:
    # A dictionary is several times quicker than calling the enum, and reports read every row through it.
    return {None: None, **{member.value: member for member in enum}}


_STATES = {member.value: member for member in State}
_QUALITIES = {member.value: member for member in Quality}
_SOURCES = {member.value: member for member in RouteSource}
_SOURCE, _VIA, _END, _HOW = _words(RouteSource), _words(TransferVia), _words(StageEnd), _words(OfferEnd)
_CONSULT_END = _words(ConsultEnd)


def _word(member: StrEnum | None) -> str | None:
    # The drivers would look for an adapter for the enum's own type, row by row.
    return None if member is None else member.value


def event_row(entry: Entry) -> Row:
    """``event`` without ``seq``, which the database gives."""
    event = entry.event
    return event.call_id, event.at, type(event).__name__, to_json(event), entry.session, entry.frame, entry.part


def call_row(journey: Journey) -> Row:
    """``call``, with what is read off the journey in the last columns."""
    route = journey.route
    filiere, source, motif, priority = (None, None, None, None) if route is None else (route[0], route[1].value, *route[2:])
    return (
        journey.call_id,
        journey.state.value,
        journey.t0,
        journey.channel,
        journey.did,
        journey.flux,
        journey.caller,
        journey.public,
        journey.test,
        journey.priority,
        journey.greeting_started_at,
        journey.greeting_ended_at,
        filiere,
        source,
        motif,
        priority,
        journey.answered_at,
        journey.answered_by,
        journey.joined_at,
        journey.ended_at,
        journey.cause,
        journey.dossier_id,
        journey.dossier_ref,
        journey.silent,
        journey.quality.value,
        journey.last_at,
        _word(journey.outcome),
        _word(journey.abandon_phase),
        journey.wait_ms,
        journey.lost_waiting,
        *_placed_values(journey.placed),
    )


def _placed_values(placed: Placed | None) -> Row:
    if placed is None:
        return (None,) * 10
    return (
        placed.agent,
        placed.line,
        placed.number,
        placed.via.value,
        placed.callback,
        placed.about,
        placed.ready_at,
        placed.dialled_at,
        placed.ringing_at,
        _word(placed.missed),
    )


def stage_row(call_id: CallId, position: int, stage: Stage) -> Row:
    """``stage``; its legs have rows of their own."""
    return (
        call_id,
        position,
        stage.filiere,
        stage.entered_at,
        _word(stage.source),
        stage.motif,
        stage.priority,
        stage.answered_at,
        stage.agent,
        stage.joined_at,
        stage.left_at,
        _word(stage.end),
        _word(stage.via),
        _word(stage.accompanied),
    )


def leg_row(call_id: CallId, stage: int, position: int, leg: Leg) -> Row:
    """``leg``, under the stage at that position."""
    return (
        call_id,
        stage,
        position,
        leg.agent,
        leg.leg,
        leg.offered_at,
        leg.answered_at,
        leg.joined_at,
        leg.ended_at,
        _word(leg.how),
    )


def recording_row(call_id: CallId, position: int, recording: Recording) -> Row:
    """``recording``."""
    gaps = json.dumps([(gap.at, gap.ms) for gap in recording.gaps]) if recording.gaps else None
    return call_id, position, *_recording_values(recording), gaps


def _recording_values(recording: Recording | None) -> Row:
    if recording is None:
        return (None,) * 7
    return (
        recording.stem,
        recording.started_at,
        recording.checked_at,
        recording.caller_ms,
        recording.agents_ms,
        recording.bytes,
        recording.problem,
    )


def consult_row(call_id: CallId, position: int, consult: Consult) -> Row:
    """``consult``, with its recording when it has one."""
    return (
        call_id,
        position,
        consult.agent,
        consult.line,
        consult.target,
        consult.started_at,
        consult.answered_at,
        consult.answered_by,
        consult.ended_at,
        _word(consult.how),
        *_recording_values(consult.recording),
    )


def anomaly_row(call_id: CallId, position: int, anomaly: Anomaly) -> Row:
    """``anomaly``."""
    return call_id, position, anomaly.at, anomaly.kind, anomaly.detail


def promise_row(promise: Promise, done_at: Instant | None) -> Row:
    """``outbox``; ``done_at`` is None while the promise is to be kept."""
    return promise.call_id, promise.reaction, promise.key, promise.at, promise.deadline_at, done_at


def storable(row: Row) -> Row:
    """The row with what no database takes as text (NUL, half a surrogate pair) shown by the replacement character."""
    return tuple([_readable(value) if isinstance(value, str) else value for value in row])


def _readable(value: str) -> str:
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def rebuild(
    row: Sequence[Any],
    stages: Sequence[Row],
    legs: Sequence[Row],
    recordings: Sequence[Row],
    anomalies: Sequence[Row],
    consults: Sequence[Row] = (),
) -> Journey:
    """The journey that these rows, each list in order of position, were written from."""
    return Journey(
        call_id=row[0],
        state=_STATES[row[1]],
        t0=row[2],
        channel=row[3],
        did=row[4],
        flux=row[5],
        caller=row[6],
        public=bool(row[7]),
        test=bool(row[8]),
        priority=row[9],
        greeting_started_at=row[10],
        greeting_ended_at=row[11],
        route=None if row[12] is None else (row[12], _SOURCES[row[13]], row[14], row[15]),
        answered_at=row[16],
        answered_by=row[17],
        joined_at=row[18],
        ended_at=row[19],
        cause=row[20],
        dossier_id=row[21],
        dossier_ref=row[22],
        silent=bool(row[23]),
        quality=_QUALITIES[row[24]],
        last_at=row[25],
        stages=tuple([_stage(stage, legs) for stage in stages]),
        recordings=tuple([_recording(recording, recording[9]) for recording in recordings]),
        consults=tuple([_consult(consult) for consult in consults]),
        anomalies=tuple([Anomaly(at=anomaly[2], kind=anomaly[3], detail=anomaly[4]) for anomaly in anomalies]),
        direction=Direction.ENTRANT if row[_PLACED] is None else Direction.SORTANT,
        placed=_placed(row[_PLACED:]),
    )


def _placed(row: Row) -> Placed | None:
    if row[0] is None:
        return None
    return Placed(
        agent=row[0],
        line=row[1],
        number=row[2],
        via=PlacedVia(row[3]),
        callback=row[4],
        about=row[5],
        ready_at=row[6],
        dialled_at=row[7],
        ringing_at=row[8],
        missed=_HOW[row[9]],
    )


def _stage(row: Row, legs: Sequence[Row]) -> Stage:
    return Stage(
        filiere=row[2],
        entered_at=row[3],
        source=_SOURCE[row[4]],
        motif=row[5],
        priority=row[6],
        answered_at=row[7],
        agent=row[8],
        joined_at=row[9],
        left_at=row[10],
        end=_END[row[11]],
        via=_VIA[row[12]],
        accompanied=_VIA[row[13]],
        legs=tuple([_leg(leg) for leg in legs if leg[1] == row[1]]),
    )


def _leg(row: Row) -> Leg:
    return Leg(
        agent=row[3],
        leg=row[4],
        offered_at=row[5],
        answered_at=row[6],
        joined_at=row[7],
        ended_at=row[8],
        how=_HOW[row[9]],
    )


def _recording(row: Row, gaps: str | None = None) -> Recording:
    return Recording(
        stem=row[2],
        started_at=row[3],
        checked_at=row[4],
        caller_ms=row[5],
        agents_ms=row[6],
        bytes=row[7],
        problem=row[8],
        gaps=() if gaps is None else tuple([Gap(at, ms) for at, ms in json.loads(gaps)]),
    )


def _consult(row: Row) -> Consult:
    return Consult(
        agent=row[2],
        line=row[3],
        target=row[4],
        started_at=row[5],
        answered_at=row[6],
        answered_by=row[7],
        ended_at=row[8],
        how=_CONSULT_END[row[9]],
        recording=None if row[10] is None else _recording(row[8:]),
    )
