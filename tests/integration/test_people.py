"""Simulated people on the real PBX: what their telephones say is whole, exact, and heard in the recordings."""

import contextlib
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import psutil
import pytest

from cti.ami.agi import AgiAnswer, AgiLimits, AgiQuestion, AgiServer
from cti.bootstrap import sandbox
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_run
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.people.sip.tones import agents_hertz, caller_hertz
from cti.sandbox.people.staff import phones
from cti.sandbox.people.town import Tally, Town, TownPlan
from cti.sandbox.people.trace import read_trace
from cti.sandbox.people.truth import CallerTruth, Expected, Offer, Side, unclaimed
from cti.settings import load
from tests.integration.dialplan_people import Frame, Manager

pytestmark = pytest.mark.pbx

ROOT = Path(__file__).parents[2]
RATE_HZ = 8_000
GREETED = ("15", "112", "116117")
MARGIN_US = 300_000


@pytest.fixture(scope="session")
def install() -> Install:
    return fetch(FetchSettings.from_environ(os.environ))


@dataclass
class Evening:
    """What is left when everybody is gone."""

    tally: Tally
    truths: tuple[CallerTruth, ...]
    lost: tuple[Offer, ...]
    troubles: tuple[str, ...]
    frames: list[Frame]
    hertz: dict[str, int]


@asynccontextmanager
async def routed_to_n1(port: int) -> AsyncIterator[None]:
    def route(_question: AgiQuestion) -> AgiAnswer:
        return AgiAnswer((("ROUTE", "n1"),))

    def nothing(_question: AgiQuestion) -> AgiAnswer:
        return AgiAnswer(())

    routes = {"route": route, "debordement": nothing}
    server = AgiServer("127.0.0.1", port, routes, AgiLimits(), lambda: time.time_ns() // 1000)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


async def spend(
    base: Path, install: Install, plan: TownPlan, people: int, *, alone: bool = False, leave_after: int | None = None
) -> Evening:
    """An evening of calls at one PBX; `alone` leaves the PBX without the service, `leave_after` so many calls closes early."""
    room = phones(people, free_run(8, socket.SOCK_DGRAM))
    seats = [sandbox.Phone(one.endpoint, one.nom, one.role, one.filieres, one.contact) for one in room]
    greeting = {did: {"accueil": "one-moment-please"} for did in GREETED}
    site = sandbox.make_site(ROOT / "config", base / "site", seats, changes={"flux": {"flux": greeting}})
    sandbox.render_site(site, ROOT / "dialplans")
    ami = load(site.config, {}).pbx.ami
    async with SandboxAsterisk(install, site.telephony, site.pbx, sandbox.machine(site)):
        async with Manager.connect(ami.port, ami.events_login, ami.events_secret) as events:
            town = Town(install, room, f"127.0.0.1:{site.ports.sip}", plan, base / "town")
            if alone:
                async with town:
                    while leave_after and len(events.all("SasArrived")) < leave_after:
                        await events.event("SasArrived", start=len(events.frames), seconds=30)
                    tally = town.tally() if leave_after else await town.finished()
            else:
                async with routed_to_n1(site.ports.agi), town:
                    tally = await town.finished()
            truths = town.truth()
            while len(events.all("SasEnd")) < len(truths):  # counted anew: two may come at once
                await events.event("SasEnd", start=len(events.frames))
        logs = sorted((base / "town").glob("postes-*/messages.log"))
        lost = unclaimed(truths, chain.from_iterable(read_trace(log) for log in logs))
        hertz = agents_hertz(phone.endpoint for phone in room)
        return Evening(tally, truths, lost, town.troubles, events.frames, hertz)


def still_running(name: str) -> list[str]:
    """Command lines of our children that name it; one that has ended and waits to be reaped is none."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one of these
            found.append(" ".join(child.cmdline()))
    return [line for line in found if name in line]


def stamped(frame: Frame) -> int:
    seconds, _, micro = frame["Timestamp"].partition(".")
    return int(seconds) * 1_000_000 + int(micro.ljust(6, "0"))


def check_counts(evening: Evening) -> None:
    assert evening.troubles == ()
    assert evening.tally == Tally(successful=len(evening.truths), failed=0)
    assert evening.lost == ()
    assert {truth.outcome for truth in evening.truths} <= {Expected.ANSWERED, Expected.ABANDONED}
    assert all(truth.answered_by_pbx_at is not None and truth.ended_by is not None for truth in evening.truths)
    arrived = [frame for frame in evening.frames if frame.get("UserEvent") == "SasArrived"]
    assert Counter(frame["Did"] for frame in arrived) == Counter(truth.did for truth in evening.truths)
    shown = {truth.number for truth in evening.truths if truth.shown}
    assert {frame["Caller"] for frame in arrived if frame["Presentation"].startswith("allowed")} - {""} == shown
    assert not still_running("sipp")


def check_answers(evening: Evening) -> int:
    """Each phone's 200 is one DialEnd ANSWER of the PBX, within 100 ms, and the other way round."""
    said = [(truth, offer) for truth in evening.truths for offer in truth.offers if offer.answered_at is not None]
    dialled = [frame for frame in evening.frames if frame.get("Event") == "DialEnd" and frame.get("DialStatus") == "ANSWER"]
    for frame in dialled:
        agent = frame["DestChannel"].removeprefix("PJSIP/").rpartition("-")[0]
        near = [pair for pair in said if pair[1].agent == agent and abs(pair[1].answered_at - stamped(frame)) <= 100_000]
        assert len(near) == 1, f"{frame['DestChannel']} answered at {frame['Timestamp']}: {near}"
        said.remove(near[0])
    assert [offer for truth, offer in said if not truth.at_the_edge(100_000)] == []
    return len(dialled)


def voice(path: Path) -> "np.ndarray":
    """The samples of a 16 bit, 8 kHz file, its header skipped."""
    return np.frombuffer(path.read_bytes()[44:], dtype="<i2").astype(float)


def loudest(samples: "np.ndarray") -> float:
    """The frequency that dominates, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum[8:]) + 8) * RATE_HZ / len(samples)


def check_voices(evening: Evening) -> Counter[str]:
    """Who talks is heard, on his own side, at the time at which he talks."""
    numbers = {frame["CallId"]: frame["Caller"] for frame in evening.frames if frame.get("UserEvent") == "SasArrived"}
    truths = {truth.number: truth for truth in evening.truths}
    heard: Counter[str] = Counter()
    for frame in evening.frames:
        # A recorder that goes on after a transfer says so too: the file began with the first word of it.
        if frame.get("UserEvent") != "SasRecording" or "Gap" in frame or numbers[frame["CallId"]] not in truths:
            continue
        truth = truths[numbers[frame["CallId"]]]
        callers, agents = (voice(Path(f"{frame['File']}-{side}.wav")) for side in ("caller", "agents"))
        for talk in truth.talks:
            part = between(talk, stamped(frame))
            if part is None:
                continue
            assert loudest(callers[part]) == pytest.approx(caller_hertz(truth.number), abs=4)
            filiere = {"arm": "n1", "osnp": "mg", "dent": "dentaire"}.get(talk.agent[:-2], talk.agent[:-2])
            assert loudest(agents[part]) == pytest.approx(evening.hertz[talk.agent], abs=4), talk
            heard[filiere] += 1
    return heard


def between(talk: Offer, started_at: int) -> slice | None:
    """The samples of one conversation, without its edges; None when it was too short to tell."""
    assert talk.answered_at is not None
    end_at = talk.transferred_at or talk.ended_at
    if end_at is None or end_at - talk.answered_at < 4 * MARGIN_US:
        return None
    first, last = (talk.answered_at + MARGIN_US - started_at), (end_at - MARGIN_US - started_at)
    return slice(first * RATE_HZ // 1_000_000, last * RATE_HZ // 1_000_000)


async def test_every_call_is_explained_answered_and_heard(tmp_path: Path, install: Install) -> None:
    plan = TownPlan(calls_per_minute=60, duration_seconds=30, home_by_seconds=45, seed=21, pace=0.08)
    evening = await spend(tmp_path, install, plan, people=14)
    assert len(evening.truths) >= 20
    check_counts(evening)
    assert check_answers(evening) >= len(evening.truths)
    outcomes = Counter(truth.outcome for truth in evening.truths)
    assert outcomes[Expected.ANSWERED] > outcomes[Expected.ABANDONED]
    heard = check_voices(evening)
    assert heard["n1"] >= 5
    assert len(heard) >= 2, "nobody was passed on"
    ways = {offer.transferred_to[:1] for truth in evening.truths for offer in truth.offers if offer.transferred_to}
    assert ways == {"8", "*"}


async def test_the_pbx_alone_serves_the_same_people(tmp_path: Path, install: Install) -> None:
    plan = TownPlan(calls_per_minute=40, duration_seconds=12, home_by_seconds=22, seed=5, pace=0.08)
    evening = await spend(tmp_path, install, plan, people=10, alone=True)
    check_counts(evening)
    check_answers(evening)
    first = [truth.offers[0].agent[:3] for truth in evening.truths if truth.offers]
    assert set(first) == {"amu"}


async def test_a_town_that_is_closed_hangs_everybody_up_and_leaves_nobody(tmp_path: Path, install: Install) -> None:
    plan = TownPlan(calls_per_minute=90, seed=3)
    evening = await spend(tmp_path, install, plan, people=5, alone=True, leave_after=5)
    assert len(evening.truths) >= 5
    assert {truth.ended_by for truth in evening.truths} == {Side.CALLER}
    assert not still_running("sipp")


def test_the_clock_of_the_truth_is_utc(tmp_path: Path) -> None:
    log = tmp_path / "messages.log"
    head = "INVITE sip:15@127.0.0.1 SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n"
    for stamp in ("2026-11-22T18:40:54.606375Z", "2026-11-22T19:40:54.606375+01:00"):
        log.write_bytes(f"{'-' * 47} {stamp}\nUDP message sent [9] bytes:\n\n{head}\n".encode())
        (message,) = read_trace(log)
        assert message.at == 1_795_372_854_606_375
