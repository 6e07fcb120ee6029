"""Offers that ring in vain: when a post is withdrawn from the queues, and when it must not be. Pure.

A phone left alone costs each caller one full ring. After so many in a row it is paused (*ne répond pas*) until its person does
something. One exception: the last post that can be reached in the filière of last resort stays, because a caller there has
nowhere else to go and a phone that may be heard is better than none; an alarm says so. Anywhere else the caller overflows at
once, which is better than ringing an empty chair.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cti.agents.duty import Standing
from cti.journey import AgentId, FiliereCode
from cti.journey.events import Presence

#: Somebody who takes calls, now or as soon as the present one is over.
_REACHABLE: Final = frozenset({Presence.FREE, Presence.RINGING, Presence.TALKING, Presence.WRAPUP})


class Verdict(StrEnum):
    """What becomes of a post that did not answer."""

    PATIENT = "patient"
    WITHDRAW = "withdraw"
    LAST = "last"  #: would be withdrawn, were it not the last one


class Missed:
    """Counts offers in a row that rang in vain, by post."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[AgentId, set[str]] = {}

    def heard(self, poste: AgentId) -> None:
        """An answered call or an act: somebody is there."""
        self._rows.pop(poste, None)

    def count(self, poste: AgentId) -> int:
        """How many in a row."""
        return len(self._rows.get(poste, ()))

    def missed(
        self,
        standing: Standing,
        leg: str,
        seen: Mapping[tuple[AgentId, FiliereCode], Presence],
        last_resort: FiliereCode,
    ) -> Verdict:
        """One more offer rang in vain (the same leg told twice is one)."""
        legs = self._rows.setdefault(standing.poste, set())
        legs.add(leg)
        if not self._most or len(legs) < self._most:
            return Verdict.PATIENT
        if last_resort in standing.filieres:
            if (standing.poste, last_resort) not in seen:
                return Verdict.PATIENT  # nothing is seen now: nobody knows who else is there
            if not _others(standing.poste, seen, last_resort):
                return Verdict.LAST
        return Verdict.WITHDRAW


def _others(poste: AgentId, seen: Mapping[tuple[AgentId, FiliereCode], Presence], filiere: FiliereCode) -> list[AgentId]:
    return [who for (who, where), presence in seen.items() if where == filiere and who != poste and presence in _REACHABLE]
