"""What goes wrong is on the board within two seconds, in French, and leaves it when it is over."""

import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from cti.ami.agi import AgiCounters
from cti.ami.connection import AmiLink, LinkState
from cti.ami.sessions import JournalSettings, SessionJournal
from cti.ami.sip_probe import SipProbe
from cti.bootstrap.watching import conditions as conditions_module
from cti.bootstrap.watching.alarms import LOOK_SECONDS, AlarmWatch
from cti.bootstrap.watching.conditions import (
    PATIENCE_SECONDS,
    STILL_US,
    Condition,
    DiskWatch,
    Ground,
    JournalWord,
    Trouble,
    conditions,
    link_conditions,
)
from cti.journey import Instant, Journey, apply
from cti.journey import events as ev
from cti.live import Board
from cti.pipeline import Pipeline
from cti.recording.disk import DiskSpace
from cti.recording.policy import RecordingSettings
from tests.fakes.room import FILIERES, T0, Clock, S

PARIS = ZoneInfo("Europe/Paris")
DISK = RecordingSettings(low_bytes=60_000_000_000, critical_bytes=5_000_000_000)


class Wall:
    """A board and the watch that fills it, on a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.board = Board(FILIERES, clock=self.clock)
        self.watch = AlarmWatch(self.board, PARIS, clock=self.clock, pause=self.never)

    async def never(self, _seconds: float) -> None:
        raise AssertionError("look() does not pause")

    def after(self, seconds: float = LOOK_SECONDS) -> dict[str, tuple[str, str]]:
        """What stands when so much time has passed and everything was looked at."""
        self.clock.now += round(seconds * S)
        self.watch.look()
        return self.shown()

    def shown(self) -> dict[str, tuple[str, str]]:
        return {code: (alarm["gravite"], alarm["text"]) for code, alarm in self.board.snapshot()["alarms"].items()}


@pytest.fixture
def wall() -> Wall:
    return Wall()


def a_link(username: str = "cti-events") -> Any:
    return SimpleNamespace(state=LinkState.UP, reason="", settings=SimpleNamespace(username=username))


class TestWholeGround:
    """Everything the service stands on, wired as the service wires it."""

    @pytest.fixture
    def ground(self, wall: Wall, tmp_path: Path) -> Ground:
        counters = SimpleNamespace(late_promises=0)
        self.sip = SimpleNamespace(silent_since=None, unanswered=0)
        ground = Ground(
            pipeline=cast("Pipeline", SimpleNamespace(store_ok=True, waiting=0, counters=counters)),
            agi=lambda: self.agi,
            events=cast("AmiLink", a_link()),
            actions=cast("AmiLink", a_link("cti-actions")),
            journal=JournalWord(),
            disk=DiskWatch(tmp_path, replace(DISK, low_bytes=0, critical_bytes=0), wall.clock),
            lag=lambda: self.lag,
            sip=cast("SipProbe", self.sip),
        )
        self.lag: tuple[Instant, int] | None = None
        self.agi = AgiCounters()
        wall.watch.watch(conditions(ground))
        return ground

    def test_a_sound_service_has_no_alarm(self, wall: Wall, ground: Ground) -> None:
        ground.disk.read()
        assert wall.after() == {}

    def test_the_store_goes_and_comes_back(self, wall: Wall, ground: Ground) -> None:
        pipeline = cast("Any", ground.pipeline)
        pipeline.store_ok, pipeline.waiting = False, 148
        text = "Base de données indisponible : 148 événements attendent en mémoire"
        assert wall.after() == {"store": ("critique", text)}
        since = wall.board.snapshot()["alarms"]["store"]["since"]
        pipeline.waiting = 150
        assert "150 événements" in wall.after()["store"][1]
        assert wall.board.snapshot()["alarms"]["store"]["since"] == since
        pipeline.store_ok = True
        assert wall.after() == {}

    def test_late_promises_are_told_until_it_has_been_calm(self, wall: Wall, ground: Ground) -> None:
        cast("Any", ground.pipeline).counters.late_promises = 2
        assert wall.after() == {
            "late_promises": ("avertissement", "Suites d'appel en retard : 2 (dossier, contrôle d'enregistrement)")
        }
        ground.disk.read()
        assert "late_promises" in wall.after(STILL_US / S - 3)
        ground.disk.read()
        assert "late_promises" not in wall.after(3)

    def test_frames_that_come_late_are_told_while_they_do(self, wall: Wall, ground: Ground) -> None:
        self.lag = wall.clock.now, 7 * S + 400_000
        text = "Événements du PBX reçus avec 7 s de retard (PBX ou service surchargé, ou horloges différentes)"
        assert wall.after() == {"events_late": ("critique", text)}
        self.lag = wall.clock.now, 4_999_999
        assert wall.after() == {}
        self.lag = wall.clock.now - STILL_US, 60 * S  # nothing has come for five minutes: late or not, that was then
        assert wall.after() == {}

    def test_a_pbx_that_hears_no_sip_is_told_when_it_has_missed_three_questions(self, wall: Wall, ground: Ground) -> None:
        self.sip.silent_since, self.sip.unanswered = wall.clock.now, 2
        assert wall.after() == {}
        self.sip.silent_since, self.sip.unanswered = wall.clock.now - 15 * S, 3
        gravite, text = wall.after()["sip_deaf"]
        assert gravite == "critique"
        assert text.startswith("Le PBX n'entend plus le SIP depuis 1")
        cast("Any", ground.events).state = LinkState.BACKING_OFF
        assert "sip_deaf" not in wall.after(), "a PBX that is away altogether has its own alarm"
        cast("Any", ground.events).state = LinkState.UP
        self.sip.silent_since, self.sip.unanswered = None, 0
        assert "sip_deaf" not in wall.after()

    @pytest.mark.parametrize("what", ["refused", "timed_out", "failed"])
    def test_callers_whom_we_did_not_route(self, wall: Wall, ground: Ground, what: str) -> None:
        wall.after()
        self.agi = replace(self.agi, **{what: 3})
        assert wall.after() == {"agi": ("critique", "Routage sans réponse : 3 demande(s) du PBX, passées par la file de secours")}

    @pytest.mark.parametrize("what", ["answered", "hung_up", "probes"])
    def test_callers_who_left_by_themselves_are_no_alarm(self, wall: Wall, ground: Ground, what: str) -> None:
        wall.after()
        self.agi = replace(self.agi, **{what: 3})
        assert wall.after() == {}

    def test_a_second_trouble_counts_from_zero_again(self, wall: Wall, ground: Ground) -> None:
        self.agi = replace(self.agi, refused=3)
        wall.after()
        ground.disk.read()
        assert wall.after(STILL_US / S) == {"recordings_disk": wall.shown()["recordings_disk"]}
        self.agi = replace(self.agi, refused=4)
        assert "1 demande(s)" in wall.after()["agi"][1]

    def test_the_actions_link_is_given_time_to_come_back(self, wall: Wall, ground: Ground) -> None:
        cast("Any", ground.actions).state = LinkState.BACKING_OFF
        assert wall.after() == {}
        assert wall.after(PATIENCE_SECONDS - 1) == {}
        assert wall.after(1) == {
            "ami_actions_down": ("avertissement", "Liaison PBX d'actions coupée : transferts impossibles depuis l'API")
        }
        cast("Any", ground.actions).state = LinkState.UP
        assert wall.after() == {}

    def test_the_link_of_events_is_told_by_the_board_itself(self, wall: Wall, ground: Ground) -> None:
        cast("Any", ground.events).state = LinkState.BACKING_OFF
        assert wall.after(50) == {}


@pytest.mark.parametrize("which", ["ami_events", "ami_actions"])
def test_a_refused_login_stays_refused_while_it_is_tried_again(wall: Wall, which: str) -> None:
    link = a_link(which)
    wall.watch.watch(link_conditions(which, "actions", link, "rien"))
    expected = {f"{which}_refused": ("critique", f"Identifiant refusé par le PBX : « {which} » (liaison actions)")}
    for state in (LinkState.REFUSED, LinkState.CONNECTING, LinkState.REFUSED):
        link.state = state
        assert wall.after(60) == expected
    link.state = LinkState.UP
    assert wall.after() == {}


def test_a_refused_login_is_forgotten_when_the_pbx_is_gone_altogether(wall: Wall) -> None:
    link = a_link()
    wall.watch.watch(link_conditions("ami_events", "événements", link))
    link.state = LinkState.REFUSED
    assert wall.after()
    link.state = LinkState.BACKING_OFF
    assert wall.after() == {}


def test_the_raw_journal_speaks_from_its_own_thread(wall: Wall, tmp_path: Path) -> None:
    word, heard = JournalWord(), threading.Event()
    folder = tmp_path / "journal"
    folder.write_text("a file where the folder should be")

    def say(why: str | None) -> None:
        word.say(why)
        heard.set()

    journal = SessionJournal(JournalSettings(folder, "events", flush_seconds=0.01), say)
    wall.watch.watch([word.condition()])
    journal.start()
    try:
        journal.record(cast("Any", SimpleNamespace(raw=b"Event: X\r\n\r\n", received_at=T0, monotonic_us=0)), T0)
        assert heard.wait(20)
        gravite, text = wall.after()["raw_journal"]
        assert gravite == "critique"
        assert text == "Journal brut du PBX non écrit : un fichier a déjà ce nom"
        heard.clear()
        folder.unlink()
        assert heard.wait(20)
        assert wall.after() == {}
    finally:
        journal.close()


class TestDisk:
    @pytest.mark.parametrize(
        ("free", "expected"),
        [
            (60_000_000_001, {}),
            (60_000_000_000, {"recordings_disk": ("avertissement", "Disque des enregistrements bientôt plein : 60,0 Go libres")}),
            (5_000_000_000, {"recordings_disk": ("critique", "Disque des enregistrements plein : 5,0 Go libres")}),
        ],
    )
    def test_how_full(
        self, wall: Wall, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, expected: dict[str, Any]
    ) -> None:
        monkeypatch.setattr(conditions_module, "read_space", lambda root: DiskSpace(free, 10**12))
        disk = DiskWatch(tmp_path, DISK, wall.clock)
        wall.watch.watch([disk.condition()])
        disk.read()
        assert wall.after() == expected

    def test_out_of_reach(self, wall: Wall, tmp_path: Path) -> None:
        disk = DiskWatch(tmp_path / "nowhere", DISK, wall.clock)
        wall.watch.watch([disk.condition()])
        disk.read()
        gravite, text = wall.after()["recordings_disk"]
        assert gravite == "critique"
        assert text == "Dossier des enregistrements hors d'atteinte : dossier ou fichier absent"

    def test_a_folder_that_does_not_answer_holds_nobody_up(
        self, wall: Wall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, answer = threading.Event(), threading.Event()

        def hang(root: Path) -> DiskSpace:
            asked.set()
            answer.wait(30)
            raise OSError(errno.ESTALE, "Stale file handle")

        monkeypatch.setattr(conditions_module, "read_space", hang)
        disk = DiskWatch(tmp_path, DISK, wall.clock)
        wall.watch.watch([disk.condition()])
        disk.start()
        try:
            assert asked.wait(20)
            assert wall.after(59) == {}
            text = "Dossier des enregistrements hors d'atteinte : ne répond pas"
            assert wall.after(2) == {"recordings_disk": ("critique", text)}
        finally:
            disk.stop()
            answer.set()


class TestRecordings:
    def answered(self, number: int, ended_at: Instant, problem: str = "fichier absent") -> tuple[Journey, Any, Any]:
        """A call of one minute whose recording was found wanting."""
        call, t0 = f"c{number}", ended_at - 60 * S
        journey, facts = Journey(call_id=call), ()
        told = [
            ev.CallArrived(call_id=call, at=t0, channel="ch", did="15", flux="15", caller=None),
            ev.QueueEntered(call_id=call, at=t0 + S, filiere="n1"),
            ev.AgentOffered(call_id=call, at=t0 + 2 * S, filiere="n1", agent="arm01", leg="l"),
            ev.AgentAnswered(call_id=call, at=t0 + 5 * S, agent="arm01", leg="l"),
            ev.DossierOpened(call_id=call, at=t0 + 6 * S, dossier_id=f"d{number}", ref=f"2026-350-{number:07d}"),
            ev.CallEnded(call_id=call, at=ended_at, cause=16),
            ev.RecordingChecked(
                call_id=call, at=ended_at + S, stem=call, caller_ms=None, agents_ms=None, bytes=0, problem=problem
            ),
        ]
        for event in told:
            journey, facts = apply(journey, event)
        assert facts
        return journey, told[-1], facts

    def test_a_call_without_sound_is_named(self, wall: Wall) -> None:
        wall.watch.told(*self.answered(7, T0))
        text = "Enregistrement défectueux : appel de 08:59, dossier 2026-350-0000007 (fichier absent)"
        assert wall.shown() == {"recording:c7": ("avertissement", text)}
        assert wall.board.snapshot()["alarms"]["recording:c7"]["since"] == "2026-12-16T08:00:01.000Z"

    def test_the_last_ten_stay(self, wall: Wall) -> None:
        for i in range(12):
            wall.watch.told(*self.answered(i, T0 + i * S))
        assert list(wall.shown()) == [f"recording:c{i}" for i in range(2, 12)]

    def test_they_leave_after_an_hour(self, wall: Wall) -> None:
        wall.watch.told(*self.answered(1, T0))
        wall.watch.told(*self.answered(2, T0 + 600 * S))
        assert len(wall.after(3600)) == 2
        assert list(wall.after(1)) == ["recording:c2"]

    def test_a_sound_call_is_no_alarm(self, wall: Wall) -> None:
        journey, event, _ = self.answered(1, T0)
        wall.watch.told(journey, event, ())
        assert wall.shown() == {}


def test_a_look_that_fails_hides_no_other(wall: Wall) -> None:
    def broken(_at: Instant) -> Trouble | None:
        raise ZeroDivisionError

    wall.watch.watch([Condition("broken", broken), Condition("sound", lambda _at: Trouble("Ça ne va pas"))])
    assert wall.after() == {"sound": ("critique", "Ça ne va pas")}


async def test_it_looks_every_two_seconds() -> None:
    looks: list[Instant] = []
    pauses: list[float] = []

    class EndOfTest(Exception):
        pass

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise EndOfTest

    watch = AlarmWatch(Board(FILIERES, clock=Clock()), PARIS, clock=Clock(), pause=pause)
    note: Callable[[Instant], Trouble | None] = looks.append
    watch.watch([Condition("noted", note)])
    with pytest.raises(EndOfTest):
        await watch.run()
    assert (len(looks), pauses) == (3, [2.0, 2.0, 2.0])
