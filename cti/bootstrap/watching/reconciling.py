"""The discrepancy report: the witnesses read from disk, compared with the store, kept for the screens, said in the log.

``queue_log`` lies in Asterisk's log folder, beside the folder of the CEL file.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from cti.ami.reconcile import Report, reconcile, rows_between
from cti.ami.translate.cel import rows_since
from cti.ami.translate.queue_log import queue_log_of
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import Instant, as_datetime, iso
from cti.qos.period import local_day
from cti.settings import Settings
from cti.store import Store

log = structlog.get_logger(__name__)

#: CEL is read from this long before the interval, so that the first rows of its first call are there (microseconds).
_BEFORE = 2_000_000
#: Lines of the log for one report; all of them are in the report itself.
_SAID = 20


def report(settings: Settings, store: Store, since: Instant, until: Instant, now: Instant) -> Report:
    """Compare an interval; blocking.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    until = min(until, now)
    troubles: list[str] = []
    cel = settings.cti.pbx.cel
    try:
        rows = list(rows_since(cel, since - _BEFORE, troubles))
        queue = list(rows_between(queue_log_of(cel), since, until, troubles))
    except OSError as trouble:
        rows, queue = [], []
        troubles.append(str(trouble))
    return reconcile(store.reading.journeys(since, until), rows, queue, since, until, troubles)


def lines_of(found: Report) -> list[str]:
    """The report as an operator reads it."""
    lines = [
        f"du {iso(found.since)} au {iso(found.until)} : {found.calls} appels ici, {found.witnessed} dans CEL, "
        f"{found.queue_rows} lignes de queue_log, {len(found.differences)} écart(s)"
    ]
    for difference in found.differences:
        lines.append(f"{difference.call_id}  {difference.words}")
        lines.append(f"    ici       : {difference.ours}")
        lines += [f"    {name:<9} : {said}" for name, said in difference.witnesses.items()]
    return [*lines, *(f"témoin : {trouble}" for trouble in found.troubles)]


class Reconciler:
    """Compares after each catch-up and on demand; holds the last report."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        written: Callable[[], Awaitable[None]],
        clock: Callable[[], Instant],
        spawn: Callable[..., object],
    ) -> None:
        self._settings = settings
        self._store = store
        self._written = written
        self._clock = clock
        self._spawn = spawn
        self._last: Report | None = None

    def caught_up(self, since: Instant, until: Instant) -> None:
        """The blind interval has been told: see how far the witnesses agree."""
        self._spawn(self._look(since, until))

    async def __call__(self, since: Instant | None, until: Instant | None) -> dict[str, Any]:
        """The report of an interval; without one, the last report, or that of the day when there is none yet.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if since is None and until is None and self._last is not None:
            return self._last.as_dict()
        now = self._clock()
        zone = self._settings.zone
        today = local_day(as_datetime(now).astimezone(zone).date(), zone)
        return (await self._compare(since or today.since, until or today.until, now)).as_dict()

    async def _compare(self, since: Instant, until: Instant, now: Instant) -> Report:
        return await asyncio.to_thread(report, self._settings, self._store, since, until, now)

    async def _look(self, since: Instant, until: Instant) -> None:
        await self._written()
        try:
            found = await self._compare(since, until, self._clock())
        except StoreUnavailable as trouble:
            log.warning("reconcile_waits", error=str(trouble))
            return
        except Exception:
            # A report is for people: failing to make one touches no call.
            log.exception("reconcile_failed")
            return
        self._last = found
        log.info("reconciled", calls=found.calls, witnessed=found.witnessed, differences=len(found.differences))
        for difference in found.differences[:_SAID]:
            log.warning("discrepancy", call_id=difference.call_id, kind=difference.kind.value, words=difference.words)
