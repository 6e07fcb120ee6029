"""Posts, people and times told outside: plain data with UTC ISO 8601 instants, ready for JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from cti.agents.duty import Standing, Standings
from cti.agents.people import Staff
from cti.agents.times import PersonTimes
from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.events import Presence
from cti.journey.words import iso

Sights = Mapping[tuple[AgentId, FiliereCode], Presence]
#: What keeps a post from being offered calls besides what people do (`readiness.tell`).
Unready = Callable[[AgentId], dict[str, Any] | None]


def _ready(_poste: AgentId) -> None:
    """Nobody judges."""


def tell_post(
    poste: AgentId, standing: Standing | None, staff: Staff, sights: Sights, now: Instant, unready: Unready = _ready
) -> dict[str, Any]:
    """One post: who sits there, what for, what holds it, and whether it is good enough to be offered calls."""
    post = staff.post(poste)
    hold = None if standing is None else standing.held(now)
    return {
        "poste": poste,
        "numero": "" if post is None else post.poste,
        "fixe": post is not None and post.fixe,
        "personne": None if standing is None else standing.personne,
        "nom": "" if standing is None else staff.nom(standing.personne),
        "role": None if standing is None else staff.role(standing.personne).value,
        "filieres": [] if standing is None else list(standing.filieres),
        "since": None if standing is None or standing.fixed else iso(standing.since),
        "hold": None if hold is None else hold.kind.value,
        "reason": "" if hold is None else hold.reason,
        "hold_since": None if hold is None else iso(hold.since),
        "hold_until": None if hold is None else iso(hold.until),
        "by": "" if hold is None else hold.by,
        "pas_pret": None if standing is None else unready(poste),
        "presence": {filiere: presence.value for (who, filiere), presence in sorted(sights.items()) if who == poste},
    }


def tell_posts(
    standings: Standings, staff: Staff, sights: Sights, now: Instant, unready: Unready = _ready
) -> list[dict[str, Any]]:
    """Every declared post, in the file's order."""
    return [tell_post(post.endpoint, standings.get(post.endpoint), staff, sights, now, unready) for post in staff.roster]


def tell_people(staff: Staff) -> list[dict[str, Any]]:
    """Who may take a post."""
    return [
        {"personne": one.personne, "nom": one.nom, "role": one.role.value, "filieres": list(one.filieres), "numero": one.numero}
        for one in staff.people.values()
    ]


def tell_times(row: PersonTimes, staff: Staff) -> dict[str, Any]:
    """One person's times."""
    return {
        "personne": row.personne,
        "nom": staff.nom(row.personne),
        "postes": sorted(row.postes),
        "duty_ms": row.duty_ms,
        "unseen_ms": row.unseen_ms,
        "states": dict(sorted(row.states.items())),
        "reasons": dict(sorted(row.reasons.items())),
    }
