"""The desk of readiness: words of pages and contacts of the PBX in, pauses and reasons out; the desk of quality beside it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cti.agents.readiness import Lack
from cti.agents.telephone import PhoneRefusal, PhoneRules
from cti.agents.wishes import Wish
from cti.ami.answers import ActionTimeout
from cti.ami.connection import LinkState
from cti.ami.translate.channels import Channel, ChannelBook, Role
from cti.api.page_words_port import PageQuality, PageState, VoiceTried
from cti.bootstrap.readiness.desk import BELIEVED_US, ReadinessDesk
from cti.bootstrap.telephone.lines import Lines
from cti.bootstrap.telephone.quality import Line, QualityDesk
from cti.journey.around.duty import DutyKind
from cti.journey.around.quality import LegQuality, Witness
from cti.journey.events import Presence
from cti.journey.ledger import StoreUnavailable
from cti.live import Board
from tests.fakes.page_words import FakePbx, frame, quality_desk, readiness_desk
from tests.fakes.posts import FakeDuty
from tests.fakes.room import FILIERES, STAFF, T0, Clock, S

PHONES = PhoneRules(frozenset({"p01"}), 0)
TRIED = VoiceTried("one", ok=True, loss=0.0)


@dataclass
class House:
    """A desk, who sits where, and what it told."""

    clock: Clock = field(default_factory=Clock)
    pbx: FakePbx = field(default_factory=FakePbx)
    seen: dict[tuple[str, str], Presence] = field(default_factory=dict)
    changed: list[set[str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.duty = FakeDuty(STAFF, self.clock)
        self.board = Board(FILIERES, clock=self.clock)
        self.desk = self.anew()

    def anew(self) -> ReadinessDesk:
        """The service begins."""
        desk = readiness_desk(self.duty, PHONES, self.board, self.clock, self.pbx, seen=lambda: self.seen)
        desk.changed = lambda posts: self.changed.append(set(posts))
        desk.lost = self.lost.append
        self.duty.changed = desk.stir
        self.desk = desk
        return desk

    async def sits(self, poste: str = "p01", personne: str = "helene", kind: DutyKind = DutyKind.TAKE) -> None:
        await self.duty.wish(Wish(kind=kind, poste=poste, by="test", personne=personne))

    async def says(self, who: str = "helene", **word: Any) -> dict[str, Any]:
        said = {"sent_at": self.clock(), "micro_dbfs": -20.0, "micro_cut": False, "voice": TRIED, **word}
        return await self.desk.state("p01", who, PageState(**said))

    def contact(self, word: str, usec: str = "0", port: int = 5062) -> None:
        uri = f"sip:p01@192.0.2.7:{port}"
        self.desk.on_frame(frame(Event="ContactStatus", AOR="p01", URI=uri, ContactStatus=word, RoundtripUsec=usec))

    async def round(self, *, look: bool = True) -> None:
        """The desk asks the PBX once, about everybody or about whom it must."""
        if look:
            self.desk.look()
        task = asyncio.create_task(self.desk.run())
        async with asyncio.timeout(5):
            while not self.pbx.asked:
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def house() -> House:
    return House()


async def test_whoever_sits_down_is_offered_nothing_until_her_page_has_tried_its_voice(house: House) -> None:
    await house.sits()
    assert house.desk.unready == {"p01": "pas prêt : voix non essayée"}
    assert house.desk.since("p01") is not None
    told = await house.says(voice=None)
    assert (told["pret"], told["pas_pret"]["manques"][0]["code"]) == (False, "voix_non_essayee")
    told = await house.says()
    assert (told["pret"], told["pas_pret"], told["suivant_seconds"]) == (True, None, 15)
    assert (house.desk.unready, house.desk.since("p01")) == ({}, None)
    assert house.changed == [{"p01"}, {"p01"}]


async def test_a_microphone_that_dies_and_comes_back(house: House) -> None:
    await house.sits()
    await house.says()
    await house.says(micro_dbfs=-100.0)
    assert house.desk.unready == {"p01": "pas prêt : micro muet"}
    since = house.desk.since("p01")
    house.clock.now += S
    await house.says(micro_cut=True, voice=None)
    assert house.desk.since("p01") == since, "it is one interruption"
    await house.says()
    assert house.desk.unready == {}


async def test_a_contact_that_is_lost_proves_nothing_any_more_and_who_rings_is_given_back(house: House) -> None:
    await house.sits()
    await house.says()
    house.contact("NonQualified")
    house.contact("Removed")
    assert house.desk.unready == {"p01": "pas prêt : téléphone non enregistré"}
    assert house.lost == ["p01"]
    house.contact("NonQualified")
    assert house.desk.unready == {"p01": "pas prêt : voix non essayée"}
    await house.says()
    assert house.desk.unready == {"p01": "pas prêt : voix non essayée"}, "the try of before the loss"
    await house.says(voice=replace(TRIED, made="two"))
    assert house.desk.unready == {}
    house.contact("Reachable", "20000")
    house.contact("Unreachable")
    assert house.desk.unready == {"p01": "pas prêt : téléphone injoignable"}
    house.contact("Unreachable")
    assert house.lost == ["p01", "p01"]
    house.contact("Reachable", "600000")
    await house.says(voice=replace(TRIED, made="three"))
    assert house.desk.unready == {"p01": "pas prêt : réseau trop lent"}
    house.contact("Reachable", "20000")
    assert house.desk.unready == {}
    house.desk.on_frame(frame(Event="ContactStatus", AOR="stranger", ContactStatus="Removed"))
    assert house.desk.unready == {}


async def test_whoever_registers_from_another_port_has_lost_nothing(house: House) -> None:
    """The new contact is told first, then the old one as removed; hers rings on."""
    await house.sits()
    await house.says()
    house.contact("NonQualified", port=5062)
    house.contact("NonQualified", port=5064)
    house.contact("Removed", port=5062)
    assert (house.desk.unready, house.lost) == ({}, [])
    house.pbx.values = {"PJSIP_AOR(p01,contact)": "p01;@2", "PJSIP_CONTACT(p01;@2,status)": "NonQualified"}
    house.desk._look, house.desk._next_round = False, house.clock() + 20 * S
    await house.round(look=False)
    assert house.pbx.asked == ["PJSIP_AOR(p01,contact)", "PJSIP_CONTACT(p01;@2,status)"], "of her alone"
    assert (house.desk.unready, house.lost) == ({}, [])
    house.contact("Removed", port=5064)
    assert house.desk.unready == {"p01": "pas prêt : téléphone non enregistré"}


async def test_a_contact_that_we_never_saw_come_is_asked_for_when_it_goes(house: House) -> None:
    """A service that has just begun, or was blind meanwhile."""
    await house.sits()
    await house.says()
    house.desk._look, house.desk._next_round = False, house.clock() + 20 * S
    house.contact("Removed")
    house.pbx.failure = ActionTimeout("late")
    await house.round(look=False)
    assert house.desk.unready == {}
    house.pbx.failure = None
    house.pbx.asked.clear()
    await house.round(look=False)
    assert house.desk.unready == {"p01": "pas prêt : téléphone non enregistré"}
    assert house.lost == ["p01"]


async def test_a_post_that_the_pbx_does_not_know_keeps_nobody_from_being_asked_about(house: House) -> None:
    await house.sits()
    await house.says()
    house.pbx.refuses = "arm01"
    await house.round()
    assert house.desk.unready == {"p01": "pas prêt : téléphone non enregistré"}


async def test_a_pbx_that_refuses_its_echo_withdraws_nobody_and_the_room_is_told(house: House) -> None:
    """A dialplan without `*43` would close every post in a browser."""
    await house.sits()
    refused = replace(TRIED, ok=False, loss=1.0, refused=True)
    told = await house.says(voice=refused)
    assert (told["pret"], house.desk.unready) == (True, {})
    alarm = house.board.snapshot()["alarms"]["essai_refuse"]
    assert alarm["gravite"] == "avertissement"
    assert "(*43)" in alarm["text"]
    assert "(p01)" in alarm["text"]
    await house.says(voice=replace(refused, made="two"))
    await house.says(voice=replace(TRIED, made="three"))
    assert "essai_refuse" not in house.board.snapshot()["alarms"]
    await house.says(voice=replace(refused, made="four"))
    house.contact("NonQualified")
    house.contact("Removed")
    assert "essai_refuse" not in house.board.snapshot()["alarms"], "what was tried before says nothing any more"


async def test_the_clock_is_compared_by_the_quickest_of_three_words(house: House) -> None:
    await house.sits()
    await house.says(sent_at=house.clock() - 3 * S)
    assert house.desk.unready == {"p01": "pas prêt : horloge décalée"}
    await house.says(sent_at=house.clock() - S // 10)
    for _ in range(2):
        await house.says(sent_at=house.clock() - 5 * S)
        assert house.desk.unready == {}, "a slow network is no wrong clock"
    await house.says(sent_at=house.clock() - 5 * S)
    assert house.desk.unready == {"p01": "pas prêt : horloge décalée"}
    await house.says(sent_at=house.clock() + 3 * S)
    assert house.desk.unready == {"p01": "pas prêt : horloge décalée"}


async def test_a_page_without_news_is_believed_for_a_while_and_then_no_more(house: House) -> None:
    await house.sits()
    await house.says()
    house.clock.now += 150 * S
    house.desk.stir()
    assert house.desk.unready == {}
    house.clock.now += S
    house.desk.stir()
    assert house.desk.unready == {"p01": "pas prêt : page sans nouvelles"}


async def test_after_a_start_of_the_service_who_sat_there_is_believed_until_her_page_has_spoken(house: House) -> None:
    await house.sits()
    house.clock.now += S
    house.anew().stir()
    assert house.desk.unready == {}
    house.clock.now += BELIEVED_US
    house.desk.stir()
    assert house.desk.unready == {"p01": "pas prêt : voix non essayée"}


async def test_the_next_person_begins_anew_and_only_she_may_speak(house: House) -> None:
    await house.sits()
    await house.says()
    await house.sits(personne="anne")
    assert house.desk.unready == {"p01": "pas prêt : voix non essayée"}
    with pytest.raises(PhoneRefusal):
        await house.says("helene")
    await house.says("anne")
    assert house.desk.unready == {}
    await house.sits(kind=DutyKind.LEAVE)
    assert (house.desk.unready, house.desk.tell("p01")) == ({}, None)


async def test_the_pbx_is_asked_about_everybody_when_a_link_comes_back(house: House) -> None:
    await house.sits()
    await house.says()
    house.pbx.values = {
        "PJSIP_AOR(arm01,contact)": "arm01@@1", "PJSIP_CONTACT(arm01@@1,status)": "Unreachable",
        "PJSIP_AOR(p01,contact)": "p01;@2", "PJSIP_CONTACT(p01;@2,status)": "Reachable", "PJSIP_CONTACT(p01;@2,rtt)": "700000",
    }  # fmt: skip
    await house.round()
    assert house.desk.unready == {"arm01": "pas prêt : téléphone injoignable", "p01": "pas prêt : réseau trop lent"}
    # From then on, in rounds: the posts in a browser, and those that are not good.
    house.pbx.values["PJSIP_CONTACT(arm01@@1,status)"] = "Reachable"
    house.pbx.asked.clear()
    house.desk._look = False
    house.clock.now += 25 * S
    task = asyncio.create_task(house.desk.run())
    async with asyncio.timeout(10):
        while "arm01" in house.desk.unready:
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not any("p02" in one for one in house.pbx.asked), "nobody sits there"


async def test_a_pbx_that_is_still_loading_is_not_asked(house: House) -> None:
    """It knows no contact yet, and everybody would be withdrawn."""
    await house.sits()
    await house.says()
    house.desk.booted = lambda: False
    house.desk.look()
    waits = 0

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        nonlocal waits
        waits += 1
        await asyncio.sleep(0)
        return False

    house.desk._wait = wait
    task = asyncio.create_task(house.desk.run())
    async with asyncio.timeout(10):
        while waits < 5:
            await asyncio.sleep(0)
        assert house.pbx.asked == []
        house.desk.booted = lambda: True
        while not house.pbx.asked:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_pbx_that_does_not_answer_is_asked_again(house: House) -> None:
    await house.sits()
    house.pbx.failure = ActionTimeout("late")
    await house.round()
    house.pbx.failure = None
    house.pbx.asked.clear()
    house.clock.now += 3 * S
    await house.round()
    assert house.desk.unready["p01"] == "pas prêt : téléphone non enregistré"
    house.pbx.state = LinkState.BACKING_OFF
    assert house.desk.hooks.on_up is not None


async def test_the_last_one_is_kept_with_an_alarm_that_ends(house: House) -> None:
    await house.sits()
    house.seen = {("p01", "n1"): Presence.FREE}
    await house.says(sent_at=house.clock() + 60 * S)
    assert house.desk.unready == {}
    told = house.desk.tell("p01")
    assert told is not None
    assert told["garde"]
    alarm = house.board.snapshot()["alarms"]["dernier_pret:p01"]
    assert "Hélène L'Hôpital (p01) laissé en file, pas prêt : horloge décalée" in alarm["text"]
    house.seen[("arm01", "n1")] = Presence.FREE
    house.desk.stir()
    assert house.desk.unready == {"p01": "pas prêt : horloge décalée"}
    assert "dernier_pret:p01" not in house.board.snapshot()["alarms"]


def test_the_words_of_the_wall_and_the_codes_are_one_list() -> None:
    assert Lack("micro_muet") is Lack.MICROPHONE


# --- quality --------------------------------------------------------------------------------------------------------------

SAID = PageQuality(
    sip="abc", over=False, talk_ms=5_000, received=250, lost=1, sent=250, remote_lost=None, jitter_ms=2.0, round_trip_ms=30.0,
    mos=4.3, mos_min=4.2,
)  # fmt: skip
ENDED = {
    "Event": "UserEvent", "UserEvent": "SasQualite", "Channel": "PJSIP/p01-00000001", "Uniqueid": "1.7",
    "ChanVariable": "SAS_CALL=call", "Sip": "abc",
    "Rtcp": "lp=0;rxcount=300;txcount=300;rlp=0;rtt=0.03;rxjitter=0.001;txjitter=0",
}  # fmt: skip


@dataclass
class Measures:
    """A desk of quality, and what it wrote."""

    written: list[LegQuality] = field(default_factory=list)
    failure: Exception | None = None
    pbx: FakePbx = field(default_factory=lambda: FakePbx({"PJSIP/p01-1CHANNEL(pjsip,call-id)": "abc"}))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.duty = FakeDuty(STAFF, self.clock)
        self.desk: QualityDesk = quality_desk(self.duty, PHONES, self._write, self.clock, self.pbx)
        self.desk.lines = lambda poste: [Line("1.7", "PJSIP/p01-1", "call")] if poste == "p01" else []

    def _write(self, qualities: Any) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.written.extend(qualities)

    async def kept(self) -> list[tuple[str, Witness, int, bool]]:
        await self.desk.flush()
        return [(one.leg, one.witness, one.received, one.over) for one in self.written]


@pytest.fixture
async def measures() -> Measures:
    made = Measures()
    await made.duty.wish(Wish(kind=DutyKind.TAKE, poste="p01", by="test", personne="helene"))
    return made


async def test_what_a_page_measures_is_tied_to_its_leg_by_one_question(measures: Measures) -> None:
    assert await measures.desk.measured("p01", "helene", SAID)
    assert await measures.desk.measured("p01", "helene", replace(SAID, talk_ms=10_000, received=500))
    assert await measures.desk.measured("p01", "helene", SAID), "overtaken by the later one"
    assert not await measures.desk.measured("p01", "helene", replace(SAID, sip="echo"))
    assert measures.pbx.asked == ["PJSIP/p01-1CHANNEL(pjsip,call-id)"]
    assert await measures.kept() == [("1.7", Witness.PAGE, 250, False), ("1.7", Witness.PAGE, 500, False)]
    assert (measures.written[0].call_id, measures.written[0].poste) == ("call", "p01")


async def test_the_last_word_comes_after_the_leg_has_ended(measures: Measures) -> None:
    measures.desk.lines = lambda poste: []
    assert not await measures.desk.measured("p01", "helene", SAID), "nobody knows yet what it is"
    measures.desk.on_frame(frame(**ENDED))
    assert await measures.desk.measured("p01", "helene", replace(SAID, over=True))
    assert await measures.desk.measured("p01", "helene", replace(SAID, talk_ms=9_000)), "told late, it changes nothing"
    assert await measures.kept() == [("1.7", Witness.PBX, 300, True), ("1.7", Witness.PAGE, 250, True)]


async def test_a_consultation_is_its_caller_s_and_an_echo_is_nobody_s(measures: Measures) -> None:
    measures.desk.call_named = lambda call_id: "caller"
    measures.desk.on_frame(frame(**ENDED))
    measures.desk.on_frame(frame(**{**ENDED, "ChanVariable": "SAS_CALL=", "Uniqueid": "1.8", "Sip": "echo"}))
    measures.desk.on_frame(frame(Event="Hangup"))
    assert not await measures.desk.measured("p01", "helene", replace(SAID, sip="echo"))
    await measures.kept()
    assert [one.call_id for one in measures.written] == ["caller"]


async def test_without_the_pbx_or_the_store_nothing_is_lost_that_can_be_had(measures: Measures) -> None:
    measures.pbx.failure = ActionTimeout("late")
    assert not await measures.desk.measured("p01", "helene", SAID)
    measures.pbx.failure = None
    measures.pbx.state = LinkState.BACKING_OFF
    assert not await measures.desk.measured("p01", "helene", SAID)
    measures.pbx.state = LinkState.UP
    assert await measures.desk.measured("p01", "helene", SAID)
    measures.failure = StoreUnavailable("full")
    task = asyncio.create_task(measures.desk.run())
    async with asyncio.timeout(10):
        while not measures.written:
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await measures.kept() == [("1.7", Witness.PAGE, 250, False)]
    with pytest.raises(PhoneRefusal):
        await measures.desk.measured("p01", "anne", SAID)


@dataclass
class Watching:
    """Whoever follows the PBX's channels."""

    book: ChannelBook = field(default_factory=ChannelBook)

    @property
    def translator(self) -> Any:
        return self


async def test_only_what_rings_at_a_lost_phone_is_given_back() -> None:
    watching, asked = Watching(), []
    for n, (name, role, answered) in enumerate(
        [
            ("PJSIP/p01-00000001", Role.AGENT, False),
            ("PJSIP/p01-00000002", Role.AGENT, True),
            ("PJSIP/p02-00000003", Role.AGENT, False),
            ("PJSIP/p01-00000004", Role.CONSULT, False),
        ]
    ):
        channel = watching.book.open(Channel(f"1.{n}", name, T0))
        channel.role, channel.answered, channel.call_id = role, answered, "call"

    async def hang_up(channel: str, cause: int) -> None:
        asked.append((channel, cause))
        if len(asked) > 1:
            raise ActionTimeout("late")

    work: list[asyncio.Task[None]] = []
    spawn: Callable[[Any], None] = lambda what: work.append(asyncio.ensure_future(what))  # noqa: E731
    lines = Lines(watching, hang_up, spawn)
    lines.lost("p01")
    lines.lost("p02")
    await asyncio.gather(*work)
    assert asked == [("PJSIP/p01-00000001", 27), ("PJSIP/p02-00000003", 27)]
    assert [one.leg for one in lines.of("p01")] == ["1.0", "1.1", "1.3"]
    assert lines.call_named("call") == "call"
