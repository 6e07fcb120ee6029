"""Quality draws from the command line, in lines for a person."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from cti.api.listening_port import DrawWish
from cti.bootstrap.access.accounts import opened
from cti.bootstrap.listening.draws import CLIENT, DrawDesk
from cti.journey import Instant
from cti.journey.around.listening import Draw
from cti.journey.words import as_datetime, iso
from cti.listening import draw as rules
from cti.listening.draw import DrawRefused
from cti.qos.period import parse_period
from cti.settings import Settings


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed."""

    reviewer: str
    wanted: int
    since: str | None
    until: str | None
    flux: str
    filiere: str
    ends: str
    seed: str
    by: str
    reason: str


def draw(settings: Settings, words: Words, at: Instant, *, as_json: bool) -> Iterator[str]:
    """Draw, write it down with its entry in the log, and say what was drawn.

    Raises:
        DrawRefused: it may not be.
        PeriodError: a day or an instant is none.
    """
    period = parse_period(words.since, words.until, at, settings.zone)
    end = parse_period("1990-01-01", words.ends, at, settings.zone).until
    wish = DrawWish(
        reviewer=words.reviewer,
        wanted=words.wanted,
        since=period.since,
        until=period.until,
        ends_at=end,
        reason=words.reason,
        flux=words.flux,
        filiere=words.filiere,
        seed=words.seed,
    )
    with opened(settings) as store:
        made = DrawDesk(store, settings.access, lambda: at).make(wish, words.by.strip(), "", CLIENT)
    yield from _told(settings, made, as_json=as_json)


def listed(settings: Settings, *, as_json: bool) -> Iterator[str]:
    """Every draw, the newest first."""
    with opened(settings) as store:
        found = store.draws.all()
    for one in found:
        yield from _told(settings, one, as_json=as_json)
    if not as_json:
        yield f"{len(found)} tirage(s)"


def check(settings: Settings, number: int, at: Instant) -> Iterator[str]:
    """What a second draw finds other than the first one.

    Raises:
        DrawRefused: there is no such draw.
    """
    with opened(settings) as store:
        made = store.draws.find(number)
        if made is None:
            raise DrawRefused(f"aucun tirage ne porte le numéro {number}")
        pool = DrawDesk(store, settings.access, lambda: at).pool(made.since, made.until, made.flux, made.filiere)
    yield from rules.check(made, pool)


def _told(settings: Settings, one: Draw, *, as_json: bool) -> Iterator[str]:
    if as_json:
        told = {**asdict(one), **{name: iso(getattr(one, name)) for name in ("at", "ends_at", "since", "until")}}
        yield json.dumps(told, ensure_ascii=False)
        return

    def when(at: Instant) -> str:
        return as_datetime(at).astimezone(settings.zone).strftime("%d/%m/%Y %H:%M")

    of = "".join(f", {name} {value}" for name, value in (("flux", one.flux), ("filière", one.filiere)) if value)
    yield (
        f"tirage {one.number}  {len(one.calls)} appels sur {one.pool} ({when(one.since)} - {when(one.until)}{of}) "
        f"pour {one.reviewer} jusqu'au {when(one.ends_at)}, par {one.by} le {when(one.at)} : {one.reason}"
    )
    yield f"  graine {one.seed}, appels possibles {one.pool_sha256}"
    yield from (f"  {call_id}" for call_id in one.calls)
