"""The linter and the type checker see to the clock, the tasks and the types: the code passes, a planted fault does not."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
_HEAD = '"""A module."""\n\n'
SOUND = _HEAD + 'def double(number: int) -> int:\n    """Twice as much."""\n    return 2 * number\n'


def ruff(source: str, name: str = "cti/live/planted.py") -> str:
    """What ruff says of this source, were it this file of ours."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "--stdin-filename", name, "-"],
        cwd=HOUSE,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (done.stdout.strip() == "All checks passed!"), done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


def mypy(folder: Path, source: str) -> str:
    """What mypy says of this source with our settings."""
    (folder / "planted.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--config-file", str(HOUSE / "pyproject.toml"), "--cache-dir", str(folder / "cache"),
            str(folder / "planted.py"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


def test_the_code_is_clean() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "cti"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n", "TID251"),
        ("import datetime as dt\n\nNOW = dt.datetime.now(dt.UTC)\n", "TID251"),
        ("import time\n\nNOW = time.time()\n", "TID251"),
        ("from time import time_ns\n\nNOW = time_ns()\n", "TID251"),
        ("import uuid\n\nCALL = uuid.uuid4()\n", "TID251"),
        ("import asyncio\n\nTASK = asyncio.create_task(asyncio.sleep(1))\n", "TID251"),
        ("from asyncio import ensure_future\n\nTASK = ensure_future(None)\n", "TID251"),
        ("from .board import Board\n\nBOARD = Board\n", "TID252"),
        ("try:\n    OK = 1\nexcept Exception:\n    OK = 2\n", "BLE001"),
        ('print("hello")\n', "T201"),
        ("def bare() -> None:\n    return None\n", "D103"),
        ('"""A module."""\nX = 1 ' + "# " + "x" * 140 + "\n", "E501"),
        ('def twisted(a: int) -> int:\n    """Twisted."""\n' + "    if a:\n        a += 1\n" * 11 + "    return a\n", "C901"),
    ],
)
def test_ruff_finds_a_planted_fault(fault: str, rule: str) -> None:
    assert rule in ruff(fault if fault.startswith('"""') else _HEAD + fault)


def test_ruff_accepts_what_is_sound() -> None:
    assert ruff(SOUND) == ""


def test_the_clock_may_be_read_in_its_one_place() -> None:
    assert ruff(_HEAD + "import time\n\nNOW = time.time_ns()\n", "cti/bootstrap/clock.py") == ""


def test_mypy_accepts_what_is_sound_and_finds_planted_faults(tmp_path: Path) -> None:
    assert mypy(tmp_path, SOUND) == ""
    told = mypy(
        tmp_path,
        SOUND
        + """

def untyped(number):
    return number


def wrong() -> str:
    return 3


class Base:
    def told(self) -> None: ...


class Silent(Base):
    def told(self) -> None: ...


def unreachable(number: int) -> int:
    return number
    return 2


def careless(many: list) -> None:  # type: ignore
    del many
""",
    )
    for code in ("no-untyped-def", "return-value", "explicit-override", "unreachable", "ignore-without-code"):
        assert f"[{code}]" in told, (code, told)
