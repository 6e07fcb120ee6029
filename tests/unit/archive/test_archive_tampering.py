"""`cti archive verify` on a whole site: one byte of an object, of a manifest, of a line of the log; an object, a row, an entry
taken out. Each is found, and named by its name.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cti.archive.sealing.manifest import names
from cti.bootstrap.access import accounts
from tests.unit.archive.test_archive_verbs import Desk, desk, done  # noqa: F401 - the site
from tests.unit.archive.voices_kept import PIECE, T0, S

SOUND, BESIDE, MANIFEST = names(f"2026/12/16/{PIECE}")
#: Every column of an entry of the log; its number and its own digests are what ties it to the others.
WORDS = ("who", "role", "verb", "call_id", "piece_id", "relation", "reason", "client", "outcome", "detail")


@pytest.fixture
def site(done: Desk) -> Desk:  # noqa: F811
    """Two pieces sealed, three entries in the log, everything sound."""
    for number, name in enumerate(("anne", "paul", "zoe")):
        accounts.add(_settings(done), name, ("superviseur",), None, "site", T0 + number * S)
    assert done("verify").exit_code == 0
    return done


def _settings(desk: Desk) -> object:  # noqa: F811
    from cti.settings import load  # noqa: PLC0415

    return load(desk.config, {"CTI_VAR": str(desk.config.parent / "var"), "CTI_DATABASE_URL": _database(desk)})


def _database(desk: Desk) -> str:  # noqa: F811
    return f"sqlite:///{desk.kept.folder}/cti.db"


def sql(site: Desk, statement: str) -> None:
    with sqlite3.connect(site.kept.folder / "cti.db") as base:
        assert base.execute(statement).rowcount == 1, "it changes something"
    base.close()


def told(site: Desk) -> list[str]:
    found = site("verify")
    assert found.exit_code == 1, found.output
    return found.stdout.splitlines()


def lying(site: Desk, name: str) -> Path:
    return site.config.parent / "site" / "archive" / name


@pytest.mark.parametrize("name", [SOUND, BESIDE, MANIFEST])
@pytest.mark.parametrize("place", [0.0, 0.31, 0.62, 0.999])
def test_one_byte_of_an_object(site: Desk, name: str, place: float) -> None:
    path = lying(site, name)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.write_bytes(bytes(data))
    lines = [line for line in told(site) if " : " in line]
    assert lines
    assert all(line.startswith(f"{name} : ") for line in lines), "it and no other"


@pytest.mark.parametrize("name", [SOUND, BESIDE, MANIFEST])
def test_an_object_that_was_taken_out(site: Desk, name: str) -> None:
    lying(site, name).unlink()
    assert f"{name} : absent du magasin" in told(site)


def test_the_row_of_a_piece_that_was_taken_out(site: Desk) -> None:
    sql(site, f"DELETE FROM piece WHERE piece_id = '{PIECE}'")
    lines = told(site)
    for name in (SOUND, BESIDE, MANIFEST):
        assert any(line.startswith(f"{name} : objet sans pièce dans la base") for line in lines)


@pytest.mark.parametrize("column", WORDS)
def test_one_sign_of_a_line_of_the_log(site: Desk, column: str) -> None:
    sql(site, f"UPDATE access_trace SET {column} = {column} || 'x' WHERE seq = 2")
    assert told(site)[0].startswith("entrée 2 : modifiée")


@pytest.mark.parametrize(
    "change",
    [
        "at = at + 1000",
        "hash = substr(hash, 2) || substr(hash, 1, 1)",
        "previous = substr(previous, 2) || substr(previous, 1, 1)",
    ],
)
def test_the_instant_and_the_digests_of_a_line_of_the_log(site: Desk, change: str) -> None:
    sql(site, f"UPDATE access_trace SET {change} WHERE seq = 2")
    assert told(site)[0].startswith("entrée 2 : ")


@pytest.mark.parametrize(("entry", "first"), [(1, "entrée 1 : absente"), (2, "entrée 2 : absente")])
def test_an_entry_of_the_log_that_was_taken_out(site: Desk, entry: int, first: str) -> None:
    sql(site, f"DELETE FROM access_trace WHERE seq = {entry}")
    assert told(site)[0].startswith(first)


@pytest.mark.parametrize(
    "harm",
    [
        lambda site: sql(site, "UPDATE access_trace SET who = 'personne' WHERE seq = 3"),
        lambda site: lying(site, MANIFEST).unlink(),
    ],
    ids=["log", "manifest"],
)
def test_two_harms_are_told_as_two(site: Desk, harm: Callable[[Desk], None]) -> None:
    lying(site, SOUND).unlink()
    harm(site)
    lines = told(site)
    assert f"{SOUND} : absent du magasin" in lines
    assert len([line for line in lines if " : " in line]) == 2
