"""The daily heads of the log: a small text for each civil day that is over, made to be copied where we cannot reach it.

A head names the last entry that the log held when it was published, and its digest. A day without entries has a head too: it says
that nothing was added. A head that exists is never written over.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from cti.access.chain import Head

SUFFIX: Final = ".txt"
_WORDS: Final = "Journal des accès aux enregistrements : tête du jour. À garder hors de ce service (docs/runbook.md)."
_LINE: Final = re.compile(r"^(jour|entree|empreinte|publie) : (\S+)$", re.MULTILINE)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class UnreadableHead(ValueError):
    """A text is no head; the message says which, in French."""


def as_text(head: Head) -> str:
    """The file of a head."""
    return f"{_WORDS}\njour : {head.day}\nentree : {head.seq}\nempreinte : {head.hash}\npublie : {head.published}\n"


def from_text(text: str, name: str) -> Head:
    """The head of a file.

    Args:
        text: what the file holds.
        name: the name of the file, which is its day.

    Raises:
        UnreadableHead: it is none, or that of another day.
    """
    found: Mapping[str, str] = dict(_LINE.findall(text))
    day, entry, digest = found.get("jour", ""), found.get("entree", ""), found.get("empreinte", "")
    if not (_DAY.fullmatch(day) and entry.isdecimal() and _HASH.fullmatch(digest)):
        raise UnreadableHead(f"tête {name} : illisible")
    if name.removesuffix(SUFFIX) != day:
        raise UnreadableHead(f"tête {name} : elle est celle du {day}")
    return Head(day=day, seq=int(entry), hash=digest, published=found.get("publie", ""))


def read_all(files: Iterable[tuple[str, str]]) -> tuple[list[Head], list[str]]:
    """The heads of these (name, text), in order of their days, and a line for each that cannot be read."""
    heads, faults = [], []
    for name, text in files:
        try:
            heads.append(from_text(text, name))
        except UnreadableHead as trouble:
            faults.append(str(trouble))
    return sorted(heads, key=lambda one: one.day), faults
