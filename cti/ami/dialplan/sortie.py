"""The way out of the room: what may be dialled, on a phone and by a click, and how it is written for Asterisk."""

import re
from collections.abc import Iterator

from cti.ami.dialplan.spec import PbxSpec, SortieSpec

#: A form of numbers: digits, X, Z, N and sets of digits; a last ``.`` stands for more digits.
FORME = re.compile(r"(?:[0-9XZN]|\[[0-9-]+\])+\.?")
_ATOM = re.compile(r"\[[^\]]*\]|.")
_ATOMS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": "[0-9]+"}


def may_dial(sortie: SortieSpec, number: str) -> bool:
    """Whether this number (without the prefix of a phone) may go out."""
    return number in sortie.courts or any(_as_regex(forme).fullmatch(number) for forme in sortie.formes)


def for_the_trunk(number: str) -> str:
    """A number as people and callers write it, in the spelling that is dialled: ``+33 6 12 34 56 78`` is ``0612345678``."""
    plain = re.sub(r"[ ./()\u00a0-]", "", number)
    if plain.startswith(("+33", "0033")):
        return "0" + plain.removeprefix("+33").removeprefix("0033").removeprefix("0")
    return "00" + plain[1:] if plain.startswith("+") else plain


def sortie_conf(spec: PbxSpec) -> list[str]:
    """`sas-sortie`, one extension for each form; `sas-composer`, the same with the prefix, for phones."""
    sortie = spec.sortie
    if sortie is None:
        return []
    lines = ["", "; The only numbers that may go out to the trunk.", "[sas-sortie]"]
    for exten in _extens(sortie, ""):
        lines += [f"exten => {exten},1,Set(SAS_NUMERO=${{FILTER(0-9,${{EXTEN}})}})", " same => n,Goto(sas-sortant,s,1)"]
    lines += ["", "; As dialled on a phone.", "[sas-composer]"]
    cut = f":{len(sortie.prefixe)}" if sortie.prefixe else ""
    for exten in _extens(sortie, sortie.prefixe):
        lines.append(f"exten => {exten},1,Goto(sas-sortie,${{EXTEN{cut}}},1)")
    return lines


def _extens(sortie: SortieSpec, prefixe: str) -> Iterator[str]:
    yield from (f"_{prefixe}{forme}" for forme in sortie.formes)
    yield from (f"{prefixe}{court}" for court in sortie.courts)


def sortie_faults(spec: PbxSpec) -> Iterator[str]:
    """What forbids rendering it."""
    sortie = spec.sortie
    if sortie is None:
        return
    trunk = next((trunk for trunk in spec.trunks if trunk.name == sortie.trunk), None)
    if trunk is None:
        yield f"[sortie] trunk: unknown trunk {sortie.trunk!r}"
    elif trunk.contact is None:
        yield f"[sortie] trunk: {sortie.trunk} has no contact to dial"
    for name, pattern, values in (
        ("numero_presente", r"\+?[0-9]{2,15}", (sortie.numero_presente,)),
        ("prefixe", r"[0-9*#]{0,3}", (sortie.prefixe,)),
        ("formes", FORME.pattern, sortie.formes),
        ("courts", r"[0-9]{2,6}", sortie.courts),
    ):
        for value in values:
            if not re.fullmatch(pattern, value):
                yield f"[sortie] {name}: {value!r} does not match {pattern}"
    if not 5 <= sortie.sonnerie_seconds <= 300:
        yield "[sortie] sonnerie_seconds: from 5 to 300"
    inside = [filiere.numero for filiere in spec.filieres] + [agent.poste for agent in spec.agents if agent.poste]
    for number in inside:
        if sortie.prefixe == number[: len(sortie.prefixe)] and may_dial(sortie, number[len(sortie.prefixe) :]):
            yield f"[sortie] {number} is a number of the room and may not be dialled on the trunk"


def _as_regex(forme: str) -> re.Pattern[str]:
    return re.compile("".join(_ATOMS.get(atom, atom) for atom in _ATOM.findall(forme)))
