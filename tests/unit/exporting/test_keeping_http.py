"""Holds, eliminations and the verification by HTTP, on a real site: two accounts, two persons, and the log of it."""

import asyncio
import json

import pytest

from cti.access.chain import verify
from cti.archive.keeping.chain import first_broken
from cti.bootstrap.access import journal
from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import Scope
from cti.journey.around.voice import VoiceState
from tests.unit.archive.keeping_house import years_later
from tests.unit.archive.voices_kept import PIECE
from tests.unit.exporting.handing_house import Site
from tests.unit.exporting.serving import Served, served

WISH = {"appel": PIECE, "motif": "requisition", "reference": "PV 2026/12", "demandeur": "OPJ Durand", "raison": "enquête"}


@pytest.fixture
def people(site: Site) -> Site:
    site.account("sofia", A.SUPERVISEUR, personne="arm01")
    site.account("sofia.bis", A.SUPERVISEUR, A.ADMIN, personne="arm01")
    site.account("marc", A.SUPERVISEUR)
    site.account("adele", A.ADMIN)
    site.account("quentin", A.QUALITE)
    site.account("paul", A.ARM_N1)
    return site


def told(site: Site, verb: str) -> list[tuple[str, str]]:
    return [(trace.who, trace.outcome) for trace in site.traces(verb)]


async def test_a_requisition_is_placed_by_one_person_and_released_by_another(people: Site) -> None:
    async with served(people) as web:
        status, placed = await web.post("sofia", "/api/v1/gels", WISH)
        assert (status, placed["placed_by"], placed["pieces"]) == (201, "sofia", [PIECE]), placed
        assert people.kept.piece().state is VoiceState.HELD
        levee = f"/api/v1/gels/{placed['number']}/levee"
        status, no = await web.post("sofia", levee, {"raison": "fini"})
        assert (status, "une réquisition se lève à deux" in no["detail"].lower()) == (409, True)
        status, no = await web.post("sofia.bis", levee, {"raison": "fini"})
        assert (status, "sont deux comptes de la même personne" in no["detail"]) == (409, True)
        status, freed = await web.post("marc", levee, {"raison": "restituée"})
        assert (status, freed["released_by"], freed["pieces"]) == (200, "marc", [PIECE])
        assert people.kept.piece().state is VoiceState.ARCHIVED
        status, no = await web.post("marc", levee, {"raison": "encore"})
        assert (status, "déjà été levé" in no["detail"]) == (409, True)
        assert (await web.get("quentin", "/api/v1/gels"))[1]["items"] == []
        (one,) = (await web.get("adele", "/api/v1/gels?tous=true"))[1]["items"]
        assert (one["kind"], one["scope"], one["target"], one["release_reason"]) == ("requisition", "appel", PIECE, "restituée")
        assert (await web.get("paul", "/api/v1/gels"))[0] == 403
    conserver = told(people, "conserver")
    assert conserver == [("sofia", "accordé"), ("sofia", "fait"), ("adele", "fait")], "an admin reads by what he may do"
    assert told(people, "liberer")[-2:] == [("marc", "fait"), ("marc", "accordé")]
    assert told(people, "voir") == [("quentin", "accordé"), ("paul", "refusé")]
    assert list(verify(people.store.traces.read())) == []


@pytest.mark.parametrize(
    ("name", "path", "body", "status", "words"),
    [
        ("sofia", "gels", {**WISH, "raison": ""}, 403, "un motif est demandé"),
        ("paul", "gels", WISH, 403, "ne peut pas placer"),
        ("", "gels", WISH, 403, "Le compte site n'a aucun rôle"),
        ("sofia", "gels", {**WISH, "appel": None}, 422, "corps"),
        ("sofia", "gels", {**WISH, "piece": "x"}, 422, "corps"),
        ("sofia", "gels", {**WISH, "motif": "humeur"}, 422, "motif"),
        ("sofia", "gels", {**WISH, "appel": None, "piece": "x"}, 404, "Aucune pièce x."),
        ("sofia", "gels", {**WISH, "reference": " "}, 422, "reference"),
        ("sofia", "gels", {**WISH, "reference": "a\nb"}, 422, "reference"),
        ("sofia", "gels/7/levee", {"raison": "fini"}, 404, "Aucun gel ne porte le numéro 7."),
        ("sofia", "gels/x/levee", {"raison": "fini"}, 404, "numéro « x »"),
        ("sofia", "eliminations", {"raison": "délai"}, 403, "ne peut pas proposer"),
        ("adele", "eliminations", {"raison": "délai"}, 409, "Aucune pièce n'est au-delà"),
        ("sofia", "eliminations/4/approbation", {"visa": "V"}, 404, "Aucune proposition ne porte le numéro 4."),
        ("sofia", "eliminations/4/approbation", {"visa": ""}, 422, "visa"),
        ("adele", "eliminations/4/approbation", {"visa": "V"}, 403, "ne peut pas approuver"),
        ("adele", "eliminations/4/retrait", {"raison": "r"}, 404, "numéro 4"),
        ("adele", "eliminations/4/execution", {"raison": "r"}, 404, "numéro 4"),
        ("adele", "eliminations/4/execution", {}, 403, "un motif est demandé"),
        ("", "archive/verification", {}, 403, "Le compte site"),
        ("quentin", "archive/verification", {}, 403, "journal des accès"),
    ],
)
async def test_what_may_not_be_is_said(people: Site, name: str, path: str, body: object, status: int, words: str) -> None:
    async with served(people) as web:
        answered, said = await web.post(name, f"/api/v1/{path}", body)
        assert (answered, words in said["detail"]) == (status, True), said
        assert said.get("motif_demande", False) is ("motif est demandé" in words)
    assert people.keeping.holds() == []


async def test_the_lists_of_the_register_are_not_the_sites(people: Site) -> None:
    async with served(people) as web:
        for path in ("gels", "eliminations", "eliminations/1", "eliminations/registre", "archive/verification", "exports"):
            for name in ("", "paul"):
                assert (await web.get(name, f"/api/v1/{path}"))[0] == 403, (name, path)
        assert (await web.get("adele", "/api/v1/eliminations/1"))[0] == 404
        assert (await web.get("adele", "/api/v1/eliminations"))[1] == {"items": [], "sans_proposition": 0}


async def proposed(web: Served, site: Site) -> int:
    """Twenty-one years later, a proposal by the admin."""
    site.keeping.settle()
    site.now = years_later(21)
    for name in tuple(site.tokens):  # the old tokens are over
        site.give(name)
    status, made = await web.post("adele", "/api/v1/eliminations", {"raison": "délai écoulé"})
    assert (status, made["pieces"], made["state"]) == (201, 2, "proposee"), made
    assert [one["fate"] for one in made["liste"]] == [None, None]
    number: int = made["number"]
    return number


async def test_an_elimination_from_its_proposal_to_its_record(people: Site) -> None:
    async with served(people) as web:
        number = await proposed(web, people)
        one = f"/api/v1/eliminations/{number}"
        status, no = await web.post("adele", f"{one}/execution", {"raison": "délai"})
        assert (status, "rien n'est éliminé sans approbation" in no["detail"]) == (409, True)
        status, approved = await web.post("sofia", f"{one}/approbation", {"visa": "AD31 2047/7"})
        assert (status, approved["state"], approved["approved_by"]) == (200, "approuvee", "sofia")
        people.hold(Scope.PIECE, "other")
        status, begun = await web.post("adele", f"{one}/execution", {"raison": "délai"})
        assert (status, begun["execution"]["total"]) == (202, 2), begun
        over = await web.until("adele", one, lambda told: not told["execution"]["en_cours"])
        execution = over["execution"]
        assert (execution["eliminees"], execution["done"], execution["ennui"]) == (1, 2, None)
        assert [(spared["piece_id"], "gelée" in spared["pourquoi"]) for spared in execution["ecartees"]] == [("other", True)]
        assert {item["piece_id"]: item["fate"] for item in over["liste"]} == {PIECE: "eliminee", "other": "ecartee"}
        _, register = await web.get("sofia", "/api/v1/eliminations/registre")
        (record,) = register["items"]
        people_of = [record[name] for name in ("piece_id", "proposed_by", "approved_by", "executed_by", "visa")]
        assert people_of == [PIECE, "adele", "sofia", "adele", "AD31 2047/7"]
        assert (register["tete"], register["defauts"]) == ({"number": 1, "hash": record["hash"]}, [])
        _, listed = await web.get("sofia", "/api/v1/eliminations")
        assert [(row["number"], row["pieces"], row["open"]) for row in listed["items"]] == [(number, 2, 0)]
    with people.store.keeping.reading() as book:
        assert first_broken(book.entries()) is None
    lying = sorted(path.name for path in (people.kept.folder / "archive").rglob("*") if path.is_file())
    assert lying == [f"{PIECE}.manifest.json", "other.flac.age", "other.json.age", "other.manifest.json"]
    assert [outcome for who, outcome in told(people, "proposer") if who == "adele"].count("fait") == 2
    assert list(verify(people.store.traces.read())) == []


async def test_the_second_person_is_another_and_a_proposal_can_be_taken_back(people: Site) -> None:
    async with served(people) as web:
        number = await proposed(web, people)
        one = f"/api/v1/eliminations/{number}"
        status, back = await web.post("adele", f"{one}/retrait", {"raison": "erreur"})
        assert (status, back["state"], back["withdrawn_by"]) == (200, "retiree", "adele")
        status, made = await web.post("sofia.bis", "/api/v1/eliminations", {"raison": "délai"})
        assert status == 201
        mine = f"/api/v1/eliminations/{made['number']}"
        status, no = await web.post("sofia.bis", f"{mine}/approbation", {"visa": "V"})
        assert (status, "une autre personne doit approuver" in no["detail"]) == (409, True)
        status, no = await web.post("sofia", f"{mine}/approbation", {"visa": "V"})
        assert (status, "sont deux comptes de la même personne" in no["detail"]) == (409, True)
        assert (await web.post("marc", f"{mine}/approbation", {"visa": "V"}))[0] == 200


async def test_the_verification_names_each_fault_and_is_in_the_log(people: Site) -> None:
    path = "/api/v1/archive/verification"
    async with served(people) as web:
        assert (await web.get("sofia", path))[1]["etat"] == "jamais"
        status, begun = await web.post("adele", path, {"ouvrir": True})
        assert (status, begun["par"]) == (202, "adele")
        sound = await web.until("sofia", path, lambda told: told["etat"] != "en_cours")
        assert (sound["etat"], sound["defauts"], sound["done"], sound["total"]) == ("faite", [], 2, 2)
        sealed = people.kept.piece().sealed
        assert sealed is not None
        flac = people.kept.folder / "archive" / f"{sealed.key}.flac.age"
        flac.write_bytes(flac.read_bytes()[:-1] + b"x")
        (people.kept.folder / "archive" / "2026/12/16/other.json.age").unlink()
        await web.post("adele", path, {})
        found = await web.until("sofia", path, lambda told: told["etat"] != "en_cours")
        assert [fault.partition(" : ")[0] for fault in found["defauts"]] == [
            f"{sealed.key}.flac.age",
            "2026/12/16/other.json.age",
        ]
        assert found["entrees"] > 0
    done = [trace for trace in people.traces("verifier") if trace.outcome == "fait"]
    assert [trace.detail for trace in done] == ["vérification : 0 défaut(s)", "vérification : 2 défaut(s)"]


async def test_one_verification_at_a_time(people: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, go = asyncio.get_running_loop(), asyncio.Event()
    real = journal.faults

    def slow(settings: object) -> object:
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(60)
        return real(settings)  # type: ignore[arg-type]

    monkeypatch.setattr(journal, "faults", slow)
    path = "/api/v1/archive/verification"
    async with served(people) as web:
        await web.post("adele", path, {})
        status, no = await web.post("sofia", path, {})
        assert (status, no["detail"]) == (409, "Une vérification est en cours, lancée par adele.")
        go.set()
        over = await web.until("sofia", path, lambda told: told["etat"] != "en_cours")
        assert over["etat"] == "faite"


async def test_the_document_of_the_api_knows_every_route(people: Site) -> None:
    async with served(people) as web:
        _, document = await web.get("", "/api/openapi.json")
    paths = document["paths"]
    for path in ("/api/v1/exports", "/api/v1/gels", "/api/v1/eliminations/{number}/execution", "/api/v1/archive/verification"):
        assert "post" in paths[path], path
    assert json.dumps(document)
