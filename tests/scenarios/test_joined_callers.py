"""Two callers whom an agent left alone with each other: a red alarm on the board from that moment until they are apart."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from cti.ami.connection import AmiLink
from cti.ami.translate import Translator
from cti.api.ports import TransferVerdict
from cti.bootstrap.answering.answers import Transfers
from cti.bootstrap.watching.alarms import AlarmWatch
from cti.journey import Instant, Journey
from cti.journey import events as ev
from cti.journey.folding.joined import alone_with
from cti.live import Board
from cti.pipeline import Pipeline
from cti.settings import load
from tests.fakes.room import FILIERES
from tests.scenarios.reading import Folded, session, stamp

JOINED = (
    "agent_joins_two_callers_to_each_other",
    "supervisor_parts_two_joined_callers",
    "two_joined_callers_and_the_first_leaves",
)
_MINUTE = 60_000_000


class Wall:
    """A board, the watch that fills it, and a clock that follows the frames."""

    def __init__(self) -> None:
        self.now: Instant = 0
        self.board = Board(FILIERES, clock=lambda: self.now)
        self.watch = AlarmWatch(self.board, ZoneInfo("Europe/Paris"), clock=lambda: self.now, pause=self.never)
        self.folded = Folded([], {})
        self.translator = Translator()

    async def never(self, _seconds: float) -> None:
        raise AssertionError("look() does not pause")

    def take(self, event: ev.Event) -> None:
        """As the pipeline does: fold, then tell."""
        self.folded.take([event])
        if isinstance(event, ev.CallEvent):
            self.watch.told(self.folded.journeys[event.call_id], event, ())

    @property
    def alarms(self) -> dict[str, dict[str, str]]:
        alarms: dict[str, dict[str, str]] = self.board.snapshot()["alarms"]
        return alarms


def played(name: str) -> tuple[Wall, list[tuple[Instant, dict[str, dict[str, str]]]]]:
    """The wall at the end of the story, and the alarms each time that they changed."""
    wall = Wall()
    seen: list[tuple[Instant, dict[str, dict[str, str]]]] = []
    for record in session(name):
        wall.now = stamp(record)
        for event in wall.translator.read(record.frame()):
            wall.take(event)
            if not seen or seen[-1][1] != wall.alarms:
                seen.append((wall.now, wall.alarms))
    return wall, seen


def at_the_join(name: str) -> tuple[Wall, list[Journey]]:
    """The wall a moment after the two were joined."""
    wall = Wall()
    for record in session(name):
        wall.now = stamp(record)
        for event in wall.translator.read(record.frame()):
            wall.take(event)
        if wall.alarms:
            return wall, wall.folded.calls
    raise AssertionError("never joined")


@pytest.mark.parametrize("name", JOINED)
def test_the_alarm_stands_from_the_join_until_they_are_apart(name: str) -> None:
    wall, seen = played(name)
    (_, before), (raised_at, during), (over_at, after) = seen
    assert (before, after) == ({}, {})
    ((code, alarm),) = during.items()
    assert alarm["gravite"] == "critique"
    calls = wall.folded.calls
    (joined_at,) = {note.at for call in calls for note in call.anomalies if note.kind == "callers_joined"}
    assert raised_at - joined_at < 20_000
    ends = [call.ended_at or 0 for call in calls]
    again = [stage.entered_at for call in calls for stage in call.stages if stage.entered_at > joined_at]
    assert over_at - min(moment for moment in (*ends, *again) if moment > joined_at) < 20_000
    assert code == f"callers_joined:{min(call.call_id for call in calls)}"


def test_it_names_both_masked_and_says_how_long_and_what_to_do() -> None:
    wall, calls = at_the_join(JOINED[0])
    ((code, alarm),) = wall.alarms.items()
    assert alarm["text"].startswith("Deux appelants laissés seuls ensemble : ")
    assert "••0001 (appel de " in alarm["text"]
    assert "••0002 (appel de " in alarm["text"]
    assert not any(call.caller and call.caller in alarm["text"] for call in calls)
    assert "depuis moins d'une minute. Aucun agent ne les entend : transférez l'un des deux" in alarm["text"]
    wall.now += 3 * _MINUTE
    wall.watch.look()
    assert "depuis 3 min" in wall.alarms[code]["text"]
    assert wall.alarms[code]["since"] == alarm["since"]


def test_it_is_raised_again_after_a_restart() -> None:
    before, calls = at_the_join(JOINED[0])
    again = Wall()
    again.now = before.now + _MINUTE
    again.watch.adopt(calls)
    ((code, alarm),) = again.alarms.items()
    assert (code, alarm["since"]) == next((code, alarm["since"]) for code, alarm in before.alarms.items())
    assert "depuis 1 min" in alarm["text"]


def test_one_who_is_alone_with_a_call_that_is_gone_raises_nothing() -> None:
    before, calls = at_the_join(JOINED[0])
    for call in calls:
        wall = Wall()
        wall.now = before.now
        wall.watch.adopt([call])
        assert alone_with(call) is not None
        assert wall.alarms == {}


async def test_the_screen_may_fetch_either_of_them_and_nobody_else_on_the_way() -> None:
    wall, calls = at_the_join(JOINED[0])
    asked: list[tuple[str, str]] = []

    async def ask(action: str, headers: Mapping[str, str], **_: float) -> SimpleNamespace:
        asked.append((action, headers["Channel"]))
        return SimpleNamespace(response={})

    settings = load(Path(__file__).parents[2] / "config", {})
    pipeline = SimpleNamespace(journey=lambda call_id: wall.folded.journeys[call_id])
    transfers = Transfers(settings, cast("Pipeline", pipeline), wall.translator, cast("AmiLink", SimpleNamespace(ask=ask)))
    for call in calls:
        assert (await transfers.transfer(call.call_id, "amu", "jean")).verdict is TransferVerdict.ASKED
        wall.folded.journeys[call.call_id] = replace(call, anomalies=())
        assert (await transfers.transfer(call.call_id, "amu", "jean")).verdict is TransferVerdict.NOT_POSSIBLE
    assert [action for action, _ in asked] == ["Setvar", "Redirect"] * 2
    assert len({channel for _, channel in asked}) == 2
