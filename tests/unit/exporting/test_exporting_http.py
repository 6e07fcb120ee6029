"""Exports by HTTP, on a real site: asked, made, fetched by whoever made it, told once, removed in time."""

import asyncio
import hashlib
import json
import stat

import pyrage
import pytest

from cti.access.chain import verify
from cti.archive.exporting import making
from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import HoldKind, Scope
from cti.journey.ledger import StoreUnavailable
from tests.unit.archive.voices_kept import PIECE
from tests.unit.exporting.handing_house import REFERENCE, Site, files_of, inner_of
from tests.unit.exporting.serving import Served, served

ASKED = {"call_id": PIECE, "motif": "enquête", "reference": REFERENCE, "demandeur": "OPJ Durand"}
HOUR = 3_600_000_000


@pytest.fixture
def people(site: Site) -> Site:
    site.account("sofia", A.SUPERVISEUR)
    site.account("adele", A.ADMIN)
    site.account("paul", A.ARM_N1)
    site.hold(Scope.DOSSIER, "31-26-0001")
    return site


async def fetched(web: Served, name: str, export_id: str) -> bytes:
    async with web.client.get(f"/api/v1/exports/{export_id}/paquet", headers=web.bearer(name)) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


async def test_a_package_is_made_told_once_and_fetched_by_whoever_made_it(people: Site) -> None:
    async with served(people) as web:
        status, made = await web.post("sofia", "/api/v1/exports", ASKED)
        assert status == 201, made
        phrase, export_id = made["phrase"], made["export_id"]
        path = f"/api/v1/exports/{export_id}"
        status, again = await web.get("sofia", path)
        assert (status, again["phrase"], again["sha256"], again["etat"]) == (200, None, made["sha256"], "fait")
        data = await fetched(web, "sofia", export_id)
        assert hashlib.sha256(data).hexdigest() == made["sha256"]
        assert len(data) == made["bytes"]
        assert json.loads(files_of(inner_of(data, phrase))["recu.json"]) == made["recu"]
        for name in ("adele", "paul", ""):
            status, told = await web.get(name, f"{path}/paquet")
            assert (status, told["detail"]) == (403, "Seul le compte qui a fait une remise emporte son paquet.")
        (lying,) = people.settings.exports.iterdir()
        assert stat.S_IMODE(lying.stat().st_mode) == 0o600
        assert stat.S_IMODE(lying.parent.stat().st_mode) == 0o700
    outcomes = [(trace.who, trace.outcome) for trace in people.traces()]
    assert outcomes == [
        ("sofia", "accordé"), ("sofia", "fait"), ("sofia", "fait"), ("adele", "refusé"), ("paul", "refusé"), ("site", "refusé"),
    ]  # fmt: skip
    assert made["sha256"] in people.traces()[1].detail
    assert "emporté" in people.traces()[2].detail
    assert phrase not in "".join(trace.detail for trace in people.traces())
    assert list(verify(people.store.traces.read())) == []
    assert people.plain_audio() == []


async def test_who_may_not_is_told_why_and_that_a_reason_would_open_it(people: Site) -> None:
    async with served(people) as web:
        status, told = await web.post("sofia", "/api/v1/exports", {**ASKED, "motif": ""})
        assert (status, told["motif_demande"]) == (403, True)
        status, told = await web.post("paul", "/api/v1/exports", ASKED)
        assert (status, "motif_demande" in told) == (403, False)
        status, told = await web.post("", "/api/v1/exports", ASKED)
        assert (status, told["detail"]) == (403, "Le compte site n'a aucun rôle : il ne peut pas exporter cet enregistrement.")
        for path in ("/api/v1/exports", "/api/v1/exports/x"):
            assert (await web.get("", path))[0] == 403
    assert [trace.outcome for trace in people.traces()] == ["refusé"] * 3
    assert people.store.exports.all() == []


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"reference": "PV 99"}, 422, "n'est celle d'aucun gel ouvert"),
        ({"destinataires": ["age1nimporte"]}, 422, "n'est pas une clé publique age"),
        ({"destinataires": ["age1nimporte"], "format": "zip"}, 422, "le format est age"),
        ({"masques": [{"piece_id": PIECE, "de_ms": 0, "a_ms": 9000, "voie": "both", "raison": "r"}]}, 422, "Masque"),
        ({"masques": [{"piece_id": PIECE, "de_ms": 0, "a_ms": 9, "voie": "gauche", "raison": "r"}]}, 422, "masques.0.voie"),
        ({"call_id": None}, 422, "corps"),
        ({"dossier": "31-26-0001"}, 422, "corps"),
        ({"call_id": "inconnu"}, 404, "Aucun enregistrement pour appel inconnu."),
        ({"reference": ""}, 422, "reference"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
async def test_what_is_badly_asked_is_said_and_makes_nothing(
    people: Site, change: dict[str, object], status: int, words: str
) -> None:
    async with served(people) as web:
        answered, told = await web.post("sofia", "/api/v1/exports", {**ASKED, **change})
        assert (answered, words in told["detail"]) == (status, True), told
    assert people.store.exports.all() == []
    assert not people.settings.exports.exists()


async def test_two_at_once_are_both_whole(people: Site) -> None:
    key = pyrage.x25519.Identity.generate()
    bodies = [
        {**ASKED, "call_id": None, "dossier": "31-26-0001", "destinataires": [str(key.to_public())]},
        {**ASKED, "call_id": None, "pieces": ["other"], "masques": [
            {"piece_id": "other", "de_ms": 0, "a_ms": 500, "voie": "both", "raison": "tiers"}]},
    ]  # fmt: skip
    async with served(people) as web:
        (first, one), (second, two) = await asyncio.gather(
            web.post("sofia", "/api/v1/exports", bodies[0]), web.post("adele", "/api/v1/exports", bodies[1])
        )
        assert (first, second) == (201, 201), (one, two)
        assert (one["phrase"], one["pieces"], two["pieces"], two["masques"]) == (None, 2, 1, 1)
        files = files_of(pyrage.decrypt(await fetched(web, "sofia", one["export_id"]), [key]))
        assert sum(name.endswith(".flac") for name in files) == 2
        assert files_of(inner_of(await fetched(web, "adele", two["export_id"]), two["phrase"]))
        _, every = await web.get("sofia", "/api/v1/exports")
        assert {told["export_id"] for told in every["items"]} == {one["export_id"], two["export_id"]}
        assert {told["phrase"] for told in every["items"]} == {None}
        status, told = await web.get("paul", "/api/v1/exports")
        assert status == 403, told
    assert list(verify(people.store.traces.read())) == []


async def test_a_long_one_is_told_as_it_goes_and_its_phrase_once_it_is_made(
    people: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, go = asyncio.get_running_loop(), asyncio.Event()
    real = making._piece

    def slow(*words: object, **more: object) -> object:
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(60)
        return real(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "_piece", slow)
    async with served(people, patience=0.0) as web:
        status, begun = await web.post("sofia", "/api/v1/exports", ASKED)
        assert (status, begun["etat"], begun["done"], begun["total"]) == (202, "en_cours", 0, 1)
        path = f"/api/v1/exports/{begun['export_id']}"
        assert (await web.get("paul", path))[0] == 403
        assert (await web.get("sofia", f"{path}/paquet"))[0] == 410
        go.set()
        made = await web.until("sofia", path, lambda told: told["etat"] != "en_cours")
        assert (made["etat"], made["done"], made["total"]) == ("fait", 1, 1)
        assert made["phrase"]
        seen = (await web.get("adele", path))[1]
        assert (seen["etat"], seen["phrase"]) == ("fait", None)
        assert files_of(inner_of(await fetched(web, "sofia", begun["export_id"]), made["phrase"]))


async def test_one_that_fails_on_its_way_says_why_and_leaves_nothing(people: Site) -> None:
    sealed = people.kept.piece().sealed
    assert sealed is not None
    (people.kept.folder / "archive" / f"{sealed.key}.flac.age").unlink()
    async with served(people) as web:
        status, told = await web.post("sofia", "/api/v1/exports", ASKED)
        assert (status, "est absent du magasin" in told["detail"]) == (409, True)
    async with served(people, patience=0.0) as web:
        status, begun = await web.post("sofia", "/api/v1/exports", ASKED)
        path = f"/api/v1/exports/{begun['export_id']}" if status == 202 else ""
        if path:  # it may have failed before the answer
            told = await web.until("sofia", path, lambda told: told["etat"] != "en_cours")
            assert (told["etat"], "est absent du magasin" in told["detail"]) == ("refuse", True)
    assert people.store.exports.all() == []
    assert list(people.settings.exports.iterdir() if people.settings.exports.exists() else ()) == []


async def test_a_package_is_removed_when_its_time_is_over_and_that_is_said(people: Site) -> None:
    async with served(people) as web:
        _, first = await web.post("sofia", "/api/v1/exports", ASKED)
        people.now += 71 * HOUR
        _, second = await web.post("sofia", "/api/v1/exports", ASKED)
        await web.desks.exports.tidy()
        assert len(await fetched(web, "sofia", first["export_id"])) == first["bytes"]
        people.now += 2 * HOUR
        await web.desks.exports.tidy()
        await web.desks.exports.tidy()
        status, told = await web.get("sofia", f"/api/v1/exports/{first['export_id']}/paquet")
        assert (status, "n'est plus gardé" in told["detail"]) == (410, True)
        assert len(await fetched(web, "sofia", second["export_id"])) == second["bytes"]
        _, every = await web.get("adele", "/api/v1/exports")
        assert [one["etat"] for one in every["items"]] == ["fait", "efface"]
        assert every["items"][1]["recu"]["export_id"] == first["export_id"], "the register stays"
    said = [trace for trace in people.traces() if trace.who == "service"]
    assert [first["export_id"] in trace.detail and first["sha256"] in trace.detail for trace in said] == [True]
    assert [path.name for path in people.settings.exports.iterdir()] == [f"{second['export_id']}.paquet"]


async def test_a_passphrase_nobody_asked_for_is_forgotten(people: Site) -> None:
    async with served(people) as web:
        status, begun = await web.post("sofia", "/api/v1/exports", ASKED)
        assert status == 201
        job = web.desks.exports._jobs[begun["export_id"]]
        job.phrase = "phrase"
        people.now += 2 * HOUR
        await web.desks.exports.tidy()
        assert job.phrase is None


async def test_what_a_death_left_is_finished_or_removed(people: Site) -> None:
    async with served(people) as web:
        _, made = await web.post("sofia", "/api/v1/exports", ASKED)
        folder = people.settings.exports
        whole = folder / f"{made['export_id']}.paquet"
        data = whole.read_bytes()
        whole.rename(folder / f"{made['export_id']}.part")
        (folder / "abc.part").write_bytes(b"begun")
        await web.desks.exports.tidy()
        assert [path.name for path in folder.iterdir()] == [whole.name]
        assert whole.read_bytes() == data
        whole.rename(folder / f"{made['export_id']}.part")
        (folder / f"{made['export_id']}.part").write_bytes(data[:-1])
        await web.desks.exports.tidy()
        assert list(folder.iterdir()) == []
        assert (await web.get("sofia", f"/api/v1/exports/{made['export_id']}/paquet"))[0] == 410


async def test_the_log_out_of_reach_gives_nothing(people: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("down")

    async with served(people) as web:
        monkeypatch.setattr(type(people.store.exports), "add", down)
        status, _ = await web.post("sofia", "/api/v1/exports", ASKED)
        assert status == 503
    assert list(people.settings.exports.iterdir()) == []


async def test_too_many_at_once_are_turned_away(people: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.bootstrap.exporting.desk._WAITING", 0)
    async with served(people) as web:
        status, told = await web.post("sofia", "/api/v1/exports", ASKED)
        assert (status, "en cours" in told["detail"]) == (429, True)


async def test_a_patients_request_gives_the_right_as_a_requisition_does(people: Site) -> None:
    people.call("2026/12/16/own")
    people.hold(Scope.APPEL, "own", HoldKind.DEMANDE, "demande 1")
    async with served(people) as web:
        body = {**ASKED, "call_id": "own", "reference": "demande 1", "demandeur": "Mme Martin", "format": "age"}
        status, made = await web.post("adele", "/api/v1/exports", body)
        assert (status, made["format"]) == (201, "age"), made
        assert made["recu"]["retire"]
        files = files_of(pyrage.passphrase.decrypt(await fetched(web, "adele", made["export_id"]), made["phrase"]))
        assert json.loads(files["chronologie/01-own.json"])["caller"] is None
