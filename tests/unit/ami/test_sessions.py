"""Sessions: what was recorded comes back, and a session that was cut is read up to the cut."""

import errno
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.frames import Frame, parse
from cti.ami.sessions import JournalSettings, Recorded, SessionError, SessionJournal, read_session, write_text_session

AT = 1_786_350_000_000_000
SECOND = 1_000_000


def frame(number: int, at: int = AT) -> Frame:
    return parse(f"Event: Newchannel\r\nUniqueid: {number}\r\nCallerIDName: Hélène".encode(), at)


def journal(folder: Path, alarms: list[str | None] | None = None, **settings: object) -> SessionJournal:
    given = {"folder": folder / "journal", "name": "events", **settings}
    return SessionJournal(JournalSettings(**given), (alarms if alarms is not None else []).append)  # type: ignore[arg-type]


def files(folder: Path) -> list[Path]:
    return sorted((folder / "journal").glob("*.ami.zst"))


def read(path: Path) -> tuple[list[Recorded], list[str]]:
    notes: list[str] = []
    return list(read_session(path, notes.append)), notes


def test_what_was_recorded_comes_back(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.start()
    frames = [frame(number, AT + number) for number in range(100)]
    for number, each in enumerate(frames):
        kept.record(each, AT - 1 + number // 50)
    kept.close()
    (path,) = files(tmp_path)
    records, notes = read(path)
    assert notes == []
    assert [record.frame() for record in records] == frames
    assert [record.epoch for record in records] == [AT - 1] * 50 + [AT] * 50
    assert (kept.written_frames, kept.lost_frames) == (100, 0)
    assert path.name == "events-20260810T082000.000000Z.ami.zst"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_frames_of_any_bytes_come_back_exactly(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    raws = [b"", b"#@ closed\n", b"\xff\x00", b"# remark\r\n\n", b"Event: A\r\nOutput: \r\nx"]
    for raw in raws:
        kept.record(parse(raw, AT), 1)
    kept.close()
    records, notes = read(files(tmp_path)[0])
    assert ([record.frame_bytes for record in records], notes) == (raws, [])


def test_journal_reads_as_text_with_ordinary_tools(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.record(frame(1), 7)
    kept.close()
    text = zstandard.ZstdDecompressor().stream_reader(files(tmp_path)[0].read_bytes()).read().decode()
    assert text.startswith(f"#@ frame {AT} 7 {len(frame(1).raw)} {crc32(frame(1).raw)}\nEvent: Newchannel\r\n")


def test_when_a_frame_was_read_on_the_steady_clock_comes_back(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.record(parse(frame(1).raw, AT, 123_456), 1)
    kept.record(frame(2), 1)  # as journals of before the steady clock: none
    kept.close()
    records, notes = read(files(tmp_path)[0])
    assert [(record.steady_us, record.frame().monotonic_us) for record in records] == [(123_456, 123_456), (0, 0)]
    assert notes == []


def test_killed_service_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    script = """
        import sys, pathlib, threading
        from cti.ami.frames import parse
        from cti.ami.sessions import JournalSettings, SessionJournal
        kept = SessionJournal(JournalSettings(pathlib.Path(sys.argv[1]), "events", flush_seconds=0.01), print)
        kept.start()
        for number in range(500):
            kept.record(parse(b"Event: E\\r\\nN: %d" % number, 1), 1)
        while kept.written_frames < 500:
            threading.Event().wait(0.01)
        kept.record(parse(b"Event: Last", 1), 1)
        print("flushed", flush=True)
        threading.Event().wait()
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "journal")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "flushed\n"
        service.send_signal(signal.SIGKILL)
    records, notes = read(files(tmp_path)[0])
    assert [record.frame()["N"] for record in records[:500]] == [str(number) for number in range(500)]
    assert len(notes) == 1
    assert "the writer did not close it" in notes[0]


def test_a_journal_cut_anywhere_is_read_up_to_the_cut(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    frames = [frame(number) for number in range(6)]
    for each in frames:
        kept.record(each, 1)
        kept.flush()
    kept.close()
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    counts = []
    for length in range(4, len(whole)):
        path.write_bytes(whole[:length])
        records, notes = read(path)
        assert [record.frame() for record in records] == frames[: len(records)]
        if notes or len(records) < 6:
            assert len(notes) == 1
            assert f"cut after {len(records)} frames" in notes[0]
        counts.append(len(records))
    assert counts == sorted(counts)
    assert {0, 1, 2, 3, 4, 5, 6} == set(counts)


def test_damaged_journal_is_read_up_to_the_damage(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    raws = [random.Random(number).randbytes(200).hex().encode() for number in range(50)]
    for raw in raws:
        kept.record(parse(raw, AT), 1)
        kept.flush()
    kept.close()
    (path,) = files(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 64] = b"\xff" * 64
    path.write_bytes(damaged)
    records, notes = read(path)
    assert 0 < len(records) < 50
    assert [record.frame_bytes for record in records] == raws[: len(records)]
    assert len(notes) == 1


def test_rotates_by_size(tmp_path: Path) -> None:
    kept = journal(tmp_path, rotate_bytes=1)
    for number in range(3):
        kept.record(frame(number), 1)
        kept.flush()
    kept.close()
    assert len(files(tmp_path)) == 3
    assert [read(path)[1] for path in files(tmp_path)] == [[], [], []]
    assert sorted(read(path)[0][0].frame()["Uniqueid"] for path in files(tmp_path)) == ["0", "1", "2"]


def test_rotates_by_age_and_deletes_what_is_too_old(tmp_path: Path) -> None:
    kept = journal(tmp_path, rotate_seconds=60, keep_seconds=100)
    (tmp_path / "journal").mkdir()
    other = tmp_path / "journal" / "actions-20000101T000000.000000Z.ami.zst"
    other.touch()
    for seconds in (0, 59, 60, 119, 120, 240):
        kept.record(frame(seconds, AT + seconds * SECOND), 1)
        kept.flush()
    kept.close()
    assert [path.name for path in files(tmp_path)] == [other.name, "events-20260810T082400.000000Z.ami.zst"]


class FullDisk:
    """``os.write`` that finds no space while `full`."""

    def __init__(self) -> None:
        self.full = True
        self._write = os.write

    def __call__(self, fd: int, data: bytes) -> int:
        if self.full:
            self._write(fd, bytes(data[: len(data) // 2]))
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(fd, data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FullDisk]:
    full = FullDisk()
    monkeypatch.setattr("cti.ami.sessions.os.write", full)
    yield full
    full.full = False


def test_full_disk_alarms_once_and_loses_nothing_that_fits_the_buffer(tmp_path: Path, disk: FullDisk) -> None:
    alarms: list[str | None] = []
    kept = journal(tmp_path, alarms)
    disk.full = False
    kept.record(frame(0), 1)
    kept.flush()
    disk.full = True
    for number in (1, 2):
        kept.record(frame(number, AT + number), 1)
        kept.flush()
        kept.flush()
    assert alarms == ["journal events : plus de place sur le disque"]
    disk.full = False
    kept.flush()
    kept.close()
    assert alarms[1:] == [None]
    records = [record.frame()["Uniqueid"] for path in files(tmp_path) for record in read(path)[0]]
    assert records == ["0", "1", "2"]
    assert (kept.written_frames, kept.lost_frames) == (3, 0)


def test_frames_beyond_the_buffer_are_counted_and_the_hole_is_marked(tmp_path: Path, disk: FullDisk) -> None:
    kept = journal(tmp_path, buffer_bytes=2 * len(frame(0).raw))
    kept.record(frame(0), 1)
    kept.flush()
    for number in range(1, 5):
        kept.record(frame(number), 1)
    assert kept.lost_frames == 3
    disk.full = False
    kept.flush()
    kept.record(frame(5), 1)
    kept.close()
    (path,) = files(tmp_path)
    assert [record.frame()["Uniqueid"] for record in read(path)[0]] == ["0", "1", "5"]
    assert b"# 3 frames lost here\n" in zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()


def test_folder_that_cannot_be_made_alarms_and_never_raises(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    alarms: list[str | None] = []
    kept = journal(tmp_path, alarms)
    kept.start()
    kept.record(frame(1), 1)
    kept.close()
    assert len(alarms) == 1
    assert kept.written_frames == 0


def test_an_alarm_that_raises_does_not_stop_the_journal(tmp_path: Path, disk: FullDisk) -> None:
    def broken(_: str | None) -> None:
        raise ValueError("broken alarm")

    kept = SessionJournal(JournalSettings(tmp_path / "journal", "events"), broken)
    kept.record(frame(1), 1)
    kept.flush()
    disk.full = False
    kept.close()
    assert kept.written_frames == 1


def test_hand_written_session(tmp_path: Path) -> None:
    path = tmp_path / "session.ami"
    path.write_text(
        "# a caller hangs up in the greeting\n"
        "Event: Newchannel\nTimestamp: 1786350000.250000\nCallerIDName: Hélène\n\n\n"
        "# the link is lost\n#@ epoch 2\n"
        "Event: Hangup\n# a remark inside\nCause: 16\n\n"
        "#@ at 9\nEvent: A",
        encoding="utf-8",
    )
    records, notes = read(path)
    assert notes == []
    assert [(record.frame().event, record.received_at, record.epoch) for record in records] == [
        ("Newchannel", 1_786_350_000_250_000, 1),
        ("Hangup", 1_786_350_000_250_000, 2),
        ("A", 9, 2),
    ]
    assert records[1].frame_bytes == b"Event: Hangup\r\nCause: 16"
    assert records[0].frame()["CallerIDName"] == "Hélène"


@pytest.mark.parametrize(
    ("line", "error"),
    [("#@ epoch two", "needs 1 whole"), ("#@ frame 1 2", "needs 4 whole"), ("#@ at", "is unknown"), ("#@ later 1", "is unknown")],
)
def test_wrong_instruction_names_file_and_line(tmp_path: Path, line: str, error: str) -> None:
    path = tmp_path / "session.ami"
    path.write_text(f"Event: A\nB: 1\n\n{line}\n")
    records = read_session(path)
    assert next(records).frame().event == "A"
    with pytest.raises(SessionError, match=rf"session\.ami:4: '{line}' {error}"):
        next(records)


def test_crlf_session_of_another_tool_is_read(tmp_path: Path) -> None:
    path = tmp_path / "trace.ami"
    path.write_bytes(b"Event: A\r\nX: 1\r\n\r\nEvent: B\r\n\r\n")
    assert [record.frame().event for record in read(path)[0]] == ["A", "B"]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.binary(max_size=40), st.sampled_from([b"Event: A\r\nB: 1", b"#@ closed", b"A: \n"])),
            st.integers(0, 2**60),
            st.integers(0, 2**60),
        ),
        max_size=12,
    )
)
def test_text_session_gives_back_any_frames(given_: list[tuple[bytes, int, int]]) -> None:
    records = [Recorded(*each) for each in given_]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.ami"
        write_text_session(path, records, remark="two lines\nof remark")
        assert read(path) == (records, [])


def test_text_session_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "s.ami"
    write_text_session(path, [Recorded(b"Event: A\r\nB: 1", 5, 1), Recorded(b"Event: C", 6, 1)], remark="why")
    assert path.read_text() == "# why\n#@ epoch 1\n#@ at 5\nEvent: A\nB: 1\n\n#@ at 6\nEvent: C\n\n"
    assert io.BytesIO(path.read_bytes()).readline() == b"# why\n"
