"""Our journeys beside those that CEL alone tells, with queue_log as third witness. Pure.

CEL's rows are folded by the very code that folds live frames, into journeys of their own; then each call is compared with its
twin. A call that either side saw move in the last seconds of the interval is left alone: its rows may still be on their way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import ChannelBook
from cti.ami.translate.queue_log import QueueLogRow
from cti.ami.translate.witness import CelTranslator
from cti.journey import Instant, Journey, Outcome, apply
from cti.journey.words import CallId, iso

#: Two witnesses of one moment lie closer than this (microseconds).
TOLERANCE: Instant = 1_000_000
#: What happened so shortly before the end of the interval may not be written everywhere yet (microseconds).
SETTLING: Instant = 5_000_000


class Kind(StrEnum):
    """What can differ."""

    MISSING = "appel_absent"
    UNWITNESSED = "appel_sans_temoin"
    OUTCOME = "issue"
    ANSWER_INSTANT = "instant_du_decroche"
    END = "fin"
    STAGE = "etapes"
    STILL_OPEN = "encore_ouvert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing on which we and the witnesses of a call do not agree."""

    kind: Kind
    call_id: CallId
    words: str  #: French, one line
    ours: str
    witnesses: Mapping[str, str]  #: ``cel``, ``queue_log`` -> what it says, in French

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.kind.value,
            "call_id": self.call_id,
            "words": self.words,
            "ours": self.ours,
            "witnesses": dict(self.witnesses),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The comparison of one interval."""

    since: Instant
    until: Instant
    calls: int  #: that we hold
    witnessed: int  #: that CEL tells
    queue_rows: int
    differences: tuple[Difference, ...]
    troubles: tuple[str, ...] = ()  #: why a witness could not be heard in full

    def as_dict(self) -> dict[str, Any]:
        """Plain data; instants in ISO 8601."""
        return {
            "since": iso(self.since),
            "until": iso(self.until),
            "calls": self.calls,
            "witnessed": self.witnessed,
            "queue_rows": self.queue_rows,
            "agrees": not self.differences,
            "differences": [difference.as_dict() for difference in self.differences],
            "troubles": list(self.troubles),
        }


def reconcile(
    ours: Iterable[Journey],
    cel: Sequence[CelRow],
    queue_log: Iterable[QueueLogRow],
    since: Instant,
    until: Instant,
    troubles: Sequence[str] = (),
) -> Report:
    """Compare the calls with ``since <= t0 < until``.

    Args:
        ours: what we hold.
        cel: the rows from shortly before ``since`` on; its first row bounds what CEL can be asked.
        queue_log: the rows of the interval.
        since: beginning of the interval.
        until: its end, and the present instant when that is earlier.
        troubles: why a witness could not be heard in full.
    """
    queues: dict[str, list[QueueLogRow]] = {}
    for row in queue_log:
        queues.setdefault(row.uniqueid, []).append(row)
    held = {journey.call_id: journey for journey in ours if since <= journey.t0 < until}
    told = {journey.call_id: journey for journey in told_by(cel) if since <= journey.t0 < until}
    still = until - SETTLING
    known_from = cel[0].at if cel else until
    found: list[Difference] = []
    for call_id in sorted({*held, *told}, key=lambda c: ((held.get(c) or told[c]).t0, c)):
        mine, theirs = held.get(call_id), told.get(call_id)
        if any(side is not None and side.last_at > still for side in (mine, theirs)):
            continue
        if mine is not None and theirs is None and mine.t0 < known_from:
            continue
        channel = (mine or told[call_id]).channel
        found += _differences(call_id, mine, theirs, queues.get(channel, ()))
    return Report(
        since=since,
        until=until,
        calls=len(held),
        witnessed=len(told),
        queue_rows=sum(map(len, queues.values())),
        differences=tuple(found),
        troubles=tuple(troubles),
    )


def told_by(rows: Sequence[CelRow]) -> tuple[Journey, ...]:
    """The calls as CEL alone tells them, in order of their first row."""
    journeys: dict[CallId, Journey] = {}
    for event in CelTranslator(ChannelBook()).read(rows, rows[-1].at if rows else 0):
        before = journeys.get(event.call_id) or Journey(call_id=event.call_id)
        journeys[event.call_id], _ = apply(before, event)
    return tuple(journeys.values())


def _differences(
    call_id: CallId, mine: Journey | None, theirs: Journey | None, queue: Sequence[QueueLogRow]
) -> Iterator[Difference]:
    if mine is None or theirs is None:
        kind = Kind.MISSING if mine is None else Kind.UNWITNESSED
        words = "appel que seul le PBX connaît" if mine is None else "appel que le PBX n'a pas noté"
        yield _difference(kind, call_id, words, mine, theirs, queue)
        return
    for kind, words in (*_ends(mine, theirs), *_answers(mine, theirs, queue), *_stages(mine, theirs)):
        yield _difference(kind, call_id, words, mine, theirs, queue)


def _difference(
    kind: Kind, call_id: CallId, words: str, mine: Journey | None, theirs: Journey | None, queue: Sequence[QueueLogRow]
) -> Difference:
    witnesses = {"cel": _story(theirs), "queue_log": _queue_story(queue)}
    return Difference(kind=kind, call_id=call_id, words=words, ours=_story(mine), witnesses=witnesses)


def _ends(mine: Journey, theirs: Journey) -> Iterator[tuple[Kind, str]]:
    if mine.ended_at is None and theirs.ended_at is not None:
        yield Kind.STILL_OPEN, f"encore ouvert ici, terminé pour le PBX à {iso(theirs.ended_at)}"
    elif mine.ended_at is not None and theirs.ended_at is None:
        yield Kind.END, f"terminé ici à {iso(mine.ended_at)}, sans fin pour le PBX"
    elif _apart(mine.ended_at, theirs.ended_at):
        yield Kind.END, f"fin à {iso(mine.ended_at)} ici, à {iso(theirs.ended_at)} pour le PBX"


def _answers(mine: Journey, theirs: Journey, queue: Sequence[QueueLogRow]) -> Iterator[tuple[Kind, str]]:
    connected = any(row.event == "CONNECT" for row in queue)
    if None not in (mine.outcome, theirs.outcome) and mine.outcome is not theirs.outcome:
        yield Kind.OUTCOME, f"issue : {_OUTCOMES[mine.outcome]} ici, {_OUTCOMES[theirs.outcome]} pour le PBX"
    elif connected and mine.answered_at is None and theirs.answered_at is None:
        yield Kind.OUTCOME, f"issue : {_OUTCOMES[mine.outcome]} ici, mis en relation pour la file"
    elif _apart(mine.answered_at, theirs.answered_at):
        yield Kind.ANSWER_INSTANT, f"décroché à {iso(mine.answered_at)} ici, à {iso(theirs.answered_at)} pour le PBX"


def _stages(mine: Journey, theirs: Journey) -> Iterator[tuple[Kind, str]]:
    if _path(mine) != _path(theirs):
        yield Kind.STAGE, f"étapes : {_path(mine) or 'aucune'} ici, {_path(theirs) or 'aucune'} pour le PBX"


def _apart(one: Instant | None, other: Instant | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) > TOLERANCE


def _path(journey: Journey) -> str:
    return " > ".join(stage.filiere for stage in journey.stages)


def _story(journey: Journey | None) -> str:
    if journey is None:
        return "rien"
    answered = "" if journey.answered_at is None else f", décroché à {iso(journey.answered_at)} par {journey.answered_by}"
    ended = "en cours" if journey.ended_at is None else f"{_OUTCOMES[journey.outcome]}, fin à {iso(journey.ended_at)}"
    return f"{journey.flux or '?'} à {iso(journey.t0)}, {_path(journey) or 'accueil'}{answered}, {ended}"


def _queue_story(queue: Sequence[QueueLogRow]) -> str:
    if not queue:
        return "rien"
    return ", ".join(f"{row.event} {row.queue} {(iso(row.at) or '')[11:19]}" for row in queue)


_OUTCOMES: Mapping[Outcome | None, str] = {
    Outcome.ANSWERED: "décroché",
    Outcome.ABANDONED: "abandonné",
    Outcome.REFUSED: "refusé",
    Outcome.TEST: "essai",
    Outcome.REACHED: "sortant, joint",
    Outcome.UNREACHED: "sortant, non joint",
    None: "en cours",
}
