"""A person's token names her, the site's opens as before, what opens nothing is slow and written down; the log by HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cti.access.chain import from_line, verify
from cti.api import build_app
from cti.api.edge.door import Slowing
from cti.journey.around.access import SCREENS, AccessRole, Trace
from cti.journey.ledger import StoreUnavailable
from tests.fakes.access import KEY
from tests.fakes.room import T0, Doubles

SITE = "un-jeton-assez-long-pour-garder"
A = AccessRole


class Waits:
    """How long each answer was made to wait; ``hold`` keeps them waiting until ``let_go``."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.free = asyncio.Event()
        self.free.set()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self.free.wait()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(params=["", SITE], ids=["loopback", "site_token"])
async def open_door(request: pytest.FixtureRequest, doubles: Doubles, waits: Waits) -> AsyncIterator[TestClient]:
    """The application on both kinds of site: one that asks no token, one that does."""
    app = build_app(doubles.ports(), token=request.param or None, pause=waits)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def guarded(doubles: Doubles, waits: Waits) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_app(doubles.ports(), token=SITE, pause=waits))) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def last(doubles: Doubles) -> Trace:
    found = doubles.traces.last()
    assert found is not None
    return found


# --- who asks -----------------------------------------------------------------------------------------------------------


async def test_a_token_names_its_owner(open_door: TestClient, doubles: Doubles) -> None:
    token = doubles.accounts.give("anne.petit", A.MRU, A.QUALITE, personne="mru01")
    response = await open_door.get("/api/v1/moi", headers=bearer(token))
    assert response.status == 200
    told = await response.json()
    assert (told["who"], told["nom"], told["roles"], told["named"]) == ("anne.petit", "mru01", ["mru", "qualite"], True)
    assert (told["token_id"], token.split("_")[2] in await response.text()) == ("00000000", False)
    mine = {(right["role"], right["relation"], right["verb"]): right for right in told["rights"]}
    assert mine["mru", "dossier", "ecouter"]["hours"] == 24
    assert ("mru", "salle", "chercher") not in mine
    assert doubles.accounts.tokens["00000000"].last_used_at == T0


async def test_the_site_is_the_site_and_has_no_right_of_the_table(guarded: TestClient, client: TestClient) -> None:
    for one, headers in ((guarded, bearer(SITE)), (client, {})):
        told = await (await one.get("/api/v1/moi", headers=headers)).json()
        assert (told["who"], told["named"], told["roles"], told["rights"]) == ("site", False, [], [])
        assert (await one.get("/api/v1/board", headers=headers)).status == 200
        assert (await one.get("/api/v1/traces", headers=headers)).status == 403


async def test_a_person_does_what_the_site_does(open_door: TestClient, doubles: Doubles) -> None:
    headers = bearer(doubles.accounts.give("paul", A.ARM_N1))
    assert (await open_door.get("/api/v1/board", headers=headers)).status == 200
    asked = await open_door.post("/api/v1/calls/c/transfer", json={"filiere": "amu", "by": "arm01"}, headers=headers)
    assert asked.status == 202


async def test_a_wall_screen_reads_the_wall_and_nothing_else(open_door: TestClient, doubles: Doubles) -> None:
    headers = bearer(doubles.accounts.give("mur", A.ECRAN))
    for path in ("/api/v1/board", "/api/v1/filieres", "/api/v1/moi"):
        assert (await open_door.get(path, headers=headers)).status == 200, path
    for path in ("/api/v1/calls", "/api/v1/appels", "/api/v1/rappels", "/api/v1/traces", "/api/v1/board/"):
        assert (await open_door.get(path, headers=headers)).status == 403, path
    assert (await open_door.post("/api/v1/crise", json={}, headers=headers)).status == 403


@pytest.mark.parametrize("spoil", ["revoked", "disabled", "expired", "secret", "unknown", "shape", "key"])
async def test_a_token_that_opens_nothing_is_refused_slowed_and_written_down(
    open_door: TestClient, doubles: Doubles, waits: Waits, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, book = doubles.accounts.give("anne", A.MRU), doubles.accounts
    assert (await open_door.get("/api/v1/moi", headers=bearer(token))).status == 200
    match spoil:
        case "revoked":
            book.tokens["00000000"] = replace(book.tokens["00000000"], revoked_at=T0)
        case "disabled":
            book.users["anne"] = replace(book.users["anne"], disabled_at=T0)
        case "expired":
            book.tokens["00000000"] = replace(book.tokens["00000000"], expires_at=T0)
        case "secret":
            token = token[:-1] + "f"
        case "unknown":
            token = token.replace("_00000000_", "_ffffffff_")
        case "shape":
            token = "devine"
        case _:
            monkeypatch.setattr(doubles.access, "_key", lambda: KEY + b"!")
    response = await open_door.get("/api/v1/moi", headers=bearer(token))
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "anne" not in await response.text(), "nobody is told whose it was"
    assert (last(doubles).verb, last(doubles).outcome, last(doubles).client) == ("entrer", "refusé", "127.0.0.1")
    assert token not in last(doubles).detail
    assert waits.asked == [0.25]


async def test_no_token_at_all_is_neither_slowed_nor_written_down(guarded: TestClient, doubles: Doubles, waits: Waits) -> None:
    assert (await guarded.get("/api/v1/moi")).status == 401
    assert (waits.asked, doubles.traces.entries) == ([], [])


async def test_each_refusal_waits_longer_and_is_forgotten_after_a_minute(
    open_door: TestClient, doubles: Doubles, waits: Waits
) -> None:
    for _ in range(10):
        assert (await open_door.get("/api/v1/board", headers=bearer("devine"))).status == 401
    assert waits.asked == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.0, 2.0]
    doubles.clock.now += 60_000_000
    await open_door.get("/api/v1/board", headers=bearer("devine"))
    assert waits.asked[-1] == 0.25
    token = doubles.accounts.give("anne", A.MRU)
    assert (await open_door.get("/api/v1/board", headers=bearer(token))).status == 200
    assert len(waits.asked) == 11, "a good token never waits"


async def test_only_so_many_refusals_wait_at_once(guarded: TestClient, doubles: Doubles, waits: Waits) -> None:
    """However many guess at the same moment."""
    waits.free.clear()
    guesses = [asyncio.ensure_future(guarded.get("/api/v1/board", headers=bearer("devine"))) for _ in range(60)]
    while sum(guess.done() for guess in guesses) + len(waits.asked) < 60:
        await asyncio.sleep(0)
    unheard = {guess for guess in guesses if guess.done()}
    assert 20 <= len(waits.asked) <= 23, "four are looked at together when the last place is taken"
    assert {(guess.result().status, guess.result().headers["Retry-After"]) for guess in unheard} == {(429, "2")}
    by_page = await guarded.get("/supervision", params={"jeton": "devine"}, allow_redirects=False)
    assert by_page.status == 429
    assert (await guarded.get("/api/v1/board", headers=bearer(SITE))).status == 200, "the site is never kept out"
    waits.free.set()
    assert {(await guess).status for guess in set(guesses) - unheard} == {401}
    assert len(doubles.traces.entries) == len(waits.asked)
    assert (await guarded.get("/api/v1/board", headers=bearer("devine"))).status == 401, "there is room again"


async def test_no_more_than_a_thousand_addresses_are_remembered(waits: Waits, doubles: Doubles) -> None:
    slowing = Slowing(waits, doubles.clock)
    for number in range(1001):
        await slowing.refused(f"2001:db8::{number:x}")
    await slowing.refused("2001:db8::3e8")
    assert waits.asked[-1] == 0.5, "the last one is known"
    await slowing.refused("2001:db8::0")
    assert waits.asked[-1] == 0.25, "the first one was forgotten"


async def test_a_wrong_token_in_an_address_is_slow_too(guarded: TestClient, doubles: Doubles, waits: Waits) -> None:
    response = await guarded.get("/supervision", params={"jeton": "devine"}, allow_redirects=False)
    assert response.status == 403
    assert (waits.asked, last(doubles).detail) == ([0.25], "jeton du site : faux")


async def test_without_the_database_the_site_still_enters_and_nobody_else(guarded: TestClient, doubles: Doubles) -> None:
    token = doubles.accounts.give("anne", A.MRU)
    doubles.accounts.down = True
    assert (await guarded.get("/api/v1/board", headers=bearer(SITE))).status == 200
    assert (await guarded.get("/api/v1/board", headers=bearer(token))).status == 503
    doubles.accounts.down, doubles.traces.down = False, True
    assert (await guarded.get("/api/v1/board", headers=bearer("devine"))).status == 401


async def test_a_last_use_that_cannot_be_noted_keeps_nobody_out(
    guarded: TestClient, doubles: Doubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_token_id: str, _at: int) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(doubles.accounts, "used", full)
    assert (await guarded.get("/api/v1/moi", headers=bearer(doubles.accounts.give("anne", A.MRU)))).status == 200


# --- the log ------------------------------------------------------------------------------------------------------------


async def test_a_supervisor_reads_the_log_and_that_is_in_it(open_door: TestClient, doubles: Doubles) -> None:
    headers = bearer(doubles.accounts.give("chef", A.SUPERVISEUR))
    first = await (await open_door.get("/api/v1/traces", headers=headers)).json()
    assert [entry["verb"] for entry in first["traces"]] == ["verifier"], "this very reading, written before it was answered"
    await open_door.get("/api/v1/traces", params={"call_id": "c1", "who": "chef"}, headers=headers)
    told = await (await open_door.get("/api/v1/traces", params={"who": "chef"}, headers=headers)).json()
    assert [entry["detail"] for entry in told["traces"]] == [
        "journal des accès", "journal des accès, compte chef, appel c1", "journal des accès, compte chef",
    ]  # fmt: skip
    assert list(verify(from_line(entry) for entry in told["traces"])) == []


@pytest.mark.parametrize(
    "query", [{"who": "a\nb"}, {"limit": "0"}, {"limit": "1001"}, {"after": "-1"}, {"since": "hier"}, {"qui": "a"}]
)
async def test_a_query_that_is_none_is_refused_before_it_is_written(
    open_door: TestClient, doubles: Doubles, query: dict[str, str]
) -> None:
    headers = bearer(doubles.accounts.give("it", A.ADMIN))
    assert (await open_door.get("/api/v1/traces", params=query, headers=headers)).status == 400
    assert doubles.traces.entries == []


async def test_the_log_is_read_page_by_page(open_door: TestClient, doubles: Doubles) -> None:
    headers = bearer(doubles.accounts.give("it", A.ADMIN))
    for number in range(4):
        await doubles.access.turned_away("192.0.2.1", f"essai {number}")
    page = await (await open_door.get("/api/v1/traces", params={"limit": "3"}, headers=headers)).json()
    assert ([entry["seq"] for entry in page["traces"]], page["next_after"]) == ([1, 2, 3], 3)
    rest = await (await open_door.get("/api/v1/traces", params={"after": "3"}, headers=headers)).json()
    assert ([entry["seq"] for entry in rest["traces"]], rest["next_after"]) == ([4, 5, 6], None)


@pytest.mark.parametrize("role", [role for role in AccessRole if role not in (A.SUPERVISEUR, A.ADMIN, *SCREENS)])
async def test_others_do_not_read_the_log_and_that_is_in_it(open_door: TestClient, doubles: Doubles, role: AccessRole) -> None:
    headers = bearer(doubles.accounts.give("paul", role))
    assert (await open_door.get("/api/v1/traces", headers=headers)).status == 403
    assert (last(doubles).who, last(doubles).verb, last(doubles).outcome) == ("paul", "verifier", "refusé")


async def test_what_cannot_be_traced_is_not_read(open_door: TestClient, doubles: Doubles) -> None:
    headers = bearer(doubles.accounts.give("chef", A.SUPERVISEUR))
    doubles.traces.down = True
    response = await open_door.get("/api/v1/traces", headers=headers)
    assert response.status == 503
    assert "n'a pas pu être écrite" in (await response.json())["detail"]


async def test_heads_are_for_everybody_who_may_knock(guarded: TestClient, doubles: Doubles) -> None:
    await doubles.access.turned_away("192.0.2.1", "jeton inconnu")
    told = await (await guarded.get("/api/v1/traces/tetes", headers=bearer(SITE))).json()
    assert (told["seq"], told["hash"], told["faults"]) == (1, last(doubles).hash, [])
    assert (await guarded.get("/api/v1/traces/tetes")).status == 401
