"""A journey told outside: the JSON of the contract (``cti calls --json``, ``GET /api/v1/calls``).

Field names are fixed by the contract with the outside; instants are UTC ISO 8601 with milliseconds, durations whole milliseconds.
"""

from typing import Any

from cti.journey.around.callers import Repeat
from cti.journey.events.placed import Placed
from cti.journey.model import Consult, Guest, Journey, Recording, Stage
from cti.journey.words import iso


def tell(journey: Journey, repeat: Repeat | None = None) -> dict[str, Any]:
    """The whole call as plain data, in the contract's field order; ``repeat`` is what its number did shortly before."""
    return {
        "call_id": journey.call_id,
        "t0": iso(journey.t0),
        "did": journey.did,
        "flux": journey.flux,
        "caller": journey.caller,
        "outcome": journey.outcome,
        "abandon_phase": journey.abandon_phase,
        "wait_ms": journey.wait_ms,
        "answered_at": iso(journey.answered_at),
        "ended_at": iso(journey.ended_at),
        "quality": journey.quality,
        "dossier_id": journey.dossier_id,
        "dossier_ref": journey.dossier_ref,
        "recordings": [_recording(rec) for rec in journey.recordings],
        "stages": [_stage(stage) for stage in journey.stages],
        "anomalies": [{"at": iso(a.at), "kind": a.kind, "detail": a.detail} for a in journey.anomalies],
        "direction": journey.direction,
        "state": journey.state,
        "public": journey.public,
        "silent": journey.silent,
        "lost_waiting": journey.lost_waiting,
        "greeting_ms": journey.greeting_ms,
        "cause": journey.cause,
        "repeat_count": repeat.count if repeat is not None else 0,
        "previous_call_id": repeat.previous_call_id if repeat is not None else None,
        "previous_dossier_ref": repeat.previous_dossier_ref if repeat is not None else None,
        "guests": [_guest(guest) for guest in journey.guests],
        "consults": [_consult(consult) for consult in journey.consults],
        "placed": None if journey.placed is None else _placed(journey.placed),
    }


def _placed(placed: Placed) -> dict[str, Any]:
    return {
        "agent": placed.agent,
        "number": placed.number,
        "via": placed.via,
        "callback_id": placed.callback,
        "about_call_id": placed.about,
        "ready_at": iso(placed.ready_at),
        "dialled_at": iso(placed.dialled_at),
        "ringing_at": iso(placed.ringing_at),
        "missed": placed.missed,
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "filiere": stage.filiere,
        "entered_at": iso(stage.entered_at),
        "offered": stage.offered,
        "answered_at": iso(stage.answered_at),
        "agent": stage.agent,
        "left_at": iso(stage.left_at),
        "wait_ms": stage.wait_ms,
        "talk_ms": stage.talk_ms,
        "end": stage.end,
        "source": stage.source,
        "motif": stage.motif,
        "priority": stage.priority,
        "via": stage.via,
        "accompanied": stage.accompanied,
        "legs": [
            {
                "agent": leg.agent,
                "offered_at": iso(leg.offered_at),
                "answered_at": iso(leg.answered_at),
                "joined_at": iso(leg.joined_at),
                "ended_at": iso(leg.ended_at),
                "how": leg.how,
            }
            for leg in stage.legs
        ],
    }


def _consult(consult: Consult) -> dict[str, Any]:
    return {
        "agent": consult.agent,
        "target": consult.target,
        "started_at": iso(consult.started_at),
        "answered_at": iso(consult.answered_at),
        "answered_by": consult.answered_by,
        "ended_at": iso(consult.ended_at),
        "how": consult.how,
        "recording": _recording(consult.recording) if consult.recording is not None else None,
    }


def _guest(guest: Guest) -> dict[str, Any]:
    return {
        "guest": guest.guest,
        "code": guest.code,
        "libelle": guest.libelle,
        "number": guest.number,
        "by": guest.by,
        "asked_at": iso(guest.asked_at),
        "answered_at": iso(guest.answered_at),
        "left_at": iso(guest.left_at),
        "how": guest.how,
    }


def _recording(rec: Recording) -> dict[str, Any]:
    return {
        "stem": rec.stem,
        "started_at": iso(rec.started_at),
        "checked_at": iso(rec.checked_at),
        "caller_ms": rec.caller_ms,
        "agents_ms": rec.agents_ms,
        "bytes": rec.bytes,
        "problem": rec.problem,
    }
