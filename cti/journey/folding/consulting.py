"""The fold of consultations: what an agent does on his second line, beside the story of the caller he holds.

Nothing here moves the caller or his stages: when he is passed on, ordinary events tell it. A consultation whose beginning was not
seen has nothing to be told of, and a repeat changes nothing.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from cti.journey import events as ev
from cti.journey.facts import ConsultClosed
from cti.journey.folding.changing import replace
from cti.journey.model import Consult, Journey, Recording
from cti.journey.words import Instant

Folded: TypeAlias = tuple[Journey, tuple[ConsultClosed, ...]]


def _with(journey: Journey, line: str, **changes: Any) -> Journey:
    """The consultation on that line, changed while it goes on."""
    for index, consult in enumerate(journey.consults):
        if consult.line == line and consult.ended_at is None:
            consults = list(journey.consults)
            consults[index] = replace(consult, **changes)
            return replace(journey, consults=tuple(consults))
    return journey


def _started(journey: Journey, event: ev.ConsultStarted) -> Folded:
    if any(consult.line == event.line for consult in journey.consults):
        return journey, ()
    consult = Consult(agent=event.agent, line=event.line, target=event.target, started_at=event.at)
    return replace(journey, consults=(*journey.consults, consult)), ()


def _afterwards(journey: Journey, line: str, **changes: Any) -> Journey:
    """The consultation on that line, whose phone rang on when the caller was gone: it is told, and stays that of his call."""
    for index, consult in enumerate(journey.consults):
        if consult.line == line and consult.how is ev.ConsultEnd.CALLER_GONE:
            consults = list(journey.consults)
            consults[index] = replace(consult, **changes)
            return replace(journey, consults=tuple(consults))
    return journey


def _answered(journey: Journey, event: ev.ConsultAnswered) -> Folded:
    if any(consult.line == event.line and consult.answered_at is not None for consult in journey.consults):
        return journey, ()
    answer = {"answered_at": event.at, "answered_by": event.agent}
    if journey.ended_at is not None:
        # Its end is not known yet, and comes after its answer.
        return _afterwards(journey, event.line, **answer, ended_at=max(event.at, journey.ended_at)), ()
    return _with(journey, event.line, **answer), ()


def _recorded(journey: Journey, event: ev.ConsultRecorded) -> Folded:
    if any(consult.line == event.line and consult.recording is not None for consult in journey.consults):
        return journey, ()
    told = _with if journey.ended_at is None else _afterwards
    return told(journey, event.line, recording=Recording(stem=event.stem, started_at=event.at)), ()


def _ended(journey: Journey, event: ev.ConsultEnded) -> Folded:
    caller_left = journey.ended_at
    if caller_left is None:
        return _with(journey, event.line, ended_at=event.at, how=event.how), ()
    late = next((one for one in journey.consults if one.line == event.line and (one.answered_at or 0) >= caller_left), None)
    if late is None or (late.ended_at or 0) >= event.at:
        return journey, ()
    return _afterwards(journey, event.line, ended_at=event.at), (ConsultClosed(journey.call_id, event.at, event.line),)


def checked(journey: Journey, event: ev.RecordingChecked) -> Journey | None:
    """The files of a consultation were looked at; None when the stem is no consultation's."""
    for index, consult in enumerate(journey.consults):
        held = consult.recording
        if held is None or held.stem != event.stem:
            continue
        seen = replace(
            held,
            checked_at=event.at,
            caller_ms=event.caller_ms,
            agents_ms=event.agents_ms,
            bytes=event.bytes,
            problem=event.problem,
        )
        if held.checked_at is not None and replace(seen, checked_at=held.checked_at) == held:
            return journey  # looked at again, and the same
        consults = list(journey.consults)
        consults[index] = replace(consult, recording=seen)
        return replace(journey, consults=tuple(consults))
    return None


def untold_ends(journey: Journey) -> tuple[Consult, ...]:
    """Of a call that is over, the consultations whose own end is not known: two agents may still be going to speak of him."""
    left = journey.ended_at
    if left is None:
        return ()
    gone = (one for one in journey.consults if one.how is ev.ConsultEnd.CALLER_GONE)
    return tuple(one for one in gone if (one.ended_at or 0) <= max(left, one.answered_at or 0))


def caller_gone(journey: Journey, at: Instant) -> Journey:
    """The caller hung up: what agents still say on their second lines is no longer about a caller on the line."""
    if all(consult.ended_at is not None for consult in journey.consults):
        return journey
    ended = (
        consult if consult.ended_at is not None else replace(consult, ended_at=at, how=ev.ConsultEnd.CALLER_GONE)
        for consult in journey.consults
    )
    return replace(journey, consults=tuple(ended))


#: One function per kind of event, for the fold's table.
CONSULTS: Mapping[type[ev.CallEvent], Callable[[Journey, Any], Folded]] = MappingProxyType(
    {
        ev.ConsultStarted: _started,
        ev.ConsultAnswered: _answered,
        ev.ConsultRecorded: _recorded,
        ev.ConsultEnded: _ended,
    }
)
