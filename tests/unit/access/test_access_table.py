"""The table of rights: every fault of ``acces.toml`` is told at once, with its place."""

from typing import Any

import pytest

from cti.access import AccessConfigError, from_mapping
from cti.journey.around.access import AccessRole, Relation, Verb
from tests.fakes.access import shipped_table

ADMIN = {"relation": "salle", "verbes": ["administrer"], "roles": ["admin"]}


def told(**data: Any) -> list[str]:
    with pytest.raises(AccessConfigError) as refused:
        from_mapping(data, "acces.toml")
    assert str(refused.value).splitlines() == list(refused.value.problems)
    return list(refused.value.problems)


def test_the_shipped_table_gives_nobody_too_much() -> None:
    table = shipped_table()
    assert table.days == 90
    assert table.heads == "tetes"
    for role in (AccessRole.ARM_N1, AccessRole.ARM_N2, AccessRole.OSNP, AccessRole.MRU, AccessRole.MRG):
        assert table.allows(role, Verb.ECOUTER, Relation.SALLE) is None, role
        row = table.allows(role, Verb.ECOUTER, Relation.DOSSIER)
        assert row is not None
        assert row.hours == 24
        assert not any(table.allows(role, Verb.EXPORTER, relation) for relation in Relation), role
    assert not any(AccessRole.ECRAN in row.roles for row in table.rights)
    export = table.allows(AccessRole.SUPERVISEUR, Verb.EXPORTER, Relation.REQUISITION)
    assert export is not None
    assert export.needs_reason


def test_a_small_table_and_what_it_does_not_say() -> None:
    table = from_mapping({"droits": [ADMIN], "jetons": {"jours_max": 30}, "traces": {"tetes": " /mnt/tetes "}}, "acces.toml")
    assert (table.days, table.days_most, table.heads, table.key) == (30, 30, "/mnt/tetes", "")
    (row,) = table.rights
    assert (row.needs_reason, row.hours) == (False, None)


def test_every_fault_is_told_at_once() -> None:
    blocks = [
        {**ADMIN, "relation": "cousin", "couleur": 3},
        {**ADMIN, "verbes": ["ecouter", "ecoute", 7], "roles": []},
        {**ADMIN, "motif": "oui", "duree_heures": 0},
        "rien",
    ]
    found = told(droits=blocks, autre=1, jetons={"jours": 400, "cle": "courte", "x": 1}, traces=[])
    for place in (
        "acces.toml: autre: unknown field",
        "acces.toml: [jetons] x: unknown field",
        "acces.toml: [jetons] jours: a whole number from 1 to 365 is expected, not 400",
        "acces.toml: [jetons] cle: too short",
        "acces.toml: traces: a table is expected",
        "acces.toml: [droits 1] couleur: unknown field",
        "acces.toml: [droits 1] relation: one of ses_appels,",
        "acces.toml: [droits 2] verbes: one of ecouter, exporter,",
        "acces.toml: [droits 2] roles: a list of arm_n1,",
        "acces.toml: [droits 3] motif: true or false is expected, not 'oui'",
        "acces.toml: [droits 3] duree_heures: a whole number from 1 to 8784 is expected, not 0",
        "acces.toml: [droits 4]: a [[droits]] block is expected",
    ):
        assert any(fault.startswith(place) for fault in found), (place, found)
    assert not any("courte" in fault for fault in found), "a key is told to nobody"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, "droits: at least one"),
        ({"droits": []}, "droits: at least one"),
        ({"droits": [{**ADMIN, "verbes": ["voir"]}]}, "droits: no role may 'administrer'"),
        ({"droits": [ADMIN, ADMIN]}, "[droits 2] admin may administrer (salle) by [droits 1] already"),
        ({"droits": [ADMIN, {**ADMIN, "verbes": ["voir", "chercher"], "roles": ["ecran"]}]}, "[droits 2] ecran: a screen is"),
        ({"droits": [ADMIN], "traces": {"tetes": ""}}, "[traces] tetes: a text is expected"),
        ({"droits": [ADMIN], "jetons": {"jours": True}}, "[jetons] jours: a whole number"),
    ],
)
def test_what_contradicts_itself(data: dict[str, Any], place: str) -> None:
    (fault,) = told(**data)
    assert fault.startswith(f"acces.toml: {place}"), fault


def test_a_screen_may_be_given_to_see() -> None:
    table = from_mapping({"droits": [ADMIN, {**ADMIN, "verbes": ["voir"], "roles": ["ecran"]}]}, "acces.toml")
    assert table.allows(AccessRole.ECRAN, Verb.VOIR, Relation.SALLE) is not None


def test_how_long_one_may_listen() -> None:
    usual = from_mapping({"droits": [ADMIN]}, "acces.toml").listening
    assert (usual.minutes_most, usual.open_most, usual.memory_mib, usual.idle_seconds) == (120, 8, 256, 300)
    assert shipped_table().listening == usual
    own = {"minutes_max": 15, "ouvertes_max": 1, "memoire_mio": 64, "oubli_secondes": 60}
    mine = from_mapping({"droits": [ADMIN], "ecoutes": own}, "acces.toml").listening
    assert (mine.minutes_most, mine.open_most, mine.memory_mib, mine.idle_seconds) == (15, 1, 64, 60)
    assert told(droits=[ADMIN], ecoutes={"minutes_max": 0, "ouvertes_max": "huit", "durée": 1}) == [
        "acces.toml: [ecoutes] durée: unknown field",
        "acces.toml: [ecoutes] minutes_max: a whole number from 1 to 1440 is expected, not 0",
        "acces.toml: [ecoutes] ouvertes_max: a whole number from 1 to 100 is expected, not 'huit'",
    ]
