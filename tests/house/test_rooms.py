"""The house rules that a reader counts on: rooms that say what they are, files and functions that fit, nothing of one machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
CTI = HOUSE / "cti"
ROOMS = sorted(p for p in CTI.iterdir() if (p / "__init__.py").exists())
INNER = sorted(p.parent for p in CTI.rglob("__init__.py") if "migrations" not in p.parts)
FILE_LINES = 400
FUNCTION_LINES = 60


def tracked(*endings: str) -> list[Path]:
    """Files of the house; before a first commit, every file that would go into one."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [HOUSE / line for line in listed.stdout.splitlines()]
    return [file for file in files if file.is_file() and (not endings or file.suffix in endings)]


def too_long_functions(source: str) -> list[str]:
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?=\s|$)", text))


@pytest.mark.parametrize("room", INNER, ids=lambda room: str(room.relative_to(HOUSE)))
def test_every_room_says_what_it_is_for_in_three_sentences(room: Path) -> None:
    told = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert 3 <= sentences(told) <= 5, told
    if room in ROOMS:
        assert "never" in told.lower() or "nothing" in told.lower(), "what must never happen here"


def test_the_map_names_every_room() -> None:
    told = ast.get_docstring(ast.parse((CTI / "__init__.py").read_text(encoding="utf-8"))) or ""
    for room in ROOMS:
        assert re.search(rf"\b{room.name}\b", told), f"cti/__init__.py does not name {room.name}"


def test_no_file_is_too_long() -> None:
    lengths = {str(f.relative_to(HOUSE)): len(f.read_text(encoding="utf-8").splitlines()) for f in tracked(".py")}
    assert {file: lines for file, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = {
        str(file.relative_to(HOUSE)): faults
        for file in sorted(CTI.rglob("*.py"))
        if "migrations" not in file.parts and (faults := too_long_functions(file.read_text(encoding="utf-8")))
    }
    assert found == {}
    assert too_long_functions("def long():\n" + "    pass\n" * FUNCTION_LINES) == ["long: 61 lines"]


def test_each_decision_has_a_number_of_its_own_and_says_it() -> None:
    files = sorted((HOUSE / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        assert re.match(rf"# {file.name[:4]}[.:] \S", file.read_text(encoding="utf-8")), file.name


_VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}


def test_no_vague_names() -> None:
    assert [str(file) for file in CTI.rglob("*.py") if file.stem in _VAGUE or file.parent.name in _VAGUE] == []


#: Written in two halves, so that this file does not find itself.
_MACHINE = re.compile(
    "|".join((r"(?<![\w./-])/wo" + r"rk/", "/ho" + r"me/\w", r"(?<![\w.-])/tm" + r"p/\w", "/opt/" + r"(?:wheels|pypi)"))
)
_REGISTRY = re.compile(
    "|".join(("py" + r"pi\.org", "pythonhost" + r"ed\.org", "regis" + r"try\.npmjs", r"--(?:extra-)?index" + "-url"))
)


@pytest.mark.parametrize("rule", [_MACHINE, _REGISTRY], ids=["machine_path", "registry"])
def test_nothing_of_one_machine_is_written_down(rule: re.Pattern[str]) -> None:
    found = []
    for file in tracked():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{file.relative_to(HOUSE)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if rule.search(line)
        ]
    assert found == []


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (_MACHINE, "cd /wo" + "rk/main"),
        (_MACHINE, 'open("/tm' + 'p/x")'),
        (_MACHINE, "/ho" + "me/someone/x"),
        (_REGISTRY, "https://regis" + "try.npmjs.org/vue"),
        (_REGISTRY, "https://files.pythonhost" + "ed.org/packages/x"),
    ],
)
def test_the_rules_about_machines_can_fail(rule: re.Pattern[str], line: str) -> None:
    assert rule.search(line)


@pytest.mark.parametrize(("text", "expected"), [("One. Two! Three?", 3), ("cti.toml holds 3.5 of it.", 1), ("", 0)])
def test_sentences_are_counted(text: str, expected: int) -> None:
    assert sentences(text) == expected
