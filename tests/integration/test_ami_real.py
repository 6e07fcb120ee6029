"""The AMI link against a real Asterisk: logins, lists, acts, escapes, limits, and its death."""

import asyncio
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cti.ami.actions import PbxActions
from cti.ami.answers import MAX_HEADERS, MAX_LINE_BYTES, ActionFailed, ActionTimeout
from cti.ami.connection import AmiLink, LinkHooks, LinkInfo, LinkSettings, LinkState, LinkTime, wait_for_event
from cti.ami.frames import Frame
from cti.ami.sessions import JournalSettings, SessionJournal, read_session
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.machine import MachineSettings
from cti.sandbox.packages import FetchSettings, fetch

pytestmark = pytest.mark.pbx

EXTENSIONS = """
[essai]
exten => attente,1,Answer()
 same => n,Set(CALLERID(name)=L'Hôpital "Est")
 same => n,Set(SAS_CALL=u-1)
 same => n,Queue(sas-n1)
exten => ailleurs,1,Set(SAS_FILIERE=mg)
 same => n,Wait(60)
exten => bout,1,Answer()
 same => n,Wait(60)
"""
MANAGER = """
[general]
enabled=yes
bindaddr=127.0.0.1
port={port}
timestampevents=yes
displayconnects=no
[events]
secret=secret-of-events
read=system,call,agent,user,dialplan
write=reporting
writetimeout=5000
[actions]
secret=secret-of-actions
read=system
write=call,agent,originate,reporting,user
writetimeout=5000
"""


@pytest.fixture
def ami_port() -> int:
    return free_port()


@pytest.fixture
async def asterisk(tmp_path: Path, ami_port: int) -> AsyncIterator[SandboxAsterisk]:
    telephony = tmp_path / "telephony"
    telephony.mkdir()
    sip = free_port(socket.SOCK_DGRAM)
    files = {
        "manager.conf": MANAGER.format(port=ami_port),
        "extensions.conf": EXTENSIONS,
        "queues.conf": "[general]\n[sas-n1]\nstrategy=rrmemory\njoinempty=yes\n[sas-mg]\nstrategy=linear\njoinempty=yes\n",
        "pjsip.conf": f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{sip}\n",
        "http.conf": f"[general]\nenabled=no\nbindaddr=127.0.0.1\nbindport={free_port()}\n",
    }
    for name, text in files.items():
        (telephony / name).write_text(text, encoding="utf-8")
    install = fetch(FetchSettings.from_environ(os.environ))
    first = free_port(socket.SOCK_DGRAM) // 2 * 2 % 40000 + 20000
    async with SandboxAsterisk(install, telephony, tmp_path / "run", MachineSettings(rtp_ports=(first, first + 99))) as pbx:
        yield pbx


class Watcher:
    """A link in use: its frames, and waiting for one."""

    def __init__(self, name: str, port: int, secret: str | None = None, journal: SessionJournal | None = None) -> None:
        self.frames: list[Frame] = []
        self.ups: list[LinkInfo] = []
        self.downs: list[str] = []
        self._changed = asyncio.Event()
        settings = LinkSettings(name, "127.0.0.1", name, secret or f"secret-of-{name}", port, backoff_longest_seconds=0.5)
        hooks = LinkHooks(
            on_frame=self.frames.append,
            on_up=self.ups.append,
            on_down=self.downs.append,
            on_state=lambda _: self._changed.set(),
            record=lambda frame, epoch: (self._changed.set(), journal.record(frame, epoch) if journal else None)[1],
        )
        clocks = LinkTime(lambda: time.time_ns() // 1000, lambda: time.monotonic_ns() // 1000, random.random, wait_for_event)
        self.link = AmiLink(settings, hooks, clocks)
        self.pbx = PbxActions(self.link.ask)

    async def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def event(self, name: str, **headers: str) -> Frame:
        def found() -> Iterator[Frame]:
            for frame in self.frames:
                if frame.event == name and all(frame.get(key) == value for key, value in headers.items()):
                    yield frame

        await self.until(lambda: next(found(), None) is not None)
        return next(found())


@asynccontextmanager
async def running(*watchers: Watcher) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        for watcher in watchers:
            group.create_task(watcher.link.run())
        try:
            for watcher in watchers:
                await watcher.until(lambda watcher=watcher: bool(watcher.ups))
            yield
        finally:
            for watcher in watchers:
                watcher.link.close()


async def test_queues_and_people(asterisk: SandboxAsterisk, ami_port: int) -> None:
    watcher, actor = Watcher("events", ami_port), Watcher("actions", ami_port)
    async with running(watcher, actor):
        info = watcher.ups[0]
        assert info.banner is not None
        assert info.banner.startswith("11.")
        assert info.pbx_started == (await actor.pbx.core_status()).started
        assert info.uptime_seconds is not None
        assert (await actor.pbx.queue_status()).members == ()
        assert "Added" in (await actor.pbx.queue_add("sas-n1", "Local/bout@essai", penalty=3, paused=True, name="arm01")).message
        await watcher.event("QueueMemberAdded", Interface="Local/bout@essai")
        await actor.pbx.queue_pause("Local/bout@essai", True, "pause déjeuner")
        snapshot = await actor.pbx.queue_status()
        assert {(row.queue, row.strategy) for row in snapshot.queues} >= {("sas-n1", "rrmemory"), ("sas-mg", "linear")}
        (member,) = snapshot.members
        assert (member.interface, member.name, member.penalty, member.paused) == ("Local/bout@essai", "arm01", 3, True)
        assert member.paused_reason == "pause déjeuner"
        await actor.pbx.queue_remove("sas-n1", "Local/bout@essai")
        with pytest.raises(ActionFailed):
            await actor.pbx.queue_remove("sas-n1", "Local/bout@essai")
        assert watcher.link.counters.garbage == actor.link.counters.garbage == 0


async def test_a_waiting_caller_is_read_moved_and_hung_up(asterisk: SandboxAsterisk, ami_port: int, tmp_path: Path) -> None:
    journal = SessionJournal(JournalSettings(tmp_path / "journal", "events"), print)
    journal.start()
    watcher, actor = Watcher("events", ami_port, journal=journal), Watcher("actions", ami_port)
    async with running(watcher, actor):
        originated = await actor.pbx.originate("Local/bout@essai", "essai", "attente", variables={"SAS_FLUX": "15"})
        outcome = await watcher.event("OriginateResponse", ActionID=originated.action_id)
        assert outcome["Response"] == "Success"
        joined = await watcher.event("QueueCallerJoin", Queue="sas-n1")
        assert joined["CallerIDName"] == 'L\'Hôpital "Est"', "un-escaped"
        assert b'L\\\'H\xc3\xb4pital \\"Est\\"' in joined.raw
        assert joined.stamped_at is not None
        assert abs(joined.stamped_at - joined.received_at) < 5_000_000
        channel = joined["Channel"]
        (waiting,) = (await actor.pbx.queue_status("sas-n1")).waiting
        assert (waiting.channel, waiting.uniqueid, waiting.position) == (channel, joined["Uniqueid"], 1)
        entry = (await actor.link.ask("QueueStatus", {"Queue": "sas-n1"}, deadline_seconds=5)).rows[-1]
        assert entry.event == "QueueEntry"
        assert entry["CallerIDName"] == 'L\'Hôpital "Est"', "written without escapes"
        await actor.pbx.queue_priority("sas-n1", channel, 7)
        assert (await actor.pbx.queue_status("sas-n1")).waiting[0].priority == 7
        shown = {row.channel: row for row in await actor.pbx.core_show_channels()}
        assert (shown[channel].application, shown[channel].linkedid) == ("Queue", joined["Linkedid"])
        longest = "é" * 507
        await actor.pbx.set_var(channel, "SAS_LONG", longest)
        (row,) = await actor.pbx.status(channel, ["SAS_CALL", "SAS_FLUX", "CHANNEL(linkedid)"])
        assert dict(row.variables) == {"SAS_CALL": "u-1", "SAS_FLUX": "15", "CHANNEL(linkedid)": joined["Linkedid"]}
        varset = await watcher.event("VarSet", Variable="SAS_LONG")
        assert varset["Value"] == longest
        await actor.pbx.redirect(channel, "essai", "ailleurs")
        await watcher.event("QueueCallerAbandon", Channel=channel)
        await watcher.event("VarSet", Variable="SAS_FILIERE", Value="mg")
        await actor.pbx.user_event("SasEssai", {"CallId": "u-1", "Motif": "l'eau"})
        assert (await watcher.event("UserEvent", UserEvent="SasEssai"))["Motif"] == "l'eau"
        await actor.pbx.hangup(channel, 17)
        assert (await watcher.event("Hangup", Channel=channel))["Cause"] == "17"
        with pytest.raises(ActionFailed):
            await actor.pbx.hangup(channel)
        assert actor.link.counters.late_answers == watcher.link.counters.garbage == 0
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    recorded = [record.frame() for record in read_session(path)]
    assert [frame for frame in recorded if frame.event] == watcher.frames


async def test_our_limits_are_the_pbx_s(asterisk: SandboxAsterisk, ami_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of exactly our limit is read whole; a byte more, let through on purpose, does not arrive. Same for headers."""
    watcher, actor = Watcher("events", ami_port), Watcher("actions", ami_port)
    room = MAX_LINE_BYTES - len("Text: \r\n")
    async with running(watcher, actor):
        await actor.pbx.user_event("Longest", {"Text": "x" * room})
        assert (await watcher.event("UserEvent", UserEvent="Longest"))["Text"] == "x" * room
        most = {f"H{number}": str(number) for number in range(MAX_HEADERS - 3)}
        await actor.pbx.user_event("Most", most)
        event = await watcher.event("UserEvent", UserEvent="Most")
        assert {name: event.get(name) for name in most} == most
        monkeypatch.setattr("cti.ami.answers.MAX_LINE_BYTES", 10_000)
        monkeypatch.setattr("cti.ami.answers.MAX_HEADERS", 10_000)
        for name, headers in (("TooLong", {"Text": "y" * (room + 1)}), ("TooMany", most | {"Last": "lost"})):
            with pytest.raises((ActionFailed, ActionTimeout)):
                await actor.pbx.user_event(name, headers)
        await actor.pbx.user_event("After", {})
        await watcher.event("UserEvent", UserEvent="After")
        assert [frame["UserEvent"] for frame in watcher.frames if frame.event == "UserEvent"] == ["Longest", "Most", "After"]


async def test_wrong_secret_is_refused(asterisk: SandboxAsterisk, ami_port: int) -> None:
    stranger = Watcher("events", ami_port, secret="wrong")
    async with asyncio.TaskGroup() as group:
        group.create_task(stranger.link.run())
        await stranger.until(lambda: stranger.link.state is LinkState.REFUSED)
        assert "Authentication failed" in stranger.link.reason
        stranger.link.close()


async def test_killed_and_started_again(asterisk: SandboxAsterisk, ami_port: int) -> None:
    watcher = Watcher("events", ami_port)
    async with running(watcher):
        await asterisk.kill()
        await watcher.until(lambda: bool(watcher.downs))
        assert watcher.link.state is not LinkState.UP
        await asterisk.start()
        await watcher.until(lambda: len(watcher.ups) == 2)
        first, second = watcher.ups
        assert first.pbx_started is not None
        assert second.pbx_started is not None
        assert second.pbx_started >= first.pbx_started, "whole seconds: a restart within one looks the same"
        assert second.epoch > first.epoch
        await watcher.pbx.ping()


async def test_frozen_is_seen_within_ten_seconds(asterisk: SandboxAsterisk, ami_port: int) -> None:
    watcher = Watcher("events", ami_port)
    async with running(watcher):
        began = time.monotonic()
        asterisk.freeze()
        try:
            await watcher.until(lambda: bool(watcher.downs))
            assert "half open" in watcher.downs[0]
            assert time.monotonic() - began < 10
        finally:
            asterisk.thaw()
        await watcher.until(lambda: len(watcher.ups) == 2)
