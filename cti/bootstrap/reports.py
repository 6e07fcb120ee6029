"""What the command line reads from the store: calls, one call, figures."""

import json
from collections.abc import Iterator

from cti.ami.reconcile import Report
from cti.bootstrap import reconciling
from cti.journey import Instant, Journey
from cti.journey.telling import tell
from cti.journey.words import as_datetime
from cti.qos.period import Period, local_day, parse_period
from cti.qos.report import QosReport, report
from cti.settings import Settings
from cti.store import open_store


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
        for journey in store.reading.journeys(period.since, period.until):
            yield json.dumps(tell(journey), ensure_ascii=False) if as_json else line_of(settings, journey)
    finally:
        store.close()


def line_of(settings: Settings, journey: Journey) -> str:
    """One call on one line, in the site's civil time."""
    when = as_datetime(journey.t0).astimezone(settings.zone).strftime("%d/%m %H:%M:%S")
    path = " > ".join(f"{s.filiere}({s.agent or '-'})" for s in journey.stages) or "(accueil)"
    wait = "" if journey.wait_ms is None else f"{journey.wait_ms / 1000:.1f} s"
    outcome = journey.outcome or journey.state
    return f"{when}  {journey.flux:<8} {outcome:<10} {wait:>8}  {journey.dossier_ref or '-':<17} {path}  {journey.call_id}"


def call(settings: Settings, call_id: str, *, as_json: bool) -> list[str] | None:
    """The timeline of one call; None when it is not known."""
    store = open_store(settings.database_url)
    try:
        journey = store.journey(call_id)
        if journey is None:
            return None
        if as_json:
            return [json.dumps(tell(journey), ensure_ascii=False, indent=2)]
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
        return report(journeys, settings.qos, profile or settings.cti.qos.default_profile, period, gaps)
    finally:
        store.close()
