"""Civil days of a night that is not 24 hours long: what the reports say of them beside a recount from the calls' own instants."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cti.bootstrap.telling import reports
from cti.journey import Journey
from cti.settings import Settings

_SECOND = 1_000_000


def wrong_days(settings: Settings, journeys: Sequence[Journey]) -> list[str]:
    """Days whose list of calls or whose hours are not what they were; each in words."""
    zone, found = settings.zone, []
    lived = Counter(datetime.fromtimestamp(journey.t0 / _SECOND, zone).date() for journey in journeys)
    for day, calls in sorted(lived.items()):
        since, until = str(day), str(day)
        at = max(journey.t0 for journey in journeys) + _SECOND
        listed = sum(1 for _ in reports.calls(settings, since, until, at, as_json=True))
        if listed != calls:
            found.append(f"le {day} : {calls} appels, {listed} dans la liste du jour")
        hours = len(reports.qos(settings, since, until, None, at).hours)
        if hours != hours_of(datetime(day.year, day.month, day.day, tzinfo=zone), zone):
            found.append(f"le {day} : {hours} heures dans le rapport")
    return found


def hours_of(midnight: datetime, zone: ZoneInfo) -> int:
    """How long a civil day is."""
    after = (midnight + timedelta(days=1)).replace(tzinfo=zone)
    return round((after.timestamp() - midnight.timestamp()) / 3600)
