"""The board told outside: plain data with UTC ISO 8601 instants, ready for JSON."""

from typing import Any

from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.events import Presence
from cti.journey.words import iso
from cti.live.alarms import Alarm
from cti.live.day import DayCount
from cti.live.floor import PRESENCES, Floor
from cti.live.views import CallView, CrisisView, FiliereSpec, Link, Place
from cti.live.waits import Minute


def tell_call(call: CallView) -> dict[str, Any]:
    """One call in progress."""
    return {
        "call_id": call.call_id,
        "flux": call.flux,
        "state": call.state,
        "ringing": call.ringing,
        "filiere": call.filiere,
        "t0": iso(call.t0),
        "since": iso(call.since),
        "waiting_since": iso(call.waiting_since),
        "wait_ms": call.wait_ms,
        "caller": call.caller,
        "agents": list(call.agents),
        "stages": call.stages,
        "priority": call.priority,
        "dossier_ref": call.dossier_ref,
        "uncertain": call.uncertain,
        "test": call.test,
        "repeat_count": call.repeat_count,
        "previous_dossier_ref": call.previous_dossier_ref,
        "direction": call.direction,
        "placed_by": call.placed_by,
        "room": call.room,
        "guests": list(call.guests),
    }


def tell_agent(agent: AgentId, floor: Floor) -> dict[str, Any]:
    """One agent, and what he does in each of his filières."""
    return {
        "agent": agent,
        "nom": floor.names.get(agent, ""),
        "outgoing": floor.outgoing.get(agent),
        "filieres": {
            code: {"presence": seat.presence, "since": iso(seat.since), "reason": seat.reason}
            for code, seat in sorted(floor.seats[agent].items())
        },
    }


def tell_filiere(spec: FiliereSpec, floor: Floor, *, known: bool) -> dict[str, Any]:
    """One filière's card; every count is None as long as the PBX was never seen."""
    code: FiliereCode = spec.code
    counts = floor.counts(code)
    agents: dict[Presence, int] = floor.agents(code)
    return {
        "code": code,
        "libelle": spec.libelle,
        "ordre": spec.ordre,
        "couleur": spec.couleur,
        "attente_orange_seconds": spec.attente_orange_seconds,
        "attente_rouge_seconds": spec.attente_rouge_seconds,
        "inconnue": spec.inconnue,
        "waiting": counts.waiting if known else None,
        "ringing": counts.ringing if known else None,
        "talking": counts.talking if known else None,
        "held": counts.held if known else None,
        "oldest_since": iso(counts.oldest_since),
        "agents": {presence: agents[presence] if known else None for presence in PRESENCES},
    }


def tell_totals(floor: Floor, *, known: bool) -> dict[str, Any]:
    """The room as a whole; None as long as the PBX was never seen."""
    totals: dict[str, int] = {place: floor.total(place) for place in Place}
    totals["calls"] = len(floor.calls)
    totals["uncertain"] = sum(call.uncertain for call in floor.calls.values())
    return {key: value if known else None for key, value in totals.items()}


def tell_link(link: Link) -> dict[str, Any]:
    """Whether we see the PBX, since when, and why not."""
    return {
        "state": "up" if link.up else "down",
        "since": iso(link.since),
        "reason": link.reason,
        "ever_up": link.ever_up,
    }


def tell_alarm(alarm: Alarm) -> dict[str, Any]:
    """One alarm that stands."""
    return {"since": iso(alarm.since), "text": alarm.text, "gravite": alarm.gravite}


def tell_day(day: DayCount | None) -> dict[str, Any] | None:
    """The day's figures with their formulas; None until they were counted once."""
    if day is None:
        return None
    return {
        "day": day.day.isoformat(),
        "entrants": day.entrants,
        "answered": day.answered,
        "abandoned": day.abandoned,
        "abandoned_early": day.abandoned_early,
        "qs30": day.qs30,
        "taux_accueil": day.taux_accueil,
        "short_talks": day.short_talks,
        "uncertain": day.uncertain,
        "formule_qs30": day.formule_qs30,
        "formule_taux_accueil": day.formule_taux_accueil,
        "formule_short_talks": day.formule_short_talks,
    }


def tell_callbacks(counts: tuple[int, int] | None) -> dict[str, int] | None:
    """How many callers are to be called back, and how many cannot be; None until they were counted once."""
    return None if counts is None else {"open": counts[0], "impossible": counts[1]}


def tell_crisis(crisis: CrisisView | None) -> dict[str, Any] | None:
    """The switch, and the crises of the last day; None until the history was read once."""
    if crisis is None:
        return None
    return {
        "active": crisis.active,
        "since": iso(crisis.since),
        "by": crisis.by,
        "reason": crisis.reason,
        "pbx": crisis.pbx,
        "proposal": crisis.proposal,
        "spans": [{"since": iso(one.since), "until": iso(one.until)} for one in crisis.spans],
    }


def tell_waits(minutes: list[Minute]) -> list[dict[str, Any]]:
    """The curve of the last half hour."""
    return [{"at": iso(m.at), "worst_ms": m.worst_ms, "answered": m.answered, "abandoned": m.abandoned} for m in minutes]


def tell_instant(at: Instant) -> str:
    """One instant; unlike ``iso`` it is never None."""
    told = iso(at)
    assert told is not None
    return told
