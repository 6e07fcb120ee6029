import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from recording_voices import CALL, T0, S, call, put, tone, wav

from cti.journey import apply
from cti.journey import events as ev
from cti.journey.events import RecordingChecked
from cti.journey.facts import CallClosed, CallOpened
from cti.journey.model import Outcome
from cti.recording.policy import RecordingSettings
from cti.recording.reaction import CheckRecordings, NotYet
from cti.recording.waiting import PollingWaiter

WHOLE = wav(tone(19_000))
CLOSED = CallClosed(CALL, T0 + 20 * S, Outcome.ANSWERED)


async def elsewhere(work: Callable[[], Any]) -> Any:
    return work()


@dataclass
class World:
    """A clock and a PBX that go on one step each time somebody looks in vain."""

    steps: list[Callable[[], object]] = field(default_factory=list)
    step_seconds: float = 1
    now: int = T0 + 21 * S
    looks: int = 0

    def clock(self) -> int:
        return self.now

    async def wait(self, ready: Callable[[], Awaitable[bool]], deadline_seconds: float) -> bool:
        end = self.now + int(deadline_seconds * S)
        while self.now <= end:
            self.looks += 1
            if await ready():
                return True
            self.now += int(self.step_seconds * S)
            if self.steps:
                self.steps.pop(0)()
        return False

    def reaction(self, folder: Path | None, **settings: Any) -> CheckRecordings:
        return CheckRecordings(RecordingSettings(**settings), self.clock, elsewhere, self.wait, folder)


def problems(events: Any) -> list[str | None]:
    assert all(isinstance(event, RecordingChecked) for event in events)
    return [event.problem for event in events]


async def test_closed_files_are_checked_at_once(tmp_path: Path) -> None:
    world = World()
    stem = put(tmp_path, "c", caller=WHOLE, agents=WHOLE)
    (event,) = await world.reaction(tmp_path)(call(stem), CLOSED)
    assert isinstance(event, RecordingChecked)
    assert (event.problem, event.caller_ms, event.at, world.looks) == (None, 19_000, T0 + 21 * S, 1)


async def test_a_file_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(18_000), declared=0), agents=WHOLE)
    world = World([lambda: None, lambda: put(tmp_path, "c", caller=WHOLE, agents=None)])
    assert problems(await world.reaction(tmp_path)(call(stem), CLOSED)) == [None]
    assert world.looks == 3


async def test_a_file_that_never_stops_growing_is_for_later(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(1_000), declared=0), agents=WHOLE)
    grow = [lambda ms=ms: put(tmp_path, "c", caller=wav(tone(ms), declared=0), agents=None) for ms in range(1_100, 2_000, 100)]
    with pytest.raises(NotYet, match=f"call {CALL} still growing after 3000 ms"):
        await World(grow).reaction(tmp_path, deadline_ms=3_000)(call(stem), CLOSED)


async def test_a_file_left_by_a_crash_is_judged_once_it_rests(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(19_000), declared=0), agents=WHOLE)
    world = World()
    (told,) = problems(await world.reaction(tmp_path, settle_ms=5_000)(call(stem), CLOSED))
    assert told == "c-caller.wav : jamais refermé par le PBX, 19,0 s de son d'après sa taille"
    assert world.looks == 6


async def test_a_change_starts_the_rest_anew(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(18_000), declared=0), agents=WHOLE)
    longer = lambda: put(tmp_path, "c", caller=wav(tone(18_500), declared=0), agents=None)  # noqa: E731
    world = World([lambda: None, lambda: None, longer])
    await world.reaction(tmp_path, settle_ms=5_000)(call(stem), CLOSED)
    assert world.looks == 9


async def test_missing_files_are_missing_once_they_had_their_time(tmp_path: Path) -> None:
    world = World()
    told = problems(await world.reaction(tmp_path, settle_ms=2_000)(call(str(tmp_path / "c")), CLOSED))
    assert told == ["c-caller.wav : fichier absent ; c-agents.wav : fichier absent"]
    assert world.looks == 3


async def test_no_recording_at_all_is_told_without_waiting(tmp_path: Path) -> None:
    world = World()
    assert problems(await world.reaction(tmp_path)(call(recording_at=()), CLOSED)) == [
        "aucun enregistrement pour un appel décroché (flux 15)"
    ]
    assert world.looks == 1


async def test_what_was_told_is_not_told_again(tmp_path: Path) -> None:
    world = World(step_seconds=1)
    (none,) = await world.reaction(tmp_path)(call(recording_at=()), CLOSED)
    after, _ = apply(call(recording_at=()), none)
    assert list(await world.reaction(tmp_path)(after, CLOSED)) == []
    # A check was interrupted between two recordings: the second is looked at, the first lies in the archive.
    first, second = (put(tmp_path, name, caller=WHOLE, agents=WHOLE) for name in ("a", "b"))
    journey = call(first, second, recording_at=(0, 10 * S))
    told = list(await world.reaction(tmp_path)(journey, CLOSED))
    assert [event.stem for event in told] == [first, second]
    journey, _ = apply(journey, told[0])
    for path in tmp_path.rglob("a-*.wav"):
        path.unlink()
    assert [event.stem for event in await world.reaction(tmp_path)(journey, CLOSED)] == [second]


async def test_a_consultation_that_outlives_its_caller_is_checked_when_the_archive_has_the_rest(tmp_path: Path) -> None:
    """Agents who met when the caller was gone: their files are looked at, his are no longer there and were told already."""
    stem, apart = put(tmp_path, "c", caller=WHOLE, agents=WHOLE), put(tmp_path, "d", caller=WHOLE, agents=WHOLE)
    journey = call(stem, end=False)
    begun: list[ev.CallEvent] = [
        ev.ConsultStarted(call_id=CALL, at=T0 + 11 * S, agent="arm01", line="9.1", target="801"),
        ev.CallEnded(call_id=CALL, at=T0 + 20 * S),
    ]
    for event in begun:
        journey = apply(journey, event)[0]
    world = World()
    (main,) = await world.reaction(tmp_path)(journey, CLOSED)
    later: list[ev.CallEvent] = [
        main,
        ev.ConsultAnswered(call_id=CALL, at=T0 + 21 * S, line="9.1", agent="amu01"),
        ev.ConsultRecorded(call_id=CALL, at=T0 + 21 * S, line="9.1", stem=apart),
        ev.ConsultEnded(call_id=CALL, at=T0 + 40 * S, line="9.1", how=ev.ConsultEnd.RETURNED),
    ]
    for event in later:
        journey = apply(journey, event)[0]
    for path in tmp_path.rglob("c-*.wav"):
        path.unlink()
    (event,) = await world.reaction(tmp_path)(journey, CLOSED)
    assert (event.stem, event.problem) == (apart, None)
    assert apply(journey, event)[0].recordings[0].problem is None


async def test_a_stem_out_of_the_folder_is_never_opened(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    outside = put(tmp_path, "secret", caller=WHOLE, agents=WHOLE)
    inside = put(root, "c", caller=WHOLE, agents=WHOLE)
    events = await World().reaction(root)(call(outside, inside, recording_at=(1, 1)), CLOSED)
    assert problems(events) == ["fichier hors du dossier des enregistrements : non lu", None]


async def test_the_root_of_the_settings_serves_when_no_other_is_given(tmp_path: Path) -> None:
    put(tmp_path, "c", caller=WHOLE, agents=WHOLE)
    reaction = World().reaction(None, root=str(tmp_path), pbx_root="/pbx")
    assert problems(await reaction(call("/pbx/c"), CLOSED)) == [None]


async def test_other_facts_concern_nobody_here(tmp_path: Path) -> None:
    assert await World().reaction(tmp_path)(call("c"), CallOpened(CALL, T0)) == ()


class Pauses:
    """Pauses that end at once, and stop the test that would wait for ever."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        assert len(self.taken) < 100


def becoming(*answers: bool) -> Callable[[], Awaitable[bool]]:
    left = list(answers)

    async def ready() -> bool:
        return left.pop(0)

    return ready


async def test_the_waiter_looks_before_it_pauses() -> None:
    pauses = Pauses()
    assert await PollingWaiter(pauses)(becoming(True), 0)
    assert pauses.taken == []


async def test_the_waiter_looks_again_after_each_pause() -> None:
    pauses = Pauses()
    assert await PollingWaiter(pauses, 0.25)(becoming(*[False] * 4, True), 60)
    assert pauses.taken == [0.05, 0.1, 0.2, 0.25], "soon, then more and more rarely"
    assert await PollingWaiter(pauses, 0.02)(becoming(False, True), 60)
    assert pauses.taken[4:] == [0.02]


async def test_the_waiter_gives_up_at_the_deadline() -> None:
    async def for_ever(_seconds: float) -> None:
        await asyncio.Event().wait()

    assert not await PollingWaiter(for_ever)(becoming(False), 0)
