"""The flux: which line a call came in on, and what that line is entitled to.

Names follow the national interface between telephony and regulation software (flow list, DST 1.2 paragraph 5.1). Fire
service calls never queue behind the public (SAS deployment guide 2022, fiche 1): medical emergencies go straight to
the AMU, those for the doctor straight to the MRU. A line that nobody declared is answered all the same, as the default
flux, and said to be an anomaly.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cti.routing.filieres import PRIORITE_MAX
from cti.routing.reading import CODE, Block, Problems

_DID: Final = re.compile(r"\+?[0-9*#]{2,20}")
_SOUND: Final = re.compile(r"[a-z0-9][a-z0-9_/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Flux:
    """One incoming line."""

    code: str
    libelle: str
    #: Numbers as the trunk gives them.
    dids: tuple[str, ...]
    #: The filière that answers first.
    filiere: str
    #: Priority in the queue, higher first (QUEUE_PRIO).
    priorite: int
    #: Calls of the public, which the quality of service counts.
    public: bool
    #: Greeting played before the queue; none for professionals.
    accueil: str | None
    #: Calls to try the installation: routed, never counted.
    test: bool


@dataclass(frozen=True, slots=True)
class Recognised:
    """The flux of one call; `anomaly` says what was odd about finding it."""

    flux: Flux
    anomaly: str | None = None


@dataclass(frozen=True, slots=True)
class FluxTable:
    """All flux of the site."""

    by_code: Mapping[str, Flux]
    by_did: Mapping[str, Flux]
    default: Flux

    def recognise(self, code: str, did: str) -> Recognised:
        """The flux named by the dialplan, else the one of the number dialled, else the default one; never none."""
        flux = self.by_code.get(code)
        by_did = self.by_did.get(did)
        if flux is not None:
            if by_did is not None and by_did is not flux:
                return Recognised(flux, f"numéro du flux {by_did.code}, annoncé {code}")
            return Recognised(flux)
        if by_did is not None:
            return Recognised(by_did, f"flux inconnu {code}" if code else None)
        return Recognised(self.default, f"ligne inconnue {did or code}".strip())


def from_mapping(data: Mapping[str, object], file: str, filieres: Collection[str]) -> FluxTable:
    """Read the flux, which enter the given filières.

    Raises:
        RoutingConfigError: with every fault of the file.
    """
    problems = Problems(file)
    top = Block(problems, "(top)", data)
    default = top.text("flux_par_defaut", pattern=CODE)
    by_code = {code: _flux(code, Block(problems, f"flux.{code}", table), filieres) for code, table in top.tables("flux").items()}
    top.finish()
    by_did: dict[str, Flux] = {}
    for flux in by_code.values():
        for did in flux.dids:
            if (owner := by_did.setdefault(did, flux)) is not flux:
                problems.add(f"flux.{flux.code}", "dids", f"{did!r} already belongs to {owner.code!r}")
    if default and default not in by_code:
        top.fault("flux_par_defaut", f"unknown flux {default!r}")
    problems.raise_if_any()
    return FluxTable(by_code, by_did, by_code[default])


def _flux(code: str, block: Block, filieres: Collection[str]) -> Flux:
    filiere = block.text("filiere")
    if filiere and filiere not in filieres:
        block.fault("filiere", f"unknown filière {filiere!r}")
    dids = block.texts("dids")
    for did in dids:
        if not _DID.fullmatch(did):
            block.fault("dids", f"{did!r} does not match {_DID.pattern}")
    accueil = block.optional("accueil")
    if accueil is not None and not _SOUND.fullmatch(accueil):
        block.fault("accueil", f"{accueil!r} does not match {_SOUND.pattern}")
    flux = Flux(
        code=code,
        libelle=block.text("libelle"),
        dids=dids,
        filiere=filiere,
        priorite=block.integer("priorite", 0, PRIORITE_MAX, 0),
        public=block.boolean("public", default=False),
        accueil=accueil,
        test=block.boolean("test", default=False),
    )
    block.finish()
    return flux
