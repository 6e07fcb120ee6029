"""The voice is kept, on the real PBX: every recording of every call lies sealed in the archive, with the right voices in it."""

import asyncio
import json
import random
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from numpy.typing import NDArray

from cti.archive.sealing.keys import Opener, read_identity
from cti.archive.sealing.manifest import names
from cti.archive.sealing.voices import from_flac
from cti.archive.verify import verify
from cti.archive.worker import pieces_of
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.keeping.opening import identity_of, shelf_of
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.journey import Journey
from cti.journey.around.voice import Piece, PieceKind, VoiceState
from cti.sandbox.people.sip.tones import agents_hertz, caller_hertz
from cti.settings import load
from cti.store import open_store
from tests.acceptance.scene import Scene, scene
from tests.scenarios.people import answers, calls
from tests.scenarios.scene import Scene as Story
from tests.scenarios.scene import scene as story

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(300)]

_WINDOW_MS = 50


def heard_ms(voice: NDArray[np.int16], rate: int, hertz: float) -> list[int]:
    """Offsets (ms) of the windows in which this tone is most of what is heard."""
    size = rate * _WINDOW_MS // 1000
    wave = np.exp(-2j * np.pi * hertz * np.arange(size) / rate)
    found = []
    for number in range(len(voice) // size):
        part = voice[number * size : (number + 1) * size].astype(float)
        energy = float(part @ part)
        if energy > size * 1e4 and 2 * abs(part @ wave) ** 2 / size > 0.6 * energy:
            found.append(number * _WINDOW_MS)
    return found


async def archived(sas: Scene | Story) -> list[Piece]:
    """Every piece, once every recording of every call is in the archive and nothing is left in clear."""
    store = open_store(load(sas.site.config, {}).database_url)
    try:
        wanted = {piece.piece_id for journey in store.reading.journeys(None, None) for piece in pieces_of(journey)}
        async with asyncio.timeout(30):
            while True:
                pieces = store.pieces.all()
                done = {one.piece_id for one in pieces if one.state is VoiceState.ARCHIVED}
                if wanted <= done and store.pieces.counts()["plain"] == 0:
                    return pieces
                await asyncio.sleep(0.2)
    finally:
        store.close()


async def test_every_piece_is_sealed_and_holds_its_voices(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=20, calls_per_minute=60, seed=5, agents=20) as sas:
        found = await sas.end()
        assert [difference.line for difference in found.differences] == []
        pieces = await archived(sas)
        journeys = sas.journeys()
    assert len(pieces) >= 8
    verified(sas)
    delays = sorted(
        (one.sealed.sealed_at - (journeys[one.call_id].ended_at or 0)) / 1e6 for one in pieces if one.sealed is not None
    )
    print(f"from hang-up to sealed: {len(delays)} pieces, median {delays[len(delays) // 2]:.2f} s, longest {delays[-1]:.2f} s")
    assert delays[len(delays) // 2] < 3.0
    opener = read_identity(load(sas.site.config, {}).archive.archive.identite)
    shelf = sas.site.folder / "archive"
    for piece in pieces:
        assert piece.problem is None, piece
        assert (piece.state, piece.repaired) == (VoiceState.ARCHIVED, False)
        if piece.kind is PieceKind.APPEL:
            whole(piece, journeys[piece.call_id], opener, sas)
    assert [path.name for path in sas.site.recordings.rglob("*.wav")] == [], "nothing is left in clear"
    assert {path.suffix for path in shelf.rglob("*") if path.is_file()} == {".age", ".json"}
    assert shelf.stat().st_mode & 0o077 == 0
    answered = [journey for journey in journeys.values() if journey.answered_at is not None]
    assert {piece.call_id for piece in pieces} >= {journey.call_id for journey in answered}


def whole(piece: Piece, journey: Journey, opener: Opener, sas: Scene) -> None:
    """The caller is heard left from his first word to his last, each agent right where the timeline says so."""
    assert piece.sealed is not None
    shelf = sas.site.folder / "archive"
    sound, beside, _ = ((shelf / name).read_bytes() for name in names(piece.sealed.key))
    pcm, rate = from_flac(opener(sound))
    told = json.loads(opener(beside))
    assert len(pcm) * 1000 // rate == piece.sealed.duration_ms == told["duration_ms"]
    room = agents_hertz(phone.endpoint for phone in sas.site.phones)
    for stage in told["stages"]:
        if stage["talk_ms"] is None or stage["left_ms"] - stage["talk_ms"] < 600:
            continue
        since, until, hertz = stage["talk_ms"], stage["left_ms"], room[stage["agent"]]
        heard = [at for at in heard_ms(pcm[:, 1], rate, hertz) if since - 100 <= at < until + 100]
        assert heard, (piece.piece_id, stage)
        assert len(heard) * _WINDOW_MS >= 0.5 * (until - since - 300), (piece.piece_id, stage, len(heard))
        assert not heard_ms(pcm[:, 0], rate, hertz), "an agent is not on the caller's side"
    if journey.caller is None:
        return  # a masked number is nobody's tone
    caller = caller_hertz(journey.caller)
    if piece.sealed.duration_ms > 800:
        assert len(heard_ms(pcm[:, 0], rate, caller)) * _WINDOW_MS > 0.5 * piece.sealed.duration_ms, piece.piece_id
    # Music and greeting are on the right too, and may hold any note: it is while people talk that the caller may not be there.
    talks = [(one["talk_ms"] + 100, one["left_ms"] - 100) for one in told["stages"] if one["talk_ms"] is not None]
    echoes = [at for at in heard_ms(pcm[:, 1], rate, caller) if any(since <= at < until - 50 for since, until in talks)]
    assert echoes == [], "the caller is not on the agents' side"


async def checked(sas: Scene | Story) -> None:
    """Until every recording of every call that is over was looked at."""
    store = open_store(load(sas.site.config, {}).database_url)
    try:
        async with asyncio.timeout(60):
            while any(
                journey.ended_at is None or any(recording.checked_at is None for recording in journey.recordings)
                for journey in store.reading.journeys(None, None)
            ):
                await asyncio.sleep(0.2)
    finally:
        store.close()


def nothing_in_clear(sas: Scene) -> None:
    """No sound but on the recorder's disk."""
    for path in sas.site.folder.rglob("*"):
        if path.is_file() and not path.is_relative_to(sas.site.recordings) and path.suffix != ".alaw":
            with path.open("rb") as file:
                assert file.read(4) not in (b"RIFF", b"fLaC"), path


async def test_the_service_killed_again_and_again_loses_no_voice(tmp_path: Path) -> None:
    draw = random.Random(7)
    async with scene(tmp_path, seconds=25, calls_per_minute=60, seed=6, agents=20) as sas:
        for _ in range(5):
            await asyncio.sleep(draw.uniform(1.0, 4.0))  # the instant of its death
            await sas.service.kill()
            nothing_in_clear(sas)
            await sas.service.start()
        await sas.end()
        await checked(sas)
        pieces = await archived(sas)
        journeys = sas.journeys()
    assert len(pieces) >= 8
    opener = read_identity(load(sas.site.config, {}).archive.archive.identite)
    for piece in pieces:
        if piece.kind is PieceKind.APPEL and piece.problem is None:
            whole(piece, journeys[piece.call_id], opener, sas)
    assert [path.name for path in sas.site.recordings.rglob("*.wav")] == []
    nothing_in_clear(sas)
    verified(sas)


async def test_a_pbx_that_dies_leaves_a_voice_that_is_repaired_and_kept(tmp_path: Path) -> None:
    """Asterisk writes sound in blocks of 32 kB: the last two seconds die with it, the rest is whole and has no size."""
    async with story(tmp_path, {"arm01": ("n1",)}, "absent") as s:
        (s.site.config / "archive.toml").write_text(tomli_w.dumps(archive_of_its_own(s.site.folder)), encoding="utf-8")
        service = ServiceProcess(s.site, None)
        try:
            await service.start()
            await s.phone("arm01", answers("arm01", s.tone, after_ms=300))
            await s.caller("15", calls(s.tone, "0639980007", hangs_up_after_ms=60_000))
            async with asyncio.timeout(60):
                while not (torn := [path for path in s.site.recordings.rglob("*.wav") if torn_header(path)]) or len(torn) < 2:
                    await asyncio.sleep(0.1)
            await s.pbx.kill()
            written = max(path.stat().st_size for path in torn)
            await s.pbx.start()
            await checked(s)
            (piece,) = await archived(s)
        finally:
            await service.stop()
    assert piece.repaired
    assert piece.sealed is not None
    assert piece.sealed.duration_ms == (written - 44) // 16
    assert [path.name for path in s.site.recordings.rglob("*.wav")] == []
    verified(s)


def torn_header(path: Path) -> bool:
    """Sound follows a header that promises none."""
    head = path.read_bytes()[:44]
    return path.stat().st_size > 8044 and int.from_bytes(head[40:44], "little") == 0


def verified(sas: Scene | Story) -> None:
    """As `cti archive verify --open` says it."""
    settings = load(sas.site.config, {})
    store = open_store(settings.database_url)
    try:
        faults = [fault.line for fault in verify(store.pieces.all(), shelf_of(settings), identity_of(settings))]
    finally:
        store.close()
    assert faults == []
