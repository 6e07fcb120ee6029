"""The call-back list over HTTP: order, filters, acts, and two people at once."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from cti.api.contract.shapes import BoardOut, CallbackList, CallbackOut, CallPage
from cti.journey import events as ev
from cti.journey.around.callers import Repeat
from cti.journey.ledger import StoreUnavailable
from tests.fakes.room import T0, Doubles, S

LIST = "/api/v1/rappels"


async def lose(doubles: Doubles, call: str, at: int = 0, caller: str | None = "+33612345678", flux: str = "15") -> None:
    room = doubles.room
    room.arrive(call, T0 + at * S, caller=caller, flux=flux)
    room.wait(call, "n1", T0 + at * S + S)
    room.end(call, T0 + at * S + 7 * S)
    await doubles.desk.hear(room.journeys[call])


@pytest.fixture
async def lost(doubles: Doubles) -> Doubles:
    await lose(doubles, "c1")
    await lose(doubles, "c2", 60, "0611111111", "116117")
    await lose(doubles, "c3", 120, None)
    doubles.clock.now = T0 + 600 * S
    return doubles


async def act(client: TestClient, call: str, verb: str, **body: Any) -> tuple[int, Any]:
    answer = await client.post(f"{LIST}/{call}/{verb}", json={"by": "Anne", **body})
    return answer.status, await answer.json()


async def test_the_list_in_its_order_with_ages_and_whole_numbers(client: TestClient, lost: Doubles) -> None:
    body = await (await client.get(LIST)).json()
    CallbackList.model_validate(body)
    assert [(one["id"], one["number"], one["callable"], one["age_ms"]) for one in body["entries"]] == [
        ("c1", "+33612345678", True, 593_000),
        ("c3", None, False, 473_000),
        ("c2", "0611111111", True, 533_000),
    ]
    assert body["counts"] == {"open": 2, "impossible": 1, "taken": 0}
    assert body["order"]["source"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("flux=116117", ["c2"]),
        ("state=pris", []),
        ("rank=abandon_15", ["c1", "c3"]),
        ("kind=attente_n2", []),
        ("filiere=n1&flux=15", ["c1", "c3"]),
    ],
)
async def test_filters(client: TestClient, lost: Doubles, query: str, found: list[str]) -> None:
    body = await (await client.get(f"{LIST}?{query}")).json()
    assert [one["id"] for one in body["entries"]] == found


async def test_a_call_back_from_the_first_to_the_last_act(client: TestClient, lost: Doubles) -> None:
    status, entry = await act(client, "c1", "prendre", version=0)
    assert (status, entry["state"], entry["taken_by"]) == (200, "pris", "Anne")
    CallbackOut.model_validate(entry)
    _, entry = await act(client, "c1", "essai", version=1, result="sans_reponse")
    status, entry = await act(client, "c1", "essai", version=2, result="joint")
    assert (status, entry["state"], entry["reason"]) == (200, "clos", "joint")
    assert [(one["kind"], one["by"], one["result"]) for one in entry["acts"]] == [
        ("prendre", "Anne", None), ("essai", "Anne", "sans_reponse"), ("essai", "Anne", "joint")
    ]  # fmt: skip
    closed = await (await client.get(f"{LIST}?state=clos")).json()
    assert [one["id"] for one in closed["entries"]] == ["c1"]
    status, entry = await act(client, "c1", "rouvrir", version=3)
    assert (status, entry["state"]) == (200, "a_rappeler")


async def test_the_second_who_takes_gets_a_409_that_names_the_first(client: TestClient, lost: Doubles) -> None:
    await act(client, "c1", "prendre", version=0)
    status, problem = await act(client, "c1", "prendre", version=0, by="Bruno")
    assert status == 409
    assert problem["detail"] == "Cette fiche a changé entre-temps : déjà prise par Anne."


@pytest.mark.parametrize(
    ("call", "verb", "body", "status"),
    [
        ("nobody", "prendre", {"version": 0}, 404),
        ("a%20b", "prendre", {"version": 0}, 404),
        ("c1", "prendre", {}, 422),
        ("c1", "prendre", {"version": 0, "by": ""}, 422),
        ("c1", "essai", {"version": 0}, 422),
        ("c1", "essai", {"version": 0, "result": "peut-être"}, 422),
        ("c1", "clore", {"version": 0}, 422),
        ("c1", "clore", {"version": 0, "reason": "a\nb"}, 422),
        ("c3", "prendre", {"version": 0}, 409),
        ("c1", "rouvrir", {"version": 0}, 409),
        ("c1", "oublier", {"version": 0}, 404),
    ],
)
async def test_what_is_refused(
    client: TestClient, lost: Doubles, call: str, verb: str, body: dict[str, Any], status: int
) -> None:
    found, problem = await act(client, call, verb, **body)
    assert (found, problem["status"]) == (status, status)
    assert lost.shelf.acts == []


async def test_another_site_may_not_act_and_the_reading_cookie_only_reads(doubles: Doubles) -> None:
    await lose(doubles, "c1")
    token = "0123456789abcdef-token"
    async with TestClient(TestServer(build_app(doubles.ports(), token=token))) as client:
        answer = await client.get(f"/rappels?jeton={token}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/rappels")
        client.session.cookie_jar.update_cookies({"cti_supervision": answer.cookies["cti_supervision"].value})
        assert (await client.get(LIST)).status == 200
        wish = {"by": "Anne", "version": 0}
        assert (await client.post(f"{LIST}/c1/prendre", json=wish)).status == 401
        bearer = {"Authorization": f"Bearer {token}"}
        foreign = {**bearer, "Origin": "https://ailleurs.example"}
        assert (await client.post(f"{LIST}/c1/prendre", json=wish, headers=foreign)).status == 403
        assert (await client.post(f"{LIST}/c1/prendre", json=wish, headers=bearer)).status == 200


async def test_a_store_out_of_reach_is_a_503(client: TestClient, lost: Doubles, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: object) -> None:
        raise StoreUnavailable("database is locked")

    monkeypatch.setattr(lost.shelf, "entries", gone)
    assert (await client.get(LIST)).status == 503


async def test_the_board_counts_them_and_never_shows_a_number(client: TestClient, doubles: Doubles) -> None:
    assert (await (await client.get("/api/v1/board")).json())["callbacks"] is None
    await lose(doubles, "c1")
    await lose(doubles, "c3", 120, None)
    board = await (await client.get("/api/v1/board")).json()
    BoardOut.model_validate(board)
    assert board["callbacks"] == {"open": 1, "impossible": 1}
    assert "612345678" not in str(board)
    seq = doubles.board.seq
    await act(client, "c1", "clore", version=0, reason="vu")
    assert doubles.board.changes_since(seq)["callbacks"] == {"open": 0, "impossible": 1}  # type: ignore[index]


async def test_a_call_tells_the_earlier_one_of_its_number(client: TestClient, doubles: Doubles) -> None:
    doubles.room.tell(ev.CallArrived(call_id="c2", at=T0, channel="c2", did="15", flux="15", caller="+33612345678"))
    doubles.reader.rows = list(doubles.room.journeys.values())
    doubles.reader.known = {"c2": Repeat(2, "c1", "2026-350-0000001")}
    page = await (await client.get("/api/v1/calls")).json()
    CallPage.model_validate(page)
    story = await (await client.get("/api/v1/calls/c2")).json()
    for told in (page["calls"][0], story):
        assert (told["repeat_count"], told["previous_call_id"], told["previous_dossier_ref"]) == (2, "c1", "2026-350-0000001")
