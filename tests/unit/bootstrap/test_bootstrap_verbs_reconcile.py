"""``cti reconcile``: our calls beside what the PBX wrote of them."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.unit.bootstrap.verbs_house import DAY, T0, Cti, S

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
