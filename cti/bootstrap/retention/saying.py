"""Holds and proposals as plain data, for the command line and the API."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cti.journey.around.keeping import Hold, Item, Proposal
from cti.journey.words import iso


def told_hold(one: Hold) -> dict[str, Any]:
    """A hold."""
    told = {**asdict(one), "target": one.target.name, "scope": one.target.scope}
    return {**told, "placed_at": iso(one.placed_at), "released_at": iso(one.released_at)}


def told_proposal(proposal: Proposal, items: Sequence[Item] | None = None) -> dict[str, Any]:
    """A proposal, with how many pieces it holds when its list is given."""
    instants = {name: iso(getattr(proposal, name)) for name in ("proposed_at", "approved_at", "withdrawn_at")}
    told: dict[str, Any] = {**asdict(proposal), **instants, "state": proposal.state}
    return told if items is None else {**told, "pieces": len(items), "open": sum(item.fate is None for item in items)}


def told_item(item: Item) -> dict[str, Any]:
    """A piece on a list."""
    instants = {name: iso(getattr(item, name)) for name in ("keep_until", "begun_at", "fate_at")}
    return {**asdict(item), **instants}
