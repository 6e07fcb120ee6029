"""The log of accesses as a chain: each entry holds the digest of the one before it, so what was written cannot change unseen.

An entry is exported as one line of JSON in the canonical form of RFC 8785 (keys in order, no space, UTF-8; every value is a
text but ``seq``). ``hash`` is the SHA-256, in lower-case hexadecimal, of that form without ``hash``, and the next entry's
``previous``. Before the first entry stand 64 zeros. Whoever holds the database could write the whole chain anew: the daily
heads, which are kept elsewhere (``cti.access.heads``), are what he cannot reach.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from cti.journey.around.access import GENESIS, AccessOutcome, Trace
from cti.journey.words import Instant, from_datetime, iso

_TEXT_MOST: Final = 500
_FIELDS: Final = (
    "seq", "at", "who", "role", "verb", "call_id", "piece_id", "relation", "reason", "client", "outcome", "detail",
    "previous", "hash",
)  # fmt: skip


class UnreadableTrace(ValueError):
    """A line is no entry of the log; the message says what is wrong with it, in French."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an entry says, before it has its place in the chain."""

    at: Instant
    who: str
    role: str
    verb: str
    outcome: AccessOutcome
    call_id: str = ""
    piece_id: str = ""
    relation: str = ""
    reason: str = ""
    client: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last entry at some instant: its number and digest. An empty log has 0 and 64 zeros."""

    day: str  #: civil day that had ended, ``2026-11-22``
    seq: int
    hash: str
    published: str = ""  #: instant, ISO 8601


def link(last: Trace | None, said: Said) -> Trace:
    """The entry that follows ``last``."""
    texts = {name: _clean(value) for name, value in asdict(said).items() if isinstance(value, str) and name != "outcome"}
    trace = Trace(
        seq=1 if last is None else last.seq + 1,
        at=said.at // 1000 * 1000,
        outcome=said.outcome.value,
        previous=GENESIS if last is None else last.hash,
        **texts,
    )
    return replace(trace, hash=digest(as_line(trace)))


def as_line(trace: Trace) -> dict[str, Any]:
    """The entry as plain data, with the names and texts of the export."""
    values: dict[str, Any] = {**asdict(trace), "at": iso(trace.at)}
    return {name: values[name] for name in _FIELDS}


def from_line(line: Mapping[str, Any]) -> Trace:
    """The entry of an exported object.

    Raises:
        UnreadableTrace: it is none.
    """
    if set(line) != set(_FIELDS):
        raise UnreadableTrace(f"champs absents ou inconnus : {', '.join(sorted(set(line) ^ set(_FIELDS)))}")
    wrong = [name for name in _FIELDS if type(line[name]) is not (int if name == "seq" else str)]
    if wrong:
        raise UnreadableTrace(f"valeur illisible : {', '.join(wrong)}")
    try:
        trace = Trace(
            **{**line, "at": from_datetime(datetime.fromisoformat(line["at"])), "outcome": AccessOutcome(line["outcome"]).value}
        )
    except ValueError as trouble:
        raise UnreadableTrace(f"valeur illisible : {trouble}") from None
    if iso(trace.at) != line["at"]:
        raise UnreadableTrace("valeur illisible : at")  # the same instant in other letters is another entry
    return trace


def canonical(line: Mapping[str, Any]) -> bytes:
    """What is digested: RFC 8785 of the exported object without ``hash``."""
    return _rfc8785({name: value for name, value in line.items() if name != "hash"}).encode()


def exported(trace: Trace) -> str:
    """The entry as a line of the exported log: any other byte is another line."""
    return _rfc8785(as_line(trace))


def digest(line: Mapping[str, Any]) -> str:
    """``hash`` of an exported object."""
    return hashlib.sha256(canonical(line)).hexdigest()


def head(last: Trace | None) -> tuple[int, str]:
    """Number and digest of the last entry."""
    return (0, GENESIS) if last is None else (last.seq, last.hash)


def verify(traces: Iterable[Trace], heads: Iterable[Head] = ()) -> Iterator[str]:
    """Every fault of the log, in French, each naming the entries it lies in; nothing when it is whole.

    Args:
        traces: the whole log from its first entry, in the order in which it is kept.
        heads: daily heads, from wherever they were published.
    """
    published: dict[int, list[Head]] = {}
    for one in heads:
        published.setdefault(one.seq, []).append(one)
    sure = 0  # the last entry that a published head vouches for
    seq, hashed = 0, GENESIS
    yield from _disputed(published.pop(0, []), GENESIS, 0)
    for trace in traces:
        if not _whole(trace.seq):
            yield f"une entrée après l'entrée {seq} : son numéro est illisible ({trace.seq!r})"
            continue
        yield from _place(trace, seq, hashed)
        if not _own(trace):
            yield f"entrée {trace.seq} : modifiée (son contenu n'a pas l'empreinte qu'elle porte)"
        if trace.seq <= seq:
            continue
        seq, hashed = trace.seq, trace.hash
        named = published.pop(seq, [])
        yield from _disputed(named, hashed, sure)
        if any(one.hash == hashed for one in named):
            sure = seq
    lost = [one for number, several in sorted(published.items()) for one in several if number > seq]
    if lost:
        counted = f"la tête publiée du {lost[-1].day} les compte : fin du journal retirée"
        yield f"entrées {seq + 1} à {lost[-1].seq} : absentes ({counted})"


def _whole(seq: object) -> bool:
    return type(seq) is int


def _own(trace: Trace) -> bool:
    """Whether an entry has the digest that it bears; values that no entry of ours can have, it has not."""
    try:
        return digest(as_line(trace)) == trace.hash
    except (OverflowError, TypeError, ValueError):
        return False


def _place(trace: Trace, seq: int, hashed: str) -> Iterator[str]:
    """Whether this entry stands where it must."""
    if trace.seq <= seq:
        yield f"entrée {trace.seq} : en double ou déplacée (après l'entrée {seq})"
    elif trace.seq > seq + 1:
        last = trace.seq - 1
        yield f"entrée {last} : absente" if last == seq + 1 else f"entrées {seq + 1} à {last} : absentes"
    elif trace.previous != hashed:
        before = f"l'entrée {seq}" if seq else "le début du journal"
        yield f"entrée {trace.seq} : ne suit pas {before} telle qu'elle est (l'une des deux a été réécrite)"


def _disputed(heads: Iterable[Head], hashed: str, sure: int) -> Iterator[str]:
    for one in heads:
        if one.hash != hashed:
            span = f"une entrée de {sure + 1} à {one.seq} a été réécrite" if one.seq else "elle ne dit rien d'un journal vide"
            yield f"tête publiée du {one.day} : l'entrée {one.seq} n'a pas cette empreinte ({span})"


def _rfc8785(line: Mapping[str, Any]) -> str:
    # Python's own writing is that of the RFC for objects of ASCII keys whose values are texts and small whole numbers.
    return json.dumps(dict(line), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _clean(text: str) -> str:
    """What both databases and RFC 8785 take as text, of a length that fits a line."""
    readable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return readable[:_TEXT_MOST]
