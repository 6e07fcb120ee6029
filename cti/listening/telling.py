"""A recording told to a screen: who talked, from when to when, where its sound stands. Plain data, instants in ISO 8601."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from cti.journey.around.callers import dial_key
from cti.journey.around.keeping import Hold
from cti.journey.around.voice import PieceKind, VoiceState
from cti.journey.model import Consult, Journey, Recording, Stage
from cti.journey.words import AgentId, Instant, iso
from cti.listening.pieces import Found

#: How people call whoever sat at this post at that instant.
Names: TypeAlias = Callable[[AgentId, Instant], str]


def row(one: Found, names: Names) -> dict[str, Any]:
    """What a list shows of it."""
    piece, journey = one.piece, one.journey
    return {
        "piece_id": piece.piece_id,
        "call_id": piece.call_id,
        "kind": piece.kind.value,
        "started_at": iso(piece.started_at),
        "duration_ms": one.duration_ms,
        "en_cours": one.running,
        "state": piece.state.value,
        "problem": piece.problem,
        "dossier_id": journey.dossier_id,
        "dossier_ref": journey.dossier_ref,
        "flux": journey.flux,
        "did": journey.did,
        "caller": e164(number_of(journey)),
        "direction": journey.direction.value,
        "agents": agents(one, names),
        "gele": piece.state is VoiceState.HELD,
    }


def detail(one: Found, names: Names, holds: Iterable[Hold]) -> dict[str, Any]:
    """What its own page adds: stages and consultations in ms from the start of the sound, holds, the end of its term."""
    piece, journey, since = one.piece, one.journey, _sound(one)
    open_holds = [hold for hold in holds if hold.open]
    stages = journey.stages if piece.kind is PieceKind.APPEL else ()
    consults = journey.consults if piece.kind is PieceKind.APPEL else [one.consult] if one.consult is not None else []
    return {
        "stages": [_stage(stage, since, names) for stage in stages],
        "consults": [_consult(consult, since, names) for consult in consults],
        "gels": [_hold(hold) for hold in open_holds],
        "keep_until": iso(piece.keep_until),
        "retention": piece.retention,
    }


def number_of(journey: Journey) -> str | None:
    """The number of whoever is at the other end: who called, or whom an agent called."""
    return journey.caller if journey.placed is None else journey.placed.number


def e164(number: str | None) -> str | None:
    """As the whole world writes it; None when there is no number by which to call back."""
    key = dial_key(number)
    if key is None or key.startswith("+"):
        return key
    return f"+33{key[1:]}" if key.startswith("0") else number


def agents(one: Found, names: Names) -> list[dict[str, Any]]:
    """Who of ours is heard in it, each once in each filière."""
    told: dict[tuple[AgentId, str], dict[str, Any]] = {}
    for agent, filiere, at in _heard(one):
        told.setdefault((agent, filiere), {"agent": agent, "nom": names(agent, at), "filiere": filiere})
    return list(told.values())


def _heard(one: Found) -> Iterator[tuple[AgentId, str, Instant]]:
    if one.consult is not None:
        yield one.consult.agent, "", one.consult.started_at
        if one.consult.answered_by is not None and one.consult.answered_at is not None:
            yield one.consult.answered_by, "", one.consult.answered_at
        return
    for stage in one.journey.stages:
        for leg in stage.legs:
            if leg.answered_at is not None:
                yield leg.agent, stage.filiere, leg.answered_at


def _stage(stage: Stage, since: Recording, names: Names) -> dict[str, Any]:
    return {
        "filiere": stage.filiere,
        "agent": stage.agent,
        "nom": names(stage.agent, stage.answered_at) if stage.agent is not None and stage.answered_at is not None else None,
        "entered_ms": _offset(stage.entered_at, since),
        "answered_ms": _offset(stage.answered_at, since),
        "talk_ms": _offset(stage.talk_since, since),
        "left_ms": _offset(stage.left_at, since),
        "end": stage.end.value if stage.end is not None else None,
        "via": stage.via.value if stage.via is not None else None,
    }


def _consult(one: Consult, since: Recording, names: Names) -> dict[str, Any]:
    by, at = one.answered_by, one.answered_at
    return {
        "agent": one.agent,
        "nom": names(one.agent, one.started_at),
        "target": one.target,
        "answered_by": by,
        "answered_by_nom": names(by, at) if by is not None and at is not None else None,
        "started_ms": _offset(one.started_at, since),
        "answered_ms": _offset(at, since),
        "ended_ms": _offset(one.ended_at, since),
        "how": one.how.value if one.how is not None else None,
    }


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "number": hold.number,
        "scope": hold.target.scope.value,
        "target": hold.target.name,
        "kind": hold.kind.value,
        "reference": hold.reference,
        "asked_by": hold.asked_by,
        "placed_by": hold.placed_by,
        "placed_at": iso(hold.placed_at),
        "reason": hold.reason,
    }


def _sound(one: Found) -> Recording:
    """Whose time the offsets are in. (What a late line made the recorder insert is in the sealed timeline alone.)"""
    told = (*one.journey.recordings, *(consult.sound for consult in one.journey.consults if consult.sound is not None))
    own = next((recording for recording in told if recording.stem == one.piece.stem), None)
    return own if own is not None else Recording(stem=one.piece.stem, started_at=one.piece.started_at)


def _offset(at: Instant | None, since: Recording) -> int | None:
    return None if at is None else since.offset_ms(at)
