"""Listening by HTTP to what is archived: tickets, cookies, ranges, formats, ends, damage; every opening is in the log first."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from numpy.typing import NDArray
from structlog.testing import capture_logs

from cti.api import build_app
from cti.bootstrap.access import accounts
from cti.journey.around.access import AccessOutcome
from cti.journey.around.voice import VoiceState
from tests.fakes.voice_room import S, VoiceRoom, call, stage

C1 = call("c1", stage("n1", "arm01", 0, 3))
ASK = "/api/v1/enregistrements/c1/ecoutes"
_MINUTE = 60 * S


@pytest.fixture
def me(voices: VoiceRoom) -> dict[str, str]:
    """Who talked in the one archived call."""
    voices.tell(C1)
    voices.record("2026/12/16/c1")
    voices.archive(C1)
    return voices.account("camille", "arm_n1", personne="arm01")


async def listen(ear: TestClient, me: Mapping[str, str], ask: str = ASK, motif: str = "") -> dict[str, Any]:
    response = await ear.post(ask, json={"motif": motif}, headers=me)
    assert response.status == 201, await response.text()
    told: dict[str, Any] = await response.json()
    told["cookie"] = {"Cookie": f"cti_ecoute_{told['ecoute_id']}={response.cookies['cti_ecoute_' + told['ecoute_id']].value}"}
    return told


async def sound_of(response: ClientResponse) -> NDArray[np.int16]:
    assert response.status in (200, 206), await response.text()
    pcm, _ = soundfile.read(io.BytesIO(await response.read()), dtype="int16", always_2d=True)
    return np.asarray(pcm)


async def test_a_ticket_says_where_the_sound_is_and_its_cookie_opens_that_alone(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    response = await ear.post(ASK, json={"motif": ""}, headers=me)
    told = await response.json()
    address = f"/api/v1/ecoutes/{told['ecoute_id']}"
    assert (response.status, response.headers["Location"]) == (201, address)
    assert told == {
        "ecoute_id": told["ecoute_id"], "piece_id": "c1", "call_id": "c1",
        "audio": f"{address}/audio", "peaks": f"{address}/peaks",
        "expires_at": "2026-12-16T10:01:00.000Z", "duration_ms": 3000, "en_cours": False, "formats": ["flac", "wav"],
    }  # fmt: skip
    cookie = response.cookies[f"cti_ecoute_{told['ecoute_id']}"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", address, "")
    assert int(cookie["max-age"]) == 2 * 3600
    assert len(cookie.value) >= 40
    shown = {"Cookie": f"{cookie.key}={cookie.value}"}
    for path in (address, f"{address}/audio", f"{address}/peaks"):
        assert (await ear.get(path, headers=shown)).status == 200, path
        assert (await ear.get(path, headers=me)).status == 200, "her bearer opens it too"
    known = await (await ear.get("/api/v1/moi", headers=shown)).json()
    assert known["who"] == "site", "elsewhere the cookie is nobody"
    for path in ("/api/v1/enregistrements/c1", "/api/v1/enregistrements/miens", "/api/v1/calls/c1/enregistrements"):
        assert (await ear.get(path, headers=shown)).status == 403, path
    assert (await ear.post(ASK, json={"motif": ""}, headers=shown)).status == 403


async def test_on_a_site_with_a_token_the_cookie_opens_its_own_routes_and_no_other(voices: VoiceRoom, me: dict[str, str]) -> None:
    async with TestClient(TestServer(build_app(voices.ports(), token="un-jeton-assez-long", secure=True))) as client:
        first = await (await client.post(ASK, json={"motif": ""}, headers=me)).json()
        client.session.cookie_jar.clear()
        response = await client.post(ASK, json={"motif": ""}, headers=me)
        told = await response.json()
        cookie = response.cookies[f"cti_ecoute_{told['ecoute_id']}"]
        assert cookie["secure"], "browsers reach us over TLS"
        client.session.cookie_jar.clear()
        shown = {"Cookie": f"{cookie.key}={cookie.value}"}
        assert (await client.get(told["audio"], headers=shown)).status == 200
        assert (await client.head(told["audio"], headers=shown)).status == 200
        for path in (first["audio"], f"/api/v1/ecoutes/{told['ecoute_id']}/autre", "/api/v1/moi", "/api/v1/board", ASK):
            assert (await client.get(path, headers=shown)).status == 401, path
        assert (await client.post(told["audio"], headers=shown)).status == 401
        assert (await client.post(f"/api/v1/ecoutes/{told['ecoute_id']}", headers=shown)).status == 401
        assert (await client.delete(told["audio"], headers=shown)).status == 401
        wrong = {"Cookie": f"{cookie.key}={cookie.value[:-1]}x"}
        assert (await client.get(told["audio"], headers=wrong)).status == 401
        assert voices.traces(verb="entrer")[-1].detail == "écoute de camille : secret faux"
        assert (await client.delete(f"/api/v1/ecoutes/{told['ecoute_id']}", headers=shown)).status == 204
        assert (await client.get(told["audio"], headers=me)).status == 404


async def test_each_opening_is_one_entry_and_hearing_adds_none(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    for _ in range(3):
        await ear.get(told["audio"], headers=told["cookie"])
    (entry,) = voices.traces()
    assert (entry.who, entry.role, entry.verb, entry.relation) == ("camille", "arm_n1", "ecouter", "ses_appels")
    assert (entry.call_id, entry.piece_id, entry.outcome, entry.client) == ("c1", "c1", AccessOutcome.GRANTED, "127.0.0.1")


async def test_flac_and_wav_hold_the_same_samples_caller_left_agents_right(ear: TestClient, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    wav = await ear.get(told["audio"], headers=told["cookie"])
    flac = await ear.get(told["audio"], params={"format": "flac"}, headers=told["cookie"])
    assert (wav.content_type, flac.content_type) == ("audio/wav", "audio/flac")
    assert wav.headers["Cache-Control"] == flac.headers["Cache-Control"] == "no-store"
    one, other = await sound_of(wav), await sound_of(flac)
    assert np.array_equal(one, other)
    assert len(one) == 24_000
    for channel, hertz in ((0, 440), (1, 600)):
        heard = np.abs(np.fft.rfft(one[:8000, channel].astype(float)))
        assert int(heard.argmax()) == hertz
    assert (await ear.get(told["audio"], params={"format": "mp3"}, headers=told["cookie"])).status == 400


@pytest.mark.parametrize("form", ["wav", "flac"])
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, None), ("bytes=0-0", 0, 0), ("bytes=0-43", 0, 43), ("bytes=10-99", 10, 99), ("bytes=44-47", 44, 47),
        ("bytes=45-50", 45, 50), ("bytes=1001-1999", 1001, 1999), ("bytes=-1", -1, None), ("bytes=-1000", -1000, None),
        ("bytes=100-99999999", 100, None), ("bytes=-99999999", 0, None), ("Bytes=0-9", None, None), ("bytes=9-3", None, None),
        ("bytes=0-1,5-6", None, None), ("bytes=-", None, None), ("octets=0-1", None, None), ("bytes=a-b", None, None),
        ("bytes= 2 - 5", 2, 5),
    ],
)  # fmt: skip
async def test_a_range_is_that_part_of_the_whole(
    ear: TestClient, me: dict[str, str], form: str, asked: str, first: int | None, last: int | None
) -> None:
    told = await listen(ear, me)
    whole = await (await ear.get(told["audio"], params={"format": form}, headers=told["cookie"])).read()
    response = await ear.get(told["audio"], params={"format": form}, headers=told["cookie"] | {"Range": asked})
    got = await response.read()
    if first is None:
        assert (response.status, got) == (200, whole), "what is no single range is the whole"
        assert "Content-Range" not in response.headers
        return
    start = first if first >= 0 else len(whole) + first
    end = len(whole) - 1 if last is None else last
    assert response.status == 206
    assert got == whole[start : end + 1]
    assert response.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"
    assert response.headers["Content-Length"] == str(end + 1 - start)


async def test_what_lies_beyond_the_end_is_refused_with_the_length(ear: TestClient, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    size = 44 + 24_000 * 4
    for asked in (f"bytes={size}-", "bytes=99999999-", "bytes=-0"):
        response = await ear.get(told["audio"], headers=told["cookie"] | {"Range": asked})
        assert (response.status, response.headers["Content-Range"]) == (416, f"bytes */{size}"), asked
        assert response.content_type == "application/problem+json"


async def test_a_range_of_other_bytes_is_the_whole(ear: TestClient, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    first = await ear.get(told["audio"], headers=told["cookie"] | {"Range": "bytes=0-9"})
    same = {"Range": "bytes=10-19", "If-Range": first.headers["ETag"]}
    other = {"Range": "bytes=10-19", "If-Range": '"autre"'}
    assert (await ear.get(told["audio"], headers=told["cookie"] | same)).status == 206
    assert (await ear.get(told["audio"], headers=told["cookie"] | other)).status == 200
    half = await ear.get(told["audio"], params={"until_ms": 1500}, headers=told["cookie"] | same)
    assert (half.status, half.headers["Content-Length"]) == (200, str(44 + 12_000 * 4)), "an end of its own is another file"
    assert half.headers["ETag"] != first.headers["ETag"]


async def test_the_head_says_how_long_it_is_and_sends_nothing(ear: TestClient, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    response = await ear.head(told["audio"], headers=told["cookie"])
    assert (response.status, response.headers["Content-Length"], response.headers["Accept-Ranges"]) == (200, "96044", "bytes")
    assert await response.read() == b""


async def test_peaks_have_both_voices_and_as_many_parts_as_asked(ear: TestClient, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    peaks = await (await ear.get(told["peaks"], params={"buckets": 100}, headers=told["cookie"])).json()
    assert (peaks["duration_ms"], peaks["bucket_ms"], len(peaks["caller"]), len(peaks["agents"])) == (3000, 40, 75, 75)
    assert {round(value, 3) for value in (*peaks["caller"], *peaks["agents"])} == {0.275}
    short = await (await ear.get(told["peaks"], params={"buckets": 100, "until_ms": 1010}, headers=told["cookie"])).json()
    assert (short["duration_ms"], short["bucket_ms"], len(short["caller"])) == (1010, 20, 51)
    assert (await ear.get(told["peaks"], params={"buckets": 0}, headers=told["cookie"])).status == 400


async def test_two_who_listen_open_it_once_and_each_by_his_own_right(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = voices.listening._opened
    asked: list[str] = []
    unseal = opened._unseal
    monkeypatch.setattr(opened, "_unseal", lambda piece: (asked.append(piece.piece_id), unseal(piece))[1])
    boss = voices.account("chef", "superviseur")
    refused = await ear.post(ASK, json={"motif": ""}, headers=boss)
    assert (refused.status, (await refused.json())["motif_demande"]) == (403, True)
    mine, hers = await listen(ear, me), await listen(ear, boss, motif="plainte 12")
    assert asked == ["c1"], "opened once"
    for one in (mine, hers):
        for start in range(0, 96_044, 20_000):
            response = await ear.get(one["audio"], headers=one["cookie"] | {"Range": f"bytes={start}-{start + 19_999}"})
            assert response.status == 206
    assert asked == ["c1"], "and not for each range"
    assert (await ear.get(hers["audio"], headers=me)).status == 403, "another person's ticket"
    assert voices.traces()[-1].detail == "Cette écoute a été ouverte par une autre personne."
    await ear.delete(f"/api/v1/ecoutes/{mine['ecoute_id']}", headers=me)
    assert opened.held_bytes > 0
    await ear.delete(f"/api/v1/ecoutes/{hers['ecoute_id']}", headers=hers["cookie"])
    assert opened.held_bytes == 0, "forgotten with the last listening"
    assert [entry.reason for entry in voices.traces(who="chef", outcome="accordé")] == ["plainte 12"]


@pytest.mark.parametrize("how", ["revoked", "disabled", "roles"])
async def test_a_listening_ends_with_its_account(ear: TestClient, voices: VoiceRoom, me: dict[str, str], how: str) -> None:
    told = await listen(ear, me)
    assert (await ear.get(told["audio"], headers=told["cookie"])).status == 200
    match how:
        case "revoked":
            token_id = me["Authorization"].split("_")[1]
            accounts.revoke(voices.settings, token_id, "it", voices.clock())
        case "disabled":
            accounts.disable(voices.settings, "camille", "it", voices.clock())
        case _:
            accounts.set_roles(voices.settings, "camille", ("mru",), "it", voices.clock())
    response = await ear.get(told["audio"], headers=told["cookie"])
    assert response.status == 403
    assert "fermé" in await response.text() or "rôle" in await response.text()
    last = voices.traces()[-1]
    assert (last.verb, last.outcome, last.who, last.piece_id) == ("ecouter", "refusé", "camille", "c1")
    assert (await ear.get(told["audio"], headers=told["cookie"])).status == 404, "it is gone for good"


async def test_a_listening_never_outlives_its_right(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    voices.clock.now += 120 * _MINUTE
    response = await ear.get(told["audio"], headers=told["cookie"])
    assert (response.status, voices.traces()[-1].outcome) == (410, "refusé")
    # Her part ended at 3 s; 24 h later, and not a moment beyond, by the shipped table.
    voices.clock.now += 21 * 60 * _MINUTE
    voices.clock.now += 59 * _MINUTE - 60 * S
    assert (await listen(ear, me))["expires_at"] == "2026-12-17T08:00:03.000Z"
    voices.clock.now += 63 * S
    late = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert late.status == 403
    assert "s'est terminé" in await late.text()


async def test_one_listening_too_many_ends_the_oldest(ear: TestClient, me: dict[str, str]) -> None:
    told = [await listen(ear, me) for _ in range(9)]
    status = [(await ear.get(f"/api/v1/ecoutes/{one['ecoute_id']}", headers=one["cookie"])).status for one in told]
    assert status == [404] + [200] * 8


async def test_the_sweep_ends_what_is_over_and_forgets_its_sound(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    await ear.get(told["peaks"], headers=told["cookie"])
    voices.listening.sweep()
    assert voices.listening._opened.held_bytes > 0
    assert voices.listening._tracks
    voices.clock.now += 120 * _MINUTE
    voices.listening.sweep()
    assert voices.listening._opened.held_bytes == 0
    assert not voices.listening._tracks
    assert (await ear.get(told["audio"], headers=told["cookie"])).status == 404


async def test_what_was_altered_in_the_archive_is_not_given_and_is_loud(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    (sealed,) = voices.shelf.rglob("*.flac.age")
    sound = sealed.read_bytes()
    sealed.write_bytes(sound[:5000] + bytes([sound[5000] ^ 1]) + sound[5001:])
    with capture_logs() as logs:
        response = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert response.status == 409
    assert "altéré" in (await response.json())["detail"]
    assert "Set-Cookie" not in response.headers
    assert [(one["event"], one["piece_id"], one["log_level"]) for one in logs if one["event"] == "voice_damaged"] == [
        ("voice_damaged", "c1", "error")
    ]
    (condition,) = voices.listening.conditions()
    trouble = condition.look(voices.clock())
    assert trouble is not None
    assert re.search(r"1 enregistrement.*altéré.*flac\.age", trouble.text)
    sealed.unlink()
    gone = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert (gone.status, "absent du magasin" in await gone.text()) == (409, True)
    sealed.write_bytes(sound)
    await listen(ear, me)
    assert condition.look(voices.clock()) is None, "it is sound again"


async def test_an_archive_that_cannot_be_opened_now(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    key = voices.folder / "cles" / "service.key"
    hidden = key.rename(key.with_suffix(".away"))
    response = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    hidden.rename(key)
    await listen(ear, me)


async def test_a_destroyed_recording_is_gone(ear: TestClient, voices: VoiceRoom, me: dict[str, str]) -> None:
    told = await listen(ear, me)
    piece = voices.store.pieces.find("c1")
    assert piece is not None
    with voices.store.keeping.alone() as book:
        book.save_piece(replace(piece, state=VoiceState.DESTROYED))
    for response in (await ear.get(told["audio"], headers=told["cookie"]), await ear.post(ASK, json={"motif": ""}, headers=me)):
        assert (response.status, "éliminé" in await response.text()) == (410, True)


async def test_what_nobody_knows_is_not_found_and_who_asked_is_written_down(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str]
) -> None:
    assert (await ear.post("/api/v1/enregistrements/inconnu/ecoutes", json={"motif": ""}, headers=me)).status == 404
    (entry,) = voices.traces()
    assert (entry.who, entry.verb, entry.piece_id) == ("camille", "ecouter", "inconnu")
    assert (await ear.get("/api/v1/ecoutes/aaaaaaaaaaaaaaaaaaaaaaaa/audio", headers=me)).status == 404
    assert (await ear.post(ASK, json={"motif": "deux\nlignes"}, headers=me)).status == 422


async def test_nothing_is_given_when_its_trace_cannot_be_written(
    ear: TestClient, voices: VoiceRoom, me: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cti.journey.ledger import StoreUnavailable  # noqa: PLC0415

    def full(*_: object) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(voices.store.traces, "append", full)
    response = await ear.post(ASK, json={"motif": ""}, headers=me)
    assert (response.status, "Set-Cookie" in response.headers) == (503, False)
    assert "trace" in await response.text()
