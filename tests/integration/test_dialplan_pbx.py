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
from dialplan_people import (
    PATIENT_HERTZ,
    Frame,
    Manager,
    Room,
    agent,
    caller,
    free_port,
    loudness,
    presses,
    refer,
    write_tone,
)

from cti.ami import secours_spool
from cti.ami.dialplan import AgentSpec, FiliereSpec
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippExit

pytestmark = pytest.mark.pbx


@pytest.fixture(scope="session")
def install() -> Install:
    return fetch(FetchSettings.from_environ(os.environ))


def to_n1(question: str, _arguments: list[str]) -> Mapping[str, str]:
    """A service that routes to N1 and leaves overflows to the PBX."""
    return {"ROUTE": "n1", "ROUTE_MOTIF": "ouvert, hélas"} if question == "route" else {}


def at(frame: Frame) -> float:
    return float(frame["Timestamp"])


async def talking(room: Room, queue: str, start: int = 0) -> Frame:
    """The patient and the agent hear each other: AgentConnect, once both are in the bridge."""
    connect = await room.events.event("AgentConnect", start=start, Queue=queue)
    bridge = await room.events.event("BridgeEnter", start=start, Channel=connect["DestChannel"])
    await room.events.event("BridgeEnter", start=start, Channel=connect["Channel"], BridgeUniqueid=bridge["BridgeUniqueid"])
    return connect


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
    assert json.loads(told["SAS_ARRIVED"][12]) == {"extra": f"{arrived['CallId']}|15|15|0612345678|1|0"}
    assert json.loads(told["SAS_ROUTE"][12]) == {"extra": f"{arrived['CallId']}|n1"}
    assert told["SAS_RECORDING"][12].endswith(f"{arrived['CallId']}\"}}")
    assert told["APP_START"][8:10] == ["Queue", "sas-n1,,,,30"]
    assert abs(float(told["CHAN_START"][1]) - at(arrived)) < 1
    assert {row[2] for row in rows if row[4].startswith("PJSIP/operateur")} == {arrived["Uniqueid"]}


async def test_a_frozen_service_holds_one_caller_for_a_moment_and_the_next_not_at_all(
    tmp_path: Path, install: Install
) -> None:
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


async def test_after_a_silence_one_caller_tries_again_and_everybody_is_routed(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install, repos_seconds=1) as room:
        room.agi.silent = True
        for expected in ("secours", "cti"):
            start = len(room.events.frames)
            async with room.patient(number="9020") as patient:
                route = await room.events.event("SasRoute", start=start)
                assert route["Source"] == expected
                room.agi.silent, room.agi.answers = False, to_n1
                await room.hang_up(route["Channel"])
                await patient.wait(10)
            until = float((await room.pbx.rx("dialplan show globals")).split("SAS_MUET_JUSQUA=")[1].split()[0])
            # The breaker's clock is the PBX's, in whole seconds: wait for it with the PBX's own Wait, no sleeping here.
            while until and at((await room.events.event("SasEnd", start=start))) < until <= await pbx_clock(room):
                break
            await until_clock(room, until)


async def pbx_clock(room: Room) -> float:
    """The present second of the PBX."""
    return float((await room.actions.do("Ping"))["Timestamp"])


async def until_clock(room: Room, second: float) -> None:
    """Ask the PBX for its clock until it has passed a second."""
    async with asyncio.timeout(10):
        while await pbx_clock(room) <= second:
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
async def test_a_transfer_keeps_the_patient_and_his_voice_and_frees_the_agent(
    tmp_path: Path, install: Install, by: str
) -> None:
    then = {"refer": refer("arm01", "801", 700), "touche": presses("arm01", "*801", 700), "api": ""}[by]
    async with Room.open(tmp_path, install) as room:
        room.agi.answers = to_n1
        async with room.answering("arm01", 1000, then) as arm01, room.answering("amu01", 1600), room.patient() as patient:
            first = await talking(room, "sas-n1")
            if by == "api":
                await room.actions.do("Setvar", Channel=first["Channel"], Variable="SAS_VIA", Value="api:jean")
                await room.actions.do("Redirect", Channel=first["Channel"], Context="sas-transferts", Exten="amu", Priority="1")
            second = await talking(room, "sas-amu")
            await room.events.event("QueueMemberStatus", Interface="PJSIP/arm01", Status="1", start=room.events.frames.index(first))
            assert arm01.is_running
            assert (second["Channel"], second["Uniqueid"]) == (first["Channel"], first["Uniqueid"])
            # Enough voice of the second conversation for the recording to be told apart.
            async with room.answering_nobody():
                await room.hang_up(second["Channel"])
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
        transfer = room.events.all("SasTransfer")[0]
        who = {"refer": "arm01", "touche": "arm01", "api": "jean"}[by]
        assert (transfer["Filiere"], transfer["From"], transfer["By"], transfer["Via"]) == ("amu", "n1", who, by)
        route = room.events.all("SasRoute")[1]
        assert (route["Source"], route["From"], route["Prio"]) == ("transfert", "n1", "21")
        stem = room.events.all("SasRecording")[0]["File"]
        assert loudness(Path(f"{stem}-caller.wav"), PATIENT_HERTZ) > 0.9
        assert loudness(Path(f"{stem}-agents.wav"), 1000) > 0.01
        assert loudness(Path(f"{stem}-agents.wav"), 1600) > 0.01
        assert not list(Path(stem).parent.glob("*.wav"))[2:]
        assert room.pbx.problems() == []
