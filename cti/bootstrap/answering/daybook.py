"""The day book: the calls of the local civil day as they stand, so that the board's figures never wait for the store.

How it counts. Every call of the day is judged by ``qos`` and leaves a set of marks; the book keeps these sets and how many calls
left each, and a figure is a question to the counts. A call that changed is judged again and takes its old marks away, so a
refresh costs what changed since the last one, whatever the day holds, and says what ``qos.report`` says of the same calls.

The book hears every call from its making, and reads what happened earlier that day from the store the first time it is asked.
At midnight it begins anew with the calls that the PBX dates after it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from cti.journey import CallEvent, CallId, Fact, Instant, Journey, PbxEvent
from cti.journey.words import as_datetime
from cti.live.day import DayCount
from cti.qos.figures import Figure
from cti.qos.indicators import Basis, measure
from cti.qos.period import Period, local_day
from cti.qos.profiles import Profile, Regulation
from cti.qos.tally import Judge, Mark, Marks, Tally

log = structlog.get_logger(__name__)

#: Calls judged without a turn of the loop: a few milliseconds' worth.
_AT_ONCE: Final = 100
_FIGURES: Final = ("entrants", "decroches", "abandons", "abandons_courts", "qs30", "taux_accueil", "conversations_courtes")


class DayBook:
    """The calls of one day; a listener of the pipeline, and the figures that ``live.DayWatch`` asks for.

    Not thread-safe: it lives in the event loop's thread, but for the reading of the store.
    """

    def __init__(
        self,
        regulation: Regulation,
        profile: str,
        zone: ZoneInfo,
        journeys: Callable[[Instant, Instant], Iterable[Journey]],
    ) -> None:
        """A book with no day yet.

        Args:
            regulation: ``qos.toml``.
            profile: the convention of the figures.
            zone: whose midnight ends the day.
            journeys: reads the stored calls with ``since <= t0 < until``; blocking, called in a thread, may raise
                StoreUnavailable.

        Raises:
            cti.qos.profiles.UnknownProfile: no profile has that name.
        """
        self._regulation = regulation
        self._profile = regulation.profile(profile)
        self._zone = zone
        self._journeys = journeys
        self._page: _Page | None = None
        self._count: DayCount | None = None
        #: Calls that changed since the last count, and calls that belong to the next day.
        self._changed: dict[CallId, Journey] = {}
        self._later: dict[CallId, Journey] = {}

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed."""
        self._changed[journey.call_id] = journey

    def seen(self, event: PbxEvent) -> None:
        """The room is not in these figures."""

    async def __call__(self, at: Instant) -> DayCount:
        """The figures of the day that holds ``at``.

        Raises:
            StoreUnavailable: what happened before this start was never read, and cannot be now.
        """
        day = as_datetime(at).astimezone(self._zone).date()
        page = self._page
        if page is None:
            page = self._open(day)
            read = await asyncio.to_thread(page.read, self._journeys)
            page.adopt({call_id: marks for call_id, marks in read.items() if call_id not in self._changed})
            self._page = page
        elif day > page.day:  # never back: a clock that is set right at midnight would wipe the day out
            page = self._page = self._open(day)
            self._changed, self._later = self._later | self._changed, {}
        elif not self._changed and self._count is not None:
            return self._count
        await self._write_down(page)
        self._count = page.count()
        return self._count

    def _open(self, day: date) -> "_Page":
        return _Page(day, self._regulation, self._profile, local_day(day, self._zone))

    async def _write_down(self, page: "_Page") -> None:
        changed, self._changed = self._changed, {}
        for number, (call_id, journey) in enumerate(changed.items(), start=1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)  # a long catch-up must not hold the frames and the routing up
            if journey.t0 >= page.period.until:
                self._later[call_id] = journey
            else:
                page.write(call_id, page.judge(journey))


class _Page:
    """One day: the marks of each of its calls, and how many calls left each set of marks."""

    def __init__(self, day: date, regulation: Regulation, profile: Profile, period: Period) -> None:
        self.day = day
        self.period = period
        self._regulation = regulation
        self._profile = profile
        self._judge = Judge(regulation, profile, period)
        self._marks: dict[CallId, Marks] = {}
        self._counts: Counter[Marks] = Counter()

    def read(self, journeys: Callable[[Instant, Instant], Iterable[Journey]]) -> dict[CallId, Marks]:
        """The marks of the stored calls of the day; runs in a thread and changes nothing here."""
        stored = journeys(self.period.since, self.period.until)
        return {journey.call_id: marks for journey in stored if (marks := self.judge(journey)) is not None}

    def adopt(self, read: Mapping[CallId, Marks]) -> None:
        """Take over what was read."""
        for call_id, marks in read.items():
            self.write(call_id, marks)

    def judge(self, journey: Journey) -> Marks | None:
        """What is true of a call; None of a call that is not of this day."""
        alone = Tally()
        try:
            self._judge.add(journey, alone)
        except Exception:
            log.exception("call_not_judged", call_id=journey.call_id)  # one call's trouble takes no figure away
            return None
        ((_, marks),) = alone.calls
        return None if Mark.HORS_PERIODE in marks else marks

    def write(self, call_id: CallId, marks: Marks | None) -> None:
        """Count a call as it is now, and no longer as it was."""
        old = self._marks.pop(call_id, None)
        if old is not None:
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
        if marks is not None:
            self._marks[call_id] = marks
            self._counts[marks] += 1

    def count(self) -> DayCount:
        """The board's few figures."""
        tally = Tally(calls=Counter({(0, marks): count for marks, count in self._counts.items()}))
        basis = Basis.of(tally, self._profile, self._regulation, self.day, self.day)
        found: dict[str, Figure] = dict(zip(_FIGURES, measure(basis, _FIGURES), strict=True))
        qs30, accueil, short = found["qs30"], found["taux_accueil"], found["conversations_courtes"]
        return DayCount(
            day=self.day,
            entrants=int(found["entrants"].value or 0),
            answered=int(found["decroches"].value or 0),
            abandoned=int(found["abandons"].value or 0),
            abandoned_early=int(found["abandons_courts"].value or 0),
            qs30=qs30.value,
            taux_accueil=accueil.value,
            short_talks=int(short.value or 0),
            uncertain=qs30.uncertain,
            formule_qs30=qs30.formula,
            formule_taux_accueil=accueil.formula,
            formule_short_talks=short.formula,
        )
