"""The people of agents.toml: read whole, and every fault told at once."""

from typing import Any

import pytest

from cti.agents import RosterError
from cti.agents.people import DEFAULT_MOTIFS, read_staff
from cti.agents.roles import Role

ARM = {"nom": "Camille Durand", "role": "arm_n1", "filieres": ["n1"]}
ANNE = {"nom": "Dr Anne Petit", "role": "mru", "filieres": ["mru"], "numero": "301"}


def read(**more: Any) -> Any:
    return read_staff({"agents": {"arm01": ARM, "p01": {"nom": "Poste 1", "fixe": False}}, **more}, "agents.toml")


def faults(**more: Any) -> tuple[str, ...]:
    with pytest.raises(RosterError) as refused:
        read(**more)
    return refused.value.problems


def test_todays_file_needs_nothing_new() -> None:
    staff = read()
    assert staff.motifs == DEFAULT_MOTIFS
    assert staff.missed_max == 2
    assert dict(staff.people) == {}
    assert staff.fixed == {"arm01": ("n1",)}


def test_names_and_roles_of_people_and_of_fixed_posts() -> None:
    staff = read(personnes={"anne": ANNE})
    assert (staff.nom("anne"), staff.role("anne")) == ("Dr Anne Petit", Role.MRU)
    assert (staff.nom("arm01"), staff.role("arm01")) == ("Camille Durand", Role.ARM_N1)
    assert (staff.nom("who"), staff.role("who")) == ("who", Role.INCONNU)


def test_pauses_of_the_site() -> None:
    staff = read(pauses={"motifs": ["repas", "salle de repos"], "sans_reponse_max": 0})
    assert (staff.motifs, staff.missed_max) == (("repas", "salle de repos"), 0)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"personnes": {"Anne": ANNE}}, "agents.toml: [personnes.Anne] 'Anne' does not match"),
        ({"personnes": {"anne": {**ANNE, "nom": " "}}}, "agents.toml: [personnes.anne] nom: a text is expected"),
        ({"personnes": {"anne": {**ANNE, "role": "inconnu"}}}, "agents.toml: [personnes.anne] role: one of arm_n1"),
        ({"personnes": {"anne": {**ANNE, "filieres": ["n1", "n1"]}}}, "agents.toml: [personnes.anne] filieres: a list"),
        ({"personnes": {"anne": {**ANNE, "numero": "3a"}}}, "agents.toml: [personnes.anne] numero: a text that matches"),
        ({"personnes": {"anne": {**ANNE, "code_sha1": "1234"}}}, "agents.toml: [personnes.anne] code_sha1: a text that matches"),
        ({"personnes": {"anne": {**ANNE, "code": "1234"}}}, "agents.toml: [personnes.anne] code: unknown field"),
        ({"personnes": {"anne": ANNE, "paul": ANNE}}, "agents.toml: [personnes.paul] numero: '301' is anne's already"),
        ({"personnes": {"arm01": ANNE}}, "agents.toml: [personnes.arm01]: a post has this name already"),
        ({"personnes": {"anne": 3}}, "agents.toml: [personnes.anne]: a table is expected, not 3"),
        ({"personnes": 3}, "agents.toml: personnes: blocks"),
        ({"pauses": 3}, "agents.toml: [pauses]: a table is expected"),
        ({"pauses": {"motif": []}}, "agents.toml: [pauses] motif: unknown field"),
        ({"pauses": {"motifs": ["post-appel"]}}, "agents.toml: [pauses] motifs: 1 to 9 reasons"),
        ({"pauses": {"motifs": ["a,b"]}}, "agents.toml: [pauses] motifs: 1 to 9 reasons"),
        ({"pauses": {"sans_reponse_max": -1}}, "agents.toml: [pauses] sans_reponse_max: a number"),
        ({"agents": {"p01": {"nom": "Poste 1", "fixe": "non"}}}, "agents.toml: [agents.p01] fixe: true or false is expected"),
    ],
)
def test_every_fault_has_its_place(more: dict[str, Any], fault: str) -> None:
    assert any(found.startswith(fault) for found in faults(**more)), faults(**more)


def test_all_faults_come_together() -> None:
    assert len(faults(personnes={"anne": {**ANNE, "nom": ""}, "P": ANNE}, pauses={"motifs": []})) >= 3
