"""Processes we start: they are awaited, ended with all they started, and their failures are quoted."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cti.sandbox.errors import AsteriskNotRunning, SippFailed
from cti.sandbox.host.child import Child
from cti.sandbox.install import Install
from cti.sandbox.sipp import SippExit, SippProcess, SippRun
from cti.sandbox.verbs import STATE, down, running

SIPP = """\
import pathlib, signal, sys
words = sys.argv[1:]
name = pathlib.Path(words[words.index("-sf") + 1]).stem
errors = pathlib.Path(words[words.index("-error_file") + 1])
if name.startswith("exit"):
    errors.write_text("2026-11-22 unexpected 503\\n")
    sys.exit(int(name.removeprefix("exit")))
if name == "polite":
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(0))
if name == "stubborn":
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
errors.with_name("ready").touch()
while True:
    signal.pause()
"""


@pytest.fixture
def install(tmp_path: Path) -> Install:
    program = tmp_path / "sipp.py"
    program.write_text(SIPP, encoding="utf-8")
    return Install(("/asterisk",), (sys.executable, str(program)), Path("/m"), Path("/d"), ())


def people(install: Install, tmp_path: Path, name: str) -> SippProcess:
    return SippProcess(install, SippRun(Path(f"/{name}.xml"), local_port=5061), tmp_path / name)


async def ready(sipp: SippProcess) -> None:
    child = sipp._child
    assert child is not None
    while not (sipp.folder / "ready").exists():
        assert await child.wait(0.02) is None


async def test_a_program_may_be_put_behind_others_and_is_never_refused_for_it(tmp_path: Path) -> None:
    child = Child.start([sys.executable, "-c", "import signal; signal.pause()"], tmp_path, os.environ, tmp_path / "log")
    try:
        child.prefer(5)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 5
        child.prefer(-30)
    finally:
        await child.kill()
    child.prefer(5)


def test_the_command_line_says_all_that_was_asked(tmp_path: Path) -> None:
    run = SippRun(
        Path("/s/caller.xml"),
        local_port=5061,
        remote="127.0.0.1:5060",
        service="15",
        media_ports=(40000, 40099),
        control_port=8890,
        rate=0.5,
        rate_period_ms=2000,
        calls=10,
        at_once=3,
        injections=(Path("/s/a.csv"), Path("/s/b.csv")),
        out_of_call=Path("/s/o.xml"),
        keys={"hold": "12"},
        give_up_seconds=60,
        trace_messages=True,
        trace_response_times=True,
        extra=("-aa",),
    )
    said = " ".join(run.arguments(tmp_path))
    assert said.startswith("127.0.0.1:5060 -sf /s/caller.xml -i 127.0.0.1 -p 5061 -mi 127.0.0.1 -t u1 -s 15")
    for words in (
        "-min_rtp_port 40000 -max_rtp_port 40099",
        "-cp 8890",
        "-r 0.5 -rp 2000",
        "-m 10",
        "-l 3",
        "-inf /s/a.csv -inf /s/b.csv",
        "-oocsf /s/o.xml",
        "-key hold 12",
        "-timeout 60s -timeout_error",
        f"-error_file {tmp_path}/errors.log",
        f"-message_file {tmp_path}/messages.log",
        "-trace_rtt -rtt_freq 1",
        "-nostdin -aa",
    ):
        assert words in said


def test_a_listener_has_no_remote_and_no_limit(tmp_path: Path) -> None:
    words = SippRun(Path("/s/agent.xml"), local_port=5070).arguments(tmp_path)
    assert words[0] == "-sf"
    assert "-m" not in words
    assert "-r" not in words


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (0, SippExit.ALL_SUCCESSFUL),
        (1, SippExit.SOME_FAILED),
        (97, SippExit.INTERNAL_COMMAND),
        (99, SippExit.NO_CALL),
    ],
)
async def test_counted_calls_are_a_result(install: Install, tmp_path: Path, code: int, meaning: SippExit) -> None:
    async with people(install, tmp_path, f"exit{code}") as sipp:
        assert await sipp.wait(10) is meaning
        assert "unexpected 503" in sipp.errors()


@pytest.mark.parametrize(
    ("code", "words"), [(255, "fatal error"), (254, "a port could not be taken"), (253, "voice"), (42, "code 42")]
)
async def test_a_failure_of_sipp_itself_quotes_its_errors(install: Install, tmp_path: Path, code: int, words: str) -> None:
    async with people(install, tmp_path, f"exit{code}") as sipp:
        with pytest.raises(SippFailed, match=rf"(?s){words}.*unexpected 503"):
            await sipp.wait(10)


async def test_sigusr1_is_asked_first(install: Install, tmp_path: Path) -> None:
    async with people(install, tmp_path, "polite") as sipp:
        await ready(sipp)
        assert await sipp.stop(10) is SippExit.ALL_SUCCESSFUL
        assert not sipp.is_running


async def test_a_stubborn_one_is_killed_and_nothing_stays(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cti.sandbox.sipp._TERM_SECONDS", 0.05)
    async with people(install, tmp_path, "stubborn") as sipp:
        await ready(sipp)
        assert await sipp.stop(0.05) is SippExit.INTERNAL_COMMAND
        assert not sipp.is_running


async def test_leaving_the_block_ends_it_even_on_an_error(install: Install, tmp_path: Path) -> None:
    sipp = people(install, tmp_path, "polite")

    async def fails_while_it_plays() -> None:
        async with sipp:
            await ready(sipp)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_while_it_plays()
    assert not sipp.is_running


async def test_one_that_does_not_end_in_time_is_ended_and_said(install: Install, tmp_path: Path) -> None:
    async with people(install, tmp_path, "polite") as sipp:
        await ready(sipp)
        with pytest.raises(SippFailed, match=r"polite\.xml did not end in 0\.05 s"):
            await sipp.wait(0.05)
        assert not sipp.is_running


async def test_a_process_not_started_is_said(install: Install, tmp_path: Path) -> None:
    with pytest.raises(SippFailed, match="was not started"):
        await people(install, tmp_path, "polite").wait()


async def test_killing_a_child_kills_what_it_started(tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > grandchild.new; mv grandchild.new grandchild; wait"
    child = Child.start(("/bin/sh", "-c", script), tmp_path, os.environ, tmp_path / "out")
    while not (tmp_path / "grandchild").exists():
        assert await child.wait(0.02) is None
    watched = os.pidfd_open(int((tmp_path / "grandchild").read_text()))
    await child.kill()
    assert child.code == -signal.SIGKILL
    try:
        assert select.select([watched], [], [], 10)[0]
    finally:
        os.close(watched)


async def test_a_child_that_ended_is_reaped_and_signals_to_it_do_nothing(tmp_path: Path) -> None:
    child = Child.start(("/bin/sh", "-c", "echo said; exit 7"), tmp_path, os.environ, tmp_path / "out")
    assert await child.wait() == 7
    assert await child.wait(0.1) == 7
    child.send(signal.SIGTERM)
    await child.kill()
    assert (tmp_path / "out").read_text() == "said\n"


def leave_state(run: Path, pid: int) -> None:
    kept = {
        "pid": pid,
        "configuration": "/x/asterisk.conf",
        "control": str(run / "run"),
        "asterisk": ["/asterisk"],
        "listens": [],
    }
    (run / STATE).write_text(json.dumps({**kept, "asterisk": ["/asterisk"], "listens": []}), encoding="utf-8")


async def test_down_never_stops_a_process_that_is_not_our_asterisk(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        try:
            leave_state(tmp_path, stranger.pid)
            with pytest.raises(AsteriskNotRunning, match=f"pid {stranger.pid}"):
                await down(tmp_path)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_no_state_or_a_damaged_one_is_no_asterisk(tmp_path: Path) -> None:
    with pytest.raises(AsteriskNotRunning, match="left running"):
        running(tmp_path)
    (tmp_path / STATE).write_text('{"pid": "many"}', encoding="utf-8")
    with pytest.raises(AsteriskNotRunning, match="left running"):
        running(tmp_path)
