"""What the PBX says in a FastAGI session, byte by byte, and what we may say back."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.agi_request import (
    COMMAND_BYTES,
    REPLY_BYTES,
    AgiAnswer,
    AgiDeclinedError,
    AgiHungUpError,
    AgiProbeError,
    AgiQuestion,
    AgiReply,
    AgiRequest,
    AgiRudeError,
    checked_command,
    read_headers,
    set_variable,
)


class Wire:
    """A writer that keeps what was written."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None:
        pass


def reader_of(data: bytes, *, limit: int = 16_384, eof: bool = True) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(data)
    if eof:
        reader.feed_eof()
    return reader


def request_on(replies: bytes) -> tuple[AgiRequest, Wire]:
    wire = Wire()
    question = AgiQuestion.from_headers({"agi_network_script": "route"})
    return AgiRequest(None, question, reader_of(replies), wire), wire  # type: ignore[arg-type]


def asterisk_words(line: str) -> list[str]:
    """The words of a command as res_agi takes it apart: quotes toggle, a backslash keeps the next letter."""
    words: list[str] = []
    quoted = escaped = False
    fresh = True
    for letter in line:
        if letter == '"' and not escaped:
            quoted = not quoted
            if quoted and fresh:
                words.append("")
                fresh = False
        elif letter in " \t" and not quoted and not escaped:
            fresh = True
        elif letter == "\\" and not escaped:
            escaped = True
        else:
            if fresh:
                words.append("")
                fresh = False
            words[-1] += letter
            escaped = False
    return words


LINE_TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=400)


@given(LINE_TEXT)
def test_any_value_reaches_the_channel_as_it_is(value: str) -> None:
    assert asterisk_words(set_variable("ROUTE_MOTIF", value)) == ["SET", "VARIABLE", "ROUTE_MOTIF", value]


@pytest.mark.parametrize("value", ["a\nEXEC System reboot", "a\rb", "a\0b"])
def test_a_line_end_in_a_value_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        set_variable("ROUTE", value)
    with pytest.raises(ValueError, match="line end"):
        AgiAnswer((("ROUTE_PRIO", "1"), ("ROUTE", value)))


@pytest.mark.parametrize("name", ["", "A B", "SHELL(ls)", "1A", 'A"', "A\n", "É", "A" * 81])
def test_only_plain_variables_are_set(name: str) -> None:
    with pytest.raises(ValueError, match="plain channel variable"):
        set_variable(name, "x")


def test_a_command_stays_within_the_buffer_of_the_pbx() -> None:
    assert checked_command("é" * (COMMAND_BYTES // 2))
    with pytest.raises(ValueError, match="longer than"):
        checked_command("é" * (COMMAND_BYTES // 2) + "x")


async def test_headers_become_a_question() -> None:
    block = (
        b"agi_network: yes\nagi_network_script: route?x=1\nagi_request: agi://127.0.0.1:4573/route?x=1\n"
        b"agi_channel: PJSIP/trunk-00000001\nagi_uniqueid: 1700000000.1\nagi_callerid: +33612345678\n"
        b"agi_calleridname: hangup: \xc3\xa9l\xe8ve\nagi_context: sas\nagi_extension: 15\n"
        b"agi_arg_1: 4f0c\nagi_arg_2: \nagi_arg_3: 116117\nno colon here\n\n"
    )
    question = AgiQuestion.from_headers(await read_headers(reader_of(block)))
    assert question.path == "route"
    assert question.args == ("4f0c", "", "116117")
    assert (question.channel, question.uniqueid) == ("PJSIP/trunk-00000001", "1700000000.1")
    assert (question.caller, question.context, question.extension) == ("+33612345678", "sas", "15")
    assert question.variables["agi_calleridname"] == "hangup: \u00c3\u00a9l\u00e8ve"


async def test_a_masked_caller_is_nobody() -> None:
    headers = await read_headers(reader_of(b"agi_network_script: /route/\nagi_callerid: unknown\n\n"))
    question = AgiQuestion.from_headers(headers)
    assert (question.caller, question.path, question.args) == ("", "route", ())


async def test_the_arguments_of_the_dialplan_win_over_a_forged_name() -> None:
    block = b"agi_network_script: route\nagi_calleridname: x\nagi_arg_1: forged\nagi_arg_1: true\n\n"
    assert AgiQuestion.from_headers(await read_headers(reader_of(block))).args == ("true",)


async def test_a_probe_is_not_a_fault() -> None:
    with pytest.raises(AgiProbeError):
        await read_headers(reader_of(b""))


@pytest.mark.parametrize("data", [b"agi_net", b"agi_network: yes\n", b"GET / HTTP/1.0\r\n\r\n"])
async def test_headers_cut_short_are_rude(data: bytes) -> None:
    with pytest.raises(AgiRudeError, match="middle"):
        await read_headers(reader_of(data))


@pytest.mark.parametrize("tail", [b"", b"\n\n"])
async def test_endless_headers_are_rude(tail: bytes) -> None:
    with pytest.raises(AgiRudeError, match="limit"):
        await read_headers(reader_of(b"a" * 300 + tail, limit=256))


async def test_a_question_without_a_script_is_rude() -> None:
    with pytest.raises(AgiRudeError, match="agi_network_script"):
        AgiQuestion.from_headers({"agi_network": "yes"})


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (b"200 result=1\n", AgiReply(200, "1", "", "200 result=1")),
        (b"100 result=0 Trying...\n200 result=0\n", AgiReply(200, "0", "", "200 result=0")),
        (b"200 result=1 (hangup)\n", AgiReply(200, "1", "hangup", "200 result=1 (hangup)")),
        (b"200 result=1 (a) b)\n", AgiReply(200, "1", "a) b", "200 result=1 (a) b)")),
        (b"200 result= (timeout)\n", AgiReply(200, "", "timeout", "200 result= (timeout)")),
        (b"HANGUP\n200 result=1\n", AgiReply(200, "1", "", "200 result=1")),
        (b"HANGUPHANGUP200 result=1\n", AgiReply(200, "1", "", "200 result=1")),
        (b"200 result=1 (H\xe9l\xe8ne)\n", AgiReply(200, "1", "Hélène", "200 result=1 (Hélène)")),
        (b"200 odd\n", AgiReply(200, "", "", "200 odd")),
        (b"200\n", AgiReply(200, "", "", "200")),
    ],
)
async def test_a_reply_is_read(replies: bytes, expected: AgiReply) -> None:
    request, wire = request_on(replies)
    assert await request.send_command("NOOP") == expected
    assert wire.sent == b"NOOP\n"


async def test_two_commands_stay_in_step_with_their_replies() -> None:
    request, _ = request_on(b"HANGUP\n200 result=1\nHANGUP\n200 result=2\n")
    assert (await request.send_command("NOOP")).result == "1"
    assert (await request.send_command("NOOP")).result == "2"


async def test_a_usage_text_is_read_to_its_end() -> None:
    usage = b"520-Invalid command syntax.  Proper usage follows:\n Usage: NOOP\n200 result=9\n520 End of proper usage.\n"
    request, _ = request_on(usage + b"200 result=1\n")
    with pytest.raises(AgiDeclinedError, match="520"):
        await request.send_command("NOOP too much")
    assert (await request.send_command("NOOP")).result == "1"


@pytest.mark.parametrize(
    "reply", [b"510 Invalid or unknown command\n", b"200 result=-1\n", b"520 Invalid command syntax.\n", b"299 what\n"]
)
async def test_a_command_declined_is_told(reply: bytes) -> None:
    request, _ = request_on(reply)
    with pytest.raises(AgiDeclinedError):
        await request.send_command("NOOP")


@pytest.mark.parametrize("reply", [b"511 Command Not Permitted on a dead channel\n", b"", b"200 res", b"520-Usage\n x\n"])
async def test_a_caller_gone_is_no_answer(reply: bytes) -> None:
    request, _ = request_on(reply)
    with pytest.raises(AgiHungUpError):
        await request.send_command("NOOP")


@pytest.mark.parametrize(
    "reply",
    [
        b"hello\n",
        b"200result=1\n",
        b"x" * (REPLY_BYTES + 9) + b"\n",
        b"520-Usage\n" + b"endless\n" * 3_000,
        b"HANGUP\n" * (REPLY_BYTES + 1),
    ],
)
async def test_a_rude_reply_is_bounded(reply: bytes) -> None:
    request, _ = request_on(reply)
    with pytest.raises(AgiRudeError):
        await request.send_command("NOOP")


async def test_an_injection_is_never_sent() -> None:
    request, wire = request_on(b"200 result=1\n")
    with pytest.raises(ValueError, match="line end"):
        await request.send_command("NOOP\nEXEC System reboot")
    assert wire.sent == b""
