"""The fold: (journey, event) -> (journey, facts).

One function per kind of event, found in one table (``_FOLDS``); the state moves by ``states.TRANSITIONS`` alone. The fold never
raises on what the PBX may tell: an event without a row becomes an Anomaly on the call and the state stays as it was. A
repeated event changes nothing: each function first asks whether the journey already holds what the event says.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from cti.journey import events as ev
from cti.journey.facts import (
    AnomalyNoted,
    CallAnswered,
    CallClosed,
    CallOpened,
    Fact,
    StageAnswered,
)
from cti.journey.folding.changing import replace
from cti.journey.folding.consulting import CONSULTS, caller_gone
from cti.journey.folding.outgoing import OUTGOING
from cti.journey.folding.recorded import recording_checked, recording_started
from cti.journey.folding.repeats import already_told, find_leg
from cti.journey.folding.rooms import ROOMS, ended, guests_released, somebody_talks, stage_asked_by, taken_over_by
from cti.journey.model import Anomaly, Journey, Leg, Outcome, Quality, Stage, StageEnd
from cti.journey.states import State, next_state
from cti.journey.words import Instant

Folded: TypeAlias = tuple[Journey, tuple[Fact, ...]]

#: A fault of the PBX repeats; the story keeps the first of them and the count stays bounded.
MAX_ANOMALIES = 50


def apply(journey: Journey, event: ev.CallEvent) -> Folded:
    """What the call is after this event, and what follows from it.

    Raises:
        ValueError: the event belongs to another call, which is our own bug.
    """
    if event.call_id != journey.call_id:
        raise ValueError(f"event of call {event.call_id} folded into call {journey.call_id}")
    kind = type(event)
    target = next_state(journey.state, kind)
    if target is None:
        if already_told(journey, event):
            return journey, ()
        after, facts = _surprise(journey, event.at, "unexpected", f"{kind.__name__} while {journey.state}")
        # Of a call that nobody saw arrive nobody knows what is missing.
        return replace(after, quality=Quality.UNCERTAIN) if journey.state is State.EXPECTED else after, facts
    after, facts = _FOLDS[kind](journey, event)
    if after is not journey:
        after = replace(
            after,
            state=_landing(after, target),
            last_at=max(journey.last_at, event.at),
            quality=_quality(after, event),
        )
    return after, facts


def _landing(journey: Journey, target: State) -> State:
    """A talk goes on while somebody is left with the caller; an ended call stays ended."""
    if target is State.MOVING and journey.state in (State.TALKING, State.HELD) and somebody_talks(journey):
        return journey.state
    if target is State.TALKING and journey.state is State.HELD:
        return State.TALKING
    if target is State.PLACED and journey.placed is not None and journey.placed.ready_at is not None:
        return State.DIALLING  # he dialled on his phone: it is off the hook already
    return target


def _quality(journey: Journey, event: ev.CallEvent) -> Quality:
    """The worst witness decides: one interval that no witness covers makes the call uncertain."""
    if journey.quality is Quality.UNCERTAIN:
        return Quality.UNCERTAIN
    if isinstance(event, ev.ObservationLost):
        return Quality.RECONSTRUCTED if event.covered else Quality.UNCERTAIN
    if journey.ended_at is not None and not journey.channel:
        return Quality.UNCERTAIN  # nobody saw it arrive
    if event.seen in (ev.Seen.CEL, ev.Seen.SPOOL):
        return Quality.RECONSTRUCTED
    return journey.quality


def _surprise(journey: Journey, at: Instant, kind: str, detail: str) -> Folded:
    note = Anomaly(at=at, kind=kind, detail=detail)
    if note in journey.anomalies or len(journey.anomalies) >= MAX_ANOMALIES:
        return journey, ()
    return (
        replace(journey, anomalies=(*journey.anomalies, note), last_at=max(journey.last_at, at)),
        (AnomalyNoted(journey.call_id, at, kind, detail),),
    )


# --- stages and legs -------------------------------------------------------------------------------------------------


def _with_stage(journey: Journey, index: int, **changes: Any) -> Journey:
    stages = list(journey.stages)
    stages[index] = replace(stages[index], **changes)
    return replace(journey, stages=tuple(stages))


def _with_leg(journey: Journey, where: tuple[int, int], **changes: Any) -> Journey:
    stage = journey.stages[where[0]]
    legs = list(stage.legs)
    legs[where[1]] = replace(legs[where[1]], **changes)
    return _with_stage(journey, where[0], legs=tuple(legs))


def _close_stages(journey: Journey, at: Instant, end: StageEnd, via: ev.TransferVia | None = None) -> Journey:
    """End what still runs: the current stage and those that accompany it; phones that ring for them stop ringing."""
    if all(stage.left_at is not None for stage in journey.stages):
        return journey
    stages = tuple(stage if stage.left_at is not None else ended(stage, at, end, via) for stage in journey.stages)
    return replace(journey, stages=stages)


# --- one function per event ------------------------------------------------------------------------------------------


def _arrived(journey: Journey, event: ev.CallArrived) -> Folded:
    if journey.channel:
        return journey, ()
    after = replace(
        journey,
        t0=event.at,
        channel=event.channel,
        did=event.did,
        flux=event.flux,
        caller=event.caller,
        public=event.public,
        test=event.test,
        priority=event.priority,
    )
    return after, (CallOpened(journey.call_id, event.at),)


def _greeting_started(journey: Journey, event: ev.GreetingStarted) -> Folded:
    if journey.greeting_started_at is not None:
        return journey, ()
    return replace(journey, greeting_started_at=event.at), ()


def _greeting_ended(journey: Journey, event: ev.GreetingEnded) -> Folded:
    if journey.greeting_ended_at is not None:
        return journey, ()
    return replace(journey, greeting_ended_at=event.at), ()


def _routed(journey: Journey, event: ev.CallRouted) -> Folded:
    route = (event.filiere, event.source, event.motif, event.priority)
    return (journey if route == journey.route else replace(journey, route=route)), ()


def _queue_entered(journey: Journey, event: ev.QueueEntered) -> Folded:
    if already_told(journey, event):
        return journey, ()
    after = _close_stages(journey, event.at, StageEnd.MOVED)
    route = after.route if after.route is not None and after.route[0] == event.filiere else None
    stage = Stage(
        filiere=event.filiere,
        entered_at=event.at,
        source=route[1] if route else None,
        motif=route[2] if route else "",
        priority=route[3] if route else 0,
    )
    return replace(after, stages=(*after.stages, stage), route=None), ()


def _in_a_stage(journey: Journey, at: Instant, filiere: str) -> tuple[Journey, tuple[Fact, ...], int]:
    """A phone is asked or answers: the caller is in that queue, even when nobody saw him enter it. And which stage it is."""
    index = stage_asked_by(journey, filiere)
    if index is not None:
        return journey, (), index
    noted, facts = _surprise(journey, at, "queue_entry_unseen", f"an agent of {filiere or '?'} was asked outside any queue")
    return replace(noted, stages=(*noted.stages, Stage(filiere=filiere, entered_at=at))), facts, len(noted.stages)


def _offered(journey: Journey, event: ev.AgentOffered) -> Folded:
    if find_leg(journey, event.leg) is not None:
        return journey, ()
    after, facts, index = _in_a_stage(journey, event.at, event.filiere)
    leg = Leg(agent=event.agent, leg=event.leg, offered_at=event.at)
    return _with_stage(after, index, legs=(*after.stages[index].legs, leg)), facts


def _offer_ended(journey: Journey, event: ev.OfferEnded) -> Folded:
    where = find_leg(journey, event.leg)
    if where is None:
        return journey, ()
    leg = journey.stages[where[0]].legs[where[1]]
    if not leg.ringing:
        return journey, ()
    return _with_leg(journey, where, ended_at=event.at, how=event.how), ()


def _answered(journey: Journey, event: ev.AgentAnswered) -> Folded:
    facts: list[Fact] = []
    where = find_leg(journey, event.leg)
    if where is None:  # the offer was not seen (gap): the answer is the truth all the same
        journey, noted, place = _in_a_stage(journey, event.at, event.filiere or "")
        facts.extend(noted)
        where = (place, len(journey.stages[place].legs))
        unseen = Leg(agent=event.agent, leg=event.leg)
        journey = _with_stage(journey, place, legs=(*journey.stages[place].legs, unseen))
    index, at = where[0], event.at
    stage = journey.stages[index]
    if stage.legs[where[1]].answered_at is not None:
        return journey, ()
    after = _with_leg(journey, where, answered_at=at, ended_at=None, how=None)
    if stage.answered_at is None:
        after = _with_stage(after, index, answered_at=at, agent=event.agent)
        facts.append(StageAnswered(journey.call_id, at, event.agent, stage.filiere, index))
    elif any(leg.talking for leg in stage.legs):
        after, noted = _surprise(after, at, "second_answer", f"{event.agent} picked up after {stage.agent}")
        facts.extend(noted)
    if journey.answered_at is None:
        after = replace(after, answered_at=at, answered_by=event.agent)
        facts.insert(0, CallAnswered(journey.call_id, at, event.agent, stage.filiere, after.wait_ms or 0))
    return after, tuple(facts)


def _joined(journey: Journey, event: ev.AgentJoined) -> Folded:
    where = find_leg(journey, event.leg)
    if where is None:
        return _surprise(journey, event.at, "unknown_leg", f"{event.agent} joined without having been asked")
    stage = journey.stages[where[0]]
    if stage.legs[where[1]].joined_at is not None:
        return journey, ()
    after = _with_leg(journey, where, joined_at=event.at)
    if stage.joined_at is None:
        after = _with_stage(after, where[0], joined_at=event.at)
    if after.joined_at is None:
        after = replace(after, joined_at=event.at)
    return after, ()


def _left(journey: Journey, event: ev.AgentLeft) -> Folded:
    where = find_leg(journey, event.leg)
    if where is None:
        return journey, ()
    index = where[0]
    if journey.stages[index].legs[where[1]].ended_at is not None:
        return journey, ()
    after = _with_leg(journey, where, ended_at=event.at)
    stage = after.stages[index]
    if stage.left_at is None and stage.answered_at is not None and not any(leg.talking for leg in stage.legs):
        heir = taken_over_by(after, index)  # a P0: whoever came goes on with the caller
        passed = StageEnd.TRANSFERRED if heir is not None else StageEnd.AGENT_HANGUP
        after = _with_stage(after, index, left_at=event.at, end=passed, via=heir.accompanied if heir is not None else None)
    return after, ()


def _gave_up(journey: Journey, event: ev.QueueGaveUp) -> Folded:
    stage = journey.stage
    if stage is None or stage.filiere != event.filiere or stage.answered_at is not None or event.at < stage.entered_at:
        return journey, ()  # the queue would not take him: there was no stage to leave
    return _close_stages(journey, event.at, StageEnd.GAVE_UP), ()


def _transfer_asked(journey: Journey, event: ev.TransferAsked) -> Folded:
    """Explains the end of the stage in which it was asked; told late (CEL), it must not end a later one."""
    where = find_leg(journey, event.leg) if event.leg else None
    told = where[0] if where is not None else None
    index = max((i for i, s in enumerate(journey.stages) if s.entered_at <= event.at), default=None) if told is None else told
    if index is None:
        return journey, ()
    stage = journey.stages[index]
    if stage.left_at is None and (index == len(journey.stages) - 1 or journey.stages[-1].accompanied is not None):
        return _close_stages(journey, event.at, StageEnd.TRANSFERRED, event.via), ()
    if stage.end not in (StageEnd.AGENT_HANGUP, StageEnd.MOVED):
        return journey, ()
    # The agent's BridgeLeave came first: the end it wrote is now explained.
    return _with_stage(journey, index, end=StageEnd.TRANSFERRED, via=event.via), ()


def _unchanged(journey: Journey, event: ev.CallEvent) -> Folded:
    return replace(journey, last_at=max(journey.last_at, event.at)), ()


def _dossier_opened(journey: Journey, event: ev.DossierOpened) -> Folded:
    if journey.dossier_id == event.dossier_id:
        return journey, ()
    if journey.dossier_id is not None:
        return _surprise(journey, event.at, "second_dossier", f"{event.ref} after {journey.dossier_ref}")
    return replace(journey, dossier_id=event.dossier_id, dossier_ref=event.ref), ()


def _ended(journey: Journey, event: ev.CallEnded) -> Folded:
    gone = StageEnd.UNREACHED if journey.placed is not None and len(journey.stages) == 1 else StageEnd.ABANDONED
    stages = tuple(
        stage
        if stage.left_at is not None
        else ended(stage, event.at, StageEnd.AGENT_HANGUP if stage.answered_at is not None else gone)
        for stage in journey.stages
    )
    after = guests_released(caller_gone(replace(journey, stages=stages), event.at), event.at)
    after = replace(after, t0=after.t0 or event.at, ended_at=event.at, cause=event.cause)
    noted: tuple[Fact, ...] = ()
    if not journey.channel:
        after, noted = _surprise(after, event.at, "observation_lost", "aucun témoin de l'arrivée de cet appel")
    return after, (*noted, CallClosed(journey.call_id, event.at, after.outcome or Outcome.ABANDONED))


def _lost(journey: Journey, event: ev.ObservationLost) -> Folded:
    """What no witness covers is said on the call, with the reason; what one covers leaves no mark but the quality."""
    if event.covered:
        return replace(journey, last_at=max(journey.last_at, event.at)), ()
    noted, facts = _surprise(journey, event.at, "observation_lost", event.reason)
    return replace(noted, last_at=max(noted.last_at, event.at)), facts  # another value even when the note is not new


def _silent(journey: Journey, event: ev.ServiceSilent) -> Folded:
    return (journey if journey.silent else replace(journey, silent=True)), ()


def _pbx_surprised(journey: Journey, event: ev.PbxSurprised) -> Folded:
    return _surprise(journey, event.at, event.kind, event.detail)


_FOLDS: Mapping[type[ev.CallEvent], Callable[[Journey, Any], Folded]] = MappingProxyType(
    {
        ev.CallArrived: _arrived,
        ev.GreetingStarted: _greeting_started,
        ev.GreetingEnded: _greeting_ended,
        ev.CallRouted: _routed,
        ev.ServiceSilent: _silent,
        ev.QueueEntered: _queue_entered,
        ev.AgentOffered: _offered,
        ev.OfferEnded: _offer_ended,
        ev.AgentAnswered: _answered,
        ev.AgentJoined: _joined,
        ev.AgentLeft: _left,
        ev.QueueGaveUp: _gave_up,
        ev.TransferAsked: _transfer_asked,
        ev.CallerHeld: _unchanged,
        ev.CallerUnheld: _unchanged,
        ev.RecordingStarted: recording_started,
        ev.RecordingChecked: recording_checked,
        ev.DossierOpened: _dossier_opened,
        ev.CallEnded: _ended,
        ev.ObservationLost: _lost,
        ev.PbxSurprised: _pbx_surprised,
        **OUTGOING,
        **CONSULTS,
        **ROOMS,
    }
)
