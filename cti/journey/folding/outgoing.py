"""The fold of outgoing calls: an agent places a call, his phone and the trunk's line do the rest.

From the moment that somebody was reached, the ordinary events tell the story (joined, held, left, passed on, ended): whom we
called stands then where a caller would. Until then nothing here answers anything: ``answered_at`` of the journey is the answer of
whoever was called, never the agent's own phone.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from cti.journey import events as ev
from cti.journey.events.placed import SORTANT, Direction, Placed
from cti.journey.facts import CallOpened, CallReached, Fact, StageAnswered
from cti.journey.folding.changing import replace
from cti.journey.model import Journey, Leg, Stage, StageEnd
from cti.journey.words import Instant

Folded = tuple[Journey, tuple[Fact, ...]]
#: The line on which all outgoing calls are, where a caller's call names the line it came in on.
FLUX: Final = "SORTANT"


def _placed(journey: Journey, event: ev.CallPlaced) -> Folded:
    if journey.placed is not None or journey.channel:
        return journey, ()
    by_phone = event.via is ev.PlacedVia.POSTE
    placed = Placed(
        agent=event.agent,
        line=event.channel,
        number=event.number,
        via=event.via,
        callback=event.callback,
        about=event.about,
        ready_at=event.at if by_phone else None,
    )
    over = journey.ended_at  # known first by its end: its beginning is told afterwards
    leg = Leg(agent=event.agent, leg=event.channel, offered_at=event.at, answered_at=placed.ready_at, ended_at=over)
    end = None if over is None else StageEnd.UNREACHED
    after = replace(
        journey,
        direction=Direction.SORTANT,
        placed=placed,
        t0=event.at,
        channel=event.channel,
        flux=FLUX,
        public=False,
        stages=(*journey.stages, Stage(filiere=SORTANT, entered_at=event.at, legs=(leg,), left_at=over, end=end)),
    )
    return after, (CallOpened(journey.call_id, event.at),)


def _ready(journey: Journey, event: ev.PlacerReady) -> Folded:
    if journey.placed is None or journey.placed.ready_at is not None:
        return journey, ()
    after = replace(journey, placed=replace(journey.placed, ready_at=event.at))
    return _picked_up(after, event.at), ()


def _picked_up(journey: Journey, at: Instant) -> Journey:
    """The agent's own leg is off the hook."""
    own = _own(journey)
    leg = own.legs[0]
    if leg.answered_at is not None:
        return journey
    return _with_own(journey, replace(own, legs=(replace(leg, answered_at=at, ended_at=None, how=None), *own.legs[1:])))


def _own(journey: Journey) -> Stage:
    """The stage that the placing opened: the first, but for a request that was told before it."""
    return next(stage for stage in journey.stages if stage.filiere == SORTANT)


def _with_own(journey: Journey, changed: Stage) -> Journey:
    own = _own(journey)
    return replace(journey, stages=tuple(changed if stage is own else stage for stage in journey.stages))


def _note(name: str) -> Callable[[Journey, Any], Folded]:
    """An instant of the placing, told once."""

    def fold(journey: Journey, event: ev.CallEvent) -> Folded:
        if journey.placed is None or getattr(journey.placed, name) is not None:
            return journey, ()
        return replace(journey, placed=replace(journey.placed, **{name: event.at})), ()

    return fold


def _missed(journey: Journey, event: ev.CalleeMissed) -> Folded:
    if journey.placed is None or journey.answered_at is not None or journey.placed.missed is not None:
        return journey, ()
    return replace(journey, placed=replace(journey.placed, missed=event.how)), ()


def _reached(journey: Journey, event: ev.CalleeReached) -> Folded:
    placed = cast("Placed", journey.placed)  # the table has a row for this only while a placed call is dialled
    journey = _picked_up(journey, placed.ready_at if placed.ready_at is not None else event.at)
    journey = _with_own(journey, replace(_own(journey), answered_at=event.at, agent=placed.agent))
    after = replace(
        journey,
        channel=event.line,
        answered_at=event.at,
        answered_by=placed.agent,
        placed=replace(placed, missed=None),
    )
    return after, (
        CallReached(journey.call_id, event.at, placed.agent),
        StageAnswered(journey.call_id, event.at, placed.agent, SORTANT, 0),
    )


def told(journey: Journey, event: ev.CallEvent) -> bool:
    """Whether an event of an outgoing call, for which the table has no row now, is only something told twice."""
    placed = journey.placed
    if placed is None:
        return False
    match event:
        case ev.CallPlaced():
            return True
        case ev.PlacerReady():
            return placed.ready_at is not None
        case ev.CalleeDialled():
            return placed.dialled_at is not None
        case ev.CalleeRinging():
            return placed.ringing_at is not None or event.at <= journey.last_at
        case ev.CalleeReached():
            return journey.answered_at is not None
        case ev.CalleeMissed():
            return placed.missed is not None
        case _:
            return False


#: One function per kind of event, for the fold's table.
OUTGOING: Mapping[type[ev.CallEvent], Callable[[Journey, Any], Folded]] = MappingProxyType(
    {
        ev.CallPlaced: _placed,
        ev.PlacerReady: _ready,
        ev.CalleeDialled: _note("dialled_at"),
        ev.CalleeRinging: _note("ringing_at"),
        ev.CalleeReached: _reached,
        ev.CalleeMissed: _missed,
    }
)
