"""The filières: who can take a call, in which queue, with which overflow.

A filière is one queue of the PBX and the people behind it. Its overflow (débordement) is where a caller goes when it
gives nothing: closed, nobody there, or waited too long. The last resort (secours) is the filière that takes whoever
nobody else can take; it never closes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cti.routing.horaires import Horaires
from cti.routing.reading import Block, Problems

#: app_queue strategies that serve several callers at once. `ringall` is not one: it offers the head caller only.
STRATEGIES: Final = ("rrmemory", "rrordered", "leastrecent", "fewestcalls", "random", "wrandom", "linear")
#: Priorities given by the ARM (SFMU guide record 861; SAMU-Hub nomenclature): NR is "non régulé".
PRIORITES: Final = ("P0", "P1", "P2", "P3", "NR")
PRIORITE_MAX: Final = 100

#: Fields of earlier files that nothing ever used.
_REPLACED: Final = MappingProxyType(
    {
        "enregistrer": "every call is recorded; lines that need no recording are flux_exemptes in recording.toml",
        "public_qs": "what counts in the public figures is `public` of the flux, in flux.toml",
        "icone": "the board draws `couleur` and `libelle`; remove the line",
    }
)
_NUMERO: Final = re.compile(r"\d{2,6}")
# An extension of the dialplan: h, i, s, t alone have a meaning of their own there.
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,15}")
_COULEUR: Final = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Filiere:
    """One filière as the site runs it."""

    code: str
    #: What people read on the board.
    libelle: str
    #: 1 welcomes (ARM N1), 2 completes (ARM AMU, OSNP), 3 regulates (doctors).
    niveau: int
    #: Extension for transfers, digits only: AMI's Atxfer types it as DTMF.
    numero: str
    strategy: str
    #: How long one phone rings before the next is tried, in seconds.
    ring_seconds: int
    #: Pause between two rounds, in seconds; app_queue's own default of 5 costs a sixth of the 30 s rule.
    retry_seconds: int
    #: After a call, before the next one is offered, in seconds.
    wrapup_seconds: int
    #: How long a caller stays before the overflow is tried, in seconds.
    attente_max_seconds: int
    #: Where a caller goes next; none means the last resort.
    debordement: str | None
    #: Least priority of a caller in this queue (QUEUE_PRIO, higher first).
    priorite_defaut: int
    #: Opening hours; none means around the clock.
    horaires: Horaires | None
    #: Which queue wins when one agent serves several, higher first (app_queue weight).
    weight: int
    #: Whether an ARM may ask for these physicians in a P0.
    p0: bool
    couleur: str

    @property
    def queue_name(self) -> str:
        """The queue's name in the PBX, as the dialplan is rendered."""
        return f"sas-{self.code}"

    @property
    def always_open(self) -> bool:
        """Open around the clock, every day."""
        return self.horaires is None or self.horaires.always_open


@dataclass(frozen=True, slots=True)
class FiliereTable:
    """All filières of the site, and the rules between them."""

    by_code: Mapping[str, Filiere]
    #: The last resort; always open.
    secours: Filiere
    #: After so many overflows of one call, the last resort ends the search.
    debordements_max: int
    #: How long to wait in the last resort, in seconds: leaving it would only lose the place in it.
    attente_secours_seconds: int
    #: Gain of priority at each overflow: a caller sent on must not start again behind everybody.
    bonus_debordement: int
    #: Priority in the queue for each priority of regulation.
    priorites: Mapping[str, int]
    #: How long a number is remembered, in seconds; its next call is a repeat.
    repetition_seconds: int = 3_600
    #: Gain of priority for each earlier call of the same number, and the most that it may gain.
    bonus_repetition: int = 0
    bonus_repetition_max: int = 0


def from_mapping(data: Mapping[str, object], file: str, horaires: Mapping[str, Horaires]) -> FiliereTable:
    """Read the filières, whose opening hours are in `horaires`.

    Raises:
        RoutingConfigError: with every fault of the file.
    """
    problems = Problems(file)
    top = Block(problems, "(top)", data)
    debordements_max = top.integer("debordements_max", 1, 20, 4)
    attente_secours = top.integer("attente_secours_seconds", 60, 86_400, 3_600)
    bonus = top.integer("bonus_debordement", 0, 50, 5)
    repetition_seconds = 60 * top.integer("repetition_minutes", 1, 1_440, 60)
    bonus_repetition = top.integer("bonus_repetition", 0, 50, 5)
    bonus_repetition_max = top.integer("bonus_repetition_max", 0, 50, 15)
    secours = top.text("secours", pattern=_CODE)
    priorites = _priorites(Block(problems, "priorites", top.table("priorites")))
    filieres = {
        code: _filiere(code, Block(problems, f"filieres.{code}", table), horaires)
        for code, table in top.tables("filieres", _CODE).items()
    }
    top.finish()
    _check_distinct(problems, filieres)
    _check_overflows(problems, filieres)
    if secours in filieres and not filieres[secours].always_open:
        top.fault("secours", f"{secours!r} closes; the last resort must be open around the clock")
    elif secours and secours not in filieres:
        top.fault("secours", f"unknown filière {secours!r}")
    problems.raise_if_any()
    return FiliereTable(
        by_code=filieres,
        secours=filieres[secours],
        debordements_max=debordements_max,
        attente_secours_seconds=attente_secours,
        bonus_debordement=bonus,
        priorites=priorites,
        repetition_seconds=repetition_seconds,
        bonus_repetition=bonus_repetition,
        bonus_repetition_max=bonus_repetition_max,
    )


def _priorites(block: Block) -> dict[str, int]:
    defaults = {"P0": 90, "P1": 60}
    values = {name: block.integer(name, 0, PRIORITE_MAX, defaults.get(name, 0)) for name in PRIORITES}
    block.finish()
    return values


def _filiere(code: str, block: Block, horaires: Mapping[str, Horaires]) -> Filiere:
    hours = block.optional("horaires")
    if hours is not None and hours not in horaires:
        block.fault("horaires", f"unknown opening hours {hours!r}")
    strategy = block.text("strategy", "rrmemory")
    if strategy not in STRATEGIES:
        block.fault("strategy", f"{strategy!r} is not one of {', '.join(STRATEGIES)}")
    filiere = Filiere(
        code=code,
        libelle=block.text("libelle"),
        niveau=block.integer("niveau", 1, 3),
        numero=block.text("numero", pattern=_NUMERO),
        strategy=strategy,
        ring_seconds=block.integer("ring_seconds", 5, 60, 15),
        retry_seconds=block.integer("retry_seconds", 1, 5, 1),
        wrapup_seconds=block.integer("wrapup_seconds", 0, 300, 0),
        attente_max_seconds=block.integer("attente_max_seconds", 5, 86_400),
        debordement=block.optional("debordement"),
        priorite_defaut=block.integer("priorite_defaut", 0, PRIORITE_MAX, 0),
        horaires=horaires.get(hours) if hours else None,
        weight=block.integer("weight", 0, 100, 0),
        p0=block.boolean("p0", default=False),
        couleur=block.text("couleur", "#607d8b", pattern=_COULEUR),
    )
    block.finish(_REPLACED)
    return filiere


def _check_distinct(problems: Problems, filieres: Mapping[str, Filiere]) -> None:
    """Two filières never share an extension, nor a queue: its name follows the code."""
    owners: dict[str, str] = {}
    for filiere in filieres.values():
        owner = owners.setdefault(filiere.numero, filiere.code)
        if filiere.numero and owner != filiere.code:
            problems.add(f"filieres.{filiere.code}", "numero", f"{filiere.numero!r} already belongs to {owner!r}")


def _check_overflows(problems: Problems, filieres: Mapping[str, Filiere]) -> None:
    """Every overflow exists, and a ring of overflows holds at least one filière that never closes."""
    for filiere in filieres.values():
        target = filiere.debordement
        if target is not None and target not in filieres:
            problems.add(f"filieres.{filiere.code}", "debordement", f"unknown filière {target!r}")
            continue
        ring = _ring(filieres, filiere.code)
        # Told once, by the first of the ring in alphabetical order.
        if ring and filiere.code == min(ring) and not any(filieres[code].always_open for code in ring):
            problems.add(
                f"filieres.{filiere.code}",
                "debordement",
                f"ring {' -> '.join((*ring, filiere.code))} without a filière open around the clock",
            )


def _ring(filieres: Mapping[str, Filiere], start: str) -> tuple[str, ...]:
    """The filières on the way from `start` back to itself; empty when the way does not come back."""
    way = [start]
    target = filieres[start].debordement
    while target is not None and target in filieres and target not in way:
        way.append(target)
        target = filieres[target].debordement
    return tuple(way) if target == start else ()
