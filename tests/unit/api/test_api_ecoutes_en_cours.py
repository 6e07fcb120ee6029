"""Listening while the recorder still runs: growing files, headers without a size, the archiver in the middle."""

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from aiohttp.test_utils import TestClient
from numpy.typing import NDArray

from cti.archive.worker import pieces_of
from cti.journey import Journey
from cti.journey.model import Consult, Recording
from tests.fakes.voice_room import T0, S, VoiceRoom, call, stage, voice_room
from tests.unit.api.test_api_ecoutes import listen
from tests.unit.archive.voices_kept import tone, wav

ASK = "/api/v1/enregistrements/c1/ecoutes"
STEM = "2026/12/16/c1"


def living(*more: Any, **changes: Any) -> Journey:
    return call("c1", stage("n1", "arm01", 0), *more, ended=None, **changes)


def over(journey: Journey) -> Journey:
    end = T0 + 6 * S
    checked = tuple(replace(one, checked_at=end, caller_ms=6000, agents_ms=6000) for one in journey.recordings)
    return replace(journey, ended_at=end, last_at=end, recordings=checked)


def grow(paths: tuple[Path, Path], ms: int, only: tuple[int, ...] = (0, 1)) -> None:
    """What the PBX writes: sound at the end, nothing in the header."""
    for number in only:
        with paths[number].open("ab") as file:
            file.write(tone(ms, (440, 600)[number]))


async def got(ear: TestClient, told: Mapping[str, Any], until_ms: int | None = None, **headers: str) -> tuple[bytes, str]:
    params = {} if until_ms is None else {"until_ms": str(until_ms)}
    response = await ear.get(told["audio"], params=params, headers=told["cookie"] | headers)
    assert response.status in (200, 206), await response.text()
    return await response.read(), response.headers["ETag"]


def samples(data: bytes) -> NDArray[np.int16]:
    pcm, rate = soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)
    assert rate == 8000
    return np.asarray(pcm)


@pytest.fixture
def me(voices: VoiceRoom) -> dict[str, str]:
    return voices.account("camille", "arm_n1", personne="arm01")


async def test_a_call_under_way_is_heard_as_it_grows_and_an_address_names_the_same_bytes(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    voices.tell(living())
    paths = voices.record(STEM, declared=0)
    told = await listen(ear, me)
    assert (told["duration_ms"], told["en_cours"], told["formats"]) == (3000, True, ["wav"])
    first, tag = await got(ear, told, 2000)
    assert len(samples(first)) == 16_000
    grow(paths, 2000)
    again, same = await got(ear, told, 2000)
    assert (again, same) == (first, tag), "the same address, the same bytes, though the file has grown"
    state = await (await ear.get(f"/api/v1/ecoutes/{told['ecoute_id']}", headers=told["cookie"])).json()
    assert (state["duration_ms"], state["en_cours"], state["expires_at"]) == (5000, True, told["expires_at"])
    whole, longer = await got(ear, told)
    assert (len(samples(whole)), longer == tag) == (40_000, False)
    assert np.array_equal(samples(whole)[:16_000], samples(first))
    part, _ = await got(ear, told, 5000, Range="bytes=80001-120000")
    assert part == whole[80_001:120_001], "a part of it, without the rest"
    peaks = await (await ear.get(told["peaks"], params={"until_ms": "2000", "buckets": "10"}, headers=told["cookie"])).json()
    more = await (await ear.get(told["peaks"], params={"buckets": "10"}, headers=told["cookie"])).json()
    assert (peaks["duration_ms"], more["duration_ms"]) == (2000, 5000)
    flac = await ear.get(told["audio"], params={"format": "flac"}, headers=told["cookie"])
    assert (flac.status, "wav" in await flac.text()) == (409, True)


async def test_only_the_part_that_is_asked_for_is_read(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cti.recording.parts import Lying  # noqa: PLC0415

    voices.tell(living())
    voices.record(STEM, declared=0, ms=600_000)
    told = await listen(ear, me)
    read: list[tuple[int, int]] = []
    honest = Lying.read
    monkeypatch.setattr(Lying, "read", lambda self, first, count: (read.append((first, count)), honest(self, first, count))[1])
    await got(ear, told, 600_000, Range=f"bytes={44 + 4 * 2_400_000}-{44 + 4 * 2_400_000 + 3999}")
    assert read == [(2_400_000, 1000)] * 2


async def test_after_a_transfer_the_header_tells_the_first_part_and_all_is_heard(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    """The recorder stops for a tenth of a second and goes on in the same files: their headers hold the old size until the end."""
    voices.tell(living())
    paths = voices.record(STEM)
    grow(paths, 1500)
    told = await listen(ear, me)
    assert told["duration_ms"] == 4500


async def test_a_voice_that_lags_is_waited_for_and_one_that_never_comes_is_not(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    voices.tell(living())
    paths = voices.record(STEM, declared=0, agents=tone(1000, 600))
    told = await listen(ear, me)
    assert told["duration_ms"] == 1000, "up to where both are there"
    grow(paths, 5000, only=(0,))
    late, tag = await got(ear, told)
    assert len(samples(late)) == 5 * 8000, "three seconds behind the one that is there, at most"
    assert not samples(late)[8000:, 1].any()
    grow(paths, 4000, only=(1,))
    full, other = await got(ear, told, 5000)
    assert samples(full)[8000:, 1].any()
    assert tag != other, "these bytes have changed, and so has their name"


async def test_a_recorder_that_has_just_begun_is_no_fault(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    voices.tell(living())
    told = await listen(ear, me)
    assert (told["duration_ms"], told["en_cours"]) == (0, True)
    empty, _ = await got(ear, told)
    assert len(empty) == 44
    peaks = await (await ear.get(told["peaks"], headers=told["cookie"])).json()
    assert (peaks["duration_ms"], peaks["caller"], peaks["agents"]) == (0, [], [])
    response = await ear.get(told["audio"], headers=told["cookie"] | {"Range": "bytes=44-"})
    assert (response.status, response.headers["Content-Range"]) == (416, "bytes */44")


async def test_a_file_that_has_no_header_yet_is_no_fault(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    voices.tell(living())
    for path in voices.record(STEM):
        path.write_bytes(b"RIFF")
    assert (await listen(ear, me))["duration_ms"] == 0


async def test_the_archiver_takes_the_files_away_in_the_middle_and_nobody_hears_it(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    journey = living()
    voices.tell(journey)
    paths = voices.record(STEM, declared=0, ms=6000)
    told = await listen(ear, me)
    before, tag = await got(ear, told, 6000)
    peaks = await (await ear.get(told["peaks"], params={"buckets": "50"}, headers=told["cookie"])).json()
    ended = over(journey)
    voices.tell(ended)
    voices.archive(ended)
    assert not any(path.exists() for path in paths), "nothing is left in clear"
    after, same = await got(ear, told, 6000)
    assert (after == before, same == tag) == (True, True)
    rest, _ = await got(ear, told, 6000, **{"Range": "bytes=50000-59999", "If-Range": tag})
    assert rest == before[50_000:60_000]
    assert await (await ear.get(told["peaks"], params={"buckets": "50"}, headers=told["cookie"])).json() == peaks
    state = await (await ear.get(f"/api/v1/ecoutes/{told['ecoute_id']}", headers=told["cookie"])).json()
    assert (state["formats"], state["en_cours"], state["duration_ms"]) == (["flac", "wav"], False, 6000)


@pytest.mark.parametrize("which", [0, 1])
async def test_a_file_taken_away_between_two_looks_is_never_taken_for_silence(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str], which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archiver removes one file after the other: in between, and in the middle of an answer, the archive is asked."""
    journey = living()
    voices.tell(journey)
    paths = voices.record(STEM, declared=0, ms=60_000)
    told = await listen(ear, me)
    before, _ = await got(ear, told, 60_000)
    ended = over(journey)
    voices.tell(ended)
    archiver = voices.archiver()
    monkeypatch.setattr(archiver, "_clear", lambda *_: None)
    piece = archiver.take(ended, pieces_of(ended)[0])
    assert piece.sealed is not None
    # As a service sees it that read the row before the archive was done with it.
    monkeypatch.setattr(voices.listening._finding, "piece", lambda *_: _as_it_was(voices, journey))
    blocks = voices.listening._sounds.open(_as_it_was(voices, journey)).read
    head = blocks(0, 1000)
    paths[which].unlink()
    assert head + blocks(1000, 479_000) == before[44:], "in the middle of an answer"
    after, _ = await got(ear, told, 60_000)
    assert after == before


def _as_it_was(voices: VoiceRoom, journey: Journey) -> Any:
    from cti.listening.pieces import found  # noqa: PLC0415

    return found(journey, ())[0]


async def test_without_an_archive_the_recorders_disk_is_what_is_heard(tmp_path: Path) -> None:
    from aiohttp import DummyCookieJar  # noqa: PLC0415
    from aiohttp.test_utils import TestServer  # noqa: PLC0415

    from cti.api import build_app  # noqa: PLC0415

    room = voice_room(tmp_path, archives=False)
    me = room.account("camille", "arm_n1", personne="arm01")
    room.tell(call("c1", stage("n1", "arm01", 0, 3)))
    room.record(STEM)
    async with TestClient(TestServer(build_app(room.ports())), cookie_jar=DummyCookieJar()) as client:
        told = await listen(client, me)
        assert (told["en_cours"], told["formats"], told["duration_ms"]) == (False, ["wav"], 3000)
        row = await (await client.get("/api/v1/enregistrements/c1", headers=me)).json()
        assert (row["state"], row["en_cours"]) == ("proven", False)
    room.store.close()


async def test_a_consultation_under_way_is_found_by_its_own_name(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    recording = Recording(stem="2026/12/16/aparte-1", started_at=T0 + S)
    consult = Consult(
        agent="arm01", line="l", target="1021", started_at=T0 + S, answered_at=T0 + 2 * S, answered_by="mru01",
        recording=recording,
    )  # fmt: skip
    voices.tell(living(consults=(consult,)))
    voices.record("2026/12/16/aparte-1", declared=0)
    told = await listen(ear, me, "/api/v1/enregistrements/aparte-1/ecoutes")
    assert (told["call_id"], told["duration_ms"], told["en_cours"]) == ("c1", 3000, True)


@pytest.mark.parametrize(
    ("left", "right", "status", "word"),
    [
        (None, None, 404, "aucun son"),
        (b"ID3" + bytes(100), None, 404, "pas lisible"),
        (wav(b"")[:22] + struct.pack("<H", 2) + wav(tone(100, 440))[24:], None, 404, "2 voies"),
    ],
    ids=["no_file", "no_wav", "two_voices"],
)
async def test_what_is_no_sound_is_said(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str], left: bytes | None, right: bytes | None, status: int, word: str
) -> None:
    voices.tell(call("c1", stage("n1", "arm01", 0, 3)))
    if left is not None:
        voices.record(STEM)[0].write_bytes(left)
    response = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert (response.status, word in await response.text()) == (status, True), await response.text()


async def test_a_stem_that_leads_outside_is_not_followed(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    stolen = Recording(stem="../../etc/c1", started_at=T0, checked_at=T0 + S)
    voices.tell(call("c1", stage("n1", "arm01", 0, 3), recordings=(stolen,)))
    response = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert (response.status, "hors du dossier" in await response.text()) == (404, True)


async def test_a_disk_that_is_away_is_asked_again(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    voices.tell(living())
    voices.recordings.rename(voices.folder / "ailleurs")
    response = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
