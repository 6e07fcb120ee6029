"""What an agent asks for at his screen: which channels are sent where, and what is refused in French."""

from collections.abc import Awaitable, Callable

import pytest

from cti.ami.actions import PbxActions
from cti.ami.answers import Answer, Headers
from cti.ami.frames import parse
from cti.ami.rooms import RoomActions, RoomRefused
from cti.ami.translate.channels import Channel, ChannelBook, Role

CALL = "c-1"
CALLER, ARM = "PJSIP/operateur-00000001", "PJSIP/arm01-00000002"
MRU_ASKED = "Local/mru@sas-renfort-p0-00000001;2"
CTA_ASKED = "Local/cta@sas-invites-00000002;2"
AMU_ASKED = "Local/amu@sas-renfort-00000003;2"


class FakeLink:
    """Keeps what was asked; every action succeeds."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Headers]] = []

    async def ask(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        self.asked.append((action, headers))
        return Answer(parse(b"Response: Success\r\nActionID: x/1/1\r\nMessage: done", 0), ())

    def names(self) -> list[str]:
        return [action for action, _ in self.asked]

    def of(self, action: str) -> list[Headers]:
        return [headers for name, headers in self.asked if name == action]


class Live:
    """A caller with the ARM in one bridge; more is added by the test."""

    def __init__(self) -> None:
        self.book = ChannelBook()
        self.caller = self.add("1", CALLER, Role.CALLER, bridge="b")
        self.arm = self.add("2", ARM, Role.AGENT, bridge="b", agent="arm01", answered=True, joined=True)
        self.link = FakeLink()
        self.rooms = RoomActions(PbxActions(self.link.ask), self, lambda: 1_795_000_000_000_000)

    def add(self, uniqueid: str, name: str, role: Role, bridge: str = "", **values: object) -> Channel:
        channel = self.book.open(Channel(uniqueid, name, int(uniqueid), role=role, call_id=CALL, **values))  # type: ignore[arg-type]
        if bridge:
            self.book.enter(channel, bridge)
        return channel


async def test_a_p0_asks_the_physicians_and_opens_the_room_in_one_breath() -> None:
    live = Live()
    await live.rooms.p0(CALL, "mru", "arm01")
    (asked,) = live.link.of("Originate")
    assert (asked["Channel"], asked["Context"], asked["Exten"]) == ("Local/mru@sas-renfort-p0/n", "sas-salle", "renfort")
    assert f"SAS_PIECE={CALL}" in asked["Variable"]
    assert "SAS_GENRE=p0" in asked["Variable"]
    assert "SAS_PAR=api:arm01" in asked["Variable"]
    (moved,) = live.link.of("Redirect")
    assert (moved["Channel"], moved["Exten"]) == (CALLER, "appelant")
    assert (moved["ExtraChannel"], moved["ExtraExten"], moved["ExtraContext"]) == (ARM, "agent", "sas-salle")


async def test_in_the_room_already_only_the_request_begins() -> None:
    live = Live()
    live.caller.room = "c-1-aparte7"
    await live.rooms.guest(CALL, "cta", "arm01")
    assert live.link.names() == ["Originate"]
    assert "SAS_PIECE=c-1-aparte7" in live.link.of("Originate")[0]["Variable"]


async def test_what_the_screen_s_user_is_called_cannot_reach_the_dialplan_as_more_than_a_name() -> None:
    live = Live()
    await live.rooms.reinforce(CALL, "psy", 'jean ",b=${SYSTEM(x)}')
    assert "SAS_PAR=api:jeanbSYSTEMx" in live.link.of("Originate")[0]["Variable"]


async def test_withdrawing_hangs_up_the_request_that_nobody_has_answered() -> None:
    live = Live()
    live.add("5", MRU_ASKED, Role.RENFORT, filiere="mru")
    await live.rooms.withdraw(CALL)
    assert [headers["Channel"] for headers in live.link.of("Hangup")] == [MRU_ASKED]


async def test_a_guest_is_shown_out() -> None:
    live = Live()
    live.add("6", CTA_ASKED, Role.GUEST)
    await live.rooms.show_out(CALL, "6")
    assert [headers["Channel"] for headers in live.link.of("Hangup")] == [CTA_ASKED]


async def test_a_consultation_sends_the_caller_to_the_music_and_the_agent_apart() -> None:
    live = Live()
    await live.rooms.consult(CALL, "amu@sas-renfort", "jean")
    (moved,) = live.link.of("Redirect")
    assert (moved["Exten"], moved["ExtraExten"]) == ("attente", "aparte")
    assert "SAS_PIECE=c-1-aparte1795000000" in live.link.of("Originate")[0]["Variable"]
    assert "SAS_PAR=api:arm01" in live.link.of("Originate")[0]["Variable"], "the consultation is the agent's, not the screen's"
    assert {"Channel": ARM, "Variable": "SAS_CANAL", "Value": CALLER} in live.link.of("Setvar"), "he may have called him"


def consulting(answered: bool) -> Live:
    live = Live()
    live.add("7", AMU_ASKED, Role.CONSULT, agent="arm01", filiere="amu", asked_by="2", answered=answered, room="c-1-aparte7")
    return live


async def test_completed_the_caller_goes_to_the_two_and_the_agent_is_free() -> None:
    live = consulting(answered=True)
    await live.rooms.complete(CALL, "arm01")
    assert {"Channel": CALLER, "Variable": "SAS_PIECE", "Value": "c-1-aparte7"} in live.link.of("Setvar")
    assert [headers["Exten"] for headers in live.link.of("Redirect")] == ["appelant"]
    assert [headers["Channel"] for headers in live.link.of("Hangup")] == [ARM]


async def test_completed_while_it_rings_the_caller_waits_there_himself() -> None:
    live = consulting(answered=False)
    await live.rooms.complete(CALL, "arm01")
    assert [headers["Exten"] for headers in live.link.of("Redirect")] == ["sonnerie"]
    assert {"Channel": CALLER, "Variable": "SAS_VERS_QUI", "Value": "amu"} in live.link.of("Setvar")


async def test_given_up_both_come_back_and_whoever_was_asked_is_let_go() -> None:
    live = consulting(answered=True)
    await live.rooms.give_up(CALL, "arm01")
    (moved,) = live.link.of("Redirect")
    assert (moved["Exten"], moved["ExtraChannel"], moved["ExtraExten"]) == ("appelant", ARM, "agent")
    assert [headers["Channel"] for headers in live.link.of("Hangup")] == [AMU_ASKED]


async def test_all_together_the_agent_stays() -> None:
    live = consulting(answered=True)
    await live.rooms.join(CALL, "arm01")
    assert [headers["Exten"] for headers in live.link.of("Redirect")] == ["appelant"]
    assert live.link.of("Hangup") == []


def busy(live: Live) -> None:
    live.add("5", MRU_ASKED, Role.RENFORT, filiere="mru")


def alone(live: Live) -> None:
    live.book.leave(live.arm)
    live.arm.over = True


def gone(live: Live) -> None:
    live.book.close("1")


def apart(live: Live) -> None:
    live.add("7", AMU_ASKED, Role.CONSULT, agent="arm01", asked_by="2")


def with_a_guest(live: Live) -> None:
    live.add("6", CTA_ASKED, Role.GUEST)


def with_another(live: Live) -> None:
    live.add("8", "PJSIP/arm02-00000008", Role.AGENT, bridge="b", agent="arm02", answered=True, joined=True)


@pytest.mark.parametrize(
    ("arrange", "wish", "said"),
    [
        (busy, lambda rooms: rooms.p0(CALL, "mru", "arm01"), "déjà demandée"),
        (alone, lambda rooms: rooms.p0(CALL, "mru", "arm01"), "Aucun agent"),
        (gone, lambda rooms: rooms.guest(CALL, "cta", "arm01"), "canal de l'appelant"),
        (apart, lambda rooms: rooms.guest(CALL, "cta", "arm01"), "consultation est en cours"),
        (apart, lambda rooms: rooms.consult(CALL, "amu@sas-renfort", "arm01"), "déjà en cours"),
        (apart, lambda rooms: rooms.join(CALL, "arm01"), "décroché"),
        (apart, lambda rooms: rooms.complete(CALL, "arm01"), "n'a pas encore décroché"),
        (with_a_guest, lambda rooms: rooms.consult(CALL, "amu@sas-renfort", "arm01"), "conférence"),
        (with_another, lambda rooms: rooms.consult(CALL, "amu@sas-renfort", "jean"), "quel agent"),
        (lambda live: None, lambda rooms: rooms.withdraw(CALL), "Personne n'est demandé"),
        (lambda live: None, lambda rooms: rooms.give_up(CALL, "arm01"), "Aucune consultation"),
        (lambda live: None, lambda rooms: rooms.show_out(CALL, "6"), "invité"),
        (lambda live: None, lambda rooms: rooms.number(CALL, "0639,extra", "arm01"), "chiffres"),
    ],
)
async def test_what_is_impossible_is_said_and_nothing_is_sent(
    arrange: Callable[[Live], None], wish: Callable[[RoomActions], Awaitable[None]], said: str
) -> None:
    live = Live()
    arrange(live)
    with pytest.raises(RoomRefused, match=said):
        await wish(live.rooms)
    assert live.link.asked == []
