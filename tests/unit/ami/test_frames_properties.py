"""Frames, for all inputs: where TCP cuts changes nothing, and no byte raises."""

from hypothesis import given
from hypothesis import strategies as st

from cti.ami.frames import Frame, Framer, TooLarge, parse

NAMES = st.sampled_from(["Event", "Response", "ActionID", "Channel", "CallerIDName", "Variable", "ChanVariable", "Value"])
VALUES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)
LINES = st.one_of(
    st.tuples(NAMES, VALUES).map(lambda pair: f"{pair[0]}: {pair[1]}".encode()),
    st.tuples(NAMES, VALUES).map(lambda pair: f"{pair[0]}: {pair[1]}".encode("latin-1", "replace")),
    st.sampled_from([b"", b"\r", b"\n", b"garbage", b": x", b"Event: VarSet"]),
    st.binary(max_size=30),
)
STREAMS = st.lists(LINES, max_size=30).map(lambda lines: b"Asterisk Call Manager/11.0.0\r\n" + b"\r\n".join(lines) + b"\r\n\r\n")


def fed(chunks: list[bytes]) -> tuple[list[tuple[object, ...]], str | None, bool]:
    framer = Framer(max_frame_bytes=200, skip={"VarSet"})
    got: list[tuple[object, ...]] = []
    try:
        for chunk in chunks:
            got.extend((frame.raw, dict(frame), frame.bad_lines) for frame in framer.feed(chunk, 0))
    except TooLarge:
        return got, framer.banner, True
    return got, framer.banner, False


@given(STREAMS, st.data())
def test_any_cut_gives_the_same_frames(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert fed(pieces) == fed([stream])


@given(STREAMS)
def test_byte_by_byte_gives_the_same_frames(stream: bytes) -> None:
    assert fed([stream[i : i + 1] for i in range(len(stream))]) == fed([stream])


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_random_bytes_never_raise_but_too_large(chunks: list[bytes]) -> None:
    fed(chunks)


@given(st.binary(max_size=200))
def test_any_block_parses_and_answers_every_question(raw: bytes) -> None:
    frame = parse(raw, 1)
    assert isinstance(frame, Frame)
    for name in [*frame, "Absent"]:
        assert frame.get(name, "") == (frame.list(name) or [""])[0]
    assert repr(frame)
    assert frame.stamped_at is None or frame.stamped_at >= 0


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=12))
def test_what_was_written_is_read(headers: list[tuple[str, str]]) -> None:
    plain = [(name, value) for name, value in headers if "\\" not in value]
    raw = "\r\n".join(f"{name}: {value}" for name, value in plain).encode()
    frame = parse(raw, 0)
    for name in {name for name, _ in plain}:
        assert frame.list(name) == [value for other, value in plain if other == name]


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=12))
def test_a_glance_tells_what_reading_the_whole_frame_tells(headers: list[tuple[str, str]]) -> None:
    raw = "\r\n".join(["Event: VarSet", *(f"{name}: {value}" for name, value in headers)]).encode()
    read = parse(raw, 0)
    assert dict(read.items())["Event"] == read.event
    for name in ["Event", "Value", "Absent", *(name for name, _ in headers)]:
        assert parse(raw, 0).get(name) == read.get(name)
