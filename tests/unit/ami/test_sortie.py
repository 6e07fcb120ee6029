"""The way out: what may be dialled, on a phone and by a click, and what forbids rendering it."""

from dataclasses import replace

import pytest
from test_dialplan import SPEC
from test_dialplan_check import STATIC

from cti.ami.dialplan import SortieSpec, TrunkSpec, faults, for_the_trunk, may_dial, render
from cti.ami.dialplan.check import problems

TRUNK = TrunkSpec("operateur", ("192.0.2.10",), "sip:operateur@192.0.2.10")
SORTIE = SortieSpec("operateur", "0199001500", "0", ("0[1-9]XXXXXXXX", "00ZXXXXX."), ("17", "112"))
OUT = replace(SPEC, trunks=(TRUNK,), sortie=SORTIE)


@pytest.mark.parametrize("number", ["0639980007", "0123456789", "0049151234567", "17", "112"])
def test_what_may_go_out(number: str) -> None:
    assert may_dial(SORTIE, number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "0",
        "1",
        "15",
        "00",
        "0899",
        "00039980007",
        "06399800077",
        "063998000x",
        "0639980007&PJSIP/x",
        "+33639980007",
        "117",
        "1121",
    ],
)
def test_what_may_not(number: str) -> None:
    assert not may_dial(SORTIE, number)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("06 39 98 00 07", "0639980007"),
        ("+33 6 39 98 00 07", "0639980007"),
        ("+33 (0)6.39.98.00.07", "0639980007"),
        ("0033639980007", "0639980007"),
        ("+49 151 234567", "0049151234567"),
        ("17", "17"),
    ],
)
def test_numbers_as_people_write_them(written: str, dialled: str) -> None:
    assert for_the_trunk(written) == dialled


def test_it_is_rendered_and_every_jump_lands() -> None:
    files = render(OUT)
    assert faults(OUT) == []
    assert problems({**files, **STATIC}) == []
    assert "exten => _00[1-9]XXXXXXXX,1,Goto(sas-sortie,${EXTEN:1},1)" in files["extensions_filieres.conf"]
    assert "[operateur-sortie]" in files["pjsip.conf"]


def test_without_it_nothing_goes_out() -> None:
    files = render(replace(OUT, sortie=None))
    assert "sas-sortie" not in "".join(files.values())
    assert "operateur-sortie" not in files["pjsip.conf"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trunk": "autre"}, "[sortie] trunk: unknown trunk 'autre'"),
        ({"numero_presente": "SAMU"}, "[sortie] numero_presente: 'SAMU' does not match"),
        ({"prefixe": "9,1"}, "[sortie] prefixe: '9,1' does not match"),
        ({"formes": ("_X!",)}, "[sortie] formes: '_X!' does not match"),
        ({"formes": ("X,1,Dial(PJSIP/x)",)}, "[sortie] formes: "),
        ({"courts": ("1x",)}, "[sortie] courts: '1x' does not match"),
        ({"sonnerie_seconds": 0}, "[sortie] sonnerie_seconds: from 5 to 300"),
        ({"prefixe": "", "formes": ("XXX",)}, "is a number of the room and may not be dialled on the trunk"),
    ],
)
def test_faults(changes: dict[str, object], said: str) -> None:
    found = faults(replace(OUT, sortie=replace(SORTIE, **changes)))  # type: ignore[arg-type]
    assert any(said in fault for fault in found), found


def test_a_trunk_that_cannot_be_dialled() -> None:
    assert faults(replace(OUT, trunks=(replace(TRUNK, contact=None),))) == ["[sortie] trunk: operateur has no contact to dial"]


def test_the_word_for_an_outgoing_talk_is_no_filiere() -> None:
    taken = replace(OUT.filieres[0], code="sortant")
    assert any(
        "stands for the talk of an outgoing call" in fault for fault in faults(replace(OUT, filieres=(taken, *OUT.filieres[1:])))
    )
