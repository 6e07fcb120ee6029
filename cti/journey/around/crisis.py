"""Crisis mode as values: what somebody switched and why, and the intervals that follow from it.

The history is only ever added to; whether there is a crisis now is its last act. A crisis is not part of any call: it says how
the room worked while calls came in, so that a figure of that time can say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cti.journey.words import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisAct:
    """One turn of the switch."""

    number: int  #: from 1, without a hole
    at: Instant  #: our clock
    active: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisSpan:
    """One crisis, from the act that began it to the one that ended it."""

    since: Instant
    until: Instant | None  #: None while it lasts
    by: str
    reason: str
    ended_by: str | None = None
    end_reason: str | None = None


class AlreadySo(Exception):
    """The switch stands that way already; ``act`` is who put it there."""

    def __init__(self, act: CrisisAct | None) -> None:
        super().__init__("the switch stands that way already")
        self.act = act


def is_active(acts: Sequence[CrisisAct]) -> bool:
    """Whether there is a crisis after these acts."""
    return bool(acts) and acts[-1].active


def switched(acts: Sequence[CrisisAct], *, active: bool, at: Instant, by: str, reason: str) -> CrisisAct:
    """The next act. A clock that went back never puts it before the last one.

    Raises:
        AlreadySo: it would change nothing.
    """
    last = acts[-1] if acts else None
    if is_active(acts) is active:
        raise AlreadySo(last)
    if last is not None:
        at = max(at, last.at + 1)
    return CrisisAct(number=1 if last is None else last.number + 1, at=at, active=active, by=by, reason=reason)


def spans(acts: Iterable[CrisisAct]) -> tuple[CrisisSpan, ...]:
    """The crises, oldest first. An act that repeats the one before it changes nothing."""
    found: list[CrisisSpan] = []
    for act in acts:
        running = bool(found) and found[-1].until is None
        if act.active and not running:
            found.append(CrisisSpan(since=act.at, until=None, by=act.by, reason=act.reason))
        elif running and not act.active:
            found[-1] = replace(found[-1], until=act.at, ended_by=act.by, end_reason=act.reason)
    return tuple(found)


def cut(crises: Iterable[CrisisSpan], since: Instant, until: Instant, now: Instant | None = None) -> tuple[CrisisSpan, ...]:
    """The parts of the crises that lie in ``[since, until[``; one that lasts ends at ``now``, or with the period."""
    end = until if now is None else min(until, now)
    parts = (
        replace(one, since=max(one.since, since), until=min(end if one.until is None else one.until, until)) for one in crises
    )
    return tuple(part for part in parts if part.until is not None and part.since < part.until)
