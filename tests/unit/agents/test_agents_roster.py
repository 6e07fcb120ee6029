import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.agents import Agent, Role, Roster, RosterError, endpoint_of, may_transfer
from tests.unit.agents.duty_acts import unhurried

SITE = Path(__file__).resolve().parents[3] / "config" / "agents.toml"
DATA: dict[str, Any] = {
    "agents": {
        "arm01": {"nom": "Camille Durand", "role": "arm_n1", "filieres": ["n1"], "poste": "1001", "password": "secret"},
        "arm02": {"nom": "Jean Martin", "role": "arm_amu", "filieres": ["n1", "amu"]},
        "mrg-dupont": {"nom": "Jean Martin", "role": "mrg", "filieres": []},
        "sup01": {"nom": "Nadia Roy", "role": "superviseur", "filieres": []},
    }
}
ROSTER = Roster.from_mapping(DATA, "agents.toml")


def problems(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(RosterError) as raised:
        Roster.from_mapping(data, "agents.toml")
    assert str(raised.value) == "\n".join(raised.value.problems)
    return raised.value.problems


def test_the_file_that_is_shipped_reads() -> None:
    roster = Roster.from_mapping(tomllib.loads(SITE.read_text(encoding="utf-8")), "agents.toml")
    assert roster.find("PJSIP/arm01").role is Role.ARM_N1
    assert all(agent.known and agent.nom for agent in roster)


@pytest.mark.parametrize(
    "name",
    [
        "arm01",
        "PJSIP/arm01",
        "PJSIP/arm01-0000002a",
        "Local/arm01@sas-postes-0000000b;1",
        "Local/arm01@sas-postes",
        " PJSIP/arm01 ",
        "Camille Durand",
    ],
)
def test_a_phone_is_found_by_any_of_its_names(name: str) -> None:
    assert ROSTER.find(name) == Agent("arm01", "Camille Durand", Role.ARM_N1, ("n1",), "1001")


def test_only_the_last_dash_is_asterisks_own() -> None:
    assert ROSTER.find("PJSIP/mrg-dupont-00000003").endpoint == "mrg-dupont"
    assert ROSTER.find("PJSIP/mrg-dupont").endpoint == "mrg-dupont"


@given(st.text())
def test_nobody_is_an_error(name: str) -> None:
    agent = ROSTER.find(name)
    assert agent.nom
    assert agent.known == (agent.endpoint in ROSTER.by_endpoint)


def test_an_undeclared_phone_is_called_by_its_endpoint() -> None:
    assert ROSTER.find("PJSIP/arm99-0000002a") == Agent("arm99", "arm99", Role.INCONNU)
    assert ROSTER.find("") == Agent("", "inconnu", Role.INCONNU)


def test_namesakes_are_not_taken_for_each_other() -> None:
    assert not ROSTER.find("Jean Martin").known


@unhurried
@given(st.from_regex(r"\A[a-z0-9][a-z0-9_.-]{0,20}\Z"), st.integers(0, 2**32 - 1))
def test_the_endpoint_of_a_channel_is_the_endpoint(endpoint: str, number: int) -> None:
    assert endpoint_of(f"PJSIP/{endpoint}-{number:08x}") == endpoint


def test_who_serves_a_filiere_in_the_files_order() -> None:
    assert [agent.endpoint for agent in ROSTER.serving("n1")] == ["arm01", "arm02"]
    assert ROSTER.serving("psy") == ()
    assert len(ROSTER) == 4


def test_whoever_holds_a_call_may_pass_it_on() -> None:
    arm, stranger = ROSTER.find("arm01"), ROSTER.find("arm99")
    assert may_transfer(arm, "arm01")
    assert may_transfer(stranger, "arm99")
    assert not may_transfer(arm, "arm02")
    assert not may_transfer(arm, None)


def test_a_supervisor_may_move_anybody() -> None:
    supervisor = ROSTER.find("sup01")
    assert may_transfer(supervisor, "arm01")
    assert may_transfer(supervisor, None)


def test_every_role_has_a_french_label() -> None:
    labels = {role.label for role in Role}
    assert len(labels) == len(Role)
    assert Role.ARM_AMU.label == "ARM aide médicale urgente"
    assert {role for role in Role if role.regulates} == {Role.MRU, Role.MRG, Role.PSYCHIATRE, Role.DENTISTE}


@pytest.mark.parametrize("data", [{}, {"agents": {}}, {"agents": [1]}])
def test_an_empty_room_is_a_fault(data: dict[str, Any]) -> None:
    assert problems(data) == ("agents.toml: agents: at least one block [agents.<poste>] is expected",)


def test_every_fault_is_told_at_once() -> None:
    roles = "arm_n1, arm_amu, osnp, mru, mrg, psychiatre, dentiste, superviseur"
    assert problems(
        {
            "agents": {
                "a b": {"nom": "X", "role": "mru", "filieres": []},
                "a1": 3,
                "a2": {},
                "a3": {"nom": " ", "role": "inconnu", "filieres": ["n1", "é", 3], "poste": 1001},
                "a4": {"nom": "X", "role": ["mru"], "filieres": ["n1", "n1"]},
                "ok": {"nom": "X", "role": "mru", "filieres": []},
            }
        }
    ) == (
        "agents.toml: [agents.a b]: 'a b' does not match [A-Za-z0-9][A-Za-z0-9_.-]{0,39}",
        "agents.toml: [agents.a1]: a table is expected, not 3",
        "agents.toml: [agents.a2] nom: missing",
        "agents.toml: [agents.a2] role: missing",
        "agents.toml: [agents.a2] filieres: missing",
        "agents.toml: [agents.a3] nom: a text is expected, not ' '",
        f"agents.toml: [agents.a3] role: one of {roles} is expected, not 'inconnu'",
        "agents.toml: [agents.a3] filieres: 'é' does not match [A-Za-z0-9][A-Za-z0-9_-]{0,15}",
        "agents.toml: [agents.a3] filieres: 3 does not match [A-Za-z0-9][A-Za-z0-9_-]{0,15}",
        "agents.toml: [agents.a3] poste: a text is expected, not 1001",
        f"agents.toml: [agents.a4] role: one of {roles} is expected, not ['mru']",
        "agents.toml: [agents.a4] filieres: 'n1' stands twice",
    )


def test_no_password_is_kept() -> None:
    assert "secret" not in repr(ROSTER)
