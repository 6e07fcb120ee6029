"""Quality draws by HTTP and from the command line: who may, for whom, from what; the same again from the seed; ties and ends."""

import hashlib
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from click.testing import CliRunner

from cti.__main__ import main
from cti.access.chain import verify
from tests.fakes.voice_room import T0, S, VoiceRoom, call, stage

HOUR = 3600 * S
ASK = {
    "pour": "zoe", "nombre": 3, "since": "2026-12-16T08:00:00Z", "until": "2026-12-16T08:10:00Z",
    "fin": "2026-12-20T00:00:00Z", "motif": "revue de décembre",
}  # fmt: skip


@pytest.fixture
def room(voices: VoiceRoom) -> VoiceRoom:
    """Ten answered calls, one abandoned, one without a recording, one outgoing; a reviewer."""
    voices.clock.now = T0 + HOUR
    for n in range(10):
        filiere = "mru" if n % 2 else "n1"
        voices.tell(call(f"c{n}", stage(filiere, "arm01", n, n + 3), t0=n, ended=n + 3, flux="112" if n == 0 else "15"))
    voices.tell(call("perdu", t0=20, ended=21), call("muet", stage("n1", "arm01", 30, 33), t0=30, ended=33, recordings=()))
    voices.account("zoe", "qualite")
    return voices


async def drawn(ear: TestClient, me: dict[str, str], **changes: Any) -> dict[str, Any]:
    response = await ear.post("/api/v1/tirages", json=ASK | changes, headers=me)
    assert response.status == 201, await response.text()
    told: dict[str, Any] = await response.json()
    return told


def by_hand(seed: str, pool: list[str], wanted: int) -> list[str]:
    """As anybody does it: sha256 of the seed and the call."""
    return sorted(pool, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).hexdigest())[:wanted]


async def test_a_draw_can_be_done_again_by_anybody(ear: TestClient, room: VoiceRoom) -> None:
    chef = room.account("chef", "superviseur")
    told = await drawn(ear, chef)
    pool = [f"c{n}" for n in range(10)]
    assert (told["number"], told["by"], told["pool"], len(told["calls"])) == (1, "chef", 10, 3)
    assert told["calls"] == by_hand(told["seed"], pool, 3)
    assert told["pool_sha256"] == hashlib.sha256("\n".join(pool).encode()).hexdigest()
    assert len(told["seed"]) == 32
    again = await drawn(ear, chef)
    assert again["seed"] != told["seed"], "each draw has its own"
    same = await drawn(ear, chef, graine=told["seed"])
    assert same["calls"] == told["calls"]
    granted, done = room.traces()[:2]
    assert (granted.verb, granted.outcome, granted.reason, granted.relation) == ("tirer", "accordé", "revue de décembre", "salle")
    assert (done.verb, done.outcome, done.who) == ("tirer", "fait", "chef")
    assert told["seed"] in done.detail
    assert list(verify(room.store.traces.read())) == []


async def test_filters_leave_the_others_out(ear: TestClient, room: VoiceRoom) -> None:
    chef = room.account("chef", "superviseur")
    assert (await drawn(ear, chef, flux="112", nombre=500))["calls"] == ["c0"]
    assert sorted((await drawn(ear, chef, filiere="mru", nombre=500))["calls"]) == ["c1", "c3", "c5", "c7", "c9"]


async def test_the_reviewer_hears_what_was_drawn_for_her_until_the_end_and_nothing_else(ear: TestClient, room: VoiceRoom) -> None:
    zoe, chef = room.token("zoe"), room.account("chef", "superviseur")
    other = room.account("yves", "qualite")
    told = await drawn(ear, chef)
    mine, rest = told["calls"][0], next(f"c{n}" for n in range(10) if f"c{n}" not in told["calls"])
    for name in (mine, rest):
        room.record(f"2026/12/16/{name}")

    async def ask(call_id: str, who: dict[str, str]) -> int:
        return (await ear.post(f"/api/v1/enregistrements/{call_id}/ecoutes", json={"motif": ""}, headers=who)).status

    assert [await ask(mine, zoe), await ask(rest, zoe), await ask(mine, other)] == [201, 403, 403]
    assert room.traces()[-3].relation == "qualite"
    listed = await (await ear.get("/api/v1/tirages", headers=zoe)).json()
    assert [one["number"] for one in listed["items"]] == [1]
    assert (await (await ear.get("/api/v1/tirages", headers=other)).json())["items"] == []
    assert len((await (await ear.get("/api/v1/tirages", headers=chef)).json())["items"]) == 1
    room.clock.now = T0 + 4 * 24 * HOUR
    assert await ask(mine, zoe) == 403
    assert (await (await ear.get("/api/v1/tirages", headers=zoe)).json())["items"] == []


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"pour": "inconnu"}, 422, "aucun compte ouvert"), ({"pour": "camille"}, 422, "revue qualité"),
        ({"fin": "2026-12-16T08:30:00Z"}, 422, "à venir"), ({"fin": "2029-12-16T08:30:00Z"}, 422, "366 jours"),
        ({"since": "2026-12-16T08:20:00Z"}, 422, "finit avant"), ({"until": "2026-12-17T00:00:00Z"}, 422, "pas encore finie"),
        ({"filiere": "psy"}, 422, "aucun appel"), ({"nombre": 0}, 422, "nombre"), ({"nombre": 501}, 422, "nombre"),
        ({"motif": ""}, 422, "motif"), ({"motif": " "}, 403, "motif"), ({"graine": "a b"}, 422, "graine"),
    ],
)  # fmt: skip
async def test_what_may_not_be_drawn_is_said(
    ear: TestClient, room: VoiceRoom, changes: dict[str, Any], status: int, word: str
) -> None:
    chef = room.account("chef", "superviseur")
    room.account("camille", "arm_n1", personne="arm01")
    response = await ear.post("/api/v1/tirages", json=ASK | changes, headers=chef)
    assert (response.status, word in await response.text()) == (status, True), await response.text()
    assert room.store.draws.all() == []


async def test_who_may_not_draw_is_refused(ear: TestClient, room: VoiceRoom) -> None:
    response = await ear.post("/api/v1/tirages", json=ASK, headers=room.token("zoe"))
    assert (response.status, room.traces()[-1].outcome, room.store.draws.all()) == (403, "refusé", [])


# --- the command line -----------------------------------------------------------------------------------------------------


def cti(room: VoiceRoom, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["archive", "tirage", "--config", str(room.folder / "config"), *words])
    return done.exit_code, done.output


async def test_the_command_line_draws_lists_and_checks(room: VoiceRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.bootstrap.verbs.listening.now", lambda: T0 + 24 * HOUR)
    words = ("--pour", "zoe", "--nombre", "4", "--since", "2026-12-16", "--until", "2026-12-16", "--fin", "2026-12-31")
    code, told = cti(room, *words, "--par", "Paul", "--raison", "revue", "--json")
    assert code == 0, told
    made = json.loads(told)
    assert (made["by"], made["ends_at"], made["pool"]) == ("Paul", "2026-12-31T23:00:00.000Z", 10)
    assert made["calls"] == by_hand(made["seed"], [f"c{n}" for n in range(10)], 4)
    entry = room.traces()[-1]
    assert (entry.who, entry.verb, entry.outcome, entry.client, entry.reason) == ("Paul", "tirer", "fait", "cli", "revue")
    code, told = cti(room)
    assert (code, made["seed"] in told, told.splitlines()[-1]) == (0, True, "1 tirage(s)")
    assert cti(room, "--verifier", "1") == (0, "tirage conforme : un second tirage donne les mêmes appels, dans le même ordre\n")
    room.tell(call("cx", stage("n1", "arm01", 100, 103), t0=100, ended=103))
    code, told = cti(room, "--verifier", "1")
    assert (code, told.splitlines()[0]) == (1, "les appels de la période ne sont plus les mêmes : 10 au tirage, 11 aujourd'hui")
    for bad, word in (
        (("--verifier", "9"), "aucun tirage"),
        (("--pour", "zoe"), "--par, --raison et --fin"),
        ((*words, "--par", "Paul", "--raison", "r", "--filiere", "psy"), "aucun appel"),
        (("--pour", "zoe", "--fin", "jamais", "--par", "P", "--raison", "r"), "jamais"),
    ):
        code, told = cti(room, *bad)
        assert (code != 0, word in told, "Traceback" in told) == (True, True, False), told
