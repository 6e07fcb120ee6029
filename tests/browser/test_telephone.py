"""The phone of the page: real Chromium, real PBX, real callers; voices are known tones, looked for where they should be heard."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.integration.dialplan_people import heard_seconds
from tests.integration.duty_scene import Room
from tests.integration.telephone_scene import (
    MICROPHONE,
    WebPhone,
    build_harness,
    chromium_with_a_voice,
    require_a_browser_and_an_address,
    served,
    tls_of,
    until_out,
    web_phone,
    web_room,
)

pytestmark = [pytest.mark.pbx, pytest.mark.browser, pytest.mark.timeout(240)]
#: What callers say (hertz).
CALLER = 440


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_a_browser_and_an_address()
    return build_harness(tmp_path_factory.mktemp("harness"))


@pytest.fixture
async def browser(built: Path, tmp_path: Path) -> AsyncIterator[Browser]:
    async with chromium_with_a_voice(tmp_path) as opened:
        yield opened


@pytest.fixture
async def page_url(built: Path) -> AsyncIterator[str]:
    async with served(built) as url:
        yield url


async def answered(sas: Room, phone: WebPhone, **caller: Any) -> Any:
    """A caller whom the page picks up."""
    process = await sas.phone_call("", "15", **caller)
    await phone.state("sonne")
    await phone.tell("h.phone.answer()")
    await phone.state("en_ligne")
    return process


def voices(sas: Room, side: str) -> list[Path]:
    return sorted(sas.site.recordings.rglob(f"*-{side}.wav"))


async def test_a_caller_reaches_the_page_and_both_are_heard(tmp_path: Path, browser: Browser, page_url: str) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await answered(sas, phone)
        await phone.hears(CALLER)
        await asyncio.sleep(3)  # so long do they talk
        quality = await phone.tell("h.quality()")
        assert quality["packets"] > 100
        assert quality["mos"] > 4
        assert quality["roundTripMs"] is None or quality["roundTripMs"] < 100
        await phone.tell("h.phone.hangup()")
        await phone.state("pret")
        await sas.until_board(lambda told: not told["calls"])
        (agents,), (callers,) = voices(sas, "agents"), voices(sas, "caller")
        assert heard_seconds(agents, MICROPHONE) > 2, "the microphone is in the recording"
        assert heard_seconds(callers, CALLER) > 2
        found = (await sas.ask("calls"))["calls"]
        assert [(call["outcome"], call["anomalies"]) for call in found] == [("answered", [])]


async def test_hold_mute_and_keys(tmp_path: Path, browser: Browser, page_url: str) -> None:
    async with web_room(tmp_path / "room", free={"p01": "1101"}) as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await answered(sas, phone)
        await phone.hears(CALLER)
        assert await phone.tell("h.phone.hold()")
        await phone.state("en_garde")
        await sas.until("Hold")
        assert await phone.tell("h.phone.resume()")
        await phone.state("en_ligne")
        await sas.until("Unhold")
        await phone.hears(CALLER)
        await phone.tell("h.phone.mute(true)")
        assert (await phone.tell("h.phone.view"))["call"]["muted"]
        await asyncio.sleep(1.5)
        await phone.tell("h.phone.mute(false)")
        await phone.tell("h.phone.keys('*801')")  # the caller goes to the filière AMU, by the feature code
        await sas.until("SasTransfer", Filiere="amu", Via="touche")
        await sas.until("QueueCallerJoin", Queue="sas-amu")
        await phone.state("pret")


async def test_the_websocket_is_cut_in_mid_call_and_comes_back(tmp_path: Path, browser: Browser, page_url: str) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        caller = await answered(sas, phone)
        await phone.hears(CALLER)
        phone.wire.cut()
        await phone.until("h.phone.view.link === 'connexion'")
        await phone.hears(CALLER)  # the voice does not go through the WebSocket
        await phone.until("h.phone.view.link === 'pret'", 20)
        assert (await phone.tell("h.phone.view"))["state"] == "en_ligne"
        # The PBX knows where the phone is now: when the caller hangs up, the page is told.
        await caller.stop()
        await sas.pbx.rx("channel request hangup all")
        await phone.until("h.endings.length === 1", 10)
        await phone.state("pret")


async def test_with_a_certificate_the_page_comes_by_wss(tmp_path: Path, browser: Browser, page_url: str) -> None:
    secure = {"pbx": {"tls": tls_of(tmp_path / "tls")}}
    async with web_room(tmp_path / "room", changes=secure) as sas, web_phone(sas, browser, page_url, direct=True) as phone:
        await phone.state("pret")
        assert phone.last is not None
        assert phone.last["ws"].startswith("wss://127.0.0.1:")
        await answered(sas, phone)
        await phone.hears(CALLER)


async def test_service_and_pbx_are_killed_and_the_phone_comes_back_by_itself(
    tmp_path: Path, browser: Browser, page_url: str
) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await answered(sas, phone)
        await sas.service.kill()
        await phone.hears(CALLER)
        await sas.service.start()
        await phone.hears(CALLER)
        assert (await phone.tell("h.phone.view"))["state"] == "en_ligne"
        await sas.pbx.kill()
        await phone.until("h.phone.view.link === 'connexion'")
        await sas.pbx.start()
        await phone.until("h.phone.view.link === 'pret'", 40)
        assert phone.given == 1, "with the credentials it had: AstDB remembers them"
        # The call is gone with the PBX, which answers 481: the page does not go on talking to nobody.
        await phone.state("pret", 20)


async def test_a_phone_that_is_put_out_says_so_and_one_that_is_refused_takes_new_credentials(
    tmp_path: Path, browser: Browser, page_url: str
) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        assert await phone.withdraw() == 204
        await until_out(sas, set())
        given = phone.given
        async with asyncio.timeout(60):  # at the next registration it is refused, asks, and is given others
            while phone.given == given:
                await asyncio.sleep(0.2)
        await phone.state("pret", 20)
        await sas.act("web01", "fin")
        await until_out(sas, set())
        await phone.until("h.phone.view.link === 'hors_ligne'", 60)
        assert (await phone.tell("h.phone.view"))["reason"] == "ce poste n'est plus à vous"


async def test_the_page_is_reloaded_in_mid_call_and_the_caller_goes_back_to_the_head_of_his_queue(
    tmp_path: Path, browser: Browser, page_url: str
) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await answered(sas, phone)
        other = await sas.phone_call("", "15")  # somebody who waits already
        await sas.until("QueueCallerJoin", 2)
        await phone.page.reload()
        back = await sas.until("QueueCallerJoin", 3)
        assert back.get("Position") == "1"
        await phone.tell("h.phone.start()")
        await phone.state("sonne", 20)
        await phone.tell("h.phone.answer()")
        await phone.state("en_ligne")
        await phone.hears(CALLER)
        joined = [f.get("Uniqueid") for f in sas.frames if f.event == "QueueCallerJoin"]
        connected = [f.get("Uniqueid") for f in sas.frames if f.event == "AgentConnect"]
        assert connected == [joined[0], joined[0]], "the same caller, first"
        assert other.is_running
        assert [f.get("Motif") for f in sas.frames if f.get("UserEvent") == "SasRoute"].count("téléphone perdu") == 1


async def test_a_page_that_dies_without_a_word_is_found_by_its_silence(tmp_path: Path, browser: Browser, page_url: str) -> None:
    quick = {"pbx": {"pbx": {"perte_seconds": 3}}}
    async with web_room(tmp_path / "room", changes=quick) as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await answered(sas, phone)
        await phone.hears(CALLER)
        session = await phone.page.context.new_cdp_session(phone.page)
        crash = asyncio.ensure_future(session.send("Page.crash"))
        await sas.until("QueueCallerJoin", 2)
        crash.cancel()
        await asyncio.gather(crash, return_exceptions=True)
        ends = [f for f in sas.frames if f.event == "Hangup" and f.get("Channel", "").startswith("PJSIP/web01")]
        assert ends[-1].get("Cause") == "44"


async def test_the_echo_and_the_microphone_are_tried_before_a_shift(tmp_path: Path, browser: Browser, page_url: str) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        told = await phone.tell("h.echo()")
        assert told["ok"], told
        assert 0 < told["delayMs"] < 2_000
        assert await phone.tell("h.microphoneLevel()") > -30
        assert (await sas.ask("calls"))["calls"] == []


async def test_the_score_is_that_of_the_e_model(browser: Browser, page_url: str) -> None:
    page = await browser.new_page()
    await page.goto(page_url)
    told = await page.evaluate("[[0, 0], [0, 200], [0.05, 50], [0.3, 400]].map(([l, d]) => harness.mosOf(harness.rating(l, d)))")
    assert told == pytest.approx([4.41, 4.23, 3.87, 1.01], abs=0.01)
    assert await page.evaluate("harness.mosOf(-5)") == 1


async def test_a_second_call_waits_and_the_first_is_held_when_it_is_taken(
    tmp_path: Path, browser: Browser, page_url: str
) -> None:
    async with web_room(tmp_path / "room", free={"p01": "1101"}) as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await answered(sas, phone)
        await phone.hears(CALLER)
        first = (await phone.tell("h.phone.view"))["call"]["id"]
        colleague = await sas.phone_call("p01", "1901")
        second = await phone.until("h.phone.view.second?.state === 'sonne' && h.phone.view.second.id")
        assert (await phone.tell("h.phone.view"))["state"] == "en_ligne", "the one who talks is not disturbed"
        await phone.tell(f"h.phone.answer('{second}')")
        await phone.until(f"h.phone.view.call.id === '{second}' && h.phone.view.call.state === 'en_ligne'")
        assert (await phone.tell("h.phone.view"))["second"]["state"] == "en_garde"
        assert await phone.tell(f"h.phone.resume('{first}')")
        await phone.until(f"h.phone.view.call.id === '{first}' && h.phone.view.second.state === 'en_garde'")
        await phone.hears(CALLER)
        await colleague.stop()
        await phone.tell(f"h.phone.hangup('{second}')")
        await phone.until("h.phone.view.second === null")
        assert (await phone.tell("h.phone.view"))["state"] == "en_ligne"


async def test_a_device_that_is_unplugged_is_replaced_and_it_is_said(browser: Browser, page_url: str) -> None:
    page = await browser.new_page()
    await page.goto(page_url)
    told = await page.evaluate("""async () => {
      const devices = window.harness.devices, media = navigator.mediaDevices;
      const plug = async (...labels) => {
        media.enumerateDevices = async () => labels.map((label) => ({ kind: "audioinput", deviceId: "id-" + label, label }));
        media.dispatchEvent(new Event("devicechange"));
        await devices.look();
      };
      await plug("Casque", "Table");
      devices.choose("micro", devices.list("micro")[0]);
      const chosen = devices.chosen("micro").label;
      await plug("Table");
      const without = devices.chosen("micro");
      await plug("Casque", "Table");
      return { chosen, without, again: devices.chosen("micro").label, messages: window.harness.messages };
    }""")
    assert (told["chosen"], told["without"], told["again"]) == ("Casque", None, "Casque")
    gone, back = dict.fromkeys(told["messages"])
    assert gone == "Le micro Casque est débranché, remplacé par celui de la machine."
    assert back == "Le micro Casque est de nouveau là."


async def test_the_microphone_is_unplugged_in_mid_call(tmp_path: Path, browser: Browser, page_url: str) -> None:
    """Nobody had chosen it: the machine's next one is taken; where there is none, as soon as one is plugged in."""
    unplug = "(h.track.stop(), h.track.dispatchEvent(new Event('ended')), true)"
    plug = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await phone.tell("h.phone.dial(h.phone.echo).then(() => true)")
        await phone.hears(MICROPHONE)
        await phone.tell("(h.track = h.phone.microphone.getAudioTracks()[0], true)")
        await phone.tell(unplug)
        await phone.until("h.phone.microphone.getAudioTracks()[0] !== h.track")
        await phone.hears(MICROPHONE)
        label = await phone.tell("h.phone.microphone.getAudioTracks()[0].label")
        assert await phone.tell("h.messages.at(-1)") == f"Le micro a été débranché, remplacé par {label}."

        await phone.tell(
            "(h.real = navigator.mediaDevices.getUserMedia, h.track = h.phone.microphone.getAudioTracks()[0],"
            " navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError')), true)"
        )
        await phone.tell(unplug)
        await phone.until("h.messages.at(-1).startsWith('Plus aucun micro')")
        await phone.until("h.pitch() === 0")
        assert (await phone.tell("h.phone.view"))["state"] == "en_ligne"
        await phone.tell(f"(navigator.mediaDevices.getUserMedia = h.real, {plug}, true)")
        await phone.hears(MICROPHONE)
        await phone.tell("h.phone.hangup()")
        await phone.state("pret")


async def test_what_is_muted_is_not_said(tmp_path: Path, browser: Browser, page_url: str) -> None:
    """By the echo: what comes back is what was sent."""
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await phone.tell("h.phone.dial(h.phone.echo).then(() => true)")
        await phone.state("en_ligne")
        await phone.hears(MICROPHONE)
        await phone.tell("h.phone.mute(true)")
        await phone.until("h.pitch() === 0")
        await phone.tell("h.phone.mute(false)")
        await phone.hears(MICROPHONE)
        await phone.tell("h.phone.hangup()")
        await phone.state("pret")


async def test_another_microphone_is_taken_in_mid_call(tmp_path: Path, browser: Browser, page_url: str) -> None:
    async with web_room(tmp_path / "room") as sas, web_phone(sas, browser, page_url) as phone:
        await phone.state("pret")
        await phone.tell("h.devices.allow()")
        await phone.tell("h.phone.dial(h.phone.echo).then(() => true)")
        await phone.hears(MICROPHONE)
        label = "h.phone.microphone.getAudioTracks()[0].label"
        before = await phone.tell(label)
        other = f"h.devices.list('micro').find((one) => one.label !== {before!r})"
        await phone.tell(f"h.devices.choose('micro', {other})")
        await phone.until(f"{label} !== {before!r}")
        assert await phone.tell(f"{label} === h.devices.chosen('micro').label")
        await phone.hears(MICROPHONE)
        await phone.tell("h.phone.hangup()")
