"""The desk of readiness: words of pages and contacts of the PBX in, pauses and reasons out."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from readiness_house import TRIED, House

from cti.agents.readiness import Lack
from cti.agents.telephone import PhoneRefusal
from cti.ami.answers import ActionTimeout
from cti.ami.connection import LinkState
from cti.ami.translate.channels import Channel, ChannelBook, Role
from cti.bootstrap.readiness.desk import BELIEVED_US
from cti.bootstrap.telephone.lines import Lines
from cti.journey.around.duty import DutyKind
from cti.journey.events import Presence
from tests.fakes.page_words import frame
from tests.fakes.room import T0, S


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
