"""The guardian: a dead service is made anew from what is loaded already, and the two end together."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: A guardian whose clock runs so many times faster than ours; its service writes its process id and then does as it is told.
_PROGRAM = """
import signal, sys, time, os
from cti.bootstrap import logs
from cti.bootstrap.guardian import guard
logs.configure("info", as_json=True)
faster, life = float(sys.argv[1]), sys.argv[2]
loaded = os.getpid()
def work():
    if life == "polite":
        def end(*_):
            print("ended", flush=True)
            sys.exit(7)
        signal.signal(signal.SIGTERM, end)
    print(os.getpid(), loaded, flush=True)
    if life == "fails":
        return 3
    if life == "fails_later":
        sys.stdin.readline()
        return 3
    if life == "raises":
        raise RuntimeError("a bug of ours")
    while True:
        signal.pause()
sys.exit(guard(work, lambda: int(time.monotonic() * 1e6 * faster)))
"""


@contextmanager
def guardian(life: str, *, faster: float = 1.0) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-c", _PROGRAM, str(faster), life]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def born(process: "subprocess.Popen[str]") -> int:
    """The next service; it was made from what the guardian had loaded."""
    assert process.stdout is not None
    pid, loaded = process.stdout.readline().split()
    assert int(loaded) == process.pid
    return int(pid)


def gone(pid: int) -> bool:
    """Whether it ends: a dead process of somebody else is no process, or one that waits to be counted."""
    watched = os.pidfd_open(pid)
    try:
        return bool(select.select([watched], [], [], 10.0)[0])
    finally:
        os.close(watched)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSEGV])
def test_a_service_that_is_killed_is_made_anew(sign: signal.Signals) -> None:
    with guardian("stays") as process:
        first = born(process)
        os.kill(first, sign)
        second = born(process)
        assert second not in (first, process.pid)
        process.terminate()
        _, said = process.communicate(timeout=10)
        assert process.returncode == 128 + signal.SIGTERM
    assert said.count("service_died") == 1
    assert f'"code": -{int(sign)}' in said


def test_a_stop_is_passed_on_and_the_service_ends_in_its_own_way() -> None:
    with guardian("polite") as process:
        born(process)
        process.terminate()
        out, said = process.communicate(timeout=10)
    assert (process.returncode, out, said) == (7, "ended\n", "")


def test_a_killed_guardian_takes_the_service_with_it() -> None:
    with guardian("stays") as process:
        service = born(process)
        process.kill()
        assert gone(service)


@pytest.mark.parametrize(("life", "code"), [("fails", 3), ("raises", 1)])
def test_a_service_that_cannot_start_is_not_tried_again(life: str, code: int) -> None:
    with guardian(life) as process:
        born(process)
        out, said = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, "")
    assert ("a bug of ours" in said) is (life == "raises")


def test_a_service_that_fails_after_a_while_is_made_anew() -> None:
    with guardian("fails_later", faster=1e6) as process:
        assert process.stdin is not None
        first = born(process)
        process.stdin.write("now\n")
        process.stdin.flush()
        assert born(process) != first
        process.terminate()
        _, said = process.communicate(timeout=10)
    assert '"code": 3' in said


def test_a_service_that_dies_too_often_is_given_up() -> None:
    with guardian("stays") as process:
        for _ in range(5):
            os.kill(born(process), signal.SIGKILL)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGKILL
    assert said.count('"service_died"') == 5
    assert "service_dies_too_often" in said


def test_deaths_far_apart_are_no_storm() -> None:
    with guardian("stays", faster=1e5) as process:  # a thousandth of a second is more than a minute
        for _ in range(7):
            os.kill(born(process), signal.SIGKILL)
        born(process)
        process.terminate()
        _, said = process.communicate(timeout=10)
    assert "too_often" not in said


def test_cti_run_says_what_is_wrong_with_the_configuration_and_ends(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "cti", "run", "--config", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "service_died" not in done.stderr
