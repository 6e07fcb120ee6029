"""The notes of the raw journal: written and read back, between the frames, whole or cut."""

from pathlib import Path

import pytest

from cti.ami.actions import ChannelRow, MemberRow, QueueSnapshot
from cti.ami.frames import parse
from cti.ami.noted import Connected, Disconnected, LostCall, NoPast, Note, Past, SecoursRead, UnreadableNote, read, written
from cti.ami.recorded import Noted, Recorded, read_journal, read_session
from cti.ami.secours_spool import SecoursCall
from cti.ami.sessions import JournalSettings, SessionJournal
from tests.scenarios.reading import cel

AT = 1_786_350_000_000_000
MEMBER = MemberRow(
    queue="sas-n1", interface="PJSIP/arm01", name="Hélène L'Hôpital", penalty=0, paused=True, paused_reason="repas",
    in_call=False, status=1, last_call=0,
)  # fmt: skip
CHANNEL = ChannelRow("PJSIP/trunk-00000001", "1.1", "1.1", "Up", "sas-entree", "15", "Queue", "", 3, {"SAS_CALL": "u-1"})
PAST = Past(
    since=AT,
    until=AT + 5,
    started_at=None,
    rows=cel("two_calls_at_once_two_agents"),
    troubles=("cti-cel.csv: the last row is torn",),
    queues=QueueSnapshot(queues=(), members=(MEMBER,), waiting=()),
    channels=(CHANNEL,),
)
SECOURS = SecoursCall(call_id="u-1", did="15", flux="15", caller=None, at=AT, reason="muet", uniqueid="1.1")
NOTES: tuple[Note, ...] = (
    Connected(first=True),
    Disconnected(at=AT, reason="closed"),
    PAST,
    NoPast(at=AT, calls=(LostCall(call_id="u-1", at=AT, since=AT - 1),)),
    SecoursRead(call=SECOURS, alone=True),
)


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.kind)
def test_a_note_comes_back_as_it_was(note: Note) -> None:
    assert read(written(note)) == note


def test_notes_stand_between_the_frames_where_they_were_told(tmp_path: Path) -> None:
    kept = SessionJournal(JournalSettings(tmp_path, "events"), print)
    said: list[bytes] = []
    for number, note in enumerate(NOTES):
        kept.record(parse(b"Event: A\r\nN: %d" % number, AT), 7)
        said.append(written(note))
        kept.note(said[-1], AT + number, 7)
    kept.close()
    (path,) = tmp_path.glob("*.ami.zst")
    records = list(read_journal(path))
    assert [type(record) for record in records] == [Recorded, Noted] * len(NOTES)
    assert [(r.text, r.received_at, r.epoch) for r in records if isinstance(r, Noted)] == [
        (text, AT + number, 7) for number, text in enumerate(said)
    ]
    assert len(list(read_session(path))) == len(NOTES), "whoever reads frames sees frames alone"
    assert kept.written_frames == len(NOTES)


def test_a_note_is_taken_whole_or_counted_as_lost(tmp_path: Path) -> None:
    kept = SessionJournal(JournalSettings(tmp_path, "events", buffer_bytes=10), print)
    kept.note(b"x" * 100, AT, 1)  # larger than the buffer, which was empty
    kept.note(b"y", AT, 1)
    assert kept.lost_frames == 1
    kept.flush()
    kept.note(b"z", AT, 1)
    kept.close()
    (path,) = tmp_path.glob("*.ami.zst")
    assert [record.text for record in read_journal(path) if isinstance(record, Noted)] == [b"x" * 100, b"z"]


def test_a_note_whose_bytes_were_changed_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "odd.ami"
    path.write_bytes(b"Event: A\n\n#@ note 1 1 3 5\nabc\r\n\r\nEvent: B\n\n")
    cuts: list[str] = []
    assert [type(record) for record in read_journal(path, cuts.append)] == [Recorded]
    assert len(cuts) == 1


@pytest.mark.parametrize("text", [b"", b"[]", b'{"kind":"past"}', b'{"kind":"future","at":1}'])
def test_a_note_that_cannot_be_read_says_what_is_wrong(text: bytes) -> None:
    with pytest.raises(UnreadableNote, match=r"note .*\S"):
        read(text)
