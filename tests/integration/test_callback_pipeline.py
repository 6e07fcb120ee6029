"""From the hang-up to the list and to the act, through the real pipeline, outbox and SQLite; the figures never move."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from cti.bootstrap.answering.callbacks import CallbackDesk
from cti.bootstrap.answering.recent import RecentCallers
from cti.bootstrap.telling import reports
from cti.journey import events as ev
from cti.journey.callbacks import ActKind, TryResult
from cti.journey.facts import CallClosed
from cti.live import Board
from cti.pipeline import Pace, Pipeline, Reaction
from cti.qos.period import Period
from cti.qos.report import report
from cti.settings import Settings, load
from cti.store import Store, open_store
from tests.fakes.store import at_once

CONFIG = Path(__file__).parents[2] / "config"
#: Wednesday 16 December 2026, 09:00 in Paris.
T0 = 1_797_408_000_000_000
S = 1_000_000
NOW = T0 + 1800 * S


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(CONFIG, {"CTI_DATABASE_URL": f"sqlite:///{tmp_path}/cti.db"})


def lost(call: str, at: int, caller: str | None) -> list[ev.CallEvent]:
    ids = {"call_id": call}
    return [
        ev.CallArrived(**ids, at=T0 + at * S, channel=call, did="15", flux="15", caller=caller),
        ev.QueueEntered(**ids, at=T0 + (at + 1) * S, filiere="n1"),
        ev.CallEnded(**ids, at=T0 + (at + 8) * S, cause=16),
    ]


def helped(call: str, at: int, caller: str) -> list[ev.CallEvent]:
    arrived, queued, ended = lost(call, at, caller)
    ref = ev.DossierOpened(call_id=call, at=T0 + (at + 4) * S, dossier_id=call, ref=f"2026-350-{call}")
    return [
        arrived,
        queued,
        ev.AgentAnswered(call_id=call, at=T0 + (at + 3) * S, agent="arm01", leg="1", filiere="n1"),
        ref,
        ended,
    ]


class Desk:
    """A service without PBX: what bootstrap wires, around one store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.recent = RecentCallers(3600 * S)
        self.board = Board([], clock=lambda: NOW, repeats=self.recent.repeat_of)
        self.desk = CallbackDesk(store.callbacks, settings.callback, self.board, at_once, lambda: NOW)
        self.reactions = {CallClosed: (Reaction("list_callback", self.desk.hear, attempt_seconds=5, deadline_seconds=30),)}
        self.store = store

    async def take(self, *stories: list[ev.CallEvent]) -> None:
        """One run of the service that hears these stories."""
        async with asyncio.TaskGroup() as tasks:
            pipeline = Pipeline(
                self.store, at_once, lambda: NOW, tasks.create_task, self.reactions, [self.recent, self.board],
                Pace(linger_seconds=0),
            )  # fmt: skip
            await pipeline.restore()
            writer = tasks.create_task(pipeline.run())
            for number, story in enumerate(stories):
                for part, event in enumerate(story):
                    pipeline.submit([event], f"s{number}:{story[0].call_id}", part)
            await pipeline.drained()
            pipeline.stop()
            await writer


def figures(settings: Settings, store: Store) -> Any:
    period = Period(T0 - 3600 * S, NOW + 3600 * S, settings.zone)
    told = report(store.reading.journeys(period.since, period.until), settings.qos, "public_24h", period, [])
    return json.dumps(told.as_dict(), default=str, sort_keys=True)


async def test_from_the_hang_up_to_the_list_and_back_without_touching_a_figure(settings: Settings) -> None:
    store = open_store(settings.database_url)
    try:
        desk = Desk(settings, store)
        await desk.take(
            lost("a1", 0, "0612345678"), lost("m1", 30, None), lost("a2", 60, "+33612345678"), lost("b1", 90, "0611111111")
        )
        await desk.take(helped("b2", 300, "0611111111"), lost("a1", 0, "0612345678"))
        told = await desk.desk.entries(with_closed=True)
        assert [(one["id"], one["call_ids"], one["state"]) for one in told["entries"]] == [
            ("a1", ["a1", "a2"], "a_rappeler"), ("m1", ["m1"], "a_rappeler"), ("b1", ["b1"], "clos")
        ]  # fmt: skip
        assert desk.board.snapshot()["callbacks"] == {"open": 1, "impossible": 1}
        before, calls = figures(settings, store), list(store.reading.journeys(None, None))
        for version, kind, result in (
            (0, ActKind.TAKE, None),
            (1, ActKind.TRY, TryResult.BUSY),
            (2, ActKind.TRY, TryResult.REACHED),
        ):
            await desk.desk.act("a1", kind, by="Anne", version=version, result=result, reason="")
        assert desk.board.snapshot()["callbacks"] == {"open": 0, "impossible": 1}
        assert figures(settings, store) == before, "a call-back never turns an abandon into an answer"
        assert list(store.reading.journeys(None, None)) == calls
        assert store.pending() == []
    finally:
        store.close()


async def test_a_list_that_could_not_be_written_is_written_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise is committed with the call: the list lacks nobody after a failure and a restart."""
    store = open_store(settings.database_url)
    try:
        desk = Desk(settings, store)
        failures = iter([RuntimeError("first try"), RuntimeError("second try")])

        async def failing(journey: Any) -> Any:
            trouble = next(failures, None)
            if trouble is not None:
                raise trouble
            return await desk.desk.hear(journey)

        desk.reactions = {CallClosed: (Reaction("list_callback", failing, attempt_seconds=5, deadline_seconds=30),)}
        await desk.take(lost("a1", 0, "0612345678"))
        assert [entry.id for entry in desk.desk.book.list(NOW)] == ["a1"]
    finally:
        store.close()


async def test_a_repeated_caller_is_shown_on_the_board_with_the_earlier_dossier(settings: Settings) -> None:
    store = open_store(settings.database_url)
    try:
        desk = Desk(settings, store)
        await desk.take(
            helped("a1", 0, "0612345678"), lost("a2", 60, "+33612345678")[:2], lost("m1", 61, None)[:2], lost("m2", 62, None)[:2]
        )
        calls = desk.board.snapshot()["calls"]
        assert (calls["a2"]["repeat_count"], calls["a2"]["previous_dossier_ref"]) == (1, "2026-350-a1")
        assert (calls["m2"]["repeat_count"], calls["m2"]["previous_dossier_ref"]) == (0, None)
        anew = RecentCallers(3600 * S)
        anew.adopt(store.reading.journeys(None, None))
        assert anew("0612345678", "a3", T0 + 100 * S) == desk.recent("0612345678", "a3", T0 + 100 * S)
    finally:
        store.close()


async def test_the_verb_tells_the_list_and_can_write_it_anew(settings: Settings) -> None:
    store = open_store(settings.database_url)
    try:
        await Desk(settings, store).take(lost("a1", 0, "0612345678"), lost("m1", 30, None))
    finally:
        store.close()
    words = {"with_closed": False, "rebuild": False}
    lines = list(reports.callbacks(settings, NOW, as_json=True, **words))
    assert [json.loads(line)["id"] for line in lines] == ["a1", "m1"]
    assert list(reports.callbacks(settings, NOW, as_json=True, **{**words, "rebuild": True})) == lines
    plain = list(reports.callbacks(settings, NOW, as_json=False, **words))
    assert "0612345678" in plain[0]
    assert "rappel impossible" in plain[1]
