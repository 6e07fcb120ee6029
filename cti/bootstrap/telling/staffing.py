"""What ``cti agents`` reads from the store: who sits where, and times by person. It does not need the service."""

import json
from collections.abc import Iterator
from typing import Any

from cti.agents.duty import fold
from cti.agents.telling import Sights, tell_posts
from cti.bootstrap.posts.room import read_times
from cti.bootstrap.telling.reports import period_of
from cti.journey import Instant
from cti.journey.events import Presence
from cti.settings import Settings
from cti.store import open_store

_DAY_US = 86_400 * 1_000_000
_NOBODY = "(personne)"


def posts(settings: Settings, now: Instant, as_json: bool) -> Iterator[str]:
    """One line a post."""
    store = open_store(settings.database_url)
    try:
        standings = fold(store.duty.standing(now - _DAY_US), settings.staff.fixed)
        seen = {span.poste: Presence(span.state) for span in store.duty.spans(now - 1, now + 1) if span.until is None}
    finally:
        store.close()
    sights: Sights = {
        (poste, filiere): seen[poste] for poste, one in standings.items() if poste in seen for filiere in one.filieres
    }
    for told in tell_posts(standings, settings.staff, sights, now):
        yield json.dumps(told, ensure_ascii=False) if as_json else _post_line(told, seen.get(told["poste"]))


def _post_line(told: dict[str, Any], presence: Presence | None) -> str:
    held = told["reason"] and f"{told['reason']} depuis {told['hold_since']}"
    what = held or ("" if presence is None else presence.value)
    who, serves = told["nom"] or _NOBODY, " ".join(told["filieres"]) or "-"
    return f"{told['poste']:<12} {told['numero'] or '-':<6} {who:<28} {serves:<20} {what}".rstrip()


def times(settings: Settings, since: str | None, until: str | None, now: Instant, *, as_json: bool) -> Iterator[str]:
    """One line a person."""
    period = period_of(settings, since, until, now)
    store = open_store(settings.database_url)
    try:
        found = read_times(store.duty, settings.staff, period.since, period.until, now)
    finally:
        store.close()
    for told in found["people"]:
        yield json.dumps(told, ensure_ascii=False) if as_json else _times_line(told)


def _times_line(told: dict[str, Any]) -> str:
    known = {**told["states"], **({} if told["unseen_ms"] is None else {"non observé": told["unseen_ms"]})}
    what = ", ".join(f"{name} {_clock(ms)}" for name, ms in known.items() if ms)
    why = ", ".join(f"{name} {_clock(ms)}" for name, ms in told["reasons"].items())
    duty = "poste fixe" if told["duty_ms"] is None else f"en poste {_clock(told['duty_ms'])}"
    return f"{told['nom']:<28} {duty:<18} {what}{f' ({why})' if why else ''}".rstrip()


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}"
