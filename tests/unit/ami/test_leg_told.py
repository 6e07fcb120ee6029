"""What Asterisk tells of contacts and of ended legs, in the very frames of a real one (22.10)."""

import pytest

from cti.ami.answers import ActionTimeout
from cti.ami.contacts import ContactSeen, ask_contact, contact_seen
from cti.ami.leg_quality import leg_told, sip_call_id
from cti.journey.around.quality import Heard
from tests.fakes.page_words import FakePbx, frame

RTCP = (
    "ssrc=753336852;themssrc=605634832;lp=0;rxjitter=0.000250;rxcount=602;txjitter=0.000125;txcount=602;rlp=0;rtt=0.000717;"
    "rxmes=88.081927;txmes=88.083060"
)
SIPP = (
    "ssrc=2044114126;themssrc=3390111744;lp=3;rxjitter=0.000000;rxcount=708;txjitter=0.000000;txcount=706;rlp=0;rtt=0.000000;"
    "rxmes=0.000000;txmes=88.087887"
)
LEG = {
    "Event": "UserEvent", "UserEvent": "SasQualite", "Channel": "PJSIP/web-01-00000001", "Uniqueid": "1795916267.14",
    "ChanVariable": "SAS_CALL=4a278ce3", "Sip": "dc647c2a", "Rtcp": RTCP,
}  # fmt: skip


def test_a_leg_with_rtcp() -> None:
    told = leg_told(frame(**LEG), 7)
    assert told is not None
    quality = told.quality
    assert quality is not None
    assert (told.sip, quality.leg, quality.call_id) == ("dc647c2a", "1795916267.14", "4a278ce3")
    assert (quality.poste, quality.at) == ("web-01", 7)
    assert (quality.received, quality.lost, quality.sent, quality.remote_lost) == (602, 0, 602, 0)
    assert (quality.jitter_ms, quality.remote_jitter_ms) == (0.25, 0.125)
    assert quality.round_trip_ms == pytest.approx(0.717)
    assert quality.heard is Heard.GOOD
    other = told.of("another")
    assert other is not None
    assert other.call_id == "another"


def test_a_phone_without_rtcp_reports_nothing_and_that_is_not_zero() -> None:
    told = leg_told(frame(**{**LEG, "Rtcp": SIPP}), 7)
    assert told is not None
    assert told.quality is not None
    assert (told.quality.remote_lost, told.quality.remote_jitter_ms, told.quality.round_trip_ms) == (None, None, None)
    assert told.quality.loss == pytest.approx(3 / 711)


@pytest.mark.parametrize(
    "rtcp", ["", "rxcount=0;txcount=0", "rxcount=nan;txcount=inf", "rxcount=-1;txcount=-5", "rxcount=x;;=;txcount", "lp=5;rlp=4"]
)
def test_a_leg_of_which_nothing_was_counted_names_itself_and_no_more(rtcp: str) -> None:
    told = leg_told(frame(**{**LEG, "Rtcp": rtcp}), 7)
    assert told is not None
    assert (told.quality, told.of("c"), told.sip) == (None, None, "dc647c2a")


def test_a_leg_that_only_sent_has_no_score() -> None:
    told = leg_told(frame(**{**LEG, "Rtcp": "rxcount=0;txcount=50"}), 7)
    assert told is not None
    assert told.quality is not None
    assert (told.quality.mos, told.quality.jitter_ms, told.quality.heard) == (None, None, Heard.UNKNOWN)


def test_an_echo_is_no_caller_s_call() -> None:
    told = leg_told(frame(**{**LEG, "ChanVariable": "SAS_CALL="}), 7)
    assert told is not None
    assert told.quality is None


def test_other_frames_say_nothing() -> None:
    assert leg_told(frame(Event="Hangup", Uniqueid="1.2"), 7) is None
    assert leg_told(frame(Event="UserEvent", UserEvent="SasRoute", Uniqueid="1.2"), 7) is None
    assert leg_told(frame(Event="UserEvent", UserEvent="SasQualite"), 7) is None
    assert contact_seen(frame(Event="Hangup", AOR="web01")) is None
    assert contact_seen(frame(Event="ContactStatus")) is None


URI = "sip:web01@192.0.2.7:5062"


@pytest.mark.parametrize(
    ("word", "usec", "seen"),
    [
        ("Reachable", "43053", ContactSeen("web01", True, True, 43.053, URI)),
        ("Unreachable", "0", ContactSeen("web01", True, False, None, URI)),
        ("NonQualified", "0", ContactSeen("web01", True, None, None, URI)),
        ("Removed", "0", ContactSeen("web01", False, None, None, URI)),
        ("Reachable", "N/A", ContactSeen("web01", True, True, None, URI)),
    ],
)
def test_a_contact_changes(word: str, usec: str, seen: ContactSeen) -> None:
    assert contact_seen(frame(Event="ContactStatus", AOR="web01", URI=URI, ContactStatus=word, RoundtripUsec=usec)) == seen


async def test_a_contact_is_asked_for_by_two_functions() -> None:
    contact = "web01;@ae0063030bfbef9607ec5e346ee4017b"
    pbx = FakePbx({
        "PJSIP_AOR(web01,contact)": f"web01;@old,{contact}", f"PJSIP_CONTACT({contact},status)": "Reachable",
        f"PJSIP_CONTACT({contact},rtt)": "4024", "PJSIP_AOR(p01,contact)": "p01@@b77a",
        "PJSIP_CONTACT(p01@@b77a,status)": "NonQualified",
    })  # fmt: skip
    assert await ask_contact(pbx.ask, "web01") == ContactSeen("web01", True, True, 4.024)
    assert await ask_contact(pbx.ask, "p01") == ContactSeen("p01", True, None, None)
    assert await ask_contact(pbx.ask, "p02") == ContactSeen("p02", False)


async def test_a_channel_is_asked_for_its_call_id() -> None:
    pbx = FakePbx({"PJSIP/web01-1CHANNEL(pjsip,call-id)": "dc647c2a"})
    assert await sip_call_id(pbx.ask, "PJSIP/web01-1") == "dc647c2a"
    pbx.failure = ActionTimeout("late")
    with pytest.raises(ActionTimeout):
        await sip_call_id(pbx.ask, "PJSIP/web01-1")
