"""A call told to the desk that has it: plain data with UTC ISO 8601 instants, ready for JSON. The number is whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cti.journey import AgentId, Instant, Journey
from cti.journey.around.callers import Repeat
from cti.journey.around.notes import CallNote
from cti.journey.events.placed import SORTANT
from cti.journey.model import Consult, Stage
from cti.journey.words import iso
from cti.live.desk.acts import DeskAct
from cti.live.desk.places import Here
from cti.live.views import room_of, view_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is known of a call besides its journey."""

    names: Callable[[AgentId], str]
    numbers: Mapping[str, AgentId]  #: posts by their internal number
    repeat: Repeat | None = None
    notes: Sequence[CallNote] = ()


def tell_call(journey: Journey, agent: AgentId, here: Here, acts: Mapping[DeskAct, str | None], words: Words) -> dict[str, Any]:
    """One call of this post; an act that may be asked for now stands with None, another one with the reason why not."""
    view = view_of(journey, here.since, words.repeat)
    return {
        **_caller(journey, words),
        "place": here.place,
        "since": iso(here.since),
        "filiere": here.filiere,
        "motif": here.motif,
        "waiting_since": iso(view.waiting_since),
        "wait_ms": journey.wait_ms,
        "priority": view.priority,
        "uncertain": view.uncertain,
        "repeat_count": view.repeat_count,
        "previous_call_id": None if words.repeat is None else words.repeat.previous_call_id,
        "previous_dossier_ref": view.previous_dossier_ref,
        "room": room_of(journey),
        "people": list(_people(journey, agent, words)),
        "consult": None if here.consult is None else _consult(here.consult, words),
        "asked_by": _asked_by(here, words),
        "actes": dict(acts),
    }


def tell_last(journey: Journey, here: Here, until: Instant, words: Words) -> dict[str, Any]:
    """The last call of this post, as it was when her part in it ended."""
    end = next((stage.end for stage in reversed(journey.stages) if any(leg.leg == here.leg for leg in stage.legs)), None)
    following = journey.stages[-1] if journey.stages else None
    onwards = following is not None and following.filiere != here.filiere and journey.ended_at is None
    return {
        **_caller(journey, words),
        "filiere": here.filiere,
        "since": iso(here.since),
        "until": iso(until),
        "end": end,
        "then": following.filiere if onwards and following is not None else None,
    }


def _caller(journey: Journey, words: Words) -> dict[str, Any]:
    """Who it is, and what he told so far."""
    return {
        "call_id": journey.call_id,
        "t0": iso(journey.t0),
        "flux": journey.flux,
        "did": journey.did,
        "direction": journey.direction,
        "number": journey.caller if journey.placed is None else journey.placed.number,
        "test": journey.test,
        "dossier_id": journey.dossier_id,
        "dossier_ref": journey.dossier_ref,
        "stages": [_stage(stage, words) for stage in journey.stages],
        "notes": [tell_note(note) for note in words.notes],
    }


def tell_note(note: CallNote) -> dict[str, Any]:
    """What somebody wrote about a caller."""
    return {"note_id": note.note_id, "at": iso(note.at), "by": note.by, "poste": note.poste, "texte": note.texte}


def _stage(stage: Stage, words: Words) -> dict[str, Any]:
    return {
        "filiere": None if stage.filiere == SORTANT else stage.filiere,
        "entered_at": iso(stage.entered_at),
        "answered_at": iso(stage.answered_at),
        "left_at": iso(stage.left_at),
        "wait_ms": stage.wait_ms,
        "talk_ms": stage.talk_ms,
        "agent": stage.agent,
        "nom": None if stage.agent is None else words.names(stage.agent),
        "end": stage.end,
        "motif": stage.motif,
        "source": stage.source,
        "accompanied": stage.accompanied,
    }


def _people(journey: Journey, agent: AgentId, words: Words) -> Iterator[dict[str, Any]]:
    """Who is with the caller, or asked to come."""
    for stage in journey.stages:
        asked = stage.accompanied is not None and stage.left_at is None and stage.answered_at is None
        if asked and not stage.ringing:
            yield _person("filiere", stage.filiere, stage.entered_at, there=False)
        for leg in stage.legs:
            if leg.talking or (asked and leg.ringing):
                known = _person("agent", words.names(leg.agent), leg.answered_at or leg.offered_at, there=leg.talking)
                yield {**known, "moi": leg.agent == agent}
    for guest in journey.guests:
        if guest.left_at is None:
            name = guest.libelle or guest.number or guest.code
            known = _person("invite", name, guest.answered_at or guest.asked_at, there=guest.present)
            yield {**known, "guest": guest.guest, "moi": words.numbers.get(guest.code) == agent}


def _person(kind: str, name: str, since: Instant | None, *, there: bool) -> dict[str, Any]:
    return {"kind": kind, "nom": name, "since": iso(since), "there": there, "guest": None, "moi": False}


def _consult(consult: Consult, words: Words) -> dict[str, Any]:
    post = words.numbers.get(consult.target)
    return {
        "agent": consult.agent,
        "nom": words.names(consult.agent),
        "target": consult.target,
        "target_nom": None if post is None else words.names(post),
        "started_at": iso(consult.started_at),
        "answered_at": iso(consult.answered_at),
        "answered_nom": None if consult.answered_by is None else words.names(consult.answered_by),
    }


def _asked_by(here: Here, words: Words) -> str | None:
    """The colleague who asks for her."""
    if here.consult is not None:
        return words.names(here.consult.agent)
    return None if here.guest is None or here.guest.by is None else words.names(here.guest.by)
