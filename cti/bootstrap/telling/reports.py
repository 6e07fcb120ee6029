"""What the command line reads from the store: calls, one call, figures."""

import json
from collections.abc import Iterator
from itertools import islice

from cti.ami.reconcile import Report
from cti.bootstrap.watching import reconciling
from cti.callback import CallbackBook, tell_entry
from cti.journey import Instant, Journey
from cti.journey.around.crisis import cut, spans
from cti.journey.callbacks import CallbackEntry
from cti.journey.telling import tell
from cti.journey.words import as_datetime
from cti.qos.period import Period, local_day, parse_period
from cti.qos.report import QosReport, report
from cti.settings import Settings
from cti.store import open_store

#: Calls whose numbers are looked up together.
_AT_ONCE = 500


def period_of(settings: Settings, since: str | None, until: str | None, now: Instant) -> Period:
    """The period asked for; today when nothing was said."""
    if since is None and until is None:
        return local_day(as_datetime(now).astimezone(settings.zone).date(), settings.zone)
    return parse_period(since, until, now, settings.zone)


def calls(settings: Settings, since: str | None, until: str | None, now: Instant, *, as_json: bool) -> Iterator[str]:
    """One line a call."""
    period = period_of(settings, since, until, now)
    store = open_store(settings.database_url)
    try:
        everything = iter(store.reading.journeys(period.since, period.until))
        while some := list(islice(everything, _AT_ONCE)):
            repeats = store.repeats(some, _repeat_window(settings)) if as_json else {}
            for journey in some:
                repeat = repeats.get(journey.call_id)
                yield json.dumps(tell(journey, repeat), ensure_ascii=False) if as_json else line_of(settings, journey)
    finally:
        store.close()


def _repeat_window(settings: Settings) -> int:
    return settings.routing.filieres.repetition_seconds * 1_000_000


def line_of(settings: Settings, journey: Journey) -> str:
    """One call on one line, in the site's civil time."""
    when = as_datetime(journey.t0).astimezone(settings.zone).strftime("%d/%m %H:%M:%S")
    path = " > ".join(f"{s.filiere}({s.agent or '-'})" for s in journey.stages) or "(accueil)"
    wait = "" if journey.wait_ms is None else f"{journey.wait_ms / 1000:.1f} s"
    outcome = journey.outcome or journey.state
    if journey.placed is not None:
        path = f"{journey.placed.agent} > {journey.placed.number}" + "".join(f" > {word}" for word in path.split(" > ")[1:])
    return f"{when}  {journey.flux:<8} {outcome:<10} {wait:>8}  {journey.dossier_ref or '-':<17} {path}  {journey.call_id}"


def call(settings: Settings, call_id: str, *, as_json: bool) -> list[str] | None:
    """The timeline of one call; None when it is not known."""
    store = open_store(settings.database_url)
    try:
        journey = store.journey(call_id)
        if journey is None:
            return None
        if as_json:
            repeat = store.repeats([journey], _repeat_window(settings)).get(call_id)
            return [json.dumps(tell(journey, repeat), ensure_ascii=False, indent=2)]
        lines = [line_of(settings, journey)]
        for event in store.reading.events(call_id):
            told = ", ".join(
                f"{name}={value}"
                for name in event.__dataclass_fields__
                if name not in ("call_id", "at", "seen") and (value := getattr(event, name)) not in ("", None)
            )
            offset = (event.at - journey.t0) / 1_000_000
            lines.append(f"  {offset:+10.3f} s  {type(event).__name__:<18} {event.seen:<5} {told}")
    finally:
        store.close()
    return lines


def discrepancies(settings: Settings, since: str | None, until: str | None, now: Instant) -> Report:
    """What we hold beside what the PBX's own logs say."""
    period = period_of(settings, since, until, now)
    store = open_store(settings.database_url)
    try:
        return reconciling.report(settings, store, period.since, period.until, now)
    finally:
        store.close()


def qos(settings: Settings, since: str | None, until: str | None, profile: str | None, now: Instant) -> QosReport:
    """The figures of a period."""
    period = period_of(settings, since, until, now)
    store = open_store(settings.database_url)
    try:
        journeys = store.reading.journeys(period.since, period.until)
        gaps = store.reading.gaps(period.since, period.until)
        crises = cut(spans(store.crises.acts()), period.since, period.until, now)
        return report(journeys, settings.qos, profile or settings.cti.qos.default_profile, period, gaps, crises)
    finally:
        store.close()


def callbacks(settings: Settings, now: Instant, *, as_json: bool, with_closed: bool, rebuild: bool) -> Iterator[str]:
    """The call-back list, the most urgent first; written anew from the calls of the horizon when asked."""
    rules = settings.callback
    store = open_store(settings.database_url)
    try:
        book = CallbackBook(store.callbacks, rules)
        if rebuild:
            book.rebuild(store.reading.journeys(now - rules.horizon, None))
        for entry in book.list(now, with_closed=with_closed):
            told = tell_entry(entry, rules, now)
            yield json.dumps(told, ensure_ascii=False) if as_json else _callback_line(settings, entry, told["rank_libelle"])
    finally:
        store.close()


def _callback_line(settings: Settings, entry: CallbackEntry, rank: str) -> str:
    """One entry on one line, in the site's civil time."""
    when = as_datetime(entry.first_lost_at).astimezone(settings.zone).strftime("%d/%m %H:%M:%S")
    number = entry.number or "rappel impossible"
    who = entry.taken_by or entry.closed_by or "-"
    calls = f"{len(entry.call_ids)} appel{'s' if len(entry.call_ids) > 1 else ''}"
    place = f"{entry.flux:<8} {entry.filiere or '(accueil)':<9}"
    return f"{when}  {number:<17} {rank:<28} {place} {calls:<9} {entry.state:<10} {who}  {entry.id}"
