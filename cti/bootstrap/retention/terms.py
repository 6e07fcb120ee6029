"""Holds and terms from the command line."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from cti.archive.keeping.office import Classing, Drift, Office, Told
from cti.bootstrap.clock import now
from cti.bootstrap.retention.saying import told_hold
from cti.journey import Instant
from cti.journey.around.keeping import Hold, HoldKind, Refused, Scope, Target
from cti.journey.words import as_datetime, iso
from cti.settings import Settings
from cti.store import open_store


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that says what is wrong."""

    text: str


def by_name(name: str) -> str:
    """Who somebody is, while the service knows no users: whoever they say they are."""
    return name


def classing_of(settings: Settings) -> Classing:
    """The site's classes, in its civil time."""
    return Classing(settings.retention.rules, settings.zone)


@contextmanager
def office_of(settings: Settings) -> Iterator[Office]:
    """The office of a site, with every archived piece classed."""
    store = open_store(settings.database_url)
    try:
        office = Office(store.keeping, classing_of(settings), now, by_name)
        office.settle()
        yield office
    finally:
        store.close()


# --- holds ----------------------------------------------------------------------------------------------------------------


def hold(settings: Settings, named: Mapping[str, str | None], words: Mapping[str, str], *, as_json: bool) -> Iterator[str]:
    """Place a hold; raises Refused."""
    with office_of(settings) as office:
        placed, covered = office.place(
            target_of(named),
            kind=HoldKind(words["kind"]),
            reference=words["reference"],
            asked_by=words["asked_by"],
            by=words["by"],
            reason=words["reason"],
        )
    if as_json:
        yield _json({**told_hold(placed), "pieces": [kept.piece.piece_id for kept in covered]})
        return
    yield _hold_line(settings, placed)
    yield f"{len(covered)} pièce(s) : délai suspendu, élimination interdite ; les pièces à venir le seront aussi"
    yield from (f"  {kept.piece.piece_id}  {kept.piece.state}" for kept in covered)


def release(settings: Settings, number: int, by: str, reason: str, *, as_json: bool) -> Iterator[str]:
    """Release a hold; raises Refused."""
    with office_of(settings) as office:
        ended, free = office.release(number, by=by, reason=reason)
        freed = [kept for one in free for kept in office.pieces(Target(Scope.PIECE, one.piece.piece_id))]
    if as_json:
        pieces = {kept.piece.piece_id: iso(kept.piece.keep_until) for kept in freed}
        yield _json({**told_hold(ended), "pieces": pieces})
        return
    yield _hold_line(settings, ended)
    yield f"{len(freed)} pièce(s) libre(s) : le délai reprend, prolongé de la durée du gel"
    yield from (f"  {kept.piece.piece_id}  à garder jusqu'au {day_of(settings, kept.piece.keep_until)}" for kept in freed)


def holds(settings: Settings, *, everything: bool, as_json: bool) -> Iterator[str]:
    """The holds, in order."""
    with office_of(settings) as office:
        found = [one for one in office.holds() if everything or one.open]
    yield from (_json(told_hold(one)) if as_json else _hold_line(settings, one) for one in found)
    if not as_json:
        yield f"{sum(one.open for one in found)} gel(s) en cours"


def _hold_line(settings: Settings, one: Hold) -> str:
    line = (
        f"gel {one.number}  {one.target.told}  {one.kind} {one.reference}, demandé par {one.asked_by}, "
        f"posé par {one.placed_by} le {day_of(settings, one.placed_at)} : {one.reason}"
    )
    if one.open:
        return line
    return f"{line}  [levé par {one.released_by} le {day_of(settings, one.released_at)} : {one.release_reason}]"


# --- terms ----------------------------------------------------------------------------------------------------------------


def drifts(settings: Settings, *, as_json: bool) -> Iterator[str]:
    """The pieces whose term would be another one today."""
    found = 0
    with office_of(settings) as office:
        for drift in office.drifts():
            found += 1
            yield _drift_line(settings, drift, as_json=as_json)
    if not as_json:
        yield f"{found} pièce(s) dont la durée serait autre aujourd'hui" + (" (--appliquer)" if found else "")


def reclass(
    settings: Settings,
    named: Mapping[str, str | None],
    told: Mapping[str, date | None],
    by: str,
    reason: str,
    *,
    shorten: bool,
    as_json: bool,
) -> Iterator[str | Fault]:
    """Give pieces the term of today: those named, or every one whose term would be another; raises Refused."""
    spoken = Told(birth=told["birth"], last_act=told["last_act"])
    named_one = any(named.values())
    if spoken != Told() and not named_one:
        raise Refused("une naissance ou un dernier acte se dit d'une pièce, d'un appel ou d'un dossier")
    done = 0
    with office_of(settings) as office:
        if named_one:
            wanted = [kept.piece.piece_id for kept in office.pieces(target_of(named)) if kept.piece.retention is not None]
        else:
            wanted = [drift.kept.piece.piece_id for drift in office.drifts() if shorten or not drift.shorter]
        for piece_id in wanted:
            drift = office.reclass(piece_id, by=by, reason=reason, shorten=shorten, told=spoken)
            if drift is not None:
                done += 1
                yield _drift_line(settings, drift, as_json=as_json)
    if not as_json:
        yield f"{done} pièce(s) reclassée(s)"


def _drift_line(settings: Settings, drift: Drift, *, as_json: bool) -> str:
    piece_id, before, then = drift.kept.piece.piece_id, drift.now, drift.would_be
    if as_json:
        return _json(
            {
                "piece_id": piece_id,
                "retention": before.code,
                "keep_until": iso(before.keep_until),
                "new_retention": then.code,
                "new_keep_until": iso(then.keep_until),
                "shorter": drift.shorter,
                "why": then.reason,
            }
        )
    ends = f"{day_of(settings, before.keep_until)} -> {day_of(settings, then.keep_until)}"
    return f"{piece_id}  {before.code} -> {then.code}  {ends}{'  PLUS COURT' if drift.shorter else ''}  {then.reason}"


# --- what both share ------------------------------------------------------------------------------------------------------


def target_of(named: Mapping[str, str | None]) -> Target:
    """What ``--piece``, ``--appel`` or ``--dossier`` names.

    Raises:
        Refused: none of them, or several.
    """
    given = [(scope, name.strip()) for scope, name in named.items() if name and name.strip()]
    if len(given) != 1:
        raise Refused("une seule cible est attendue : --piece, --appel ou --dossier")
    return Target(Scope(given[0][0]), given[0][1])


def day_of(settings: Settings, at: Instant | None) -> str:
    """A day, in the site's civil time."""
    return "-" if at is None else as_datetime(at).astimezone(settings.zone).strftime("%d/%m/%Y")


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)
