"""The catch-up when the PBX is slow, the log unreadable, or the PBX another one than before."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cti.ami.connection import LinkSettings, LinkTime, wait_for_event
from cti.bootstrap.watching import following
from cti.bootstrap.watching import watch as watching
from cti.bootstrap.watching.watch import PbxWatch, WatchSettings
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.ledger import Gap
from tests.fakes.asterisk import Action, FakeAsterisk, event, listing, response

S = 1_000_000
T0 = 1_797_408_000_000_000
CALL = ev.CallArrived(call_id="u-1", at=T0 - 30 * S, channel="1.0", did="15", flux="15", caller=None)


class Heard:
    """What the pipeline was told."""

    def __init__(self, *open_calls: Journey) -> None:
        self.events: list[Any] = []
        self.gaps: list[Gap] = []
        self.sessions: dict[int, str] = {}
        self._open = open_calls
        self.told = asyncio.Event()

    def live(self) -> tuple[Journey, ...]:
        return self._open

    def outlived(self) -> tuple[Journey, ...]:
        return ()

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def submit(self, events: Any, session: str = "", frame: int = 0) -> None:
        self.events += list(events)
        self.sessions.update({id(one): session for one in self.events if id(one) not in self.sessions})
        if any(isinstance(one, ev.LinkUp) for one in self.events):
            self.told.set()

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.events if isinstance(one, kind)]


class NoJournal:
    def record(self, *_: Any) -> None:
        """Nothing is kept."""

    note = record


@asynccontextmanager
async def watched(pbx: FakeAsterisk, heard: Heard, cel: Path, last_seen_at: int | None = None) -> AsyncIterator[PbxWatch]:
    pbx.on("QueueStatus", pbx.script.replies.get("QueueStatus", lambda action: listing(action, [], "QueueStatusComplete")))
    pbx.on("Status", lambda action: listing(action, [], "StatusComplete"))
    ticks = itertools.count(T0, 1000)
    time = LinkTime(clock=lambda: next(ticks), monotonic_us=lambda: next(ticks), random=lambda: 0.0, wait=wait_for_event)
    link = LinkSettings("events", "127.0.0.1", "cti", "s3cret", pbx.port, backoff_first_seconds=0.01)
    async with asyncio.TaskGroup() as tasks:

        def spawn(work: Coroutine[Any, Any, None]) -> object:
            return tasks.create_task(work)

        watch = PbxWatch(WatchSettings(cel, 3600 * S), link, time, heard, NoJournal(), spawn, last_seen_at)  # type: ignore[arg-type]
        spawn(watch.link.run())
        try:
            yield watch
        finally:
            watch.link.close()


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


async def test_a_snapshot_that_the_pbx_did_not_give_is_asked_for_again(
    pbx: FakeAsterisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link stays up: without a second try its frames would wait for ever."""
    monkeypatch.setattr(watching, "_RETRY_SECONDS", 0.01)
    asked = itertools.count()

    def reply(action: Action) -> bytes:
        if next(asked) == 0:
            return response(action, "Message: busy", status="Error")
        return listing(action, [], "QueueStatusComplete")

    pbx.on("QueueStatus", reply)
    heard = Heard()
    async with watched(pbx, heard, tmp_path / "cel.csv") as watch, asyncio.timeout(5):
        await heard.told.wait()
        assert watch.up
        assert pbx.connections == 1


async def test_a_log_that_cannot_be_read_ends_nothing(pbx: FakeAsterisk, tmp_path: Path) -> None:
    heard = Heard()
    async with watched(pbx, heard, tmp_path) as watch, asyncio.timeout(5):  # a folder where the file should be
        await heard.told.wait()
        assert watch.up


async def test_a_bug_in_telling_the_past_is_tried_again(
    pbx: FakeAsterisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_RETRY_SECONDS", 0.01)
    sound, tries = following.catch_up, itertools.count()

    def broken(*given: Any) -> Any:
        if next(tries) == 0:
            raise KeyError("a bug")
        return sound(*given)

    monkeypatch.setattr(following, "catch_up", broken)
    heard = Heard()
    async with watched(pbx, heard, tmp_path / "cel.csv"), asyncio.timeout(5):
        await heard.told.wait()


async def test_a_pbx_that_was_started_meanwhile_holds_nothing_of_before(pbx: FakeAsterisk, tmp_path: Path) -> None:
    journey, _ = apply(Journey(call_id="u-1"), CALL)
    heard = Heard(journey)
    pbx.script.booted = event("FullyBooted", "Uptime: 5")
    async with watched(pbx, heard, tmp_path / "cel.csv", T0 - 20 * S), asyncio.timeout(5):
        await heard.told.wait()
    assert [one.at for one in heard.of(ev.CallEnded)] == [T0 - 20 * S], "the last sign of the PBX that died"
    assert len(heard.of(ev.ObservationLost)) == 1
    assert T0 - 6 * S < heard.of(ev.LinkUp)[0].pbx_started_at < T0 - 4 * S


async def test_a_pbx_that_went_on_without_us_is_the_same(pbx: FakeAsterisk, tmp_path: Path) -> None:
    heard = Heard()
    pbx.script.booted = event("FullyBooted", "Uptime: 500")
    async with watched(pbx, heard, tmp_path / "cel.csv", T0 - 20 * S), asyncio.timeout(5):
        await heard.told.wait()
        heard.told.clear()
        heard.events.clear()
        pbx.script.booted = event("FullyBooted", "Uptime: 0")  # with the same date: one witness alone is not believed
        pbx.cut()
        await heard.told.wait()
    assert heard.of(ev.LinkUp)[0].pbx_started_at is None


async def test_how_late_the_frames_come_is_known(pbx: FakeAsterisk, tmp_path: Path) -> None:
    heard = Heard()
    async with watched(pbx, heard, tmp_path / "cel.csv") as watch, asyncio.timeout(5):
        await heard.told.wait()
        pbx.send(event("Newexten", f"Timestamp: {(T0 - 9 * S) // S}.000000"))
        while watch.lag is None:
            await asyncio.sleep(0)
    read_at, late_us = watch.lag
    assert 9 * S <= late_us < 10 * S
    assert read_at >= T0


# --- the PBX's clock -------------------------------------------------------------------------------------------------------

HOUR = 3600 * S


def says(at: int) -> tuple[str]:
    return (f"Timestamp: {at // S}.{at % S:06d}",)


def cel_row(kind: str, at: int, extra: str = "") -> str:
    return (
        f'"{kind}","{at // S}.{at % S:06d}","2.0","2.0","PJSIP/operateur-00000002","","15","sas-entree","","","","","{extra}"\n'
    )


async def test_calls_of_the_hour_that_came_twice_are_told(pbx: FakeAsterisk, tmp_path: Path) -> None:
    """Service dead, clock set back an hour, a caller came and went: his stamps are older than the last thing we saw."""
    cel = tmp_path / "cel.csv"
    second = T0 - HOUR
    cel.write_text(
        cel_row("CHAN_START", T0 - 40 * S)
        + cel_row("CHAN_START", second + 2 * S)
        + cel_row("SAS_ARRIVED", second + 2 * S, "u-2|15|15||1|0")
        + cel_row("HANGUP", second + 9 * S)
    )
    pbx.script.clock = says(second + 15 * S)
    heard = Heard()
    async with watched(pbx, heard, cel, T0 - 10 * S), asyncio.timeout(5):
        await heard.told.wait()
    assert [(one.call_id, one.at) for one in heard.of(ev.CallArrived)] == [("u-2", second + 2 * S)]
    assert [one.at for one in heard.of(ev.CallEnded)] == [second + 9 * S]


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_two_clocks_that_differ_are_no_restart(pbx: FakeAsterisk, tmp_path: Path, ahead: int) -> None:
    """When the PBX was started is told on its own clock; ours may be wrong by more than it has been up."""
    pbx.script.booted = event("FullyBooted", "Uptime: 500")
    pbx.script.clock = says(T0 + ahead)
    heard = Heard()
    async with watched(pbx, heard, tmp_path / "cel.csv", T0 + ahead - 20 * S), asyncio.timeout(5):
        await heard.told.wait()
    assert heard.of(ev.LinkUp)[0].pbx_started_at is None


async def test_a_clock_set_during_a_call_changes_nothing_in_it(pbx: FakeAsterisk, tmp_path: Path) -> None:
    journey, _ = apply(Journey(call_id="u-1"), CALL)
    heard = Heard(journey)
    pbx.script.clock = says(T0)

    def seen(at: int) -> bytes:
        return event("UserEvent", "UserEvent: SasSecours", "CallId: u-1", "Uniqueid: 1.0", f"Timestamp: {at // S}.{at % S:06d}")

    async with watched(pbx, heard, tmp_path / "cel.csv", T0 - 20 * S), asyncio.timeout(5):
        await heard.told.wait()
        pbx.send(seen(T0 + S), seen(T0 + HOUR + S))
        while len(heard.of(ev.ServiceSilent)) < 2:
            await asyncio.sleep(0)
    assert [one.at - T0 for one in heard.of(ev.ServiceSilent)] == [S, pytest.approx(S, abs=S // 2)]
    assert [one.kind for one in heard.of(ev.PbxSurprised)] == ["pbx_clock_stepped"]
    named = [heard.sessions[id(one)].partition(":")[0] for one in heard.of(ev.ServiceSilent)]
    assert named[1] == "moved", "not among the events that say until when we saw the PBX"
    assert named[0].isdigit()
