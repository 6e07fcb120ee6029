"""The linter finds every way in which a caller could fall off the dialplan."""

from pathlib import Path

import pytest
from test_dialplan import ROOT, SPEC

from cti.ami.dialplan import check, problems, render, write

HAND_WRITTEN = ("extensions.conf", "extensions_sortants.conf", "extensions_salle.conf", "cel.conf")
STATIC = {name: (ROOT / "dialplans" / name).read_text(encoding="utf-8") for name in HAND_WRITTEN}


def files(**changed: str) -> dict[str, str]:
    return {**render(SPEC), **STATIC, **changed}


def test_what_we_render_is_sound(tmp_path: Path) -> None:
    assert problems(files()) == []
    write(SPEC, tmp_path, ROOT / "dialplans")
    assert check(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Goto(sas-flux,INCONNU,1)", "Goto(sas-flux,INCONU,1)", "no extension INCONU in sas-flux"),
        ("Goto(sas-question,s,1)", "Goto(sas-questions,s,1)", "no context sas-questions"),
        ("Goto(s,route)", "Goto(s,rout)", "no step rout in sas-secours,s"),
        ("?sas-secours,s,1)", "?sas-secours,t,1)", "no extension t in sas-secours"),
        ("=sas-fin,s,1)", "=sas-finn,s,1)", "no context sas-finn"),
        ("Set(SAS_RETOUR=sas-route)", "Set(SAS_RETOUR=sas-file)", "no extension reponse in sas-file"),
        (",sas-transferts,${EXTEN},1)", ",sas-transfert,${EXTEN},1)", "no context sas-transfert"),
        ("?Goto(sas-passage,sans-appel,1))", "?Goto(sas-passage,sans,1))", "no extension sans in sas-passage"),
        (" same => n(fini),GotoIf(", " same => n,GotoIf(", "no step fini in sas-file,s"),
        ("?sas-telephone,fini,1)\n same => n,Hangup()\n", "?sas-telephone,fini,1)\n", "fall off here"),
        ("#include extensions_flux.conf", "#include extensions_fluxx.conf", "#include extensions_fluxx.conf: no such file"),
        ("[sas-transferts-inconnu]", "[sas-transferts-inconu]", "include => sas-transferts-inconnu: no such context"),
    ],
)
def test_a_broken_hand_written_file_is_told(old: str, new: str, said: str) -> None:
    text = STATIC["extensions.conf"]
    assert old in text
    found = problems(files(**{"extensions.conf": text.replace(old, new)}))
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("extensions_globals.conf", "SAS_SECOURS = amu", "SAS_SECOURS = amo", "no extension amo in sas-filieres"),
        ("features.conf", "sas-touches,n1,1", "sas-touche,n1,1", "features.conf sas-n1"),
        ("pjsip.conf", "context = sas-entree", "context = sas-entrée", "context sas-entrée: no such context"),
        ("pjsip.conf", "CONTEXT=sas-transferts", "CONTEXT=sas-transfert", "TRANSFER_CONTEXT=sas-transfert"),
        ("pjsip.conf", "FEATURES=sas-n1", "FEATURES=sas-n2", "no key sas-n2 in features.conf"),
        ("queues.conf", "retry = 1", "retry", "queues.conf: line"),
    ],
)
def test_a_broken_generated_file_is_told(file: str, old: str, new: str, said: str) -> None:
    text = render(SPEC)[file]
    assert old in text
    found = problems(files(**{file: text.replace(old, new)}))
    assert any(said in problem for problem in found), found
