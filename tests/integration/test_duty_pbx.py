"""Who is on duty, on the real PBX: screens and phones, with and without the service."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from cti.journey.around.duty import MISSING_REASON, WRAPUP_REASON, DutyKind, DutyVia
from tests.integration.duty_scene import FILIERES, PEOPLE, Room, room
from tests.integration.sip_plain import Login, register, unregister
from tests.scenarios.people import answers, never_answers

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(180)]

HELENE = {("n1", "p01"): None, ("amu", "p01"): None}


async def test_a_day_at_a_post_by_the_screen(tmp_path: Path) -> None:
    async with room(tmp_path, {"p01": "1101", "p02": "1102"}, {"arm01": ("n1",)}) as sas:
        await sas.until_held({("n1", "arm01"): None})
        taken = await sas.act("p01", "prise", personne="helene")
        assert taken["followed"]
        assert taken["post"]["filieres"] == ["n1", "amu"]
        await sas.until_held({("n1", "arm01"): None, **HELENE})
        assert {row.name for row in (await sas.members()).values()} == {"Hélène L'Hôpital", "Poste arm01"}
        assert (await sas.act("p01", "files", filieres=["amu"]))["followed"]
        await sas.until_held({("n1", "arm01"): None, ("amu", "p01"): None})
        await sas.act("p01", "pause", motif="repas")
        await sas.act("arm01", "pause", motif="autre", texte="médecin du travail")
        await sas.until_held({("n1", "arm01"): "autre : médecin du travail", ("amu", "p01"): "repas"})
        board = await sas.board()
        assert board["agents"]["p01"]["nom"] == "Hélène L'Hôpital"
        assert board["agents"]["p01"]["filieres"]["amu"]["reason"] == "repas"
        await sas.act("p01", "reprise")
        await sas.act("p02", "prise", personne="helene")  # she moves
        await sas.until_held({("n1", "arm01"): "autre : médecin du travail", ("n1", "p02"): None, ("amu", "p02"): None})
        await sas.act("p02", "fin")
        await sas.until_held({("n1", "arm01"): "autre : médecin du travail"})
        assert "p02" not in (await sas.board())["agents"]
        await sas.act("arm01", "fin", status=409)
        await sas.act("p01", "prise", status=422, personne="personne")
        await sas.act("p09", "pause", status=404, motif="repas")


async def test_the_phone_s_codes_with_and_without_the_service(tmp_path: Path) -> None:
    async with room(tmp_path, {"p01": "1101"}, {"arm01": ("n1",)}) as sas:
        fixed = {("n1", "arm01"): None}
        await sas.dial("p01", "*51201")
        await sas.until_held({**fixed, **HELENE})
        await sas.until_post("p01", personne="helene")
        await sas.dial("p01", "*53")
        await sas.until_held({**fixed, **dict.fromkeys(HELENE, "repas")})
        await sas.until_post("p01", reason="repas")
        await sas.dial("p01", "*51999")  # nobody's number changes nothing
        await sas.service.kill()
        await sas.dial("p01", "*54")
        await sas.until_held({**fixed, **HELENE})
        await sas.dial("arm01", "*532")
        held = {("n1", "arm01"): "administratif", **HELENE}
        await sas.until_held(held)
        await sas.dial("arm01", "*52")  # a fixed post cannot be left
        await sas.until_held(held)
        await sas.service.start()
        await sas.until_held(held)
        await sas.until_acts(
            [
                (DutyKind.TAKE, "p01", DutyVia.PHONE),
                (DutyKind.PAUSE, "p01", DutyVia.PHONE),
                (DutyKind.RESUME, "p01", DutyVia.PHONE),
                (DutyKind.PAUSE, "arm01", DutyVia.PHONE),
            ]
        )
        await sas.until_post("arm01", reason="administratif")
        await sas.until_post("p01", hold=None)
        await sas.dial("p01", "*52")
        await sas.until_held({("n1", "arm01"): "administratif"})


async def test_the_wrap_up_is_kept_through_reload_and_kill_and_ends_when_she_is_ready(tmp_path: Path) -> None:
    """Complaint 7 of our peers: app_queue forgets a wrap-up at a reload, and rings an agent who is still writing."""
    wrapping = dict.fromkeys(HELENE, WRAPUP_REASON)
    async with room(tmp_path, {"p01": "1101"}) as sas:
        await sas.act("p01", "prise", personne="helene")
        await sas.sits("p01", answers("p01", sas.tone, 200))
        await (await sas.phone_call("", "15", hangs_up_after_ms=3500)).wait(20)
        await sas.until_held(wrapping, 3)
        await sas.until_board(lambda told: told["agents"]["p01"]["filieres"]["n1"]["presence"] == "wrapup")
        until = (await sas.post("p01"))["hold_until"]
        await reload_queues(sas)
        await sas.service.kill()
        caller = await sas.phone_call("", "15")
        await sas.until("QueueCallerJoin", 2)
        await sas.service.start()
        await sas.until_held(wrapping)
        await sas.until_post("p01", hold_until=until)  # the end stays where it was
        assert len([f for f in sas.frames if f.event == "AgentCalled"]) == 1, "not rung during her wrap-up"
        assert (await sas.act("p01", "reprise"))["followed"]
        await sas.until("AgentConnect", 2)
        assert caller.is_running
    kinds = [act.kind for act in sas.acts()]
    assert kinds[:3] == [DutyKind.TAKE, DutyKind.WRAPUP, DutyKind.RESUME]


async def test_a_phone_that_registers_from_another_port_is_offered_calls_all_the_while(tmp_path: Path) -> None:
    """Behind a NAT each registration may come from another port: Asterisk tells the new contact, then the old one as removed."""
    registers = {"p01": {"fixe": False, "poste": "1101", "contact": None, "password": "secret-of-p01"}}
    mine = {"agents": {"agents": {**registers, "p02": {"fixe": False, "poste": "1102"}}, "personnes": PEOPLE}}
    async with room(tmp_path, {"p01": "1101", "p02": "1102"}, changes={"filieres": {"filieres": FILIERES}, **mine}) as sas:
        phone = Login("p01", "secret-of-p01", sas.site.ports.sip)
        await sas.act("p01", "prise", personne="helene")
        gone = dict.fromkeys(HELENE, "pas prêt : téléphone non enregistré")
        await sas.until_held(gone)
        assert await register(phone) == 200
        await sas.until_held(HELENE, 3)
        await sas.act("p02", "prise", personne="karim")
        caller = await sas.phone_call("", "15")
        called = await sas.until("AgentCalled")
        for nth in (1, 2):
            assert await register(phone) == 200
            await sas.until("ContactStatus", nth, ContactStatus="Removed")
        # What comes after it at the service, and goes to the PBX by the same way: whatever it made of those is done by then.
        await sas.act("p02", "pause", motif="repas")
        await sas.until_held({**HELENE, ("amu", "p02"): "repas"}, 3)
        await sas.act("p02", "reprise")
        assert await unregister(phone) == 200
        await sas.until("ContactStatus", 3, ContactStatus="Removed")
        leaving = sas.frames.index([one for one in sas.frames if one.event == "ContactStatus"][-1])
        await sas.until_held({**gone, ("amu", "p02"): None}, 3)
        meanwhile = sas.frames[sas.frames.index(called) : leaving]
        paused = [one for one in meanwhile if one.event == "QueueMemberPause" and one.require("Interface") == "PJSIP/p01"]
        assert paused == []
        assert [one.get("Channel") for one in meanwhile if one.event == "Hangup"] == [], "it rings on"
        assert caller.is_running


async def test_the_phone_asks_for_her_code(tmp_path: Path) -> None:
    code = hashlib.sha1(b"helene:4321").hexdigest()
    people = {**PEOPLE, "helene": {**PEOPLE["helene"], "code_sha1": code}}
    async with room(tmp_path, {"p01": "1101"}, people=people) as sas:
        await sas.dial("p01", "*51201", typing="1234#")
        assert await sas.held() == {}
        await sas.dial("p01", "*51201", typing="4321#")
        await sas.until_held(HELENE)


async def test_a_pause_dialled_during_a_call_is_no_consultation_and_outlasts_the_call(tmp_path: Path) -> None:
    async with room(tmp_path, {"p01": "1101"}) as sas:
        await sas.act("p01", "prise", personne="helene")
        await sas.sits("p01", answers("p01", sas.tone, 200))
        caller = await sas.phone_call("", "15", hangs_up_after_ms=9000)
        await sas.until("AgentConnect")
        await sas.dial("p01", "*532")
        paused = dict.fromkeys(HELENE, "administratif")
        await sas.until_held(paused)
        board = await sas.board()
        assert {seat["presence"] for seat in board["agents"]["p01"]["filieres"].values()} == {"talking"}
        await caller.wait(20)
        await sas.until_board(lambda told: not told["calls"])
        await sas.until_held(paused)
        found = (await sas.ask("calls"))["calls"]
        assert [(call["outcome"], call["anomalies"]) for call in found] == [("answered", [])]
        assert not {"ConsultStarted", "ConsultEnded"} & sas.told(found[0]["call_id"])


async def test_a_wrap_up_ends_by_itself(tmp_path: Path) -> None:
    short = {"filieres": {"filieres": {**FILIERES, "n1": {**FILIERES["n1"], "wrapup_seconds": 4}}}}
    async with room(tmp_path, {"p01": "1101"}, changes=short) as sas:
        await sas.act("p01", "prise", personne="helene")
        await sas.sits("p01", answers("p01", sas.tone, 200))
        await (await sas.phone_call("", "15", hangs_up_after_ms=3500)).wait(20)
        await sas.until_held(dict.fromkeys(HELENE, WRAPUP_REASON), 3)
        await sas.until_held(HELENE, 6)


async def test_the_caller_who_finds_the_service_dead_ends_the_wrap_ups_that_are_over(tmp_path: Path) -> None:
    short = {"filieres": {"filieres": {**FILIERES, "n1": {**FILIERES["n1"], "wrapup_seconds": 4}}}}
    async with room(tmp_path, {"p01": "1101", "p02": "1102"}, changes=short) as sas:
        await sas.act("p01", "prise", personne="helene")
        await sas.act("p02", "prise", personne="karim")
        await sas.sits("p01", answers("p01", sas.tone, 200))
        await (await sas.phone_call("", "15", hangs_up_after_ms=3500)).wait(20)
        wrapping = {**dict.fromkeys(HELENE, WRAPUP_REASON), ("amu", "p02"): None}
        await sas.until_held(wrapping, 3)
        await sas.service.kill()
        await sas.dial("p02", "*53")
        await sas.until_held({**wrapping, ("amu", "p02"): "repas"})
        await asyncio.sleep(4.5)  # the end of the wrap-up, which nobody is there to see
        await sas.phone_call("", "15")
        await sas.until_held({**HELENE, ("amu", "p02"): "repas"}, 6)
        await sas.until("AgentConnect", 2)


async def test_a_phone_that_rings_in_vain_is_withdrawn_unless_it_is_the_last_resort(tmp_path: Path) -> None:
    async with room(tmp_path, {"p01": "1101", "p02": "1102"}) as sas:
        await sas.act("p01", "prise", personne="helene")
        await sas.sits("p01", never_answers("p01"))
        caller = await sas.phone_call("", "15")
        await sas.until("AgentRingNoAnswer", 2)
        await sas.until_alarm("dernier_joignable:p01")
        await sas.until_held(HELENE)
        await sas.act("p02", "prise", personne="karim")
        await sas.until("AgentRingNoAnswer", 3)
        withdrawn = {**dict.fromkeys(HELENE, MISSING_REASON), ("amu", "p02"): None}
        await sas.until_held(withdrawn)
        alarm = await sas.until_alarm("ne_repond_pas:p01")
        assert "Hélène L'Hôpital" in alarm["text"]
        await sas.service.kill()
        await sas.service.start()
        await sas.until_held(withdrawn)
        await sas.until_alarm("ne_repond_pas:p01")
        await sas.dial("p01", "*54")
        await sas.until_held({**HELENE, ("amu", "p02"): None})
        await sas.until_board(lambda told: "ne_repond_pas:p01" not in told["alarms"])
        await caller.stop()


async def reload_queues(sas: Room) -> None:
    """Asterisk reads a file that has changed; otherwise it does nothing."""
    file = sas.site.telephony / "queues.conf"
    file.write_text(f"{file.read_text(encoding='utf-8')}; changed\n", encoding="utf-8")
    await sas.pbx.rx("queue reload all")


async def test_a_reload_that_forgets_a_reason_is_put_right(tmp_path: Path) -> None:
    async with room(tmp_path, {}, {"arm01": ("n1",)}) as sas:
        await sas.act("arm01", "pause", motif="formation")
        await sas.until_held({("n1", "arm01"): "formation"})
        file = sas.site.telephony / "queues.conf"
        file.write_text(f"{file.read_text(encoding='utf-8')}; changed\n", encoding="utf-8")
        await sas.pbx.reload("app_queue.so")
        await sas.until_held({("n1", "arm01"): "formation"})
        look = (await sas.ask("agents"))["look"]
        assert look["found"] == ["suspendre arm01 dans sas-n1 (formation)"]
        assert look["failed"] == []


async def test_somebody_else_s_hand_in_the_queues_is_undone(tmp_path: Path) -> None:
    """The PBX's own console: our journal wins, and says so."""
    async with room(tmp_path, {"p01": "1101"}, {"arm01": ("n1",)}) as sas:
        wanted = {("n1", "arm01"): None, **HELENE}
        await sas.act("p01", "prise", personne="helene")
        await sas.until_held(wanted)
        await sas.pbx.rx("queue pause member PJSIP/p01")
        await sas.pbx.rx("queue add member PJSIP/arm01 to sas-amu")
        await sas.pbx.rx("queue remove member PJSIP/p01 from sas-n1")
        await sas.until("QueueMemberRemoved")
        await sas.until_held(wanted)
