"""Proposals, their execution and the records of destruction, from the command line."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import track

from cti.archive.keeping.chain import first_broken
from cti.archive.keeping.disposal import Disposal, Sealings
from cti.archive.keeping.office import Office
from cti.archive.sealing.manifest import names
from cti.archive.stores import Shelf
from cti.archive.storing import generation_of
from cti.bootstrap.clock import now
from cti.bootstrap.keeping.opening import alone, shelf_of
from cti.bootstrap.retention.saying import told_item, told_proposal
from cti.bootstrap.retention.terms import Fault, by_name, classing_of, day_of
from cti.journey.around.keeping import Fate, Item, Proposal, Refused
from cti.settings import Settings
from cti.store import open_store


class ShelfObjects:
    """The store of the archive, as keeping needs it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def delete(self, key: str) -> None:
        """Remove one object; one that is not there is removed."""
        self._shelf.remove(key)

    def exists(self, key: str) -> bool:
        """Whether there is one: asked by reading it, which no cache of a listing answers."""
        return self._shelf.get(key) is not None


def sealings_of(key: str) -> Sealings:
    """Every name of a sealing of this piece: a change of keys that was killed leaves an older one, or a newer."""
    base, generation = generation_of(key)
    others = [base if number == 1 else f"{base}.g{number}" for number in range(1, generation + 2)]
    keys = dict.fromkeys((key, *others))
    return Sealings(tuple(names(one)[0] for one in keys), tuple(names(one)[1] for one in keys))


@contextmanager
def disposal_of(settings: Settings) -> Iterator[Disposal]:
    """The disposal of a site, with every archived piece classed."""
    store = open_store(settings.database_url)
    try:
        classing = classing_of(settings)
        Office(store.keeping, classing, now, by_name).settle()
        yield Disposal(store.keeping, classing, ShelfObjects(shelf_of(settings)), sealings_of, now, by_name)
    finally:
        store.close()


def propose(settings: Settings, by: str, reason: str, *, as_json: bool) -> Iterator[str]:
    """Make a proposal; raises Refused."""
    with disposal_of(settings) as disposal:
        proposal, items = disposal.propose(by=by, reason=reason, at_most=settings.retention.eliminer.lot)
        left = disposal.undecided()
    yield from _shown(settings, proposal, items, as_json=as_json)
    if not as_json:
        yield f"à approuver par une autre personne : cti archive approve {proposal.number} --par NOM --visa RÉFÉRENCE"
        if left:
            yield f"{left} autre(s) pièce(s) au-delà de leur durée (lot de {settings.retention.eliminer.lot} : retention.toml)"


def proposals(settings: Settings, *, as_json: bool) -> Iterator[str]:
    """Every proposal, and what nobody has decided."""
    with disposal_of(settings) as disposal:
        found, waiting = disposal.proposals(), disposal.undecided()
    for proposal, items in found:
        yield _json(told_proposal(proposal, items)) if as_json else _line(settings, proposal, items)
    if not as_json:
        yield f"{waiting} pièce(s) au-delà de leur durée sans proposition"


def listed(settings: Settings, number: int, *, as_json: bool) -> Iterator[str]:
    """The pieces of one proposal; raises Refused."""
    with disposal_of(settings) as disposal:
        found = [(proposal, items) for proposal, items in disposal.proposals() if proposal.number == number]
    if not found:
        raise Refused(f"aucune proposition ne porte le numéro {number}")
    yield from _shown(settings, *found[0], as_json=as_json)


def approve(settings: Settings, number: int, by: str, visa: str, *, as_json: bool) -> Iterator[str]:
    """Approve a proposal; raises Refused."""
    with disposal_of(settings) as disposal:
        proposal = disposal.approve(number, by=by, visa=visa)
    if as_json:
        yield _json(told_proposal(proposal))
        return
    yield _line(settings, proposal)
    yield f"à exécuter : cti archive purge {number} --par NOM"


def withdraw(settings: Settings, number: int, by: str, reason: str, *, as_json: bool) -> Iterator[str]:
    """Take a proposal back; raises Refused."""
    with disposal_of(settings) as disposal:
        proposal = disposal.withdraw(number, by=by, reason=reason)
    yield _json(told_proposal(proposal)) if as_json else _line(settings, proposal)


def purge(settings: Settings, number: int, by: str, *, as_json: bool) -> Iterator[str]:
    """Execute a proposal, never beside a change of keys, which would seal a piece anew; raises Refused."""
    done = {Fate.DESTROYED: 0, Fate.SPARED: 0}
    with disposal_of(settings) as disposal, alone(settings, "rewrap"):
        total = len(disposal.open_items(number))
        running = disposal.execute(number, by=by)
        for outcome in track(running, "élimination", total=total, console=Console(stderr=True), transient=True):
            done[outcome.fate] += 1
            if as_json:
                yield _json(asdict(outcome))
            elif outcome.fate is Fate.SPARED:
                yield f"{outcome.piece_id}  écartée : {outcome.why}"
    if not as_json:
        yield f"{done[Fate.DESTROYED]} pièce(s) éliminée(s), {done[Fate.SPARED]} écartée(s)"


def destroyed(settings: Settings, head: str | None, *, as_json: bool) -> Iterator[str | Fault]:
    """Every record of destruction, then whatever is wrong with them; raises Refused."""
    noted = _head(head)
    with disposal_of(settings) as disposal:
        entries, without = disposal.records()
    for entry in entries:
        told = entry.told
        if as_json:
            yield _json({"number": entry.number, "hash": entry.hash, "previous": entry.previous, **told})
            continue
        people = f"proposée par {told['proposed_by']}, approuvée par {told['approved_by']}, exécutée par {told['executed_by']}"
        yield f"{entry.number}  {told['executed_at']}  {entry.piece_id}  {told['retention']}  {people}, visa {told['visa']}"
    if broken := first_broken(entries, noted):
        yield Fault(f"la chaîne des procès-verbaux est rompue : le n° {broken.number} {broken.why}")
    yield from (Fault(f"{piece_id} : éliminée sans procès-verbal") for piece_id in without)
    if entries and not as_json:
        yield f"tête de la chaîne, à noter ailleurs : {entries[-1].number}:{entries[-1].hash}"


def _head(noted: str | None) -> tuple[int, str] | None:
    if noted is None:
        return None
    number, _, digest = noted.partition(":")
    if not number.isdigit() or not digest:
        raise Refused("--tete : NUMERO:EMPREINTE est attendu, comme `cti archive destroyed` l'affiche")
    return int(number), digest


def _shown(settings: Settings, proposal: Proposal, items: Sequence[Item], *, as_json: bool) -> Iterator[str]:
    yield _json(told_proposal(proposal, items)) if as_json else _line(settings, proposal, items)
    for item in items:
        if as_json:
            yield _json(told_item(item))
        else:
            fate = f"  {item.fate} : {item.fate_why}" if item.fate else ""
            yield f"  {item.piece_id}  {item.code}  échue le {day_of(settings, item.keep_until)}  {item.why}{fate}"


def _line(settings: Settings, proposal: Proposal, items: Sequence[Item] | None = None) -> str:
    line = f"proposition {proposal.number}  {proposal.state}"
    if items is not None:
        fates = [item.fate for item in items]
        line += f"  {len(items)} pièce(s), {fates.count(Fate.DESTROYED)} éliminée(s), {fates.count(Fate.SPARED)} écartée(s)"
    line += f"  par {proposal.proposed_by} le {day_of(settings, proposal.proposed_at)} : {proposal.reason}"
    if proposal.approved_at is not None:
        line += f"  [approuvée par {proposal.approved_by} le {day_of(settings, proposal.approved_at)}, visa {proposal.visa}]"
    if proposal.withdrawn_at is not None:
        line += f"  [retirée par {proposal.withdrawn_by} : {proposal.withdrawn_reason}]"
    return line


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)
