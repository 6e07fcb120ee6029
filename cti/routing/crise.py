"""Crisis mode: what the switch changes for callers and for the board, and when the board proposes it.

The switch itself is somewhere else, and so is its history. The two doctors' filières answer for each other: the split between
MRU and MRG is lifted when several P0/P1 or a surge occur (Île-de-France PDSA terms, 2018). Nothing here ever leaves a caller
without a way: the crisis only adds ways, and an unknown load changes nothing.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from cti.routing.reading import Block, Problems

SOUND: Final = re.compile(r"[a-z0-9][a-z0-9_/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Seuils:
    """From when on something is shown as too much."""

    #: The oldest wait of a filière turns amber, then red (seconds).
    attente_orange_seconds: int = 20
    attente_rouge_seconds: int = 30
    #: A caller has waited for so long (seconds): alarm.
    alarme_attente_seconds: int = 180
    #: More callers than this are to be called back: alarm.
    alarme_rappels: int = 20


@dataclass(frozen=True, slots=True)
class Proposition:
    """When the board proposes a crisis; never switched by itself."""

    active: bool = False
    #: Callers waiting, all filières together.
    en_attente: int = 15
    #: The longest wait (seconds).
    attente_seconds: int = 180
    #: One of the two without a break for so long (seconds).
    duree_seconds: int = 120


@dataclass(frozen=True, slots=True)
class CriseRules:
    """``crise.toml``."""

    #: Greeting of every flux that has one; none leaves the ordinary one.
    accueil: str | None = None
    #: Greeting of one flux, which wins.
    accueils: Mapping[str, str] = field(default_factory=dict)
    #: Filières that answer for each other; a filière is in one group at most.
    mutualisees: tuple[tuple[str, ...], ...] = ()
    #: In a group, a filière closed at this hour is open when somebody is there.
    ouvrir_si_present: bool = False
    #: Wait before the overflow, by filière (seconds).
    attentes: Mapping[str, int] = field(default_factory=dict)
    normal: Seuils = Seuils()
    crise: Seuils = Seuils(60, 120, 600, 100)
    proposition: Proposition = Proposition()

    def group_of(self, code: str) -> tuple[str, ...]:
        """The filières that answer for this one, itself among them; empty when it stands alone."""
        return next((group for group in self.mutualisees if code in group), ())

    def seuils(self, *, crise: bool) -> Seuils:
        """The thresholds that hold now."""
        return self.crise if crise else self.normal

    def attente(self, code: str, normal: int, nth: int) -> int:
        """How long a caller waits there in a crisis (seconds); after an overflow never less than ordinarily."""
        found = self.attentes.get(code, normal)
        return max(found, normal) if nth > 0 else found


def proposal(rule: Proposition, waiting: int, oldest_wait_ms: int) -> str | None:
    """Why the load calls for a crisis, in French words; None when it does not."""
    if not rule.active:
        return None
    if waiting >= rule.en_attente:
        return f"{waiting} appelants en attente (seuil {rule.en_attente})"
    if oldest_wait_ms >= rule.attente_seconds * 1000:
        return f"un appelant attend depuis {oldest_wait_ms // 1000} s (seuil {rule.attente_seconds} s)"
    return None


def from_mapping(data: Mapping[str, object], file: str, filieres: Collection[str], flux: Collection[str]) -> CriseRules:
    """Read ``crise.toml``, checked against the site's filières and flux.

    Raises:
        RoutingConfigError: with every fault of the file.
    """
    problems = Problems(file)
    top = Block(problems, "(top)", data)
    accueil = top.maybe("accueil", pattern=SOUND)
    accueils = Block(problems, "accueils", top.table("accueils"))
    repartition = Block(problems, "repartition", top.table("repartition"))
    attentes = Block(problems, "attentes", top.table("attentes"))
    seuils = Block(problems, "seuils", top.table("seuils"))
    rules = CriseRules(
        accueil=accueil,
        accueils=_accueils(accueils, flux),
        mutualisees=_groups(repartition, filieres),
        ouvrir_si_present=repartition.boolean("ouvrir_si_present", default=False),
        attentes=_attentes(attentes, filieres),
        normal=_seuils(Block(problems, "seuils.normal", seuils.table("normal")), Seuils()),
        crise=_seuils(Block(problems, "seuils.crise", seuils.table("crise")), Seuils(60, 120, 600, 100)),
        proposition=_proposition(Block(problems, "proposition", top.table("proposition"))),
    )
    for block in (top, repartition, seuils):
        block.finish()
    problems.raise_if_any()
    return rules


def _accueils(block: Block, flux: Collection[str]) -> dict[str, str]:
    found = {}
    for code in block.fields():
        found[code] = block.text(code, pattern=SOUND)
        if code not in flux:
            block.fault(code, f"unknown flux {code!r}")
    return found


def _attentes(block: Block, filieres: Collection[str]) -> dict[str, int]:
    found = {}
    for code in block.fields():
        found[code] = block.integer(code, 5, 86_400)
        if code not in filieres:
            block.fault(code, f"unknown filière {code!r}")
    return found


def _groups(block: Block, filieres: Collection[str]) -> tuple[tuple[str, ...], ...]:
    groups = block.lists("mutualisees")
    seen: set[str] = set()
    for group in groups:
        if len(group) < 2:
            block.fault("mutualisees", f"{list(group)!r}: at least two filières answer for each other")
        for code in group:
            if code not in filieres:
                block.fault("mutualisees", f"unknown filière {code!r}")
            if code in seen:
                block.fault("mutualisees", f"{code!r} stands twice")
            seen.add(code)
    return groups


def _seuils(block: Block, default: Seuils) -> Seuils:
    found = Seuils(
        attente_orange_seconds=block.integer("attente_orange_seconds", 1, 86_400, default.attente_orange_seconds),
        attente_rouge_seconds=block.integer("attente_rouge_seconds", 1, 86_400, default.attente_rouge_seconds),
        alarme_attente_seconds=block.integer("alarme_attente_seconds", 1, 86_400, default.alarme_attente_seconds),
        alarme_rappels=block.integer("alarme_rappels", 1, 100_000, default.alarme_rappels),
    )
    if found.attente_orange_seconds > found.attente_rouge_seconds:
        block.fault("attente_orange_seconds", "amber must not come after red (attente_rouge_seconds)")
    block.finish()
    return found


def _proposition(block: Block) -> Proposition:
    default = Proposition()
    found = Proposition(
        active=block.boolean("active", default=default.active),
        en_attente=block.integer("en_attente", 1, 100_000, default.en_attente),
        attente_seconds=block.integer("attente_seconds", 1, 86_400, default.attente_seconds),
        duree_seconds=block.integer("duree_seconds", 0, 86_400, default.duree_seconds),
    )
    block.finish()
    return found
