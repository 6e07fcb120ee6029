"""What is done at a desk over HTTP: notes, and hanging up."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.ami.answers import ActionTimeout
from cti.api.contract.desk import HungUp, NoteList, NoteOut
from cti.journey import events as ev
from cti.journey.around.access import AccessRole
from cti.journey.around.callers import Repeat
from cti.journey.ledger import StoreUnavailable
from tests.fakes.room import T0, Doubles, S
from tests.unit.api.desk_scene import ARM, bearer, camille, ring, talk


@pytest.fixture
def doubles() -> Doubles:
    made = Doubles(spacing_seconds=0.0)
    made.room.see(ev.LinkUp(at=T0))
    return made


class TestNotes:
    async def note(self, client: TestClient, texte: str, headers: dict[str, str], call: str = "c", by: str = "x") -> Any:
        return await client.post(f"/api/v1/calls/{call}/note", json={"by": by, "texte": texte}, headers=headers)

    async def test_a_note_is_signed_with_the_accounts_name_and_reaches_the_desk(
        self, client: TestClient, doubles: Doubles
    ) -> None:
        talk(doubles)
        me = camille(doubles)
        response = await self.note(client, "  Douleur thoracique\ndepuis 1 h ", me, by="Quelqu'un d'autre")
        assert response.status == 201
        told = NoteOut.model_validate(await response.json())
        assert (told.by, told.poste, told.texte) == ("arm01", "arm01", "Douleur thoracique\ndepuis 1 h")
        assert len(doubles.notes.rows) == 1
        assert (await (await client.get(ARM)).json())["calls"]["c"]["notes"][0]["note_id"] == told.note_id

    async def test_whoever_takes_the_call_next_reads_it(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        await self.note(client, "Douleur thoracique", camille(doubles))
        doubles.room.tell(ev.TransferAsked(call_id="c", at=T0 + 20 * S, target="amu", via=ev.TransferVia.API))
        doubles.room.wait("c", "amu", T0 + 20 * S)
        doubles.room.ring("c", "p01", T0 + 21 * S)
        told = await (await client.get("/api/v1/poste?poste=p01")).json()
        assert told["calls"]["c"]["notes"][0]["texte"] == "Douleur thoracique"

    async def test_a_note_may_still_be_written_after_the_call(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        doubles.room.end("c", T0 + 20 * S)
        assert (await self.note(client, "A rappelé sa fille", camille(doubles))).status == 201
        assert (await (await client.get(ARM)).json())["last"]["notes"][0]["texte"] == "A rappelé sa fille"

    async def test_the_same_words_twice_at_once_are_one_note(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        me = camille(doubles)
        first, second = await self.note(client, "Chute", me), await self.note(client, "Chute", me)
        assert (await first.json())["note_id"] == (await second.json())["note_id"]
        doubles.clock.now += 61 * S
        assert (await (await self.note(client, "Chute", me)).json())["note_id"] != (await first.json())["note_id"]

    async def test_nobody_writes_on_a_call_that_never_was_hers(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        anne = bearer(doubles, "anne", AccessRole.MRU, personne="anne")
        assert (await self.note(client, "x", anne)).status == 403
        assert doubles.notes.rows == []

    async def test_a_superviseur_writes_where_nobody_sits(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        response = await self.note(client, "x", bearer(doubles, "chef", AccessRole.SUPERVISEUR))
        assert (response.status, (await response.json())["poste"]) == (201, "")

    async def test_an_unknown_call(self, client: TestClient) -> None:
        for call in ("nobody", "a%20b"):
            assert (await self.note(client, "x", {}, call=call)).status == 404

    @pytest.mark.parametrize("texte", ["", "  \n ", "a\x00b", "a\tb", "x" * 1001])
    async def test_no_note_is_refused_with_its_field(self, client: TestClient, doubles: Doubles, texte: str) -> None:
        talk(doubles)
        response = await self.note(client, texte, {})
        assert response.status == 422
        assert (await response.json())["erreurs"][0]["champ"] == "texte"

    async def test_a_store_out_of_reach_loses_nothing_silently(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        doubles.notes.failure = StoreUnavailable("down")
        assert (await self.note(client, "x", {})).status == 503
        assert (await (await client.get(ARM)).json())["calls"]["c"]["notes"] == []

    async def test_what_the_caller_told_in_his_call_before_is_read_by_who_has_him(
        self, client: TestClient, doubles: Doubles
    ) -> None:
        doubles.room.arrive("b", T0)
        doubles.room.wait("b", "amu", T0 + S)
        doubles.room.answer("b", "p01", T0 + 2 * S)
        await self.note(client, "A raccroché, essoufflé", {}, call="b")
        doubles.room.end("b", T0 + 9 * S)
        me = camille(doubles)
        assert (await client.get("/api/v1/calls/b/notes", headers=me)).status == 403
        doubles.repeats["c"] = Repeat(1, "b", None)
        talk(doubles)
        response = await client.get("/api/v1/calls/b/notes", headers=me)
        told = NoteList.model_validate(await response.json())
        assert [note.texte for note in told.notes] == ["A raccroché, essoufflé"]
        assert (await (await client.get("/api/v1/calls/c/notes", headers=me)).json())["notes"] == []
        assert (await client.get("/api/v1/calls/zz/notes", headers=me)).status == 403

    async def test_notes_of_calls_that_no_desk_shows_are_let_go(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        await self.note(client, "x", {})
        doubles.room.end("c", T0 + 20 * S)
        assert "c" in doubles.hub.notes
        talk(doubles, "d")
        doubles.room.end("d", T0 + 40 * S)
        assert "c" not in doubles.hub.notes


class TestHangUp:
    async def hang_up(self, client: TestClient, headers: dict[str, str] | None = None, **more: str) -> Any:
        asked = {"by": "Camille", "poste": "arm01", "call_id": "c", **more}
        return await client.post("/api/v1/poste/raccrocher", json=asked, headers=headers or {})

    async def test_the_pbx_ends_the_part_of_this_post(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        response = await self.hang_up(client, camille(doubles))
        assert response.status == 202
        assert HungUp.model_validate(await response.json()).detail == "Le poste arm01 raccroche."
        assert doubles.line.ended == ["c-arm01"]

    async def test_a_call_that_rings_is_refused_at_the_phone(self, client: TestClient, doubles: Doubles) -> None:
        ring(doubles)
        response = await self.hang_up(client)
        assert response.status == 409
        assert "téléphone" in (await response.json())["detail"]
        assert doubles.line.ended == []

    async def test_nobody_hangs_up_for_somebody_else(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        assert (await self.hang_up(client, bearer(doubles, "anne", AccessRole.MRU, personne="anne"))).status == 403

    async def test_a_call_that_is_not_there(self, client: TestClient) -> None:
        assert (await self.hang_up(client)).status == 404

    async def test_a_channel_that_is_not_known_is_said(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        doubles.line.known = False
        assert (await self.hang_up(client)).status == 409

    async def test_a_pbx_that_does_not_answer(self, client: TestClient, doubles: Doubles) -> None:
        talk(doubles)
        doubles.line.failure = ActionTimeout("Hangup: no answer")
        assert (await self.hang_up(client)).status == 503
