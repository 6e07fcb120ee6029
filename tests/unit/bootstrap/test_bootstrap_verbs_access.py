"""``cti user`` and ``cti archive log | verify``: accounts made, tokens shown once, and the proof of who did what."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cti.access.chain import from_line, verify
from cti.access.tokens import digest
from cti.bootstrap.access.heads import publish
from cti.bootstrap.access.keys import token_key
from cti.settings import load
from cti.store import open_store
from tests.unit.bootstrap.verbs_house import HOUSE, T0, Cti, S, refused

DAY = 24 * 3600 * S


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.bootstrap.verbs.access.now", lambda: T0)


def added(cti: Cti, name: str = "anne", *roles: str) -> None:
    words = [word for role in roles or ("mru",) for word in ("--role", role)]
    done = cti("user", "add", name, *words, "--par", "it")
    assert done.returncode == 0, done.stderr


def log_of(cti: Cti, *words: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in cti("archive", "log", "--json", *words).stdout.splitlines()]


# --- accounts -----------------------------------------------------------------------------------------------------------


def test_an_account_from_its_first_day_to_its_last(cti: Cti) -> None:
    made = cti("user", "add", "mru01", "--role", "mru", "--role", "superviseur", "--par", "it")
    assert made.stdout == "creation : mru01 (rôles mru, superviseur, personne mru01)\n"
    assert made.stderr == ""
    given = cti("user", "token", "mru01", "--jours", "30", "--par", "it")
    token = given.stdout.strip()
    assert token.startswith("cti_")
    token_id = token.split("_")[1]
    assert given.stderr == f"jeton {token_id}, expire le 15/01/2027 à 08:00:00 UTC ; il ne sera plus montré\n"
    told = json.loads(cti("user", "list", "--json").stdout)
    assert (told["name"], told["roles"], told["personne"]) == ("mru01", ["mru", "superviseur"], "mru01")
    assert (told["tokens"][0]["token_id"], told["tokens"][0]["state"]) == (token_id, "valable")
    assert cti("user", "revoke", token_id, "--par", "it").stdout == f"revocation : mru01 (jeton {token_id})\n"
    assert cti("user", "roles", "mru01", "--role", "mru", "--par", "it").stdout.endswith("(rôles mru, superviseur -> mru)\n")
    assert cti("user", "disable", "mru01", "--par", "it").stdout == "desactivation : mru01\n"
    assert cti("user", "list").stdout.splitlines() == [
        "mru01  (Dr Anne Petit)  mru  DÉSACTIVÉ le 16/12/2026 09:00",
        f"    jeton {token_id}  révoqué  jusqu'au 15/01/2027 09:00  jamais utilisé",
    ]
    assert cti("user", "enable", "mru01", "--par", "it").stdout == "reactivation : mru01\n"
    entries = log_of(cti)
    assert {(entry["who"], entry["verb"], entry["outcome"], entry["client"]) for entry in entries} == {
        ("it", "administrer", "fait", "cli")
    }
    assert len(entries) == 6


def test_a_token_is_shown_once_and_kept_nowhere(cti: Cti, site: Path) -> None:
    added(cti)
    token = cti("user", "token", "anne").stdout.strip()
    secret = token.split("_")[2]
    for file in (site / "var").iterdir():
        assert secret.encode() not in file.read_bytes(), file
    assert secret not in cti("user", "list", "--json").stdout + cti("archive", "log").stdout
    settings = load(site / "config", {})
    store = open_store(settings.database_url)
    try:
        assert [kept.digest for kept in store.accounts.tokens()] == [digest(token_key(settings), token)]
    finally:
        store.close()


def test_the_key_is_made_once_for_us_alone_unless_the_site_names_one(cti: Cti, site: Path) -> None:
    added(cti)
    cti("user", "token", "anne")
    file = site / "var" / "acces.cle"
    first = file.read_bytes()
    assert (stat.S_IMODE(file.stat().st_mode), len(first)) == (0o600, 64)
    cti("user", "token", "anne")
    assert file.read_bytes() == first
    assert [kept.name for kept in (site / "var").iterdir() if kept.name.startswith("acces")] == ["acces.cle"]
    own = "une clef que le site garde ailleurs"
    assert token_key(load(site / "config", {"CTI_ACCESS_KEY": own})) == own.encode()


def test_of_two_that_make_the_key_at_once_one_key_remains(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(site / "config", {})
    link = "cti.bootstrap.access.keys.os.link"

    def other_first(source: Path, target: Path) -> None:
        target.write_bytes(b"of the other process")
        raise FileExistsError(source)

    monkeypatch.setattr(link, other_first)
    assert token_key(settings) == b"of the other process"
    assert [file.name for file in (site / "var").iterdir()] == ["acces.cle"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "anne", "--role", "mru"), "le compte anne existe déjà"),
        (("add", "Anne", "--role", "mru"), "un nom de 2 à 64 signes"),
        (("add", "paul", "--role", "chef"), "'chef' is not one of"),
        (("add", "paul"), "Missing option '--role'"),
        (("add", "paul", "--role", "mrg", "--personne", "mrg99"), "ne connaît pas la personne « mrg99 »"),
        (("enable", "anne"), "n'est pas désactivé"),
        (("disable", "paul"), "aucun compte paul"),
        (("token", "paul"), "aucun compte paul"),
        (("token", "anne", "--jours", "366"), "de 1 à 365 jours"),
        (("token", "anne", "--jours", "0"), "0 is not in the range"),
        (("revoke", "ffffffff"), "aucun jeton ffffffff"),
    ],
)
def test_what_cannot_be_done_says_why_and_leaves_nothing(cti: Cti, words: tuple[str, ...], told: str) -> None:
    added(cti)
    assert told in refused(cti("user", *words))
    assert len(log_of(cti)) == 1


def test_a_person_of_the_room_whose_account_is_for_something_else_is_remarked(cti: Cti) -> None:
    assert "mrg01 est Médecin régulateur généraliste" in cti("user", "add", "mrg01", "--role", "mru").stderr
    assert "lié à aucune personne" in cti("user", "add", "paul", "--role", "admin").stderr
    assert "n'a pas le rôle arm_n2" in cti("user", "add", "julie", "--role", "arm_n1", "--personne", "arm04").stderr
    assert cti("user", "add", "psy01", "--role", "mrg").stderr == "", "no account role is a psychiatrist's"


# --- the log ------------------------------------------------------------------------------------------------------------


def test_the_log_is_read_exported_and_verified(cti: Cti, site: Path) -> None:
    added(cti)
    cti("user", "token", "anne", "--par", "it")
    lines = cti("archive", "log").stdout.splitlines()
    assert lines[0] == "     1  16/12/2026 09:00:00  fait  administrer  it  depuis cli  creation : compte anne (rôles mru)"
    assert len(log_of(cti, "--since", "2026-12-17")) == len(log_of(cti, "--compte", "paul")) == 0
    assert len(log_of(cti, "--since", "2026-12-16", "--until", "2026-12-16")) == 2
    assert list(verify(from_line(entry) for entry in log_of(cti))) == []
    done = cti("archive", "verify")
    assert (done.returncode, done.stdout) == (0, "archive conforme\n")
    assert "journal des accès : 2 entrées, 0 têtes publiées, 0 défauts\n" in done.stderr
    exported = site / "journal.jsonl"
    exported.write_text(cti("archive", "log", "--json").stdout, encoding="utf-8")
    script = [sys.executable, "-I", "-S", "-X", "utf8", str(HOUSE / "docs" / "verifier-les-traces.py"), str(exported)]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE access_trace SET who = 'personne' WHERE seq = 1", "entrée 1 : modifiée"),
        ("DELETE FROM access_trace WHERE seq = 1", "entrée 1 : absente"),
        ("DELETE FROM access_trace WHERE seq = 2", "entrées 2 à 2 : absentes (la tête publiée du 2026-12-16"),
    ],
)
def test_a_log_that_was_touched_is_said_with_exit_code_1(cti: Cti, site: Path, statement: str, told: str) -> None:
    added(cti)
    added(cti, "paul")
    settings = load(site / "config", {})
    store = open_store(settings.database_url)
    publish(settings.heads, store.traces.last, T0 + DAY, settings.zone)
    store.close()
    assert cti("archive", "verify").returncode == 0
    engine = create_engine(f"sqlite:///{site}/var/cti.db")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    done = cti("archive", "verify")
    assert done.returncode == 1
    assert done.stdout.startswith(told)


def test_what_somebody_wrote_into_an_entry_begins_no_line(cti: Cti) -> None:
    cti("user", "add", "anne", "--role", "mru", "--par", "it\n     9  16/12/2026 09:00:00  accordé\x1b[2J")
    lines = cti("archive", "log").stdout.splitlines()
    assert len(lines) == 1
    assert "\x1b" not in lines[0]


def test_a_period_that_is_none(cti: Cti) -> None:
    assert "period" in refused(cti("archive", "log", "--since", "2026-12-17", "--until", "2026-12-16"))
