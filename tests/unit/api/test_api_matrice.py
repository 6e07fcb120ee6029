"""The access matrix over HTTP: each role, each relation, each verb of the voice, as acces.toml has it; all of it logged."""

import itertools
import tomllib

import pytest
from aiohttp.test_utils import TestClient

from cti.access.chain import verify
from cti.api.listening_port import DrawWish
from cti.archive.keeping.office import Office
from cti.bootstrap.listening.draws import DrawDesk
from cti.bootstrap.retention.terms import by_name, classing_of
from cti.journey.around.access import SCREENS, AccessOutcome, AccessRole
from cti.journey.around.keeping import HoldKind, Scope, Target
from tests.fakes.voice_room import CONFIG, T0, S, VoiceRoom, call, stage

#: Read by hand, so that the service's own reader is not its judge.
ROWS = tomllib.loads((CONFIG / "acces.toml").read_text(encoding="utf-8"))["droits"]
GIVEN = {(role, row["relation"], verb): row for row in ROWS for role in row["roles"] for verb in row["verbes"]}
ROLES = [role.value for role in AccessRole if role not in SCREENS]
#: The tie by which an account is tried; ``salle`` ties everybody.
RELATIONS = ("aucune", "ses_appels", "dossier", "qualite", "requisition")
REASON = "plainte 2026-41"


def expected(role: str, relation: str, verb: str) -> tuple[bool, bool]:
    """Without a reason, and with one: through this relation, or through that of the whole room."""
    rows = [row for one in (relation, "salle") if (row := GIVEN.get((role, one, verb))) is not None]
    return any(not row.get("motif", False) for row in rows), bool(rows)


def word(role: str, relation: str, verb: str) -> str:
    plain, reasoned = expected(role, relation, verb)
    return "oui" if plain else "motif" if reasoned else "non"


def tied(voices: VoiceRoom, role: str, relation: str) -> dict[str, str]:
    """A centre with one archived recording, and an account of that role tied to it in that way alone."""
    voices.clock.now = T0 + 600 * S
    talk = stage("n1", "arm01", 0, 3)
    personne = {"ses_appels": "arm01", "dossier": "mru01"}.get(relation, "")
    voices.tell(call("c1", talk))
    if relation == "dossier":
        # The same patient calls again, and she takes that call.
        again = stage("mru", "mru01", 100, 200)
        voices.tell(call("c2", again, t0=90, ended=200, dossier_id="d-c1", dossier_ref="2026-350-c1", recordings=()))
    headers = voices.account("qui", role, personne=personne or None)
    if relation == "qualite" and (role, "qualite", "ecouter") in GIVEN:
        wish = DrawWish(reviewer="qui", wanted=1, since=T0 - S, until=T0 + 80 * S, ends_at=T0 + 7200 * S, reason="revue")
        DrawDesk(voices.store, voices.settings.access, voices.clock).make(wish, "chef", "", "test")
    if relation == "requisition":
        voices.record("2026/12/16/c1")
        voices.archive(call("c1", talk))
        office = Office(voices.store.keeping, classing_of(voices.settings), voices.clock, by_name)
        office.place(Target(Scope.APPEL, "c1"), kind=HoldKind.REQUISITION, reference="PV 1", asked_by="OPJ", by="x", reason="y")
    else:
        voices.record("2026/12/16/c1")
    return headers


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", ROLES)
async def test_each_verb_is_given_or_refused_as_the_table_says_and_logged(
    ear: TestClient, voices: VoiceRoom, role: str, relation: str
) -> None:
    headers = tied(voices, role, relation)
    seen = len(voices.traces())
    for reason in ("", REASON):
        with_reason = bool(reason)
        query = {"motif": reason} if reason else {}
        asked = (
            ("ecouter", await ear.post("/api/v1/enregistrements/c1/ecoutes", json={"motif": reason}, headers=headers), "c1"),
            ("voir", await ear.get("/api/v1/enregistrements/c1", params=query, headers=headers), "c1"),
            ("voir", await ear.get("/api/v1/calls/c1/enregistrements", params=query, headers=headers), ""),
            ("voir", await ear.get("/api/v1/dossiers/2026-350-c1/enregistrements", params=query, headers=headers), ""),
            ("chercher", await ear.get("/api/v1/enregistrements", params={"numero": "06 12 34 56 78"}, headers=headers), ""),
        )
        for verb, response, piece_id in asked:
            of = "aucune" if verb == "chercher" else relation
            plain, reasoned = expected(role, of, verb)
            granted = reasoned if with_reason and verb != "chercher" else plain
            entry = voices.traces()[seen]
            seen += 1
            told = (role, relation, verb, reason, response.status, await response.text())
            assert (response.status < 300) is granted, told
            assert response.status in (200, 201, 403), told
            if response.status == 403:
                assert (await response.json()).get("motif_demande", False) is (reasoned and not with_reason), told
            assert (entry.verb, entry.who, entry.piece_id) == (verb, "qui", piece_id), told
            assert entry.outcome == (AccessOutcome.GRANTED if granted else AccessOutcome.REFUSED), told
            assert (entry.relation in (of, "salle")) is granted, told
            assert entry.role == role
            assert entry.reason == (reason if verb != "chercher" else ""), told
            if granted and verb == "voir":
                body = await response.json()
                row = body if piece_id else next(one for one in body["items"] if one["piece_id"] == "c1")
                assert row["peut"] == {name: word(role, relation, name) for name in ("ecouter", "exporter", "conserver")}, told
            if granted and verb == "chercher":
                found = [row["piece_id"] for row in (await response.json())["items"]]
                assert "c1" in found, told
    assert len(voices.traces()) == seen, "one entry for each, and none beside"
    assert list(verify(voices.store.traces.read())) == []


def test_the_table_is_tried_whole() -> None:
    tried = set(itertools.product(ROLES, (*RELATIONS, "salle"), ("ecouter", "voir", "chercher", "exporter", "conserver")))
    spoken = {cell for cell in GIVEN if cell[2] in ("ecouter", "voir", "chercher", "exporter", "conserver")}
    assert spoken <= tried
    assert {expected(role, relation, "ecouter") for role in ROLES for relation in RELATIONS} == {
        (False, False), (False, True), (True, True),
    }  # fmt: skip


async def test_a_wall_screen_and_the_site_have_no_right_on_the_voice(ear: TestClient, voices: VoiceRoom) -> None:
    voices.tell(call("c1", stage("n1", "arm01", 0, 3)))
    wall = voices.account("mur", "ecran")
    for headers in (wall, {}):
        for path in ("", "/miens", "/c1"):
            assert (await ear.get(f"/api/v1/enregistrements{path}", headers=headers)).status == 403, path
        for path in ("/api/v1/calls/c1/enregistrements", "/api/v1/dossiers/d-c1/enregistrements", "/api/v1/tirages"):
            assert (await ear.get(path, headers=headers)).status == 403, path
        asked = await ear.post("/api/v1/enregistrements/c1/ecoutes", json={"motif": REASON}, headers=headers)
        assert asked.status == 403
    assert {entry.who for entry in voices.traces()} == {"site"}, "a screen does not come past the door"
    assert {entry.outcome for entry in voices.traces()} == {"refusé"}
