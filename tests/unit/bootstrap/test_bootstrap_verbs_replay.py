"""``cti replay``: a recorded session through the live code path."""

import json
from pathlib import Path

from cti.ami.recorded import Noted, exact_form, read_session
from cti.ami.sessions import JournalSettings, SessionJournal
from tests.unit.bootstrap.verbs_house import HOUSE, Cti, refused

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


def test_replay_of_every_raw_journal_of_a_folder_in_order(cti: Cti, site: Path) -> None:
    (site / "journal").mkdir()
    records = list(read_session(SCENARIO))
    for part, (first, last) in enumerate([(0, 40), (40, len(records))]):
        kept = SessionJournal(JournalSettings(site / "journal", "events"), print)
        for record in records[first:last]:
            kept.record(record.frame(), 1 + part)
        kept.close()
    whole, parts = cti("replay", str(SCENARIO), "--json"), cti("replay", "journal", "--json")
    called = [[json.loads(line)["call_id"] for line in told.stdout.splitlines()] for told in (whole, parts)]
    assert called[0] == called[1]
    assert len(called[0]) == 2


def test_replay_of_a_note_from_another_version(cti: Cti, site: Path) -> None:
    (site / "new.ami").write_bytes(exact_form(Noted(b'{"kind":"future"}', 1, 1)))
    said = refused(cti("replay", "new.ami"))
    assert "new.ami" in said
    assert "note" in said


def test_replay_of_what_cannot_be_read(cti: Cti) -> None:
    assert "does not exist" in refused(cti("replay", "nothing.ami"))
    assert "config" in refused(cti("replay", "config"))


def test_replay_of_a_faulty_session(cti: Cti, site: Path) -> None:
    (site / "odd.ami").write_text("#@ epoch deux\nEvent: FullyBooted\n\n", encoding="utf-8")
    assert "odd.ami" in refused(cti("replay", "odd.ami"))
