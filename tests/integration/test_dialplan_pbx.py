"""The dialplan on a real Asterisk: every way a caller can go, and every way in which the outside can fail him."""

import asyncio
import csv
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami import secours_spool
from cti.ami.dialplan import AgentSpec, FiliereSpec
from cti.ami.sip_probe import SipProbe
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippExit
from tests.integration.dialplan_people import PATIENT_HERTZ, Frame, Room, heard_seconds
from tests.integration.dialplan_scripts import LEARNS_WHO_ANSWERED, agent, caller, presses, refer

pytestmark = pytest.mark.pbx


@pytest.fixture(scope="session")
def install() -> Install:
    return fetch(FetchSettings.from_environ(os.environ))


def to_n1(question: str, _arguments: list[str]) -> Mapping[str, str]:
    """A service that routes to N1 and leaves overflows to the PBX."""
    return {"ROUTE": "n1|||ouvert, hélas"} if question == "route" else {}


def at(frame: Frame) -> float:
    return float(frame["Timestamp"])


async def talking(room: Room, queue: str, start: int = 0) -> Frame:
    """The patient and the agent hear each other: AgentConnect, once both are in the bridge."""
    connect = await room.events.event("AgentConnect", start=start, Queue=queue)
    bridge = await room.events.event("BridgeEnter", start=start, Channel=connect["DestChannel"])
    await room.events.event("BridgeEnter", start=start, Channel=connect["Channel"], BridgeUniqueid=bridge["BridgeUniqueid"])
    return connect


async def redirect(room: Room, channel: str, extension: str) -> None:
    """Send the patient elsewhere, as the service does."""
    await room.actions.do("Redirect", Channel=channel, Context="sas-transferts", Exten=extension, Priority="1")


async def test_a_call_is_answered_and_told_as_agreed(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        async with room.answering("arm01", 1000), room.patient() as patient:
            connect = await talking(room, "sas-n1")
            await room.hang_up(connect["Channel"])
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
            end = await room.events.event("SasEnd")
        arrived = room.events.all("SasArrived")[0]
        assert arrived | {
            "Did": "15", "Flux": "15", "Caller": "0612345678", "Public": "1", "Test": "0", "Prio": "20"
        } == arrived  # fmt: skip
        assert [frame["Step"] for frame in room.events.all("SasGreeting")] == ["start", "end"]
        route = room.events.all("SasRoute")[0]
        assert (route["Filiere"], route["Source"], route["Prio"], route["Attente"]) == ("n1", "cti", "20", "30")
        assert route["Motif"] == "ouvert; hélas"
        assert {frame["CallId"] for frame in (arrived, route, end)} == {arrived["CallId"]}
        assert room.agi.questions == [("route", [arrived["CallId"], "15", "15", *[""] * 5])]
        unwanted = {"VarSet", "Newexten", "TestEvent", "RTCPSent", "RTCPReceived", "MusicOnHoldStart"}
        assert unwanted.isdisjoint(frame.get("Event") for frame in room.events.frames)
        assert room.pbx.problems() == []
        check_witness(tmp_path / "run" / "log" / "cel-custom" / "cti-cel.csv", arrived)


def check_witness(path: Path, arrived: Frame) -> None:
    """The CEL file has thirteen columns and tells the same call."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    assert {len(row) for row in rows} == {13}
    told = {row[0]: row for row in rows}
    ours = [json.loads(row[12])["extra"] for row in rows if row[0].startswith("SAS_")]
    call, shown = arrived["CallId"], arrived["Presentation"]
    voice = ours[1].partition("|")[2]
    assert voice.endswith(call)
    assert ours == [
        f"{call}/1|15|15|0612345678|1|0|20|{shown}",
        f"{call}/2|{voice}",
        f"{call}/3|start|{ours[2].rpartition('|')[2]}",
        f"{call}/4|end|{ours[3].rpartition('|')[2]}",
        f"{call}/5|n1|cti|20|30||ouvert; hélas",
        f"{call}/6|n1|16||PJSIP/arm01",
    ]
    assert told["APP_START"][8:10] == ["Queue", "sas-n1,,,,30,,"]
    assert abs(float(told["SAS_ARRIVED"][1]) - at(arrived)) < 0.1
    assert {row[2] for row in rows if row[4].startswith("PJSIP/operateur")} == {arrived["Uniqueid"]}


async def test_a_frozen_service_holds_one_caller_for_a_moment_and_the_next_not_at_all(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        room.agi.silent = True
        agents = tuple(replace(one, filieres=("amu",)) for one in room.spec.agents)
        await room.rerender(agents=agents)
        waits = []
        async with room.answering("amu01", 1000), room.answering("arm01", 1000):
            for _ in range(2):
                start = len(room.events.frames)
                async with room.patient() as patient:
                    greeted = await room.events.event("SasGreeting", start=start, Step="end")
                    connect = await talking(room, "sas-amu", start)
                    joined = await room.events.event("QueueCallerJoin", start=start)
                    waits.append(at(joined) - at(greeted))
                    await room.hang_up(connect["Channel"])
                    await patient.wait(10)
        assert 1.4 < waits[0] < 2.2
        assert waits[1] < 0.7
        assert [frame["Reason"] for frame in room.events.all("SasSecours")] == ["muet", "muet"]
        assert [frame["Source"] for frame in room.events.all("SasRoute")] == ["secours", "secours"]
        assert len(room.agi.questions) == 1
        found = secours_spool.read(tmp_path / "spool")
        assert found.rejected == ()
        assert [file.call.call_id for file in found.files] == [frame["CallId"] for frame in room.events.all("SasArrived")]
        assert found.files[0].call.reason == "muet"
        assert abs(found.files[0].call.at / 1e6 - at(room.events.all("SasSecours")[0])) < 1


async def test_after_a_silence_one_caller_tries_again(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install, repos_seconds=1) as room:
        room.agi.silent = True
        for expected in ("secours", "cti"):
            start = len(room.events.frames)
            async with room.patient(number="9020") as patient:
                route = await room.events.event("SasRoute", start=start)
                assert route["Source"] == expected
                await room.hang_up(route["Channel"])
                await patient.wait(10)
            room.agi.silent, room.agi.answers = False, to_n1
            await until_clock(room, await breaker(room))
        assert await breaker(room) == 0


async def breaker(room: Room) -> int:
    """Until which second nobody waits for the service; 0 when everybody asks."""
    said = await room.pbx.rx("dialplan show globals")
    return int(next(line.partition("=")[2] for line in said.splitlines() if "SAS_MUET_JUSQUA=" in line))


async def until_clock(room: Room, second: float) -> None:
    """Ask the PBX for its own clock until it has reached an instant."""
    async with asyncio.timeout(10):
        while float((await room.actions.do("Ping"))["Timestamp"]) < second:
            await room.pbx.rx("core show uptime")


@pytest.mark.parametrize("fault", ["nobody_listens", "script_missing", "script_hangs", "disk_refuses", "route_unknown"])
async def test_a_caller_is_routed_whatever_fails(tmp_path: Path, install: Install, fault: str) -> None:
    async with Room.open(tmp_path, install, serve=fault == "route_unknown") as room:
        if fault == "script_missing":
            await room.pbx.rx("dialplan set global SAS_SCRIPT absent")
        if fault == "script_hangs":
            hangs = tmp_path / "telephony" / "agi-bin" / "hangs"
            hangs.write_text("#!/bin/sh\ntrap '' HUP\nexec sleep 20\n")
            hangs.chmod(0o755)
            await room.pbx.rx("dialplan set global SAS_SCRIPT hangs")
        if fault == "disk_refuses":
            (tmp_path / "spool").write_text("not a folder")
        room.agi.answers = lambda _question, _arguments: {"ROUTE": "inconnue"}
        async with room.answering("amu01", 1000), room.patient() as patient:
            connect = await talking(room, "sas-amu")
            await room.hang_up(connect["Channel"])
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
        secours = room.events.all("SasSecours")[0]
        waited = at(room.events.all("QueueCallerJoin")[0]) - at(room.events.all("SasGreeting", Step="end")[0])
        assert waited < 1.0
        if fault == "route_unknown":
            assert (secours["Reason"], secours["Detail"]) == ("vide", "filière inconnue inconnue")
        else:
            assert secours["Reason"] == "refus"
        kept = fault in {"nobody_listens", "route_unknown"}
        assert len(secours_spool.read(tmp_path / "spool").files) == kept


@pytest.mark.parametrize("by", ["refer", "touche", "api"])
async def test_a_transfer_keeps_the_patient_and_his_voice_and_frees_the_agent(tmp_path: Path, install: Install, by: str) -> None:
    then = {"refer": refer("arm01", "801", 700), "touche": presses("arm01", "*801", 700), "api": ""}[by]
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        async with (
            room.answering("arm01", 1000, then) as arm01,
            room.answering("amu01", 1600, talks_ms=1200),
            room.patient() as patient,
        ):
            first = await talking(room, "sas-n1")
            if by == "api":
                await until_clock(room, at(first) + 0.7)
                await room.actions.do("Setvar", Channel=first["Channel"], Variable="SAS_VIA", Value="api:jean")
                await redirect(room, first["Channel"], "amu")
            second = await talking(room, "sas-amu")
            since = room.events.frames.index(first)
            await room.events.event("QueueMemberStatus", Interface="PJSIP/arm01", Status="1", start=since)
            assert arm01.is_running
            assert (second["Channel"], second["Uniqueid"]) == (first["Channel"], first["Uniqueid"])
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
        transfer = room.events.all("SasTransfer")[0]
        who = {"refer": "arm01", "touche": "arm01", "api": "jean"}[by]
        assert (transfer["Filiere"], transfer["From"], transfer["By"], transfer["Via"]) == ("amu", "n1", who, by)
        route = room.events.all("SasRoute")[1]
        assert (route["Source"], route["From"], route["Prio"]) == ("transfert", "n1", "21")
        stem = room.events.all("SasRecording")[0]["File"]
        assert heard_seconds(Path(f"{stem}-caller.wav"), PATIENT_HERTZ) > 3
        assert heard_seconds(Path(f"{stem}-agents.wav"), 1000) > 0.3
        # SIPp numbers every stream from 0: without the restart in sas-passage the first 0.7 s would be missing.
        assert heard_seconds(Path(f"{stem}-agents.wav"), 1600) > 0.9
        assert not list(Path(stem).parent.glob("*.wav"))[2:]
        assert room.pbx.problems() == []


async def test_a_transfer_to_a_number_that_does_not_exist_brings_the_patient_back(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        async with room.answering("arm01", 1000, refer("arm01", "899", 300)), room.patient() as patient:
            await talking(room, "sas-n1")
            route = await room.events.event("SasRoute", Motif="numéro inconnu 899")
            assert (route["Filiere"], route["From"]) == ("n1", "n1")
            joined = await room.events.event("QueueCallerJoin", start=room.events.frames.index(route))
            assert (joined["Queue"], joined["Uniqueid"]) == ("sas-n1", route["Uniqueid"])
            await room.hang_up(joined["Channel"])
            await patient.wait(10)


async def test_the_patient_has_no_feature_codes(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        keys = presses("0612345678", "*801", 2500, is_caller=True)
        scenario = caller(room.patient_tone, then=keys, hangs_up_after_ms=1500)
        async with room.answering("arm01", 1000), room.patient(scenario) as patient:
            await talking(room, "sas-n1")
            assert await patient.wait(15) is SippExit.ALL_SUCCESSFUL
            await room.events.event("SasEnd", Filiere="n1")
        assert room.events.all("SasTransfer") == []


async def test_a_redirect_of_a_waiting_patient_moves_him(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        never = room.phone("arm01", agent("arm01", room.patient_tone, answers_after_ms=None))
        async with never, room.answering("amu01", 1600, talks_ms=200), room.patient() as patient:
            ringing = await room.events.event("DialState", DialStatus="RINGING")
            await redirect(room, ringing["Channel"], "801")
            connect = await talking(room, "sas-amu")
            assert connect["Uniqueid"] == ringing["Uniqueid"]
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
        assert len(room.events.all("QueueCallerAbandon")) == 1, "raised although nobody abandoned"


async def test_nobody_answers_there_and_the_patient_comes_back(tmp_path: Path, install: Install) -> None:
    """amu never answers: after its wait the PBX, unanswered by the service, takes the static overflow to n1."""
    async with Room.open(tmp_path, install) as room:
        filieres = tuple(replace(one, attente_max_seconds=3) for one in room.spec.filieres)
        await room.rerender(filieres=filieres)
        room.agi.answers = lambda question, _: {"ROUTE": "amu|42"} if question == "route" else {}
        never = room.phone("amu01", agent("amu01", room.patient_tone, answers_after_ms=None))
        async with never, room.answering("arm01", 1000, talks_ms=200), room.patient() as patient:
            connect = await talking(room, "sas-n1")
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
        left = room.events.all("SasQueueEnd")[0]
        assert (left["Filiere"], left["Status"]) == ("amu", "TIMEOUT")
        assert room.agi.questions[1] == ("debordement", [left["CallId"], "amu", "timeout", "1", "", "", "", ""])
        back = room.events.all("SasRoute")[1]
        assert (back["Filiere"], back["Source"], back["From"], back["Prio"]) == ("n1", "debordement", "amu", "43")
        assert connect["Uniqueid"] == back["Uniqueid"]


async def test_nobody_is_there_and_the_patient_goes_on_at_once(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        await room.actions.do("QueuePause", Interface="PJSIP/arm01", Paused="true")
        async with room.answering("amu01", 1600, talks_ms=200), room.patient() as patient:
            await talking(room, "sas-amu")
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
        first, second = room.events.all("SasRoute")
        assert (room.events.all("SasQueueEnd")[0]["Status"], second["Filiere"]) == ("JOINEMPTY", "amu")
        assert at(second) - at(first) < 0.3


async def test_a_patient_survives_queues_that_are_gone(tmp_path: Path, install: Install) -> None:
    """A faulty reload removed every queue: the patient waits, and is answered once they are back."""
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        queues = tmp_path / "telephony" / "queues.conf"
        good = queues.read_text(encoding="utf-8")
        queues.write_text("[general]\n", encoding="utf-8")
        await room.pbx.reload("app_queue.so")
        async with room.answering("amu01", 1600, talks_ms=200), room.patient() as patient:
            await room.events.event("SasRoute", Motif="dernier recours")
            queues.write_text(good, encoding="utf-8")
            await room.pbx.reload("app_queue.so")
            await talking(room, "sas-amu")
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL


NUMBERS: list[tuple[str, str, str, dict[str, str]]] = [
    ("+3315", "0612345678", "", {"Did": "15", "Flux": "15", "Caller": "0612345678"}),
    ("+33472000000", "+33612345678", "", {"Did": "0472000000", "Flux": "116117", "Caller": "+33612345678"}),
    ("9020", "anonymous", "", {"Flux": "VSAV", "Caller": "", "Public": "0", "Prio": "60"}),
    ("9099", "0612345678", "", {"Flux": "TEST", "Test": "1"}),
    ("0999999999", "0612345678", "", {"Did": "0999999999", "Flux": "INCONNU", "Public": "1", "Prio": "20"}),
    ("urgence", "0612345678", "", {"Did": "urgence", "Flux": "INCONNU"}),
    (
        "15",
        "anonymous",
        "P-Asserted-Identity: <sip:0611223344@operateur.example>\nPrivacy: id\n",
        {"Caller": "0611223344", "Presentation": "prohib_not_screened"},
    ),
]


async def test_every_number_is_answered(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        for number, from_user, extra, expected in NUMBERS:
            start = len(room.events.frames)
            scenario = caller(room.patient_tone, number=from_user, extra=extra)
            async with room.patient(scenario, number=number) as patient:
                arrived = await room.events.event("SasArrived", start=start)
                assert arrived | expected == arrived, number
                await room.events.event("QueueCallerJoin", start=start)
                await room.hang_up(arrived["Channel"])
                assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL


async def test_a_phone_may_call_filieres_and_phones_and_nothing_else(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        port = int((room.spec.agents[0].contact or "").rpartition(":")[2])
        as_arm01 = caller(room.patient_tone, number="arm01")
        consults = caller(room.patient_tone, number="arm01", then=LEARNS_WHO_ANSWERED)
        async with room.answering("amu01", 1600, talks_ms=200):
            async with room.patient(consults, number="801", port=port) as consultation:
                await talking(room, "sas-amu")
                assert await consultation.wait(10) is SippExit.ALL_SUCCESSFUL
            arrived, route = room.events.all("SasArrived")[0], room.events.all("SasRoute")[0]
            assert arrived | {"Flux": "POSTE", "Did": "801", "Public": "0"} == arrived
            assert (route["Source"], route["Filiere"], route["Motif"]) == ("transfert", "amu", "appel d'un poste")
            assert room.agi.questions == []
            recorded = room.events.all("SasRecording")
            async with room.patient(as_arm01, number="1002", port=port) as colleague:
                assert await colleague.wait(10) is SippExit.ALL_SUCCESSFUL
            assert room.events.all("SasRecording") == recorded, "colleagues who talk about nobody are not recorded"
        async with room.patient(as_arm01, number="0612345678", port=port) as outside:
            assert await outside.wait(10) is SippExit.SOME_FAILED
            assert "404 Not Found" in outside.errors()


async def test_nobody_else_may_use_the_name_of_a_phone(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install, sip_bind="0.0.0.0") as room:
        scenario = caller(room.patient_tone, number="arm01")
        port = free_port(socket.SOCK_DGRAM)
        async with room.patient(scenario, number="801", port=port, local_host="127.0.0.2") as stranger:
            assert await stranger.wait(10) is SippExit.SOME_FAILED
            assert "SIP/2.0 40" in stranger.errors()
        assert room.events.all("SasArrived") == []


async def test_one_more_block_is_one_more_filiere(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        psy_port = free_port(socket.SOCK_DGRAM)
        psy = AgentSpec("psy01", "Dr Léa Garnier", ("psy",), "1041", f"sip:psy01@127.0.0.1:{psy_port}")
        more = FiliereSpec("psy", "Psychiatrie", "805", debordement="amu")
        await room.rerender(filieres=(*room.spec.filieres, more), agents=(*room.spec.agents, psy))
        room.agi.answers = to_n1
        async with (
            room.answering("arm01", 1000, presses("arm01", "*805", 300)),
            room.answering("psy01", 1600, talks_ms=200),
            room.patient() as patient,
        ):
            connect = await talking(room, "sas-psy")
            assert connect["Interface"] == "PJSIP/psy01"
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL


async def test_the_service_is_heard_under_a_name_that_can_call_nobody(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install) as room:
        probe = SipProbe("127.0.0.1", room.spec.sip_port, 5, lambda: 1, asyncio.sleep)
        await probe.ask()
        assert probe.unanswered == 0
        room.pbx.freeze()
        try:
            await probe.ask()
            assert (probe.silent_since, probe.unanswered) == (1, 1)
        finally:
            room.pbx.thaw()
        await probe.ask()
        assert probe.silent_since is None
        # A service that was started again: what the first one asked is no excuse for not hearing this one.
        again = SipProbe("127.0.0.1", room.spec.sip_port, 5, lambda: 1, asyncio.sleep)
        await again.ask()
        assert again.unanswered == 0
        assert room.pbx.problems() == []
