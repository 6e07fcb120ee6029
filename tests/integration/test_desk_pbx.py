"""What the desk asks of a real PBX: its post hung up from the screen, told by the frames as if the phone had done it."""

import os
from pathlib import Path

import pytest

from cti.ami.frames import parse
from cti.ami.translate import Translator
from cti.journey import CallEvent, Journey, apply
from cti.journey import events as ev
from cti.journey.model import StageEnd
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippExit
from tests.integration.dialplan_people import Manager, Room

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def install() -> Install:
    return fetch(FetchSettings.from_environ(os.environ))


def told(events: Manager) -> tuple[Journey, list[CallEvent]]:
    """The one call of all these frames, as the service folds it."""
    translator, journey, seen = Translator(), Journey(call_id=""), list[CallEvent]()
    for block in events.raw:
        for event in translator.read(parse(block.strip().replace("\n", "\r\n").encode(), 0)):
            if isinstance(event, CallEvent):
                journey, _ = apply(journey if journey.call_id else Journey(call_id=event.call_id), event)
                seen.append(event)
    return journey, seen


async def test_a_post_hung_up_from_the_desk_ends_the_talk_as_its_phone_would(tmp_path: Path, install: Install) -> None:
    async with Room.open(tmp_path, install, serve=False) as room:
        async with room.answering("amu01", 1000.0), room.patient() as patient:
            await room.events.event("AgentConnect", Queue="sas-amu")
            joined = await room.events.wait(lambda frame: frame.get("Event") == "BridgeEnter" and "amu01" in frame["Channel"])
            translator = Translator()
            for block in room.events.raw:
                translator.read(parse(block.strip().replace("\n", "\r\n").encode(), 0))
            channel = translator.book.get(joined["Uniqueid"])  # as the desk finds it: by the leg of its call
            assert channel is not None
            await room.actions.do("Hangup", Channel=channel.name, Cause="16")
            await room.events.event("Hangup", Channel=channel.name)
            assert await patient.wait(10) is SippExit.ALL_SUCCESSFUL
            await room.events.wait(lambda frame: frame.get("Event") == "Hangup" and "operateur" in frame["Channel"])
        journey, _ = told(room.events)
        stage = journey.stages[-1]
        assert (stage.agent, stage.end, journey.cause) == ("amu01", StageEnd.AGENT_HANGUP, 16)
        assert journey.ended_at is not None
        assert journey.anomalies == ()


async def test_a_ringing_phone_hung_up_by_the_pbx_looks_like_one_that_rang_in_vain(tmp_path: Path, install: Install) -> None:
    """Why the desk does not offer to refuse a call: the post would be withdrawn after two of them (decision 0038)."""
    async with Room.open(tmp_path, install, serve=False) as room:
        async with room.answering("arm01", 1000.0), room.patient() as patient:
            called = await room.events.event("AgentCalled")
            post = called["Interface"].removeprefix("PJSIP/")
            await room.actions.do("Hangup", Channel=called["DestChannel"], Cause="21")
            await room.events.event("Hangup", Channel=called["DestChannel"])
            await room.events.event("AgentConnect", seconds=40)
            await room.hang_up((await room.events.event("QueueCallerJoin"))["Channel"])
            await patient.wait(10)
        _, seen = told(room.events)
        ends = [event for event in seen if isinstance(event, ev.OfferEnded) and event.agent == post]
        assert ends
        assert ends[0].how is ev.OfferEnd.NO_ANSWER
