"""Which posts a call concerns, and how: rung, talking, holding, consulting, consulted, one of several. Pure.

Theory. A person has a part in a call while her phone rings for it or she speaks in it, with the caller or apart. One call may
concern several posts at once, each in another way; of two ways for one post the nearer to the caller is told. A consultation in a
filière's queue names nobody until somebody picks up, so the phone that rings for it is told by its own state alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cti.journey import AgentId, FiliereCode, Instant, Journey, State
from cti.journey.model import Consult, Guest
from cti.live.views import room_of


class Place(StrEnum):
    """What a post has to do with a call."""

    RINGING = "sonne"
    PLACING = "appelle"  #: an outgoing call: her own phone or the number rings
    TALKING = "en_ligne"
    HELD = "en_garde"
    CONSULTING = "consulte"  #: she talks apart, or is about to, while her caller hears music
    CONSULTED = "consultee"  #: a colleague talks to her apart about his caller
    ROOM = "salle"  #: with the caller and others


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The part of one post in one call."""

    place: Place
    since: Instant
    leg: str = ""  #: uniqueid of her channel; empty where it is not known
    filiere: FiliereCode | None = None  #: for which she is asked or talks
    motif: str = ""  #: why the caller is in that filière
    consult: Consult | None = None  #: the consultation that she holds or is asked in
    guest: Guest | None = None  #: she was called in at her post


def places_of(journey: Journey, numbers: Mapping[str, AgentId], state_since: Instant) -> dict[AgentId, Here]:
    """The posts that this call concerns now; none once it has ended.

    Args:
        journey: the call.
        numbers: posts by their internal number.
        state_since: when the present state of the call began.
    """
    if journey.ended_at is not None:
        return {}
    # The later ones are nearer to the caller.
    return dict((*_rung(journey, numbers), *_apart(journey), *_speaking(journey, numbers, state_since)))


def _rung(journey: Journey, numbers: Mapping[str, AgentId]) -> Iterator[tuple[AgentId, Here]]:
    for consult in _open(journey):
        agent = numbers.get(consult.target)
        if agent is not None and consult.answered_at is None:
            yield agent, Here(place=Place.RINGING, since=consult.started_at, consult=consult)
    for guest in journey.guests:
        agent = numbers.get(guest.code)
        if agent is not None and guest.answered_at is None and guest.left_at is None:
            yield agent, Here(place=Place.RINGING, since=guest.asked_at, guest=guest)
    for stage in journey.stages:
        for leg in stage.legs:
            if leg.ringing and leg.offered_at is not None:
                yield (
                    leg.agent,
                    Here(place=Place.RINGING, since=leg.offered_at, leg=leg.leg, filiere=stage.filiere, motif=stage.motif),
                )


def _apart(journey: Journey) -> Iterator[tuple[AgentId, Here]]:
    for consult in _open(journey):
        if consult.answered_by is not None and consult.answered_at is not None:
            yield consult.answered_by, Here(place=Place.CONSULTED, since=consult.answered_at, consult=consult)


def _speaking(journey: Journey, numbers: Mapping[str, AgentId], state_since: Instant) -> Iterator[tuple[AgentId, Here]]:
    room = room_of(journey) is not None
    placing = journey.state in (State.PLACED, State.DIALLING)
    consults = {consult.agent: consult for consult in _open(journey)}
    for guest in journey.guests:
        agent = numbers.get(guest.code)
        if agent is not None and guest.present and guest.answered_at is not None:
            yield agent, Here(place=Place.ROOM, since=guest.answered_at, guest=guest)
    for stage in journey.stages:
        for leg in stage.legs:
            if not (leg.talking or (placing and leg.ringing)):
                continue
            since = leg.answered_at or leg.offered_at or journey.t0
            consult = consults.get(leg.agent)
            place = Place.ROOM if room else Place.TALKING
            if consult is not None:
                place, since = Place.CONSULTING, consult.started_at
            elif placing:
                place, since = Place.PLACING, journey.t0
            elif journey.state is State.HELD and not room:
                place, since = Place.HELD, max(since, state_since)
            here = Here(
                place=place, since=since, leg=leg.leg, filiere=stage.filiere, motif=stage.motif, consult=consult
            )  # fmt: skip
            yield leg.agent, here


def _open(journey: Journey) -> Iterator[Consult]:
    return (consult for consult in journey.consults if consult.ended_at is None)
