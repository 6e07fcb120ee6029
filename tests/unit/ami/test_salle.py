"""The room as the translator reads it: what stories do not show, a guest who refuses, a request that nobody knows."""

import pytest

from cti.ami.translate import salle
from cti.ami.translate.asked import guest_or_request_hung_up
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import Channel, ChannelBook, Role
from cti.ami.translate.salle import Demand
from cti.journey import events as ev
from cti.journey.events import GuestEnd, OfferEnd

CALL, AT = "c-1", 1_795_000_000_000_000
CTA = Demand(CALL, "invite", "cta", "arm01", "api", "0199001811", "CTA pompiers")


def asked(demand: Demand) -> tuple[ChannelBook, Channel, list[ev.CallEvent]]:
    """A book with one request, and what its beginning told."""
    book = ChannelBook()
    request = book.open(Channel("11", "Local/cta@sas-invites-00000001;2", AT))
    list(salle.begins(book, request, "10"))
    return book, request, list(salle.demanded(book, request, demand, AT))


def hung_up(channel: Channel, source: str, status: str = "") -> CelRow:
    """The row of its end."""
    extra = {"hangupcause": "16", "hangupsource": source, "dialstatus": status}
    return CelRow("HANGUP", AT, channel.uniqueid, "10", channel.name, "", "", "", "", "", extra)


def phone(book: ChannelBook) -> Channel:
    """The phone that the request rings."""
    leg = book.open(Channel("12", "PJSIP/operateur-00000002", AT))
    assert list(salle.begins(book, leg, "10")) == []
    return leg


@pytest.mark.parametrize(
    ("how", "end"),
    [
        (OfferEnd.BUSY, GuestEnd.BUSY),
        (OfferEnd.REFUSED, GuestEnd.BUSY),
        (OfferEnd.UNREACHABLE, GuestEnd.UNREACHABLE),
        (OfferEnd.NO_ANSWER, GuestEnd.NO_ANSWER),
        (OfferEnd.CANCELLED, GuestEnd.RELEASED),
    ],
)
def test_a_guest_who_does_not_come_says_why(how: OfferEnd, end: GuestEnd) -> None:
    book, request, told = asked(CTA)
    assert [type(event) for event in told] == [ev.GuestAsked]
    assert list(salle.dialled(book, phone(book), how, AT)) == []
    assert list(salle.over(book, request, AT)) == [ev.GuestLeft(call_id=CALL, at=AT, guest="11", how=end)]
    assert list(salle.over(book, request, AT)) == [], "told once"


def test_a_guest_who_is_let_go_before_he_is_rung_never_answered() -> None:
    book, request, _ = asked(CTA)
    assert [event.how for event in salle.over(book, request, AT) if isinstance(event, ev.GuestLeft)] == [GuestEnd.NO_ANSWER]


def test_a_guest_answers_once() -> None:
    book, request, _ = asked(CTA)
    leg = phone(book)
    assert list(salle.dialled(book, leg, None, AT)) == [ev.GuestAnswered(call_id=CALL, at=AT, guest="11")]
    assert list(salle.dialled(book, leg, None, AT)) == []
    assert [event.how for event in salle.over(book, request, AT) if isinstance(event, ev.GuestLeft)] == [GuestEnd.RELEASED]
    assert list(salle.over(book, leg, AT)) == [], "his own phone is no guest"


def test_a_guest_left_when_his_own_phone_hung_up() -> None:
    book, request, _ = asked(CTA)
    leg = phone(book)
    list(salle.dialled(book, leg, None, AT))
    salle.went(book, leg)
    assert [event.how for event in salle.over(book, request, AT) if isinstance(event, ev.GuestLeft)] == [GuestEnd.LEFT]


def test_an_agent_s_phone_that_hangs_up_lets_no_guest_go() -> None:
    book, request, _ = asked(Demand(CALL, "p0", "mru", "arm01", "touche"))
    leg = book.open(Channel("12", "PJSIP/mru01-00000002", AT))
    list(salle.begins(book, leg, "10"))
    salle.went(book, leg)
    salle.went(book, request)
    assert not request.went


@pytest.mark.parametrize(
    ("source", "of_phone", "end"),
    [
        ("PJSIP/operateur-00000002", False, GuestEnd.LEFT),
        ("PJSIP/operateur-00000002", True, GuestEnd.LEFT),
        ("dialplan/builtin", False, GuestEnd.RELEASED),
        ("", True, GuestEnd.RELEASED),
        ("PJSIP/operateur-00000001", False, GuestEnd.RELEASED),
    ],
)
def test_cel_says_who_hung_up(source: str, of_phone: bool, end: GuestEnd) -> None:
    """On the row of the request, or on that of the phone when it is the first of the two."""
    book, request, _ = asked(CTA)
    leg = phone(book)
    list(salle.dialled(book, leg, None, AT))
    if of_phone:
        assert list(guest_or_request_hung_up(book, leg, hung_up(leg, source))) == []
        book.close(leg.uniqueid)
    told = list(guest_or_request_hung_up(book, request, hung_up(request, "" if of_phone else source)))
    assert [event.how for event in told if isinstance(event, ev.GuestLeft)] == [end]


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("CANCEL", GuestEnd.RELEASED),
        ("NOANSWER", GuestEnd.NO_ANSWER),
        ("CHANUNAVAIL", GuestEnd.UNREACHABLE),
        ("", GuestEnd.NO_ANSWER),
    ],
)
def test_cel_says_why_a_guest_did_not_come(status: str, end: GuestEnd) -> None:
    book, request, _ = asked(CTA)
    told = list(guest_or_request_hung_up(book, request, hung_up(request, "", status)))
    assert [event.how for event in told if isinstance(event, ev.GuestLeft)] == [end]


def test_a_phone_of_an_unknown_request_is_nobody_s() -> None:
    book = ChannelBook()
    leg = book.open(Channel("12", "PJSIP/operateur-00000002", AT))
    assert list(salle.begins(book, leg, "10")) == []
    assert leg.role is Role.UNKNOWN
    assert list(salle.dialled(book, leg, None, AT)) == []


def test_a_request_told_twice_is_one() -> None:
    book, request, _ = asked(CTA)
    assert list(salle.demanded(book, request, CTA, AT)) == []


def test_a_phone_that_rings_again_for_the_same_request_is_the_same_phone() -> None:
    book, _, _ = asked(Demand(CALL, "p0", "mru", "arm01", "touche"))
    leg = book.open(Channel("12", "PJSIP/mru01-00000002", AT))
    assert [type(event) for event in salle.begins(book, leg, "10")] == [ev.AgentOffered]
    assert list(salle.begins(book, leg, "10")) == []


def test_who_goes_to_a_room_without_a_consultation_only_goes_there() -> None:
    book = ChannelBook()
    caller = book.open(Channel("1", "PJSIP/operateur-00000001", AT, role=Role.CALLER, call_id=CALL))
    assert list(salle.entered(book, caller, "r", "p0", "api", AT)) == []
    assert caller.room == "r"
    assert list(salle.entered(book, caller, "r", "complet", "api", AT)) == []
    nobody = Channel("2", "PJSIP/operateur-00000003", AT)
    assert list(salle.entered(book, nobody, "r", "retour", "api", AT)) == []


def test_a_consultation_answered_at_his_post_keeps_the_caller_s_filiere() -> None:
    _book, request, _ = asked(Demand(CALL, "consultation", "1021", "arm01", "api", "1021", room="r"))
    assert (request.role, request.filiere, request.room) == (Role.CONSULT, "", "r")


def test_the_book_forgets_a_request_that_is_gone() -> None:
    book, request, _ = asked(CTA)
    book.close(request.uniqueid)
    assert book.requests == {}


def test_a_p0_does_not_end_the_consultation_of_an_agent() -> None:
    book, request, _ = asked(Demand(CALL, "consultation", "amu", "arm01", "api", room="r"))
    caller = book.open(Channel("1", "PJSIP/operateur-00000001", AT, role=Role.CALLER, call_id=CALL))
    assert list(salle.entered(book, caller, "r", "p0", "api", AT)) == []
    assert (caller.room, salle.consult_of(book, CALL)) == ("r", request)
