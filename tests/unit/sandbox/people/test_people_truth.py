"""The truth, read from SIPp's message logs, whole or torn."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.sandbox.people.trace import parse_trace, read_trace
from cti.sandbox.people.truth import Expected, Side, caller_of, offer_of, truth_of, unclaimed

DASHES = "-" * 47
T0 = 1_795_372_854_000_000


def said(seconds: float, way: str, start: str, call: str = "c1", cseq: str = "1 INVITE", more: str = "", body: str = "") -> str:
    micro = round(seconds * 1_000_000)
    stamp = f"2026-11-22T18:40:{54 + micro // 1_000_000:02d}.{micro % 1_000_000:06d}Z"
    head = f"{start}\nVia: SIP/2.0/UDP 127.0.0.1:5061\nCall-ID: {call}\nCSeq: {cseq}\n{more}Content-Length: {len(body)}\n\n{body}"
    text = head.replace("\n", "\r\n")
    return f"{DASHES} {stamp}\nUDP message {way} [{len(text)}] bytes{':' if way == 'sent' else ' :'}\n\n{text}\n"


INVITE = "INVITE sip:15@127.0.0.1:5060 SIP/2.0"
FROM = "From: <sip:0612345678@127.0.0.1:5061>;tag=1\n"
ARM01 = "INVITE sip:arm01@127.0.0.1:45000 SIP/2.0"

CALLER = (
    said(0.0, "sent", INVITE, more=FROM),
    said(0.5, "sent", INVITE, more=FROM),
    said(0.51, "received", "SIP/2.0 100 Trying"),
    said(0.52, "received", "SIP/2.0 200 OK"),
    said(0.53, "sent", "ACK sip:127.0.0.1:5060 SIP/2.0", cseq="1 ACK"),
    said(5.0, "received", "BYE sip:trunk@127.0.0.1:5061 SIP/2.0", cseq="77 BYE"),
    said(5.001, "sent", "SIP/2.0 200 OK", cseq="77 BYE"),
)
PHONE = (
    said(1.0, "received", ARM01, call="a1", cseq="9 INVITE", more=FROM),
    said(1.002, "sent", "SIP/2.0 180 Ringing", call="a1", cseq="9 INVITE"),
    said(2.25, "sent", "SIP/2.0 200 OK", call="a1", cseq="9 INVITE"),
    said(2.75, "sent", "SIP/2.0 200 OK", call="a1", cseq="9 INVITE"),
    said(2.76, "received", "ACK sip:people@127.0.0.1:45000 SIP/2.0", call="a1", cseq="9 ACK"),
    said(4.998, "sent", "BYE sip:asterisk@127.0.0.1:5060 SIP/2.0", call="a1", cseq="90 BYE"),
)


def read(*messages: str) -> list:
    return list(parse_trace("".join(messages)))


def test_one_call_and_its_answer_to_the_microsecond() -> None:
    (truth,) = truth_of(read(*CALLER), read(*PHONE))
    assert (truth.number, truth.did, truth.shown) == ("0612345678", "15", True)
    assert (truth.invited_at, truth.answered_by_pbx_at) == (T0, T0 + 520_000)
    assert (truth.first_human_at, truth.outcome) == (T0 + 2_250_000, Expected.ANSWERED)
    assert (truth.ended_at, truth.ended_by) == (T0 + 5_000_000, Side.PBX)
    (offer,) = truth.offers
    assert (offer.agent, offer.offered_at, offer.rang_at) == ("arm01", T0 + 1_000_000, T0 + 1_002_000)
    assert (offer.ended_at, offer.ended_by) == (T0 + 4_998_000, Side.AGENT)


@given(st.integers(0, len("".join((*CALLER, *PHONE)))))
def test_a_torn_log_is_read_up_to_its_last_whole_message(cut: int) -> None:
    whole = list(parse_trace("".join((*CALLER, *PHONE))))
    torn = list(parse_trace("".join((*CALLER, *PHONE))[:cut]))
    assert torn[:-1] == whole[: max(0, len(torn) - 1)]
    truth_of(torn, torn)


@given(st.text())
def test_no_text_at_all_can_break_the_reading(text: str) -> None:
    for one in (text, CALLER[0] + text, f"{DASHES} {text}\nUDP message sent [1] bytes:\n\n{text}"):
        truth_of(parse_trace(one), parse_trace(one))


def test_a_log_that_does_not_exist_says_nothing(tmp_path) -> None:
    assert list(read_trace(tmp_path / "messages.log")) == []


def test_a_caller_who_hangs_up_before_anybody_answers_has_given_up() -> None:
    gone = said(1.5, "sent", "BYE sip:asterisk@127.0.0.1:5060 SIP/2.0", cseq="2 BYE")
    cancel = said(1.51, "received", ARM01.replace("INVITE", "CANCEL"), call="a1", cseq="9 CANCEL")
    ended = said(1.52, "sent", "SIP/2.0 487 Request Terminated", call="a1", cseq="9 INVITE")
    (truth,) = truth_of(read(*CALLER[:5], gone), read(*PHONE[:2], cancel, ended))
    assert (truth.outcome, truth.ended_by, truth.first_human_at) == (Expected.ABANDONED, Side.CALLER, None)
    assert (truth.offers[0].refused, truth.offers[0].ended_by, truth.offers[0].cancelled_at) == (487, Side.PBX, T0 + 1_510_000)


def test_who_answers_a_caller_already_gone_has_answered_nobody() -> None:
    gone = said(2.2, "sent", "BYE sip:asterisk@127.0.0.1:5060 SIP/2.0", cseq="2 BYE")
    (truth,) = truth_of(read(*CALLER[:5], gone), read(*PHONE))
    assert truth.outcome is Expected.ABANDONED
    assert truth.at_the_edge(100_000)
    assert not truth.at_the_edge(49_999)


@pytest.mark.parametrize(
    ("messages", "outcome", "code"),
    [
        (CALLER[:2], Expected.UNHEARD, None),
        ((*CALLER[:3], said(0.6, "received", "SIP/2.0 503 Service Unavailable")), Expected.REFUSED, 503),
        (CALLER[:4], Expected.UNDER_WAY, None),
    ],
)
def test_calls_that_nobody_answered(messages: tuple[str, ...], outcome: Expected, code: int | None) -> None:
    truth = caller_of(read(*messages))
    assert truth is not None
    assert (truth.outcome, truth.refused) == (outcome, code)


def test_a_masked_caller_is_known_by_what_the_network_asserts_on_both_sides() -> None:
    hidden = 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1\n'
    hidden += "P-Asserted-Identity: <sip:0612345678@operateur.invalid>\nPrivacy: id\n"
    masked = (said(0.0, "sent", INVITE, more=hidden), *CALLER[2:])
    (truth,) = truth_of(read(*masked), read(said(1.0, "received", ARM01, call="a1", more=hidden), *PHONE[1:]))
    assert (truth.number, truth.shown, truth.outcome) == ("0612345678", False, Expected.ANSWERED)


def test_transfers_by_refer_and_by_keys() -> None:
    refer = "REFER sip:asterisk@127.0.0.1:5060 SIP/2.0"
    referred = said(3.0, "sent", refer, call="a1", cseq="10 REFER", more="Refer-To: <sip:801@pbx.invalid>\n")
    offer = offer_of(read(*PHONE[:5], referred))
    assert offer is not None
    assert (offer.transferred_to, offer.transferred_at) == ("801", T0 + 3_000_000)
    info = "INFO sip:asterisk@127.0.0.1:5060 SIP/2.0"
    keys = [
        said(3 + n / 10, "sent", info, call="a1", cseq=f"{20 + n} INFO", body=f"Signal={key}\nDuration=160\n")
        for n, key in enumerate("*803")
    ]
    offer = offer_of(read(*PHONE[:5], *keys))
    assert offer is not None
    assert (offer.transferred_to, offer.transferred_at) == ("*803", T0 + 3_300_000)


def test_a_phone_that_rang_for_nobody_is_told() -> None:
    agents = read(*PHONE)
    assert [offer.agent for offer in unclaimed((), agents)] == ["arm01"]
    assert unclaimed(truth_of(read(*CALLER), agents), agents) == ()


def test_messages_come_in_order_with_their_side() -> None:
    messages = read(*CALLER)
    assert [message.sent for message in messages] == [True, True, False, False, True, False, True]
    assert all(one.at <= other.at for one, other in pairwise(messages))
    assert [message.code for message in messages[:4]] == [None, None, 100, 200]
