"""A folder to work in, and ``cti ...`` asked there."""

import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.__main__ import main
from cti.journey import Journey, apply
from cti.journey.ledger import Batch, Entry
from cti.store import open_store
from tests.unit.bootstrap.verbs_house import HOUSE, T0, Cti, Done, S, abandoned, answered


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the shipped configuration; nothing of this process's environment decides."""
    shutil.copytree(HOUSE / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CTI_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def cti(site: Path) -> Cti:
    """``cti ...`` in that folder."""

    def run(*words: str, **environ: str) -> Done:
        done = CliRunner().invoke(main, words, env=environ)
        trace = "".join(traceback.format_exception(done.exception)) if not isinstance(done.exception, SystemExit) else ""
        return Done(done.exit_code, done.stdout, done.stderr + (trace if done.exception is not None else ""))

    return run


@pytest.fixture
def process(site: Path) -> Cti:
    """The same in a process of its own."""

    def run(*words: str, **environ: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "cti", *words],
            env={**os.environ, "PYTHONPATH": str(HOUSE), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def two_calls(site: Path) -> Path:
    """A store that holds an answered call and one that nobody answered."""
    (site / "var").mkdir()
    store = open_store(f"sqlite:///{site}/var/cti.db")
    for number, events in enumerate((answered("call-a", T0), abandoned("call-b", T0 + 3600 * S))):
        journey = Journey(call_id=events[0].call_id)
        for event in events:
            journey, _ = apply(journey, event)
        store.commit(Batch(tuple(Entry(event, "s", number, part) for part, event in enumerate(events)), (journey,)))
    store.close()
    return site
