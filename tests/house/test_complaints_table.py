"""The table of complaints names twenty-five, and tests that exist."""

import re
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
TABLE = HOUSE / "docs" / "complaints.md"
ROW = re.compile(r"^\| (\d+) \| (.*?) \| (.*?) \| (.*?) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/\S+?\.py)::(\S+?)`")


def rows() -> dict[int, tuple[str, list[str]]]:
    """What we do and the tests, by number."""
    found = ROW.findall(TABLE.read_text(encoding="utf-8"))
    return {int(n): (what, ["::".join(test) for test in TEST.findall(tests)]) for n, _, _, what, tests in found}


def test_there_are_twenty_five_and_each_has_a_test_or_is_to_come() -> None:
    table = rows()
    assert sorted(table) == list(range(1, 26))
    for number, (what, tests) in table.items():
        assert tests or what.startswith("à venir"), number


def test_every_test_that_is_named_is_collected() -> None:
    named = sorted({test for _, tests in rows().values() for test in tests})
    assert len(named) > 40
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *named],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    collected = {line.partition("[")[0] for line in done.stdout.splitlines()}
    assert set(named) <= collected, set(named) - collected
