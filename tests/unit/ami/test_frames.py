"""Frames: every line of what stock parsers do wrong with bytes, and what ours must do instead."""

import copy
import pickle

import pytest

from cti.ami.frames import Frame, Framer, MissingHeader, TooLarge, parse, unescape

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def frames(*chunks: bytes, **settings: object) -> list[Frame]:
    framer = Framer(**settings)  # type: ignore[arg-type]
    return [frame for chunk in chunks for frame in framer.feed(chunk, 7)]


def test_two_frames_in_one_packet() -> None:
    got = frames(b"Event: A\r\n\r\nEvent: B\r\n\r\n")
    assert [frame.event for frame in got] == ["A", "B"]


def test_a_frame_in_three_packets() -> None:
    got = frames(b"Event: Ne", b"wchannel\r\nChannel: PJSIP/a\r\n\r", b"\nEvent: B\r\n\r\n")
    assert [frame.event for frame in got] == ["Newchannel", "B"]
    assert got[0]["Channel"] == "PJSIP/a"


def test_utf8_letter_split_over_two_reads_is_kept() -> None:
    data = "Event: Newchannel\r\nCallerIDName: Hélène\r\n\r\n".encode()
    cut = data.index("é".encode()) + 1
    assert frames(data[:cut], data[cut:])[0]["CallerIDName"] == "Hélène"


def test_latin1_name_is_read_and_only_in_its_own_frame() -> None:
    latin = "Event: A\r\nCallerIDName: Hélène\r\n\r\n".encode("latin-1")
    utf8 = "Event: B\r\nCallerIDName: Zoé\r\n\r\n".encode()
    assert [frame["CallerIDName"] for frame in frames(latin + utf8)] == ["Hélène", "Zoé"]


def test_last_header_empty_is_kept() -> None:
    frame = frames(b"Event: A\r\nChannel: x\r\nAccountCode: \r\n\r\n")[0]
    assert frame["AccountCode"] == ""
    assert "AccountCode" in frame


def test_header_without_the_space_after_its_colon() -> None:
    frame = frames(b"Event: A\r\nExten:\r\nContext:c\r\n\r\n")[0]
    assert (frame["Exten"], frame["Context"], frame.bad_lines) == ("", "c", ())


def test_value_with_colons_is_cut_at_the_first() -> None:
    assert frames(b"Event: A\r\nData: sip:1@h: 5\r\n\r\n")[0]["Data"] == "sip:1@h: 5"


def test_copy_and_pickle_give_the_same_frame() -> None:
    frame = frames(b"Event: A\r\nVariable: a=1\r\nVariable: b=2\r\n\r\n")[0]
    for twin in (copy.copy(frame), copy.deepcopy(frame), pickle.loads(pickle.dumps(frame))):
        assert twin == frame
        assert twin.list("variable") == ["a=1", "b=2"]
    assert len({frame, copy.copy(frame)}) == 1


def test_frame_cannot_be_changed() -> None:
    frame = frames(b"Event: A\r\nOutput: 1\r\nOutput: 2\r\n\r\n")[0]
    with pytest.raises(TypeError):
        frame["Event"] = "B"  # type: ignore[index]
    with pytest.raises(AttributeError):
        frame.event = "B"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        frame.channel = "B"  # type: ignore[attr-defined]
    frame.list("Output").append("3")
    assert frame.list("Output") == ["1", "2"]


def test_missing_header_is_never_an_empty_string() -> None:
    frame = frames(b"Event: AgentComplete\r\nQueue: sas-n1\r\n\r\n")[0]
    assert frame.get("Uniqueid") is None
    assert frame.get("Uniqueid", "-") == "-"
    assert not hasattr(frame, "uniqueid")
    with pytest.raises(MissingHeader, match="AgentComplete received at 7 has no header 'Uniqueid'") as caught:
        frame.require("Uniqueid")
    assert (caught.value.frame, caught.value.header) == (frame, "Uniqueid")


def test_names_are_read_in_any_case() -> None:
    frame = frames(b"Event: A\r\nCallerIDNum: 801\r\n\r\n")[0]
    assert frame["calleridnum"] == frame.get("CALLERIDNUM") == frame.require("CallerIdNum") == "801"
    assert "CALLERIDNUM" in frame
    assert list(frame) == ["Event", "CallerIDNum"]
    assert dict(frame) == dict(frame.items()) == {"Event": "A", "CallerIDNum": "801"}
    assert len(frame) == 2


@pytest.mark.parametrize("name", ["Variable", "ChanVariable", "Output"])
def test_duplicate_headers_become_a_list(name: str) -> None:
    frame = frames(f"Event: A\r\n{name}: a=1\r\nQueue: q\r\n{name}: b=2=3\r\n\r\n".encode())[0]
    assert frame.list(name) == ["a=1", "b=2=3"]
    assert frame[name] == "a=1"
    assert frame.assignments(name) == {"a": "1", "b": "2=3"}
    assert frame.list("Queue") == ["q"]
    assert frame.list("Absent") == []


def test_c_escapes_are_undone_where_asterisk_writes_them() -> None:
    frame = frames(
        b"Event: BlindTransfer\r\nTransfererCallerIDName: L\\'H\xc3\xb4pital\r\nTransfereeConnectedLineName: \\\"a\\\\b\\?\r\n"
        b"TransfereeChanVariable: X=1\\n2\r\nTransfereeChanVariable: Y=\\t\r\n\r\n"
    )[0]
    assert frame["TransfererCallerIDName"] == "L'Hôpital"
    assert frame["TransfereeConnectedLineName"] == '"a\\b?'
    assert frame.assignments("TransfereeChanVariable") == {"X": "1\n2", "Y": "\t"}


def test_c_escapes_are_undone_in_the_value_of_varset_only() -> None:
    assert frames(b"Event: VarSet\r\nVariable: A\r\nValue: l\\'eau\r\n\r\n")[0]["Value"] == "l'eau"
    assert frames(b"Event: UserEvent\r\nValue: l\\'eau\r\nSound: c:\\new\r\n\r\n")[0]["Value"] == "l\\'eau"


def test_queue_entry_names_are_not_escaped_by_asterisk() -> None:
    assert frames(b"Event: QueueEntry\r\nCallerIDName: a\\b\r\n\r\n")[0]["CallerIDName"] == "a\\b"


@pytest.mark.parametrize(("sent", "meant"), [("\\z", "\\z"), ("a\\", "a\\"), ("\\\\n", "\\n"), ("\\a\\b\\f\\v\\r", "\a\b\f\v\r")])
def test_unescape_keeps_what_is_no_escape(sent: str, meant: str) -> None:
    assert unescape(sent) == meant


def test_13_mb_without_blank_line_is_refused_and_held_in_little_memory() -> None:
    chunks = iter([b"x" * 1024] * 13 * 1024)
    with pytest.raises(TooLarge, match="without a blank line; a frame may have 100000"):
        frames(*(next(chunks) for _ in range(98)), max_frame_bytes=100_000)
    assert frames(*(next(chunks) for _ in range(97)), max_frame_bytes=100_000) == []


def test_frames_before_a_too_large_one_are_given_first() -> None:
    framer = Framer(max_frame_bytes=50)
    fed = framer.feed(b"Event: A\r\n\r\nEvent: B\r\n\r\nData: " + b"x" * 60 + b"\r\n\r\nEvent: C\r\n\r\n", 0)
    assert [next(fed).event, next(fed).event] == ["A", "B"]
    with pytest.raises(TooLarge):
        next(fed)


def test_the_limit_is_the_same_for_a_whole_frame_and_for_its_bytes() -> None:
    exact = b"Event: A\r\nData: " + b"x" * 30 + b"\r\n\r\n"
    singles = [exact[i : i + 1] for i in range(len(exact))]
    assert len(frames(exact, max_frame_bytes=len(exact))) == len(frames(*singles, max_frame_bytes=len(exact))) == 1
    for chunks in ([exact], singles):
        with pytest.raises(TooLarge):
            frames(*chunks, max_frame_bytes=len(exact) - 1)


def test_garbage_is_tolerated_line_by_line_and_named() -> None:
    frame = frames(b"Event: A\r\nnot a header\r\nQueue: q\r\n: nor this\r\n\r\n")[0]
    assert (frame.event, frame["Queue"]) == ("A", "q")
    assert frame.bad_lines == ("not a header", ": nor this")


def test_banner_is_read_whether_or_not_it_came_alone() -> None:
    for chunks in ([BANNER + b"Response: Success\r\n\r\n"], [BANNER, b"Response: Success\r\n\r\n"]):
        framer = Framer()
        got = [frame for chunk in chunks for frame in framer.feed(chunk, 0)]
        assert framer.banner == "11.0.0"
        assert [frame.name for frame in got] == ["Response"]
        assert got[0].bad_lines == ()


def test_another_service_has_no_banner() -> None:
    framer = Framer()
    frame = next(framer.feed(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", 0))
    assert framer.banner is None
    assert frame.bad_lines == ("HTTP/1.1 400 Bad Request",)
    assert frame.name == "(no name)"


def test_extra_blank_lines_are_nothing() -> None:
    assert [frame.event for frame in frames(b"\r\n\r\n\r\nEvent: A\r\n\r\n\r\n\r\n\r\nEvent: B\r\n\r\n")] == ["A", "B"]


def test_skipped_events_are_counted_and_never_parsed() -> None:
    framer = Framer(skip={"VarSet"})
    data = b"Event: VarSet\r\nValue: Event: Hangup\r\n\r\nEvent: VarSetting\r\n\r\nEvent: VarSet\r\n\r\nResponse: Success\r\n\r\n"
    assert [frame.name for frame in framer.feed(data, 0)] == ["VarSetting", "Response"]
    assert framer.skipped == 2


def test_raw_and_instants_are_kept() -> None:
    raw = b"Event: A\r\nTimestamp: 1786350000.123456"
    frame = next(Framer().feed(raw + b"\r\n\r\n", 5_000_001, 42))
    assert (frame.raw, frame.received_at, frame.monotonic_us) == (raw, 5_000_001, 42)
    assert frame.stamped_at == 1_786_350_000_123_456


@pytest.mark.parametrize(
    ("header", "instant"),
    [("1786350000.1", 1_786_350_000_100_000), ("1786350000", 1_786_350_000_000_000), ("", None), ("soon", None), ("1.²", None)],
)
def test_timestamp_is_exact_or_none(header: str, instant: int | None) -> None:
    assert parse(f"Event: A\r\nTimestamp: {header}".encode(), 0).stamped_at == instant


def test_a_header_that_is_not_there_is_a_key_error_and_another_kind_is_unequal() -> None:
    (frame,) = frames(b"Event: A\r\nB: 1\r\n\r\n")
    with pytest.raises(KeyError, match="C"):
        frame["C"]
    assert frame != "Event: A"


@pytest.mark.parametrize(
    ("raw", "suspect", "bad"),
    [
        (b"Event: Hangup\r\nCause: 16", False, ()),
        (b"Event: Hangup\r\ngarbage", True, ("garbage",)),
        (b"Event: Hangup\r\nCause:16", True, ()),
    ],
)
def test_a_frame_is_read_whole_only_when_a_line_of_it_may_be_no_header(raw: bytes, suspect: bool, bad: tuple[str, ...]) -> None:
    frame = parse(raw, 0)
    assert (frame.suspect, frame.bad_lines) == (suspect, bad)
    assert frame.suspect, "once it was read, looking costs nothing"
