"""The trace of a call routed alone: written by the script on the PBX, read back by the service."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.secours_spool import REJECTS, SpoolFileError, forget, parse, read

SCRIPT = Path(__file__).parents[3] / "dialplans" / "agi-bin" / "cti-secours"
CALL = "aa5c4b35-4e4b-45d9-9961-f3fa21e208f3"
TRACE = {
    "call_id": CALL,
    "did": "15",
    "flux": "15",
    "caller": "0612345678",
    "reason": "muet",
    "at": "2026-11-22T18:28:19.655Z",
    "uniqueid": "1795372096.0",
}


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as Asterisk starts it: the environment of AGI on its standard input, of which it reads nothing."""
    greeting = "agi_request: cti-secours\nagi_uniqueid: 1795372096.0\nagi_callerid: 0612345678\n\n"
    words = [str(SCRIPT), str(folder), *arguments, "1795372096.0"]
    return subprocess.run(words, input=greeting, capture_output=True, text=True, check=False)


def test_the_script_writes_what_the_service_reads(tmp_path: Path) -> None:
    folder = tmp_path / "spool" / "secours"
    done = run_script(folder, CALL, "15", "15", "", "refus")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    reading = read(folder)
    assert reading.rejected == ()
    call = reading.files[0].call
    assert (call.call_id, call.did, call.flux, call.caller, call.reason) == (CALL, "15", "15", None, "refus")
    assert call.uniqueid == "1795372096.0"
    assert [path.name for path in folder.iterdir()] == [f"{CALL}.json"]


def test_the_script_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run_script(tmp_path / "file", CALL, "15", "15", "", "refus")
    assert done.returncode != 0
    assert "0612345678" not in done.stderr
    assert run_script(tmp_path, "../../outside", "15", "15", "", "refus").returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_has_no_place_in_json_is_taken_out_and_the_call_is_kept(tmp_path: Path) -> None:
    assert run_script(tmp_path, CALL, '15"\\', "fl ux\n", "+33612345678", "muet").returncode == 0
    (file,) = read(tmp_path).files
    assert (file.call.did, file.call.flux, file.call.caller) == ("15", "flux", "+33612345678")


def test_a_call_without_identity_is_named_by_its_channel(tmp_path: Path) -> None:
    assert run_script(tmp_path, "", "15", "15", "", "muet").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["1795372096.0.json"]


def test_a_hang_up_in_the_middle_does_not_end_it(tmp_path: Path) -> None:
    """Asterisk sends SIGHUP to a script whose caller has left or whose time is over."""
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "date").write_text('#!/bin/sh\nkill -HUP $PPID\nexec /bin/date "$@"\n')
    (slow / "date").chmod(0o755)
    environ = {**os.environ, "PATH": f"{slow}:{os.environ['PATH']}"}
    words = [str(SCRIPT), str(tmp_path / "spool"), CALL, "15", "15", "", "muet", "1795372096.0"]
    assert subprocess.run(words, env=environ, stdin=subprocess.DEVNULL, check=False).returncode == 0
    assert len(read(tmp_path / "spool").files) == 1


def test_calls_are_read_oldest_first_and_forgotten_once_stored(tmp_path: Path) -> None:
    assert read(tmp_path / "absent").files == ()
    for number, second in enumerate((7, 3, 5)):
        call_id = f"{number}{CALL[1:]}"
        text = json.dumps(TRACE | {"call_id": call_id, "at": f"2026-11-22T18:28:0{second}.000Z"})
        (tmp_path / f"{call_id}.json").write_text(text)
    (tmp_path / f".{CALL}.123").write_text("still being written")
    files = read(tmp_path).files
    assert [file.call.at % 60_000_000 for file in files] == [3_000_000, 5_000_000, 7_000_000]
    for file in files[:2]:
        forget(file)
        forget(file)
    assert [file.call.at for file in read(tmp_path).files] == [files[2].call.at]
    assert (tmp_path / f".{CALL}.123").exists()


def test_a_bad_file_is_named_and_set_aside_and_hides_no_other(tmp_path: Path) -> None:
    for text in ("{", "again"):
        (tmp_path / "bad.json").write_text(text)
        (tmp_path / f"{CALL}.json").write_text(json.dumps(TRACE))
        reading = read(tmp_path)
        assert len(reading.files) == 1
        assert reading.rejected[0].startswith("bad.json: not JSON")
    kept = sorted(path.read_text() for path in (tmp_path / REJECTS).iterdir())
    assert kept == ["again", "{"]


def test_bytes_that_are_no_text_and_endless_files_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    (tmp_path / "long.json").write_bytes(b" " * 20_000)
    rejected = read(tmp_path).rejected
    assert [said.split(":")[0] for said in rejected] == ["bytes.json", "long.json"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("call_id", "x", "call_id"),
        ("call_id", None, "call_id: missing"),
        ("did", 15, "did: a text is expected"),
        ("caller", "06 12", "caller"),
        ("reason", "autre", "reason: 'autre' is not one of"),
        ("at", "2026-11-22T18:28:19", "at: "),
        ("at", "hier", "at: "),
        ("uniqueid", "", "uniqueid"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object, said: str) -> None:
    with pytest.raises(SpoolFileError, match=r"one\.json: ") as raised:
        parse(json.dumps(TRACE | {field: value}), "one.json")
    assert said in str(raised.value)


def test_a_good_file_is_understood() -> None:
    call = parse(json.dumps(TRACE), "one.json")
    assert (call.caller, call.at) == ("0612345678", 1_795_372_099_655_000)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(SpoolFileError):
        parse(text, "any.json")
