"""The desk over HTTP: who may look, the picture, the stream, notes, hanging up, the posts to choose from."""

import asyncio
import json

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from cti.agents.wishes import Wish
from cti.api import build_app
from cti.api.contract.desk import Choices, DeskCall, DeskOut, LastCall
from cti.api.poste import desk
from cti.bootstrap.desk import hub as hub_module
from cti.journey import events as ev
from cti.journey.around.access import AccessRole
from cti.journey.around.callers import Repeat
from cti.journey.around.duty import DutyKind
from tests.fakes.room import T0, Doubles, S
from tests.unit.api.desk_scene import ARM, bearer, camille, ring, talk


@pytest.fixture
def doubles() -> Doubles:
    made = Doubles(spacing_seconds=0.0)
    made.room.see(ev.LinkUp(at=T0))
    return made


async def heard(response: ClientResponse) -> dict[str, str]:
    """The next event of the stream."""
    raw = (await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10)).decode()
    lines = [line.partition(":") for line in raw.strip().split("\n")]
    return {name: value.strip() for name, _, value in lines if name}


async def sit(doubles: Doubles, poste: str = "p01", personne: str = "helene") -> None:
    await doubles.duty.wish(Wish(kind=DutyKind.TAKE, poste=poste, by="test", personne=personne))


class TestWhoMayLook:
    async def test_who_sits_there_a_superviseur_and_the_site(self, client: TestClient, doubles: Doubles) -> None:
        chief = bearer(doubles, "chef", AccessRole.SUPERVISEUR)
        for headers in (camille(doubles), chief, {}):
            assert (await client.get(ARM, headers=headers)).status == 200

    async def test_nobody_else(self, client: TestClient, doubles: Doubles) -> None:
        for headers in (bearer(doubles, "anne", AccessRole.MRU, personne="anne"), bearer(doubles, "x", AccessRole.OSNP)):
            for path in (ARM, "/api/v1/poste/flux?poste=arm01"):
                response = await client.get(path, headers=headers)
                assert response.status == 403
                assert (await response.json())["detail"] == "Vous n'êtes pas au poste arm01."

    async def test_a_post_that_is_nobodys_is_nobodys_to_see(self, client: TestClient, doubles: Doubles) -> None:
        helene = bearer(doubles, "helene", AccessRole.ARM_N1, personne="helene")
        assert (await client.get("/api/v1/poste?poste=p01", headers=helene)).status == 403
        await sit(doubles)
        assert (await client.get("/api/v1/poste?poste=p01", headers=helene)).status == 200

    async def test_an_unknown_post(self, client: TestClient) -> None:
        response = await client.get("/api/v1/poste?poste=zz9")
        assert response.status == 404
        assert (await response.json())["detail"] == "Le poste zz9 n'est pas déclaré."

    @pytest.mark.parametrize("query", ["", "?poste=", "?poste=a%20b", "?poste=arm01&x=1"])
    async def test_a_query_that_is_none(self, client: TestClient, query: str) -> None:
        assert (await client.get(f"/api/v1/poste{query}")).status == 400


class TestPicture:
    async def test_an_empty_desk_is_as_the_document_says(self, client: TestClient, doubles: Doubles) -> None:
        told = DeskOut.model_validate(await (await client.get(ARM)).json())
        assert (told.poste.personne, told.poste.nom, told.poste.possibles) == ("arm01", "Camille Durand", ["n1"])
        assert told.poste.motifs == ["repas", "administratif", "formation", "autre"]
        assert (told.calls, told.last, told.rappels, told.link.state) == ({}, None, None, "up")
        assert list(told.files) == ["n1", "amu", "mru", "mg", "mrg", "psy", "dentaire"]

    async def test_a_call_of_hers_in_clear_with_its_acts(self, client: TestClient, doubles: Doubles) -> None:
        doubles.repeats["c"] = Repeat(2, "b", "2026-350-7")
        talk(doubles)
        doubles.room.tell(ev.DossierOpened(call_id="c", at=T0 + 6 * S, dossier_id="d", ref="2026-350-8"))
        told = DeskOut.model_validate(await (await client.get(ARM)).json())
        call = told.calls["c"]
        assert (call.number, call.place, call.dossier_ref, call.repeat_count) == ("+33612345678", "en_ligne", "2026-350-8", 2)
        assert call.actes["transferer"] is None
        assert call.actes["revenir"] == "Aucune consultation en cours."

    async def test_calls_of_others_are_not_there(self, client: TestClient, doubles: Doubles) -> None:
        doubles.room.arrive("x", T0)
        doubles.room.wait("x", "n1", T0 + S)
        doubles.room.answer("x", "arm02", T0 + 2 * S)
        told = DeskOut.model_validate(await (await client.get(ARM)).json())
        assert told.calls == {}
        assert told.files["n1"].talking == 1

    async def test_the_last_call_stays_when_she_has_hung_up(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        doubles.room.end("c", T0 + 30 * S)
        told = DeskOut.model_validate(await (await client.get(ARM)).json())
        assert told.calls == {}
        assert isinstance(told.last, LastCall)
        assert (told.last.call_id, told.last.end, told.last.number) == ("c", "completed", "+33612345678")

    async def test_a_call_that_only_rang_is_no_last_call(self, client: TestClient, doubles: Doubles) -> None:
        ring(doubles)
        doubles.room.tell(ev.OfferEnded(call_id="c", at=T0 + 9 * S, agent="arm01", leg="c-arm01", how=ev.OfferEnd.NO_ANSWER))
        told = DeskOut.model_validate(await (await client.get(ARM)).json())
        assert (told.calls, told.last) == ({}, None)

    async def test_calls_that_were_open_before_a_start_are_there(self, doubles: Doubles) -> None:
        talk(doubles)
        anew = Doubles()
        anew.hub.adopt([doubles.room.journeys["c"]])
        async with TestClient(TestServer(build_app(anew.ports()))) as client:
            told = DeskOut.model_validate(await (await client.get(ARM)).json())
        assert told.calls["c"].place == "en_ligne"

    async def test_without_the_pbx_nothing_can_be_asked_of_it(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        doubles.room.see(ev.LinkDown(at=T0 + 9 * S, reason="plus de réponse"))
        told = DeskOut.model_validate(await (await client.get(ARM)).json())
        assert told.link.state == "down"
        assert "perdue" in (told.calls["c"].actes["transferer"] or "")


class TestStream:
    async def test_a_ring_comes_at_once_then_the_talk_then_the_end(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.get("/api/v1/poste/flux?poste=arm01", headers=camille(doubles))
        first = await heard(response)
        assert first["event"] == "snapshot"
        ring(doubles)
        second = await heard(response)
        change = json.loads(second["data"])
        assert second["event"] == "change"
        assert second["id"] == f"{doubles.board.epoch}.{change['seq']}"
        assert DeskCall.model_validate(change["calls"]["c"]).place == "sonne"
        doubles.room.tell(ev.AgentAnswered(call_id="c", at=T0 + 6 * S, agent="arm01", leg="c-arm01"))
        assert json.loads((await heard(response))["data"])["calls"]["c"]["place"] == "en_ligne"
        doubles.room.end("c", T0 + 20 * S)
        over = json.loads((await heard(response))["data"])
        assert over["calls"] == {"c": None}
        assert over["last"]["call_id"] == "c"
        response.close()

    @pytest.mark.parametrize("how", ["header", "query"])
    async def test_a_page_resumes_after_its_last_event(self, client: TestClient, doubles: Doubles, how: str) -> None:
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        last = (await heard(response))["id"]
        response.close()
        ring(doubles)
        headers = {"Last-Event-ID": last} if how == "header" else {}
        params = {"poste": "arm01"} | ({"last_event_id": last} if how == "query" else {})
        response = await client.get("/api/v1/poste/flux", headers=headers, params=params)
        assert (await heard(response))["event"] == "change"
        response.close()

    async def test_an_id_of_another_life_gets_the_picture(self, client: TestClient) -> None:
        response = await client.get("/api/v1/poste/flux?poste=arm01", headers={"Last-Event-ID": "abc.1"})
        assert (await heard(response))["event"] == "snapshot"
        response.close()

    async def test_the_rooms_counts_come_in_their_own_time(
        self, client: TestClient, doubles: Doubles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_module, "ROOM_SECONDS", 0.01)
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        await heard(response)
        for number in range(20):
            doubles.room.arrive(f"x{number}", T0)
            doubles.room.wait(f"x{number}", "amu", T0 + S)
        doubles.board.count_callbacks(3, 1)
        change = json.loads((await heard(response))["data"])
        assert change["files"]["amu"]["waiting"] == 20
        assert change["rappels"] == {"open": 3, "impossible": 1}
        assert "calls" not in change
        response.close()

    async def test_a_link_that_is_lost_reaches_the_calls_too(
        self, client: TestClient, doubles: Doubles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_module, "ROOM_SECONDS", 0.01)
        talk(doubles)
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        await heard(response)
        doubles.room.see(ev.LinkDown(at=T0 + 9 * S, reason="plus de réponse"))
        change = json.loads((await heard(response))["data"])
        assert change["link"]["state"] == "down"
        assert "perdue" in change["calls"]["c"]["actes"]["transferer"]
        response.close()

    async def test_a_pause_from_anywhere_is_seen_at_the_desk(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        await heard(response)
        await doubles.duty.wish(Wish(kind=DutyKind.PAUSE, poste="arm01", by="chef", reason="repas"))
        assert json.loads((await heard(response))["data"])["poste"]["reason"] == "repas"
        response.close()

    async def test_a_phone_out_of_reach_is_seen_at_the_desk(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        await heard(response)
        doubles.room.agent("arm01", "n1", ev.Presence.UNREACHABLE, T0 + S)
        assert json.loads((await heard(response))["data"])["poste"]["presence"] == {"n1": "unreachable"}
        response.close()

    async def test_what_another_desk_does_is_not_told(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        await heard(response)
        await sit(doubles)
        talk(doubles)
        assert list(json.loads((await heard(response))["data"])["calls"]) == ["c"]
        response.close()

    async def test_whoever_no_longer_sits_there_is_told_so_and_follows_no_more(
        self, client: TestClient, doubles: Doubles
    ) -> None:
        await sit(doubles)
        helene = bearer(doubles, "helene", AccessRole.ARM_N1, personne="helene")
        response = await client.get("/api/v1/poste/flux?poste=p01", headers=helene)
        await heard(response)
        await doubles.duty.wish(Wish(kind=DutyKind.LEAVE, poste="p01", by="chef"))
        last = await heard(response)
        assert (last["event"], json.loads(last["data"])) == ("fin", {"detail": "Vous n'êtes pas au poste p01."})
        assert await response.content.read() == b""
        assert doubles.hub.pages == 0

    async def test_a_session_that_has_ended_follows_no_more(self, client: TestClient, doubles: Doubles) -> None:
        headers = camille(doubles)
        response = await client.get("/api/v1/poste/flux?poste=arm01", headers=headers)
        await heard(response)
        doubles.clock.now = 4_000_000_000_000_000  # 2096
        ring(doubles)
        assert (await heard(response))["event"] == "fin"
        response.close()

    async def test_a_calm_desk_still_beats(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(desk, "HEARTBEAT_SECONDS", 0.01)
        response = await client.get("/api/v1/poste/flux?poste=arm01")
        await heard(response)
        assert (await heard(response))["event"] == "heartbeat"
        response.close()

    async def test_a_ninth_page_of_one_desk_is_turned_away_and_other_desks_are_not(self, client: TestClient) -> None:
        pages = [await client.get("/api/v1/poste/flux?poste=arm01") for _ in range(9)]
        assert [page.status for page in pages] == [200] * 8 + [503]
        other = await client.get("/api/v1/poste/flux?poste=p01")
        assert other.status == 200
        for page in (*pages, other):
            page.close()

    async def test_the_service_stops_without_waiting_for_desks(self, doubles: Doubles) -> None:
        async with TestClient(TestServer(build_app(doubles.ports()))) as client:
            response = await client.get("/api/v1/poste/flux?poste=arm01")
            await heard(response)
            async with asyncio.timeout(5):
                await client.server.close()
        assert doubles.hub.pages == 0


class TestChoices:
    async def test_her_posts(self, client: TestClient, doubles: Doubles) -> None:
        helene = bearer(doubles, "helene", AccessRole.ARM_N1, personne="helene")
        told = Choices.model_validate(await (await client.get("/api/v1/postes", headers=helene)).json())
        assert (told.personne, told.nom, told.filieres, told.mien) == ("helene", "Hélène L'Hôpital", ["n1", "amu"], None)
        assert (told.regarde, told.people) == (False, [])
        assert [(one.poste, one.libre, one.webrtc, one.fixe) for one in told.postes] == [
            ("p01", True, False, False),
            ("p02", True, True, False),
            ("arm01", False, False, True),
        ]
        await sit(doubles, "p02")
        told = Choices.model_validate(await (await client.get("/api/v1/postes", headers=helene)).json())
        assert told.mien == "p02"

    async def test_a_fixed_post_is_its_persons_own(self, client: TestClient, doubles: Doubles) -> None:
        told = await (await client.get("/api/v1/postes", headers=camille(doubles))).json()
        assert told["mien"] == "arm01"

    async def test_the_site_is_nobody_and_sees_everybody(self, client: TestClient) -> None:
        told = Choices.model_validate(await (await client.get("/api/v1/postes")).json())
        assert (told.personne, told.regarde, [one.personne for one in told.people]) == (None, True, ["helene", "anne"])
