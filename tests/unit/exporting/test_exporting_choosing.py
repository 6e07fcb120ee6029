"""What can be given of what was named, what is told to be absent, and what refuses the whole."""

import json
from dataclasses import replace

import pytest

from cti.archive.exporting.asked import BadlyAsked, Candidate, ExportRefused, NothingThere, by_reference
from cti.archive.exporting.choosing import check_reference, chosen
from cti.journey.around.keeping import Entry, Hold, HoldKind, Kept, Scope, Target
from cti.journey.around.voice import VoiceState as V
from tests.unit.archive.keeping_house import T0, piece
from tests.unit.archive.voices_kept import answered


def hold(number: int, kind: HoldKind = HoldKind.REQUISITION, reference: str = "PV 2026/12") -> Hold:
    return Hold(
        number=number, target=Target(Scope.PIECE, "p1"), kind=kind, reference=reference, asked_by="OPJ", placed_by="Chloé",
        placed_at=T0, reason="enquête",
    )  # fmt: skip


def candidate(number: int, state: V = V.ARCHIVED, **changes: object) -> Candidate:
    others = {name: value for name, value in changes.items() if name != "holds"}
    one = replace(piece(number, call="c", state=state), **others)  # type: ignore[arg-type]
    if state in (V.STARTED, V.CLOSED, V.PROVEN, V.DAMAGED, V.MISSING):
        one = replace(one, sealed=None)
    return Candidate(kept=Kept(one, "31-1"), journey=None, holds=changes.get("holds", ()))  # type: ignore[arg-type]


def record(number: int) -> Entry:
    return Entry(
        number, "p3", json.dumps({"piece_id": "p3", "executed_at": "2047-01-01T00:00:00.000Z", "visa": "AD31-7"}), "", "h"
    )


def test_what_lies_there_is_given_and_what_never_will_is_told() -> None:
    found = [
        candidate(4, V.MISSING, problem="le fichier est vide"),
        replace(candidate(3, V.DESTROYED), record=record(7)),
        candidate(2, V.HELD, started_at=T0 - 1),
        candidate(1),
        candidate(5, V.DESTROYED),
        candidate(6, V.MISSING),
    ]
    given, absent = chosen("dossier 31-1", found)
    assert [one.piece_id for one in given] == ["p2", "p1"]
    assert [(one.piece_id, one.why) for one in absent] == [
        ("p3", "éliminée le 2047-01-01T00:00:00.000Z, visa AD31-7, procès-verbal n° 7"),
        ("p4", "le fichier est vide"),
        ("p5", "éliminée le 2026-12-16T08:00:00.000Z, visa inconnu, sans procès-verbal"),
        ("p6", "aucun son n'a été enregistré"),
    ]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (V.STARTED, "p2 (en cours d'enregistrement)"),
        (V.CLOSED, "p2 (à contrôler)"),
        (V.PROVEN, "p2 (à archiver)"),
        (V.DAMAGED, "p2 (abîmée, encore en clair)"),
    ],
)
def test_what_is_on_its_way_refuses_the_whole_by_its_name(state: V, told: str) -> None:
    with pytest.raises(ExportRefused, match="pas encore dans l'archive") as refused:
        chosen("appel c", [candidate(1), candidate(2, state)])
    assert told in str(refused.value)
    with pytest.raises(ExportRefused, match=r"p2 \(un autre défaut\)"):
        chosen("appel c", [candidate(1), candidate(2, state, problem="un autre défaut")])


def test_a_piece_that_lies_nowhere_is_not_given() -> None:
    with pytest.raises(ExportRefused, match="l'archive ne sait pas où elle est"):
        chosen("appel c", [candidate(1, sealed=None)])


def test_a_whole_call_waits_for_its_recordings_and_its_end() -> None:
    journey = answered("2026/12/p1", "2026/12/p9")
    assert chosen("appel c", [candidate(1)])[0]
    with pytest.raises(ExportRefused, match=r"p9 \(pas encore pris par l'archive\)"):
        chosen("appel c", [candidate(1)], [journey])
    with pytest.raises(ExportRefused, match=rf"appel {journey.call_id} \(en cours\)"):
        chosen("appel c", [candidate(1)], [replace(answered("2026/12/p1"), ended_at=None)])
    given, _ = chosen("appel c", [candidate(1)], [answered("2026/12/p1")])
    assert [one.piece_id for one in given] == ["p1"]


def test_nothing_and_no_sound_are_told_apart() -> None:
    with pytest.raises(NothingThere, match="aucun enregistrement pour appel x"):
        chosen("appel x", [])
    with pytest.raises(ExportRefused, match=r"aucun son à remettre : p1 \(aucun son") as refused:
        chosen("appel c", [candidate(1, V.MISSING)])
    assert not isinstance(refused.value, NothingThere)


def test_a_long_list_is_counted() -> None:
    with pytest.raises(ExportRefused, match=r"p10 \(à archiver\) et 2 autre\(s\)$"):
        chosen("appel c", [candidate(number, V.PROVEN, started_at=T0 + number) for number in range(1, 13)])


def test_the_reference_is_that_of_an_open_request_on_each_piece() -> None:
    mine = [candidate(1, holds=(hold(1), hold(2, HoldKind.RECLAMATION, "LRAR 1"))), candidate(2, holds=(hold(3),))]
    check_reference(mine, " pv  2026/12 ")
    with pytest.raises(
        BadlyAsked, match=r"« PV 99 » n'est celle d'aucun gel ouvert sur : p1, p2 ; ouvertes : « PV 2026/12 » \(gel 1\)"
    ):
        check_reference(mine, "PV 99")
    with pytest.raises(BadlyAsked, match="p1, p2"):
        check_reference(mine, "LRAR 1")  # a claim asks that it be kept, not for the voice
    with pytest.raises(BadlyAsked, match=r"sur : p1$"):
        check_reference([candidate(1)], "PV 2026/12")
    assert by_reference((hold(4, HoldKind.DEMANDE, "D 1"),), "d1")
