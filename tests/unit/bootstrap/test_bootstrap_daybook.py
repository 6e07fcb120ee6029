"""The board's figures counted from memory say what the store's report says, whatever happened in whatever order."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from cti.bootstrap.answering.answers import Figures
from cti.bootstrap.answering.daybook import DayBook
from cti.journey import CallEvent, Instant, Journey, Quality, State, apply
from cti.journey import events as ev
from cti.journey.ledger import Batch, StoreUnavailable
from cti.journey.model import AbandonPhase
from cti.journey.words import from_datetime
from cti.live import DayCount
from cti.qos.period import Period, local_day
from cti.qos.report import report
from cti.settings import load
from cti.store import open_store

SETTINGS = load(Path(__file__).parents[3] / "config", {})
PROFILE = SETTINGS.cti.qos.board_profile
PARIS = ZoneInfo("Europe/Paris")
S: Instant = 1_000_000
H = 3_600 * S
#: A plain day, the day of 25 hours, the day of 23 hours.
DAYS = (date(2026, 11, 18), date(2026, 10, 25), date(2027, 3, 28))


def expected(journeys: Iterable[Journey], day: date) -> DayCount:
    """The same figures, by the report."""
    return of(report(journeys, SETTINGS.qos, PROFILE, local_day(day, PARIS)).figure, day)


def of(figure: Callable[[str], object], day: date) -> DayCount:
    def value(code: str) -> float | None:
        return figure(code).value  # type: ignore[attr-defined,no-any-return]

    return DayCount(
        day=day,
        entrants=int(value("entrants") or 0),
        answered=int(value("decroches") or 0),
        abandoned=int(value("abandons") or 0),
        abandoned_early=int(value("abandons_courts") or 0),
        qs30=value("qs30"),
        taux_accueil=value("taux_accueil"),
        short_talks=int(value("conversations_courtes") or 0),
        uncertain=figure("qs30").uncertain,  # type: ignore[attr-defined]
        formule_qs30=figure("qs30").formula,  # type: ignore[attr-defined]
        formule_taux_accueil=figure("taux_accueil").formula,  # type: ignore[attr-defined]
        formule_short_talks=figure("conversations_courtes").formula,  # type: ignore[attr-defined]
    )


def a_book(stored: Iterable[Journey] = ()) -> DayBook:
    kept = list(stored)

    def journeys(since: Instant, until: Instant) -> list[Journey]:
        return [journey for journey in kept if since <= journey.t0 < until]

    return DayBook(SETTINGS.qos, PROFILE, PARIS, journeys)


class Told:
    """Tells a book what happens, through the real fold."""

    def __init__(self, book: DayBook) -> None:
        self.book = book
        self.journeys: dict[str, Journey] = {}

    def __call__(self, *events: CallEvent) -> None:
        for event in events:
            journey, facts = apply(self.journeys.get(event.call_id) or Journey(call_id=event.call_id), event)
            self.journeys[event.call_id] = journey
            self.book.told(journey, event, facts)


def story(call: str, t0: Instant, rng: random.Random) -> list[CallEvent]:
    """What may happen to a caller: every ending, sometimes unseen in part, sometimes never over."""
    public, a_test = rng.random() < 0.9, rng.random() < 0.05
    caller = None if rng.random() < 0.1 else f"+3329900{rng.randrange(500):04d}"
    at = t0 + rng.choice((1, 4, 9)) * S
    told: list[CallEvent] = []
    if rng.random() < 0.95:
        arrival = arrived(call, t0)
        told.append(replace(arrival, flux=rng.choice(("15", "PRO")), caller=caller, public=public, test=a_test))
    if rng.random() < 0.93:
        told.append(ev.QueueEntered(call_id=call, at=at, filiere="n1"))
        at += rng.choice((2_000, 5_900, 21_000, 26_000, 29_999, 31_000, 70_000)) * 1_000
        if rng.random() < 0.75:
            if rng.random() < 0.95:
                told.append(ev.AgentOffered(call_id=call, at=at - S, filiere="n1", agent="arm01", leg=f"l-{call}"))
            told.append(ev.AgentAnswered(call_id=call, at=at, agent="arm01", leg=f"l-{call}"))
            at += rng.choice((1, 3, 90)) * S
    if rng.random() < 0.08:
        told.append(ev.ObservationLost(call_id=call, at=at, since=at - S, reason="liaison"))
    if rng.random() < 0.95:
        told.append(ev.CallEnded(call_id=call, at=at + S, cause=rng.choice((16, 16, 16, 34))))
    return told


def a_day(day: date, calls: int, seed: int) -> list[CallEvent]:
    """Calls of this day, of the evening before and of the night after, their events mixed as time mixes them."""
    rng = random.Random(seed)
    period = local_day(day, PARIS)
    told = [e for i in range(calls) for e in story(f"c{i}", rng.randrange(period.since - 2 * H, period.until + 2 * H), rng)]
    return sorted(told, key=lambda event: event.at)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("seed", range(3))
async def test_a_large_day_equals_the_report_at_every_look(day: date, seed: int) -> None:
    book, period = a_book(), local_day(day, PARIS)
    told = Told(book)
    events = a_day(day, 600, seed)
    for i in range(0, len(events), 97):
        told(*events[i : i + 97])
        at = min(max(events[i].at, period.since), period.until - 1)
        assert await book(at) == expected(told.journeys.values(), day)
    found = await book(period.until - 1)
    assert found.uncertain > 0
    assert min(found.answered, found.abandoned, found.abandoned_early) > 0
    assert any(j.abandon_phase is AbandonPhase.GREETING for j in told.journeys.values())


@settings_of(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 150), max_size=6), known=st.integers(0, 150))
def test_any_order_of_looks_and_any_restart_gives_the_same_day(seed: int, cuts: Sequence[int], known: int) -> None:
    day = DAYS[seed % len(DAYS)]
    events = a_day(day, 40, seed)
    rng = random.Random(seed)
    rng.shuffle(events)  # late and repeated frames: the fold takes them as they come
    before = Told(a_book())
    before(*events[:known])
    book = a_book(before.journeys.values())
    told = Told(book)
    told.journeys.update(before.journeys)
    noon = local_day(day, PARIS).since + 12 * H

    async def play() -> None:
        for i, event in enumerate(events[known:]):
            told(event)
            if i in cuts:
                assert await book(noon) == expected(told.journeys.values(), day)
        assert await book(noon) == expected(told.journeys.values(), day)

    asyncio.run(play())


async def test_it_equals_what_the_service_reads_from_its_store(tmp_path: Path) -> None:
    day, told = DAYS[0], Told(a_book())
    told(*a_day(day, 400, 7))
    store = open_store(f"sqlite:///{tmp_path / 'cti.db'}")
    try:
        store.commit(Batch(journeys=tuple(told.journeys.values())))
        noon = local_day(day, PARIS).since + 12 * H
        figures = Figures(SETTINGS, store)
        stored = figures.report(figures.today(noon), PROFILE)
        seeded = DayBook(SETTINGS.qos, PROFILE, PARIS, store.reading.journeys)
        assert await told.book(noon) == await seeded(noon) == of(stored.figure, day)
    finally:
        store.close()


def arrived(call: str, at: Instant) -> ev.CallArrived:
    return ev.CallArrived(call_id=call, at=at, channel=f"ch-{call}", did="15", flux="15", caller="+33299000001")


class TestMidnight:
    @pytest.mark.parametrize(("day", "hours"), [*zip(DAYS, (24, 25, 23), strict=True)])
    async def test_the_day_ends_on_the_wall_clock(self, day: date, hours: int) -> None:
        start = from_datetime(datetime(day.year, day.month, day.day, tzinfo=PARIS))
        book = a_book()
        told = Told(book)
        told(arrived("first", start), arrived("last", start + hours * H - 1), arrived("tomorrow", start + hours * H))
        found = await book(start + hours * H - 1)
        assert (found.day, found.entrants) == (day, 2)
        found = await book(start + hours * H)
        assert (found.day.toordinal(), found.entrants) == (day.toordinal() + 1, 1)

    async def test_a_call_of_yesterday_that_ends_today_is_yesterdays(self) -> None:
        until = local_day(DAYS[0], PARIS).until
        book = a_book()
        told = Told(book)
        told(arrived("late", until - S))
        assert (await book(until - S)).entrants == 1
        told(ev.CallEnded(call_id="late", at=until + S, cause=16), arrived("new", until + S))
        assert (await book(until + S)).entrants == 1
        told(ev.CallEnded(call_id="new", at=until + 2 * S, cause=16))
        assert (await book(until + 2 * S)).abandoned == 1

    async def test_a_clock_set_back_over_midnight_does_not_wipe_the_day_out(self) -> None:
        until = local_day(DAYS[0], PARIS).until
        book = a_book()
        told = Told(book)
        told(arrived("a", until + S))
        today = await book(until + S)
        assert await book(until - S) == today


class TestStart:
    async def test_what_is_told_while_the_store_is_read_wins(self) -> None:
        at = local_day(DAYS[0], PARIS).since + H
        old, _ = apply(Journey(call_id="c"), arrived("c", at))
        told: Told

        def journeys(since: Instant, until: Instant) -> list[Journey]:
            told(ev.CallEnded(call_id="c", at=at + 20 * S, cause=16))
            return [old]

        book = DayBook(SETTINGS.qos, PROFILE, PARIS, journeys)
        told = Told(book)
        told.journeys["c"] = old
        found = await book(at)
        assert (found.entrants, found.abandoned) == (1, 1)

    async def test_a_store_out_of_reach_is_asked_again_and_nothing_told_is_lost(self) -> None:
        at, asked = local_day(DAYS[0], PARIS).since + H, 0
        old, _ = apply(Journey(call_id="old"), arrived("old", at))

        def journeys(since: Instant, until: Instant) -> list[Journey]:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise StoreUnavailable("locked")
            return [old]

        book = DayBook(SETTINGS.qos, PROFILE, PARIS, journeys)
        Told(book)(arrived("new", at))
        with pytest.raises(StoreUnavailable):
            await book(at)
        assert (await book(at)).entrants == 2
        assert (await book(at + S)).entrants == 2
        assert asked == 2

    async def test_a_call_that_cannot_be_judged_takes_no_figure_away(self) -> None:
        at = local_day(DAYS[0], PARIS).since + H
        book = a_book()
        Told(book)(arrived("c", at))
        good, _ = apply(Journey(call_id="odd"), arrived("odd", at))
        book.told(replace(good, t0=-(10**18)), arrived("odd", at), ())  # no calendar has that day
        assert (await book(at)).entrants == 1


async def test_a_refresh_costs_what_changed_and_not_what_the_day_holds(record_property: Callable[[str, object], None]) -> None:
    """2 000 calls, of which five changed since the last look two seconds ago; median of thirty looks."""
    day = DAYS[0]
    period = local_day(day, PARIS)
    rng = random.Random(1)
    events = [e for i in range(2_000) for e in story(f"c{i}", rng.randrange(period.since, period.until - H), rng)]
    book = a_book()
    told = Told(book)
    told(*events)
    started = time.perf_counter()
    await book(period.until - 1)
    whole_ms = (time.perf_counter() - started) * 1000
    looks = []
    for look in range(30):
        for i in range(5):
            journey = told.journeys[f"c{look * 5 + i}"]
            book.told(replace(journey, quality=Quality.UNCERTAIN), events[0], ())
        started = time.perf_counter()
        await book(period.until - 1)
        looks.append((time.perf_counter() - started) * 1000)
    started = time.perf_counter()
    await book(period.until - 1)
    calm_ms = (time.perf_counter() - started) * 1000
    median = sorted(looks)[15]
    record_property("refresh_ms", median)
    print(f"2 000 calls: first count {whole_ms:.1f} ms, refresh {median:.3f} ms, unchanged {calm_ms:.4f} ms")
    assert median < 5


def test_the_states_of_the_stories_are_many() -> None:
    """The stories above would prove little if all callers lived the same."""
    told = Told(a_book())
    told(*a_day(DAYS[0], 600, 0))
    states = {journey.state for journey in told.journeys.values()}
    assert {State.ENDED, State.WAITING, State.TALKING} <= states
    assert {journey.quality for journey in told.journeys.values()} >= {Quality.OBSERVED, Quality.UNCERTAIN}
    period: Period = local_day(DAYS[0], PARIS)
    assert any(journey.t0 >= period.until for journey in told.journeys.values())
