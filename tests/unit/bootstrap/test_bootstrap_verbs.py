"""The verbs as an operator types them: what they print, and one line when something is wrong."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.__main__ import main
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.ledger import Batch, Entry
from cti.store import open_store

HOUSE = Path(__file__).parents[3]
T0 = 1_797_408_000_000_000  #: 2026-12-16T08:00:00Z, 09:00 in Paris
S = 1_000_000
DAY = ("--since", "2026-12-16", "--until", "2026-12-16")


@dataclass
class Done:
    """What a verb left behind."""

    returncode: int
    stdout: str
    stderr: str


Cti = Callable[..., Done]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the shipped configuration; nothing of this process's environment decides."""
    shutil.copytree(HOUSE / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CTI_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def cti(site: Path, monkeypatch: pytest.MonkeyPatch) -> Cti:
    """``cti ...`` in that folder. Logging is left as it is: it belongs to the process, which here is the test's."""
    monkeypatch.setattr("cti.__main__.logs.configure", lambda level, *, as_json: None)

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


def answered(call_id: str, t0: int) -> list[ev.CallEvent]:
    leg = {"agent": "arm01", "leg": f"{call_id}.2"}
    return [
        ev.CallArrived(call_id=call_id, at=t0, channel=f"{call_id}.1", did="15", flux="15", caller="0612345678"),
        ev.QueueEntered(call_id=call_id, at=t0 + 5 * S, filiere="n1"),
        ev.AgentOffered(call_id=call_id, at=t0 + 6 * S, filiere="n1", **leg),
        ev.AgentAnswered(call_id=call_id, at=t0 + 9 * S + 500_000, **leg),
        ev.CallEnded(call_id=call_id, at=t0 + 60 * S, cause=16),
    ]


def abandoned(call_id: str, t0: int) -> list[ev.CallEvent]:
    return [answered(call_id, t0)[0], answered(call_id, t0)[1], ev.CallEnded(call_id=call_id, at=t0 + 40 * S, cause=16)]


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


def refused(done: Done) -> str:
    """The message of a verb that refused, which is no stack trace."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def test_check_config_passes_the_shipped_one(cti: Cti) -> None:
    done = cti("check-config")
    assert done.returncode == 0, done.stderr
    assert "7 filières, 17 flux, 10 postes, 5 profils" in done.stdout


def test_check_config_says_every_fault(cti: Cti, site: Path) -> None:
    (site / "config" / "qos.toml").unlink()
    (site / "config" / "dossier.toml").write_text("= 1", encoding="utf-8")
    told = refused(cti("check-config", CTI_HTTP_PORT="x"))
    for place in ("cti.toml: [http] port: ", "qos.toml: no such file", "dossier.toml: Invalid"):
        assert place in told


def test_another_folder_by_option_and_by_variable(cti: Cti, process: Cti, site: Path) -> None:
    (site / "config").rename(site / "elsewhere")
    assert "no such file in config" in refused(cti("check-config"))
    assert cti("check-config", "--config", "elsewhere").returncode == 0
    assert process("check-config", CTI_CONFIG="elsewhere").returncode == 0


def test_calls_one_line_each(cti: Cti, two_calls: Path) -> None:
    lines = cti("calls", *DAY).stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].split()[:5] == ["16/12", "09:00:00", "15", "answered", "9.5"]
    assert "n1(arm01)" in lines[0]
    assert "abandoned" in lines[1]


def test_calls_as_json_with_the_fields_of_the_contract(cti: Cti, two_calls: Path) -> None:
    first, second = (json.loads(line) for line in cti("calls", *DAY, "--json").stdout.splitlines())
    assert (first["call_id"], first["t0"], first["wait_ms"]) == ("call-a", "2026-12-16T08:00:00.000Z", 9_500)
    assert first["stages"][0]["agent"] == "arm01"
    assert (second["outcome"], second["abandon_phase"], second["answered_at"]) == ("abandoned", "queue", None)


def test_the_call_back_list_is_rebuilt_from_the_calls(cti: Cti, two_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.__main__.now", lambda: T0 + 3600 * S)
    assert cti("rappels").stdout == ""
    (line,) = cti("rappels", "--rebuild", "--json").stdout.splitlines()
    entry = json.loads(line)
    assert (entry["state"], entry["kind"], entry["calls"]) == ("a_rappeler", "abandon", 1)
    assert entry["id"] in cti("rappels").stdout


def test_calls_of_another_day_are_not_told(cti: Cti, two_calls: Path) -> None:
    done = cti("calls", "--since", "2026-12-17", "--until", "2026-12-17", "--json")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_database_of_the_environment(cti: Cti, two_calls: Path) -> None:
    (two_calls / "var" / "cti.db").rename(two_calls / "kept.db")
    done = cti("calls", *DAY, CTI_DATABASE_URL=f"sqlite:///{two_calls}/kept.db")
    assert len(done.stdout.splitlines()) == 2
    assert "nodatabase" in refused(cti("calls", CTI_DATABASE_URL="nodatabase://x"))


def test_one_call_as_a_timeline(cti: Cti, two_calls: Path) -> None:
    lines = cti("call", "call-a").stdout.splitlines()
    assert len(lines) == 6
    assert lines[4].split() == ["+9.500", "s", "AgentAnswered", "live", "agent=arm01,", "leg=call-a.2"]
    assert json.loads(cti("call", "call-a", "--json").stdout)["call_id"] == "call-a"
    assert "no call call-z" in refused(cti("call", "call-z"))


def test_the_quality_of_service(cti: Cti, two_calls: Path) -> None:
    told = json.loads(cti("qos", *DAY, "--profile", "public_24h", "--json").stdout)
    text = json.dumps(told)
    assert '"decroches"' in text
    plain = cti("qos", *DAY, "--profile", "public_24h")
    assert plain.returncode == 0
    assert len(plain.stdout.splitlines()) > 5
    assert "nulle_part" in refused(cti("qos", "--profile", "nulle_part"))
    assert "neither an instant" in refused(cti("qos", "--since", "avant-hier peut-être"))


def test_calls_of_no_period(cti: Cti) -> None:
    assert "neither an instant" in refused(cti("calls", "--since", "avant-hier peut-être"))


def test_dialplan_is_rendered_where_it_is_wanted(cti: Cti, site: Path) -> None:
    done = cti("dialplan", "--out", "pbx-here")
    assert done.returncode == 0, done.stderr
    assert {"extensions.conf", "queues.conf", "manager.conf", "pjsip.conf"} <= {
        file.name for file in (site / "pbx-here").rglob("*.conf")
    }
    assert "sas-n1" in (site / "pbx-here" / "queues.conf").read_text(encoding="utf-8")


def test_migrate_makes_the_database_and_may_be_repeated(cti: Cti, site: Path) -> None:
    (site / "var").mkdir()
    for _ in range(2):
        done = cti("migrate")
        assert done.returncode == 0, done.stderr
        assert "schéma à jour" in done.stdout
    assert (site / "var" / "cti.db").exists()


# --- replay -----------------------------------------------------------------------------------------------------------

SCENARIO = HOUSE / "tests" / "scenarios" / "two_calls_at_once_two_agents" / "session.ami"


def test_replay_tells_the_calls_of_a_session_twice_alike(cti: Cti, site: Path) -> None:
    first, second = (cti("replay", str(SCENARIO), "--json") for _ in range(2))
    assert first.returncode == 0, first.stderr
    calls = [json.loads(line) for line in first.stdout.splitlines()]
    assert len(calls) == 2
    assert all(call["outcome"] == "answered" for call in calls)
    assert first.stdout == second.stdout
    assert not (site / "var").exists(), "a replay has a store of its own"
    assert len(cti("replay", str(SCENARIO)).stdout.splitlines()) == 2


def test_replay_of_a_cut_session_tells_what_is_there(cti: Cti, process: Cti, site: Path) -> None:
    (site / "cut.ami.zst").write_bytes(b"\x28\xb5\x2f\xfdgarbage")
    told = cti("replay", "cut.ami.zst")
    assert told.returncode == 0
    assert "# " in told.stdout
    assert "no call in it" in told.stdout
    as_json = process("--log-json", "replay", "cut.ami.zst", "--json")
    assert as_json.stdout == "", "every line of the JSON is a call"
    assert "no call in it" in as_json.stderr


def test_replay_of_what_cannot_be_read(cti: Cti) -> None:
    assert "does not exist" in refused(cti("replay", "nothing.ami"))
    assert "config" in refused(cti("replay", "config"))


def test_replay_of_a_faulty_session(cti: Cti, site: Path) -> None:
    (site / "odd.ami").write_text("#@ epoch deux\nEvent: FullyBooted\n\n", encoding="utf-8")
    assert "odd.ami" in refused(cti("replay", "odd.ami"))


def test_an_unknown_log_level(process: Cti) -> None:
    assert "loud" in refused(process("--log-level", "loud", "check-config"))


def test_help_and_version(cti: Cti) -> None:
    told = cti("--help").stdout
    for verb in ("run", "demo", "pbx", "dialplan", "check-config", "migrate", "calls", "call", "qos", "replay"):
        assert f"  {verb} " in told, verb
    assert cti("--version").stdout.startswith("cti, version ")


CEL_OF_CALL_A = (
    ("CHAN_START", 0, "call-a.1", "", "", ""),
    ("SAS_ARRIVED", 1, "call-a.1", "", "", '{"extra":"call-a|15|15|0612345678|1|0"}'),
    ("SAS_ROUTE", 4 * S, "call-a.1", "", "", '{"extra":"call-a|n1"}'),
    ("APP_START", 5 * S, "call-a.1", "Queue", "sas-n1,,,,60", ""),
    ("CHAN_START", 6 * S, "call-a.2", "", "", ""),
    ("ANSWER", 9 * S + 500_000, "call-a.2", "", "", ""),
    ("HANGUP", 60 * S - 1000, "call-a.2", "", "", '{"hangupcause":16}'),
    ("APP_END", 60 * S - 500, "call-a.1", "Queue", "sas-n1", ""),
    ("HANGUP", 60 * S, "call-a.1", "", "", '{"hangupcause":16}'),
)


def write_witnesses(site: Path) -> None:
    """CEL knows the first of the two calls only; queue_log agrees with it."""
    logs = site / "log" / "cel-custom"
    logs.mkdir(parents=True)
    config = site / "config" / "cti.toml"
    config.write_text(
        re.sub(r'^cel = ".*"$', f'cel = "{logs}/cti-cel.csv"', config.read_text(encoding="utf-8"), flags=re.MULTILINE),
        encoding="utf-8",
    )
    with (logs / "cti-cel.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for kind, after, uniqueid, app, data, extra in CEL_OF_CALL_A:
            at = T0 + after
            channel = "PJSIP/operateur-00000001" if uniqueid == "call-a.1" else "PJSIP/arm01-00000002"
            stamp = f"{at // S}.{at % S:06d}"
            rows.writerow([kind, stamp, uniqueid, "call-a.1", channel, "", "15", "sas-entree", app, data, "", "", extra])
    (site / "log" / "queue_log").write_text(f"{T0 // S + 9}|call-a.1|sas-n1|ARM 01|CONNECT|4|call-a.2|3\n", encoding="utf-8")


def test_reconcile_says_what_the_pbx_says_otherwise(cti: Cti, two_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_witnesses(two_calls)
    monkeypatch.setattr("cti.__main__.now", lambda: T0 + 10 * 3600 * S)
    done = cti("reconcile", *DAY)
    assert done.returncode == 1
    assert "2 appels ici, 1 dans CEL, 1 lignes de queue_log, 1 écart(s)" in done.stdout
    assert "call-b  appel que le PBX n'a pas noté" in done.stdout
    told = json.loads(cti("reconcile", *DAY, "--json").stdout)
    assert [(one["kind"], one["call_id"]) for one in told["differences"]] == [("appel_sans_temoin", "call-b")]
    hour = cti("reconcile", "--since", "2026-12-16T08:00:00Z", "--until", "2026-12-16T08:30:00Z")
    assert (hour.returncode, "0 écart(s)" in hour.stdout) == (0, True), hour.stdout + hour.stderr


def test_reconcile_without_witnesses_says_so(cti: Cti, two_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.__main__.now", lambda: T0 + 10 * 3600 * S)
    config = two_calls / "config" / "cti.toml"
    config.write_text(
        re.sub(r'^cel = ".*"$', f'cel = "{two_calls}/none/cel/x.csv"', config.read_text(encoding="utf-8"), flags=re.MULTILINE),
        encoding="utf-8",
    )
    done = cti("reconcile", *DAY)
    assert (done.returncode, done.stdout.count("témoin : ")) == (0, 2), "nobody can be asked: no difference, and it is said"
