"""Told before: what the journey already holds, so that a repeated frame or a second witness changes nothing.

Two witnesses (AMI, CEL) stamp one moment differently: AMI's stamp is made later, and lags under load. Legs are told apart by
their uniqueid, entries into a queue by filière and moment, and an entry after the stage was left is another one, however
soon.
"""

from cti.journey import events as ev
from cti.journey.folding.outgoing import told
from cti.journey.model import Journey, Leg, Stage, StageEnd

#: Two stamps of one moment are closer than this (microseconds).
SAME_MOMENT = 500_000

#: What a journey keeps no instant of: once the call is over it can only be an old story told again.
_PASSING = (
    ev.CallRouted,
    ev.TransferAsked,
    ev.CallerHeld,
    ev.CallerUnheld,
    ev.GreetingStarted,
    ev.GreetingEnded,
    ev.QueueGaveUp,
)


def already_told(journey: Journey, event: ev.CallEvent) -> bool:
    """Whether an event that the table has no row for is only something told twice."""
    if isinstance(event, _PASSING) and journey.ended_at is not None and event.at <= journey.ended_at:
        return True
    if isinstance(event, ev.CallerHeld | ev.CallerUnheld) and event.at <= journey.last_at:
        return True  # the story has gone on since: two witnesses told of one hold
    match event:
        case ev.CallArrived():
            return journey.channel != ""
        case ev.CallEnded():
            return journey.ended_at is not None
        case ev.QueueEntered():
            return any(_same_entry(stage, event) for stage in journey.stages)
        case ev.AgentOffered() | ev.AgentAnswered() | ev.AgentJoined() | ev.OfferEnded() | ev.AgentLeft():
            where = find_leg(journey, event.leg)
            return where is not None and _leg_holds(journey.stages[where[0]].legs[where[1]], event)
        case ev.GreetingStarted():
            return journey.greeting_started_at is not None
        case ev.GreetingEnded():
            return journey.greeting_ended_at is not None
        case ev.QueueGaveUp():
            return any(s.end is StageEnd.GAVE_UP and s.left_at == event.at for s in journey.stages)
        case _:
            return told(journey, event)


def _same_entry(stage: Stage, event: ev.QueueEntered) -> bool:
    """Two witnesses of one entry; an entry after the stage was left is another one, however soon."""
    return (
        stage.filiere == event.filiere
        and abs(stage.entered_at - event.at) < SAME_MOMENT
        and (stage.left_at is None or event.at < stage.left_at)
    )


def _leg_holds(leg: Leg, event: ev.CallEvent) -> bool:
    match event:
        case ev.AgentAnswered():
            return leg.answered_at is not None
        case ev.AgentJoined():
            return leg.joined_at is not None
        case ev.OfferEnded():
            return not leg.ringing
        case ev.AgentLeft():
            return leg.ended_at is not None
        case _:
            return True


def find_leg(journey: Journey, leg_id: str) -> tuple[int, int] | None:
    """(stage index, leg index), the latest first: a phone may be asked again in a later stage."""
    for s in range(len(journey.stages) - 1, -1, -1):
        for i, leg in enumerate(journey.stages[s].legs):
            if leg.leg == leg_id:
                return s, i
    return None
