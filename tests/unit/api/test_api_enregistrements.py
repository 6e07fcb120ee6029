"""Recordings searched and told by HTTP: filters, pages, one's own, by call and dossier, detail; what was asked is in the log."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.archive.keeping.office import Office
from cti.bootstrap.retention.terms import by_name, classing_of
from cti.journey import Journey
from cti.journey.around.duty import DutyAct, DutyKind
from cti.journey.around.keeping import HoldKind, Scope, Target
from cti.journey.events import ConsultEnd
from cti.journey.events.placed import Direction, Placed, PlacedVia
from cti.journey.model import Consult, Recording
from tests.fakes.voice_room import T0, S, VoiceRoom, call, stage

ALL = "/api/v1/enregistrements"


@pytest.fixture
def boss(voices: VoiceRoom) -> dict[str, str]:
    return voices.account("chef", "superviseur")


async def asked(ear: TestClient, me: dict[str, str], path: str = ALL, **query: str) -> dict[str, Any]:
    response = await ear.get(path, params=query, headers=me)
    assert response.status == 200, await response.text()
    told: dict[str, Any] = await response.json()
    return told


def names(told: dict[str, Any]) -> list[str]:
    return [row["piece_id"] for row in told["items"]]


def outgoing(call_id: str, number: str) -> Journey:
    placed = Placed(agent="arm02", line="l", number=number, via=PlacedVia.ECRAN, ready_at=T0, dialled_at=T0)
    known: dict[str, Any] = {"direction": Direction.SORTANT, "caller": None, "flux": "sortant", "dossier_id": None}
    return call(call_id, stage("sortant", "arm02", 0, 3), placed=placed, dossier_ref=None, **known)


def consulted(call_id: str) -> Journey:
    stem, checked = f"2026/12/16/{call_id}-aparte", T0 + 9 * S
    apart = Recording(stem=stem, started_at=T0 + S, checked_at=checked, caller_ms=900, agents_ms=1000)
    consult = Consult(
        agent="arm01", line="l", target="1021", started_at=T0 + S, answered_at=T0 + 2 * S, answered_by="mru01",
        ended_at=T0 + 3 * S, how=ConsultEnd.RETURNED, recording=apart,
    )  # fmt: skip
    return call(call_id, stage("n1", "arm01", 0, 5), ended=9, consults=(consult,))


async def test_a_search_finds_by_everything_it_can_be_asked_and_is_written_down(
    ear: TestClient, voices: VoiceRoom, boss: dict[str, str]
) -> None:
    voices.tell(
        call("a", stage("n1", "arm01", 0, 3), t0=0),
        call("b", stage("n1", "arm02", 10, 13), stage("mru", "mru01", 14, 20), t0=10, ended=20, caller="0033687654321"),
        call("c", stage("n1", "arm01", 30, 33), t0=30, ended=33, caller=None, dossier_id="D7", dossier_ref="2026-350-0000007"),
        replace(call("sans", t0=40, ended=41), recordings=()),
        replace(outgoing("s", "0612345678"), t0=T0 + 50 * S),
        call("vit", stage("n1", "arm01", 55), ended=None, t0=55),
    )
    voices.record("2026/12/16/a")
    voices.archive(call("a", stage("n1", "arm01", 0, 3), t0=0))
    everything = ["vit", "s", "c", "b", "a"]
    for query, expected in (
        ({}, everything),
        ({"since": "2026-12-16T08:00:10Z"}, everything[:4]),
        ({"since": "2026-12-16T08:00:10Z", "until": "2026-12-16T08:00:30Z"}, ["b"]),
        ({"numero": "+33 6 12 34 56 78"}, ["vit", "s", "a"]),
        ({"numero": "06.87.65.43.21"}, ["b"]),
        ({"numero": "0611111111"}, []),
        ({"dossier": "D7"}, ["c"]),
        ({"dossier": "2026-350-0000007"}, ["c"]),
        ({"dossier": "D7", "agent": "mru01"}, []),
        ({"agent": "mru01"}, ["b"]),
        ({"agent": "arm02"}, ["s", "b"]),
        ({"agent": "personne"}, []),
        ({"filiere": "mru"}, ["b"]),
        ({"etat": "archived"}, ["a"]),
        ({"etat": "started"}, ["vit"]),
        ({"etat": "proven"}, ["s", "c", "b"]),
        ({"etat": "held"}, []),
    ):
        told = await asked(ear, boss, **query)
        assert (names(told), told["next_after"]) == (expected, None), query
        entry = voices.traces()[-1]
        assert (entry.verb, entry.relation, entry.outcome) == ("chercher", "salle", "accordé")
        for value in query.values():
            assert value[:10] in entry.detail, entry.detail
    live = (await asked(ear, boss))["items"][0]
    assert (live["en_cours"], live["duration_ms"], live["state"]) == (True, None, "started")


async def test_pages_follow_each_other_and_a_call_is_never_cut(ear: TestClient, voices: VoiceRoom, boss: dict[str, str]) -> None:
    voices.tell(*(replace(consulted(f"c{n:02}"), t0=T0 + n // 2 * S) for n in range(13)))
    found: list[str] = []
    after, sizes = None, []
    while True:
        told = await asked(ear, boss, limit="5", **({"after": after} if after else {}))
        found += names(told)
        sizes.append(len(told["items"]))
        after = told["next_after"]
        if after is None:
            break
    assert sizes == [4] * 6 + [2]
    assert [name for name in found if "aparte" not in name] == [f"c{n:02}" for n in reversed(range(13))]
    assert len(set(found)) == len(found) == 26
    assert "suite" in voices.traces()[-1].detail
    one = await asked(ear, boss, limit="1")
    assert len(one["items"]) == 2, "a call whole, however small the page"


async def test_a_search_that_skips_much_hands_out_a_cursor(
    ear: TestClient, voices: VoiceRoom, boss: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cti.bootstrap.listening.desk._PAGE", 2)
    monkeypatch.setattr("cti.bootstrap.listening.desk._ROUNDS", 2)
    voices.tell(*(call(f"c{n}", stage("n1", "arm01", n, n + 1), t0=n, ended=n + 1) for n in range(6)))
    first = await asked(ear, boss, etat="damaged")
    assert (first["items"], first["next_after"] is None) == ([], False)
    second = await asked(ear, boss, etat="damaged", after=first["next_after"])
    assert (second["items"], second["next_after"]) == ([], None)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"after": "n'importe quoi"}, 422), ({"limit": "0"}, 400), ({"limit": "201"}, 400), ({"etat": "perdu"}, 400),
        ({"numero": "12"}, 422), ({"numero": "abc"}, 400), ({"dossier": "a b"}, 400), ({"couleur": "bleu"}, 400),
        ({"since": "2026-12-16T09:00:00Z", "until": "2026-12-16T08:00:00Z"}, 422), ({"since": "hier"}, 400),
    ],
)  # fmt: skip
async def test_a_search_that_makes_no_sense_is_refused_and_nothing_is_searched(
    ear: TestClient, voices: VoiceRoom, boss: dict[str, str], query: dict[str, str], status: int
) -> None:
    response = await ear.get(ALL, params=query, headers=boss)
    assert (response.status, voices.traces()) == (status, [])


async def test_a_person_is_searched_where_she_sat_and_when(ear: TestClient, voices: VoiceRoom, boss: dict[str, str]) -> None:
    """A post with fixe = false: the same phone, two people in turn."""
    roaming = voices.settings.staff
    assert "p01" not in roaming.fixed
    voices.store.duty.write(
        [
            DutyAct(act_id="1", at=T0, kind=DutyKind.TAKE, poste="p01", personne="helene", by="helene"),
            DutyAct(act_id="2", at=T0 + 100 * S, kind=DutyKind.TAKE, poste="p01", personne="jean", by="jean"),
        ]
    )
    voices.tell(
        call("d'elle".replace("'", ""), stage("n1", "p01", 10, 13), t0=10, ended=13),
        call("de-lui", stage("n1", "p01", 110, 113), t0=110, ended=113),
    )
    voices.clock.now = T0 + 300 * S
    assert names(await asked(ear, boss, agent="helene")) == ["delle"]
    assert names(await asked(ear, boss, agent="jean")) == ["de-lui"]
    row = (await asked(ear, boss, agent="helene"))["items"][0]
    assert row["agents"] == [{"agent": "p01", "nom": "helene", "filiere": "n1"}]


# --- one's own ----------------------------------------------------------------------------------------------------------


async def test_ones_own_are_those_of_ones_talks_and_of_ones_patients(ear: TestClient, voices: VoiceRoom) -> None:
    arm, doctor = voices.account("camille", "arm_n1", personne="arm01"), voices.account("anne", "mru", personne="mru01")
    first = call("c1", stage("n1", "arm01", 0, 3))
    other = call("c9", stage("n1", "arm02", 5, 8), t0=5, ended=8)
    ringing = call("c2", stage("n1", "arm01", 20, 25), stage("mru", "mru01", 26, answered=False), t0=20, ended=None)
    voices.tell(first, other, ringing)
    assert names(await asked(ear, arm, f"{ALL}/miens")) == ["c2", "c1"]
    assert names(await asked(ear, doctor, f"{ALL}/miens")) == [], "a phone that rings gives nothing"
    stages = (ringing.stages[0], stage("mru", "mru01", 26))
    answered = replace(ringing, stages=stages, dossier_id="d-c1", dossier_ref="2026-350-c1")
    voices.tell(answered)
    told = await asked(ear, doctor, f"{ALL}/miens")
    assert names(told) == ["c2", "c1"], "his own, and the earlier call of the same dossier"
    assert [row["peut"]["ecouter"] for row in told["items"]] == ["oui", "oui"]
    voices.clock.now = T0 + 25 * 3600 * S
    assert names(await asked(ear, arm, f"{ALL}/miens")) == [], "her day is over"
    assert names(await asked(ear, doctor, f"{ALL}/miens")) == ["c2", "c1"], "his has not begun: he is on the line"


async def test_the_same_list_again_is_not_written_again_and_another_one_is(ear: TestClient, voices: VoiceRoom) -> None:
    arm = voices.account("camille", "arm_n1", personne="arm01")
    for _ in range(3):
        assert names(await asked(ear, arm, f"{ALL}/miens")) == []
    assert [entry.detail for entry in voices.traces()] == ["ses enregistrements : aucun"]
    voices.tell(call("c1", stage("n1", "arm01", 0, 3)))
    for _ in range(3):
        assert names(await asked(ear, arm, f"{ALL}/miens")) == ["c1"]
    entry = voices.traces()[-1]
    assert len(voices.traces()) == 2
    assert (entry.verb, entry.call_id, entry.detail) == ("voir", "c1", "ses enregistrements (1 appels) : c1")
    voices.clock.now += 600 * S
    await asked(ear, arm, f"{ALL}/miens")
    await asked(ear, voices.token("camille"), f"{ALL}/miens")
    assert len(voices.traces()) == 4, "after ten minutes, and for another token"


async def test_an_account_of_nobody_has_nothing_of_its_own(ear: TestClient, voices: VoiceRoom, boss: dict[str, str]) -> None:
    voices.tell(call("c1", stage("n1", "arm01", 0, 3)))
    assert (await ear.get(f"{ALL}/miens", headers=boss)).status == 403
    ghost = voices.account("fantome", "arm_n1")
    assert names(await asked(ear, ghost, f"{ALL}/miens")) == []


# --- by call, by dossier, one by one --------------------------------------------------------------------------------------


async def test_by_call_and_by_dossier_what_may_be_seen_is_told(ear: TestClient, voices: VoiceRoom) -> None:
    arm = voices.account("camille", "arm_n1", personne="arm01")
    voices.tell(
        consulted("c1"),
        call("c2", stage("n1", "arm02", 20, 23), t0=20, ended=23, dossier_id="d-c1", dossier_ref="2026-350-c1"),
    )
    assert names(await asked(ear, arm, "/api/v1/calls/c1/enregistrements")) == ["c1-aparte", "c1"]
    for dossier in ("d-c1", "2026-350-c1"):
        told = await asked(ear, arm, f"/api/v1/dossiers/{dossier}/enregistrements")
        assert names(told) == ["c2", "c1-aparte", "c1"], "she had this patient: the dossier's later call too"
        assert dossier in voices.traces()[-1].detail
    stranger = voices.account("karim", "arm_n1", personne="arm03")
    for path in ("/api/v1/calls/c1", "/api/v1/dossiers/d-c1"):
        response = await ear.get(f"{path}/enregistrements", headers=stranger)
        assert response.status == 403
        assert voices.traces()[-1].outcome == "refusé"
    for path in ("/api/v1/calls/rien", "/api/v1/dossiers/rien", "/api/v1/calls/c1%2f..", "/api/v1/dossiers/%20"):
        before = len(voices.traces())
        assert (await ear.get(f"{path}/enregistrements", headers=arm)).status == 404, path
        assert len(voices.traces()) in (before, before + 1)
    assert (await ear.get("/api/v1/calls/rien/enregistrements", headers=arm)).status == 404
    assert voices.traces()[-1].call_id == "rien", "whoever fishes is written down"


async def test_one_recording_tells_stages_consultations_holds_and_term(ear: TestClient, voices: VoiceRoom) -> None:
    arm = voices.account("camille", "arm_n1", personne="arm01")
    journey = consulted("c1")
    voices.tell(journey)
    voices.record("2026/12/16/c1")
    voices.archive(journey)
    office = Office(voices.store.keeping, classing_of(voices.settings), voices.clock, by_name)
    office.settle()
    dossier = Target(Scope.DOSSIER, "2026-350-c1")
    office.place(dossier, kind=HoldKind.DEMANDE, reference="L 3", asked_by="la patiente", by="Zoé", reason="demande")
    told = await asked(ear, arm, f"{ALL}/c1")
    assert (told["caller"], told["state"], told["gele"], told["kind"]) == ("+33612345678", "held", True, "appel")
    assert told["stages"] == [
        {
            "filiere": "n1", "agent": "arm01", "nom": "Camille Durand", "entered_ms": 0, "answered_ms": 0, "talk_ms": 0,
            "left_ms": 5000, "end": None, "via": None,
        }
    ]  # fmt: skip
    (consult,) = told["consults"]
    assert (consult["agent"], consult["answered_by_nom"], consult["started_ms"]) == ("arm01", "Dr Anne Petit", 1000)
    assert (consult["answered_ms"], consult["ended_ms"], consult["how"]) == (2000, 3000, "returned")
    (hold,) = told["gels"]
    assert (hold["kind"], hold["reference"], hold["scope"], hold["placed_by"]) == ("demande", "L 3", "dossier", "Zoé")
    assert (told["retention"], told["keep_until"][:4]) == ("dossier", "2046")
    apart = await asked(ear, arm, f"{ALL}/c1-aparte")
    assert (apart["kind"], apart["stages"], len(apart["consults"])) == ("consultation", [], 1)
    assert apart["consults"][0]["started_ms"] == -1000, "its sound begins when the colleague answers"
    assert [one["agent"] for one in apart["agents"]] == ["arm01", "mru01"]


async def test_the_patients_own_request_is_a_tie_of_its_own(ear: TestClient, voices: VoiceRoom) -> None:
    admin = voices.account("dpo", "admin")
    voices.tell(call("c1", stage("n1", "arm01", 0, 3)))
    ask = {"json": {"motif": "demande de la patiente"}, "headers": admin}
    assert (await ear.post(f"{ALL}/c1/ecoutes", **ask)).status == 403
    voices.record("2026/12/16/c1")
    office = Office(voices.store.keeping, classing_of(voices.settings), voices.clock, by_name)
    hold, _ = office.place(
        Target(Scope.APPEL, "c1"), kind=HoldKind.DEMANDE, reference="L 3", asked_by="la patiente", by="Zoé", reason="demande"
    )
    assert (await ear.post(f"{ALL}/c1/ecoutes", **ask)).status == 201
    assert voices.traces()[-1].relation == "requisition"
    office.release(hold.number, by="Zoé", reason="remis")
    assert (await ear.post(f"{ALL}/c1/ecoutes", **ask)).status == 403
    office.place(Target(Scope.APPEL, "c1"), kind=HoldKind.RECLAMATION, reference="R", asked_by="x", by="y", reason="z")
    assert (await ear.post(f"{ALL}/c1/ecoutes", **ask)).status == 403, "a claim keeps, and lets nobody listen"


async def test_outgoing_calls_tell_whom_they_reached(ear: TestClient, voices: VoiceRoom, boss: dict[str, str]) -> None:
    voices.tell(outgoing("s", "0612345678"))
    (row,) = (await asked(ear, boss))["items"]
    assert (row["direction"], row["caller"], row["agents"][0]["agent"]) == ("sortant", "+33612345678", "arm02")
