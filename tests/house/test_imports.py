"""The import contracts hold, and each of them can fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
}
_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

#: (contract, file, what is added to it): one fault that the contract must find, and what it must say of it.
PLANTS = [
    ("one_arrow", "ami/planted.py", "import cti.routing", "cti.ami.planted -> cti.routing"),
    ("one_arrow", "journey/planted.py", "import cti.store", "cti.journey.planted -> cti.store"),
    ("one_arrow", "pipeline/planted.py", "from cti.settings import load", "cti.pipeline.planted -> cti.settings"),
    ("one_arrow", "qos/planted.py", "import cti.bootstrap.clock", "cti.qos.planted -> cti.bootstrap.clock"),
    ("one_arrow", "settings.py", "import cti.api", "cti.settings -> cti.api"),
    ("one_arrow", "utils/__init__.py", "", "utils"),
    ("pure", "journey/folding/fold.py", "import time", "cti.journey.folding.fold -> time"),
    ("pure", "ami/translate/announced.py", "import structlog", "cti.ami.translate.announced -> structlog"),
    ("pure", "qos/tally.py", "import sqlalchemy", "cti.qos.tally -> sqlalchemy"),
    ("pure", "routing/horaires.py", "from asyncio import sleep", "cti.routing.horaires -> asyncio"),
    ("pure", "access/decision.py", "import secrets", "cti.access.decision -> secrets"),
    ("no_files", "access/heads.py", "from pathlib import Path", "cti.access.heads -> pathlib"),
    ("pure", "dossier/opening.py", "import cti.dossier.reaction", "cti.dossier.reaction -> asyncio"),
    ("no_files", "journey/events/codec.py", "from pathlib import Path", "cti.journey.events.codec -> pathlib"),
    ("no_files", "live/history.py", "import os", "cti.live.history -> os"),
    ("asterisk", "bootstrap/clock.py", "import panoramisk", "cti.bootstrap.clock -> panoramisk"),
    ("asterisk", "sandbox/errors.py", "from asterisk import agi", "cti.sandbox.errors -> asterisk"),
    ("sql", "api/qos.py", "from sqlalchemy import select", "cti.api.qos -> sqlalchemy"),
    ("sql", "bootstrap/telling/reports.py", "import sqlite3", "cti.bootstrap.telling.reports -> sqlite3"),
    ("http", "live/feed.py", "from aiohttp import web", "cti.live.feed -> aiohttp"),
    ("api_reads", "api/board.py", "import cti.ami.actions", "cti.api.board -> cti.ami.actions"),
    ("api_reads", "api/calls.py", "from cti.routing import plan", "cti.api.calls -> cti.routing.plan"),
    ("no_cycles", "journey/states.py", "import cti.journey.folding.fold", ".states -> .fold"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LINT, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its settings, to be spoiled."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(HOUSE / "cti", folder / "cti", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(HOUSE / "pyproject.toml", folder)
    return folder


def test_the_contracts_are_kept() -> None:
    found = lint(HOUSE)
    assert found.returncode == 0, found.stdout + found.stderr
    for name in CONTRACTS.values():
        assert f"{name} KEPT" in found.stdout


@pytest.mark.parametrize(("contract", "file", "line", "said"), PLANTS)
def test_a_planted_fault_breaks_its_contract(copy: Path, contract: str, file: str, line: str, said: str) -> None:
    target = copy / "cti" / file
    before = target.read_bytes() if target.exists() else None
    target.parent.mkdir(exist_ok=True)
    target.write_bytes((before or b"") + f"\n{line}\n".encode())
    try:
        found = lint(copy)
    finally:
        if before is not None:
            target.write_bytes(before)
        else:
            target.unlink()
            if not any(target.parent.iterdir()):
                target.parent.rmdir()
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"{CONTRACTS[contract]} BROKEN" in found.stdout or f"{CONTRACTS[contract]} could not" in found.stdout
    assert said in found.stdout


def test_every_contract_is_proven_able_to_fail() -> None:
    assert {contract for contract, *_ in PLANTS} == set(CONTRACTS)
