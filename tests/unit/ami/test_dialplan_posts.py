"""extensions_agents.conf: codes, posts that are anybody's, and the wrap-ups that a silent service left."""

from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami.dialplan import AgentSpec, PbxSpec, PersonSpec, check, faults, pbx_spec, render, write
from cti.ami.dialplan.spec import retained_variable
from tests.unit.ami.test_dialplan import ROOT, SPEC, section

FREE = replace(
    SPEC,
    agents=(*SPEC.agents, AgentSpec("poste-7.b", "Poste 7", poste="1107", password="a-long-password", fixe=False)),
    personnes=(PersonSpec("helene", "Hélène L'Hôpital", ("n1", "amu"), "201", "a" * 40),),
    motifs=("repas", "formation"),
)


def conf(spec: PbxSpec = FREE) -> str:
    return render(spec)["extensions_agents.conf"]


def test_a_person_takes_a_post_by_her_number() -> None:
    codes = section(conf(), "sas-codes")
    assert codes[:4] == [
        "exten => *51201,1,Set(SAS_PERSONNE=helene)",
        f" same => n,Set(SAS_EMPREINTE={'a' * 40})",
        " same => n,Set(SAS_SERT=n1 amu)",
        " same => n,Goto(sas-poste,prise,1)",
    ]
    adds = section(conf(), "sas-prendre")
    assert "exten => helene,1,AddQueueMember(sas-n1,PJSIP/${SAS_POSTE},0,,Hélène L'Hôpital,PJSIP/${SAS_POSTE})" in adds
    assert " same => n,AddQueueMember(sas-amu,PJSIP/${SAS_POSTE},0,,Hélène L'Hôpital,PJSIP/${SAS_POSTE})" in adds
    assert " same => n,RemoveQueueMember(sas-psy,PJSIP/${SAS_POSTE})" in section(conf(), "sas-quitter")


def test_reasons_have_a_digit_each_and_the_first_has_none_too() -> None:
    codes = section(conf(), "sas-codes")
    assert [line for line in codes if "SAS_MOTIF" in line] == [
        "exten => *53,1,Set(SAS_MOTIF=repas)",
        "exten => *531,1,Set(SAS_MOTIF=repas)",
        "exten => *532,1,Set(SAS_MOTIF=formation)",
    ]


def test_only_posts_that_are_anybody_s_may_be_taken_and_have_no_static_member() -> None:
    assert section(conf(), "sas-postes-libres") == ["exten => aucun,1,Return()", "exten => poste-7.b,1,Return()"]
    served = replace(FREE, agents=tuple(replace(a, fixe=False, filieres=("n1",)) for a in FREE.agents))
    assert "member =>" not in render(served)["queues.conf"]


def test_a_post_s_variable_is_the_one_that_the_dialplan_clears() -> None:
    assert retained_variable("poste-7.b") == "SAS_RETENU_poste_7_b"
    assert "Gosub(sas-liberer,s,1(poste-7.b,SAS_RETENU_poste_7_b))" in conf()
    assert "SAS_RETENU_${REPLACE(SAS_POSTE,.-,_)}" in (ROOT / "dialplans" / "extensions.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"personnes": (PersonSpec("Hélène", "H", ("n1",), "201"),)}, "[personnes.Hélène] personne"),
        ({"personnes": (PersonSpec("helene", "H,x", ("n1",), "201"),)}, "[personnes.helene] nom"),
        ({"personnes": (PersonSpec("helene", "H", ("old",), "201"),)}, "[personnes.helene] filieres: unknown filière 'old'"),
        ({"personnes": (PersonSpec("helene", "H", ("n1",), "2x"),)}, "[personnes.helene] numero"),
        ({"personnes": (PersonSpec("helene", "H", ("n1",), "201", "1234"),)}, "[personnes.helene] code_sha1"),
        ({"personnes": (PersonSpec("a1", "A", (), "201"), PersonSpec("b1", "B", (), "201"))}, "'201' is declared 2 times"),
        ({"motifs": ("a;b",)}, "[pauses] motifs"),
    ],
)
def test_what_forbids_rendering(change: dict[str, object], said: str) -> None:
    spec = replace(FREE, **change)  # type: ignore[arg-type]
    assert any(said in fault for fault in faults(spec)), faults(spec)


def test_two_posts_with_one_variable_are_refused() -> None:
    twins = tuple(AgentSpec(name, "x", password="a-long-password") for name in ("p-1", "p.1"))
    assert any("SAS_RETENU_p_1" in fault for fault in faults(replace(FREE, agents=twins)))


def test_people_and_posts_of_the_site_s_file() -> None:
    agents = {
        "agents": {"p01": {"nom": "Poste 1", "fixe": False, "password": "a-long-password"}},
        "personnes": {"anne": {"nom": "Anne", "role": "mru", "filieres": ["mru"], "numero": "301"}, "paul": {"nom": "Paul"}},
        "pauses": {"motifs": ["repas"]},
    }
    secrets = {"events_secret": "secret-events", "actions_secret": "secret-actions"}
    spec = pbx_spec({"ami": secrets}, agents, {"secours": "mru"}, {})
    assert spec.personnes == (PersonSpec("anne", "Anne", ("mru",), "301"),), "without a number nobody can be dialled"
    assert (spec.agents[0].fixe, spec.motifs) == (False, ("repas",))


def test_every_jump_of_it_lands(tmp_path: Path) -> None:
    write(FREE, tmp_path, ROOT / "dialplans")
    assert check(tmp_path) == []
