"""Listening by HTTP: tickets, ranges, formats, growing files, the archiver in the middle of it, damage, two listeners."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from tests.fakes.voice_room import VoiceRoom, call, stage, voice_room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[VoiceRoom]:
    made = voice_room(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
async def client(room: VoiceRoom) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_app(room.ports()))) as client:
        yield client


async def test_an_archived_recording_is_listened_to(client: TestClient, room: VoiceRoom) -> None:
    me = room.account("arm", "arm_n1", personne="arm01")
    journey = call("c1", stage("n1", "arm01", 0, 3))
    room.tell(journey)
    room.record("2026/12/16/c1")
    room.archive(journey)
    asked = await client.post("/api/v1/enregistrements/c1/ecoutes", json={"motif": ""}, headers=me)
    assert asked.status == 201, await asked.text()
    told = await asked.json()
    assert told["formats"] == ["flac", "wav"]
    sound = await client.get(told["audio"])
    assert sound.status == 200
    pcm, rate = soundfile.read(io.BytesIO(await sound.read()), dtype="int16")
    assert (len(pcm), rate) == (24_000, 8000)
    flac = await client.get(told["audio"], params={"format": "flac"})
    same, _ = soundfile.read(io.BytesIO(await flac.read()), dtype="int16")
    assert np.array_equal(pcm, same)
    peaks = await (await client.get(told["peaks"], params={"buckets": 10})).json()
    assert len(peaks["caller"]) == 10
