"""The records of destruction: one for each destroyed piece, kept for ever, each sealed with the hash of the one before.

A record altered, removed or put in between breaks the chain at its place. What was cut off at the end is found by the pieces that
are destroyed without a record, and by a head (number and hash) that was noted elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cti.journey.around.keeping import Entry

#: What the first record follows.
BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that is not what was written."""

    number: int
    why: str  #: in French


def following(last: Entry | None, piece_id: str, told: Mapping[str, Any]) -> Entry:
    """The next record of the chain."""
    number, previous = (1, BEGINNING) if last is None else (last.number + 1, last.hash)
    body = json.dumps({**told, "piece_id": piece_id}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Entry(number, piece_id, body, previous, _hash(number, previous, body))


def first_broken(entries: Iterable[Entry], head: tuple[int, str] | None = None) -> Broken | None:
    """The first entry, in order of number, that breaks the chain; None when it is whole.

    ``head``: number and hash noted elsewhere, which the chain must reach.
    """
    number, previous = 0, BEGINNING
    for entry in entries:
        number += 1
        if entry.number != number:
            return Broken(number, f"manque (le suivant est le {entry.number})")
        if why := _fault(entry, previous):
            return Broken(number, why)
        if head is not None and number == head[0] and entry.hash != head[1]:
            return Broken(number, "n'a pas l'empreinte notée ailleurs : la chaîne a été réécrite")
        previous = entry.hash
    if head is not None and number < head[0]:
        return Broken(number + 1, f"manque : la chaîne allait jusqu'au {head[0]}")
    return None


def _fault(entry: Entry, previous: str) -> str | None:
    if entry.previous != previous:
        return "ne suit pas celui d'avant"
    if entry.hash != _hash(entry.number, entry.previous, entry.body):
        return "a été modifié"
    try:
        told = json.loads(entry.body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("piece_id") != entry.piece_id:
        return "ne nomme pas la pièce de sa ligne"
    return None


def _hash(number: int, previous: str, body: str) -> str:
    return hashlib.sha256(f"{number}\n{previous}\n{body}".encode()).hexdigest()
