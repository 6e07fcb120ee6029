"""The fold of a caller with several people: whoever is asked to come while somebody stays with him, and guests from outside.

A filière that is asked to come (P0, a colleague's queue) is a stage like any other, *accompanied*: nobody left the caller, so
two stages run at once and each ends when its own people leave. Guests (fire service, interpreter, family) are neither agents
nor a stage. Nothing here ends a call, and a repeat changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from cti.journey import events as ev
from cti.journey.folding.changing import replace
from cti.journey.model import Guest, Journey, Stage, StageEnd
from cti.journey.words import Instant

_Folded = tuple[Journey, tuple[()]]
#: Two witnesses of one request are closer than this (microseconds).
_SAME_MOMENT = 500_000

P0_MOTIF = "P0"
RENFORT_MOTIF = "renfort"


def _asked(journey: Journey, event: ev.ReinforcementAsked) -> _Folded:
    if journey.ended_at is not None or any(_same_request(stage, event) for stage in journey.stages):
        return journey, ()
    stage = Stage(
        filiere=event.filiere,
        entered_at=event.at,
        source=ev.RouteSource.TRANSFERT,
        motif=P0_MOTIF if event.p0 else RENFORT_MOTIF,
        accompanied=event.via,
    )
    return replace(journey, stages=(*journey.stages, stage)), ()


def _same_request(stage: Stage, event: ev.ReinforcementAsked) -> bool:
    return stage.accompanied is not None and stage.filiere == event.filiere and abs(stage.entered_at - event.at) < _SAME_MOMENT


def _withdrawn(journey: Journey, event: ev.ReinforcementEnded) -> _Folded:
    """The request is over and nobody came."""
    for index in range(len(journey.stages) - 1, -1, -1):
        stage = journey.stages[index]
        pending = stage.accompanied is not None and stage.answered_at is None and stage.left_at is None
        if pending and stage.filiere == event.filiere and stage.entered_at <= event.at:
            stages = list(journey.stages)
            stages[index] = ended(stage, event.at, StageEnd.WITHDRAWN)
            return replace(journey, stages=tuple(stages)), ()
    return journey, ()


def ended(stage: Stage, at: Instant, end: StageEnd, via: ev.TransferVia | None = None) -> Stage:
    """The stage over; phones that ring for it stop ringing, whoever talked talks no more."""
    legs = tuple(
        leg
        if leg.ended_at is not None
        else replace(leg, ended_at=at, how=None if leg.answered_at is not None else ev.OfferEnd.CANCELLED)
        for leg in stage.legs
    )
    if stage.accompanied is not None and stage.answered_at is None:
        return replace(stage, left_at=at, end=StageEnd.WITHDRAWN, legs=legs)
    return replace(stage, left_at=at, end=end, legs=legs, via=via)


def stage_asked_by(journey: Journey, filiere: str) -> int | None:
    """The open stage for which an agent of that filière rings: its own, else the latest; None when none is open."""
    still = [index for index, stage in enumerate(journey.stages) if stage.left_at is None]
    own = [index for index in still if journey.stages[index].filiere == filiere]
    return max(own or still, default=None)


def somebody_talks(journey: Journey) -> bool:
    """Whether any human is with the caller, agent or guest."""
    return any(leg.talking for stage in journey.stages for leg in stage.legs) or any(g.present for g in journey.guests)


def taken_over_by(journey: Journey, index: int) -> Stage | None:
    """The later stage whose people stay with the caller when those of this one have left."""
    later = journey.stages[index + 1 :]
    return next((stage for stage in later if any(leg.talking for leg in stage.legs)), None)


def _guest(journey: Journey, name: str, at: Instant, **changes: Any) -> Journey:
    """The guest changed. One whom the end of the call released may still be told late (CEL) of what he did before it."""
    for index, guest in enumerate(journey.guests):
        if guest.guest == name and (guest.left_at is None or _released_since(guest, at)):
            guests = list(journey.guests)
            guests[index] = replace(guest, **changes)
            return replace(journey, guests=tuple(guests))
    return journey


def _released_since(guest: Guest, at: Instant) -> bool:
    return guest.how is ev.GuestEnd.RELEASED and guest.left_at is not None and at < guest.left_at


def _guest_asked(journey: Journey, event: ev.GuestAsked) -> _Folded:
    if any(guest.guest == event.guest for guest in journey.guests):
        return journey, ()
    if journey.ended_at is not None and event.at > journey.ended_at:
        return journey, ()
    guest = Guest(guest=event.guest, code=event.code, libelle=event.libelle, number=event.number, by=event.by, asked_at=event.at)
    after = replace(journey, guests=(*journey.guests, guest))
    return (after if after.ended_at is None else guests_released(after, after.ended_at)), ()  # told late: he is not there now


def _guest_answered(journey: Journey, event: ev.GuestAnswered) -> _Folded:
    if any(guest.guest == event.guest and guest.answered_at is not None for guest in journey.guests):
        return journey, ()
    return _guest(journey, event.guest, event.at, answered_at=event.at), ()


def _guest_left(journey: Journey, event: ev.GuestLeft) -> _Folded:
    """He is gone. That he hung up himself is true even when it is told a moment after the end of the call.

    The two hang-ups may cross, and each witness stamps them in its own order.
    """
    at = event.at if event.how is ev.GuestEnd.RELEASED else event.at - _SAME_MOMENT
    left_at = event.at if journey.ended_at is None else min(event.at, journey.ended_at)
    return _guest(journey, event.guest, at, left_at=left_at, how=event.how), ()


def guests_released(journey: Journey, at: Instant) -> Journey:
    """The caller hung up: whoever was still there, or called, is let go."""
    if all(guest.left_at is not None for guest in journey.guests):
        return journey
    guests = tuple(g if g.left_at is not None else replace(g, left_at=at, how=ev.GuestEnd.RELEASED) for g in journey.guests)
    return replace(journey, guests=guests)


def retold(journey: Journey, events: Iterable[ev.CallEvent]) -> Journey:
    """A journey that was written without its guests, with those that its journal tells.

    Read are what it says of them and of the end of the call, as it was written: what comes after the end is folded otherwise.
    """
    told = replace(journey, guests=(), ended_at=None)
    for event in events:
        fold = GUESTS.get(type(event))
        if fold is not None:
            told = fold(told, event)[0]
        elif isinstance(event, ev.CallEnded) and told.ended_at is None:
            told = guests_released(replace(told, ended_at=event.at), event.at)
    return replace(journey, guests=told.guests)


#: Guests have no rows of their own: the journal tells them.
GUESTS: Mapping[type[ev.CallEvent], Callable[[Journey, Any], _Folded]] = MappingProxyType(
    {ev.GuestAsked: _guest_asked, ev.GuestAnswered: _guest_answered, ev.GuestLeft: _guest_left}
)
#: One function per kind of event, for the fold's table.
ROOMS: Mapping[type[ev.CallEvent], Callable[[Journey, Any], _Folded]] = MappingProxyType(
    {ev.ReinforcementAsked: _asked, ev.ReinforcementEnded: _withdrawn, **GUESTS}
)
