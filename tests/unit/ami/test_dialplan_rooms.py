"""What is rendered for rooms: the physicians' second queue, the directory, the keys, and what forbids rendering."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_dialplan import ROOT, SPEC, section

from cti.ami.dialplan import EffecteurSpec, FiliereSpec, PbxSpec, check, faults, render, write
from cti.ami.dialplan.rooms import room_keys
from cti.ami.translate.telephony import filiere_of

MRU = FiliereSpec("mru", "Médecin urgentiste", "802", debordement="amu", p0=True)
CTA = EffecteurSpec("cta", "CTA pompiers", "0199001811", "*9718")
ROOMS = replace(
    SPEC,
    filieres=(*SPEC.filieres, MRU),
    agents=(*SPEC.agents, replace(SPEC.agents[0], endpoint="mru01", nom="Dr Petit", filieres=("mru",), poste="1021")),
    effecteurs=(CTA, EffecteurSpec("police", "Police secours", "17")),
    trunk_sortant="operateur",
    numero_libre=True,
)


def test_a_p0_queue_has_the_same_people_and_comes_first() -> None:
    queues = render(ROOMS)["queues.conf"]
    p0 = section(queues, "sas-mru-p0")
    assert {"strategy = ringall", "weight = 1000", "joinempty = yes", "leavewhenempty = no", "ringinuse = no"} <= set(p0)
    assert [line for line in p0 if "member" in line] == [line for line in section(queues, "sas-mru") if "member" in line]
    assert "[sas-n1-p0]" not in queues


def test_whoever_serves_a_filiere_is_a_member_of_all_its_queues() -> None:
    assert MRU.queues == ("sas-mru", "sas-mru-p0")
    assert replace(MRU, p0=False).queues == ("sas-mru",)
    assert {filiere_of(queue) for queue in MRU.queues} == {"mru"}


def test_keys_invite_and_consult_and_none_is_another_ones_beginning_by_mistake() -> None:
    files = render(ROOMS)
    assert 'sas-p0 => *90,self,Gosub,"sas-touches-salle,p0,1"' in files["features.conf"]
    assert 'sas-consulter-mru => *7802,self,Gosub,"sas-touches-salle,consulter,1(mru@sas-renfort)"' in files["features.conf"]
    assert "*9718 = dialplan_exec(sas-touches-invites,cta,1)" in section(files["confbridge.conf"], "sas-touches-agent")
    assert "sas-inviter-cta" in files["pjsip.conf"]
    digits = [key.digits for key in room_keys(ROOMS)] + [filiere.touche for filiere in ROOMS.filieres]
    assert [(a, b) for a in digits for b in digits if a != b and b.startswith(a)] == []
    assert "sas-p0" not in render(SPEC)["features.conf"], "no filière to ask"


def test_the_directory_is_dialled_on_the_trunk_and_posts_on_their_phones() -> None:
    guests = section(render(ROOMS)["extensions_renforts.conf"], "sas-invites")
    assert " same => n,Set(SAS_OU=PJSIP/0199001811@operateur)" in guests
    assert " same => n,Set(SAS_OU=PJSIP/mru01)" in guests
    assert "exten => numero,1,Set(SAS_CODE=numero)" in guests
    assert "exten => numero," not in render(replace(ROOMS, numero_libre=False))["extensions_renforts.conf"]


def test_a_room_is_silent_and_ends_with_its_last_agent() -> None:
    rooms = render(ROOMS)["confbridge.conf"]
    for profile in ("sas-appelant", "sas-agent", "sas-invite"):
        assert {"quiet = yes", "music_on_hold_when_empty = no"} <= set(section(rooms, profile))
    assert "end_marked = yes" in section(rooms, "sas-appelant")
    assert "marked = yes" in section(rooms, "sas-agent")
    assert "marked = yes" not in section(rooms, "sas-invite")


def test_every_jump_of_the_room_lands(tmp_path: Path) -> None:
    write(ROOMS, tmp_path, ROOT / "dialplans")
    assert check(tmp_path) == []
    broken = (tmp_path / "confbridge.conf").read_text(encoding="utf-8").replace("sas-touches-piece,p0", "sas-touches-piece,p1")
    (tmp_path / "confbridge.conf").write_text(broken.replace("invites,cta,", "invite,cta,"), encoding="utf-8")
    assert any("no context sas-touches-invite" in fault for fault in check(tmp_path))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (replace(ROOMS, trunk_sortant="autre"), "unknown trunk 'autre'"),
        (replace(ROOMS, trunk_sortant=None), "trunk: missing"),
        (replace(ROOMS, sonnerie_invite_seconds=1), "from 5 to 300"),
        (replace(ROOMS, effecteurs=(replace(CTA, numero="18;x"),)), "[effecteurs.cta] numero"),
        (replace(ROOMS, effecteurs=(replace(CTA, libelle="a,b"),)), "[effecteurs.cta] libelle"),
        (replace(ROOMS, effecteurs=(replace(CTA, touche="*90"),)), "'*90' is declared 2 times"),
        (replace(ROOMS, effecteurs=(replace(CTA, code="c-t"),)), "[effecteurs.cta]".replace("cta", "c-t")),
    ],
)
def test_what_forbids_rendering_is_named(spec: PbxSpec, said: str) -> None:
    assert any(said in fault for fault in faults(spec)), faults(spec)
