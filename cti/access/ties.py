"""What ties a person to the recordings of a call, read off what happened: nobody declares it.

Whoever spoke with the caller has it among *ses appels*; whoever holds the caller later, in this call or in another one of the
same dossier, has what was said before: the general practitioner hears what the ARM was told as soon as he has picked up, not
while his phone rings. A quality draw and a requisition are decided elsewhere and given as they are.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from cti.journey.around.access import Relation, Tie
from cti.journey.around.duty import PersonId
from cti.journey.model import Journey
from cti.journey.words import AgentId, Instant

#: Who sat at this post at that instant.
Sits: TypeAlias = Callable[[AgentId, Instant], PersonId]
#: When a part began, and when it ended; None while it goes on.
_Part: TypeAlias = tuple[Instant, Instant | None]


def ties(
    journey: Journey, same_dossier: Sequence[Journey], personne: PersonId, sits: Sits, given: Iterable[Tie] = ()
) -> tuple[Tie, ...]:
    """Every tie of this person to the recordings of this call.

    Args:
        journey: the call.
        same_dossier: the other calls of its dossier, when it has one.
        personne: who asks; empty for an account of nobody in the room, which has no call of its own.
        sits: who sat at which post when.
        given: draws and requisitions that name this call and this person.
    """
    found = [Tie(relation=Relation.SALLE), *given]
    if personne:
        own = _parts(journey, personne, sits)
        if own:
            found.append(Tie(relation=Relation.SES_APPELS, since=_over(own)))
        later = [part for other in (journey, *same_dossier) for part in _held(other, personne, sits)]
        if later:
            found.append(Tie(relation=Relation.DOSSIER, since=_over(later)))
    return tuple(found)


def _parts(journey: Journey, personne: PersonId, sits: Sits) -> list[_Part]:
    """Her talks with the caller, and with colleagues about him at either end of a consultation."""
    consulted = [
        (consult.answered_at, _first(consult.ended_at, journey.ended_at))
        for consult in journey.consults
        if consult.answered_at is not None
        and any(sits(who, consult.answered_at) == personne for who in (consult.agent, consult.answered_by) if who is not None)
    ]
    return [*_held(journey, personne, sits), *consulted]


def _held(journey: Journey, personne: PersonId, sits: Sits) -> list[_Part]:
    """Her talks with the caller, or with whom she called."""
    held = [
        (leg.answered_at, _first(leg.ended_at, stage.left_at, journey.ended_at))
        for stage in journey.stages
        for leg in stage.legs
        if leg.answered_at is not None and sits(leg.agent, leg.answered_at) == personne
    ]
    placed = journey.placed
    if placed is not None and sits(placed.agent, journey.t0) == personne:
        held.append((journey.t0, journey.ended_at))
    return held


def _first(*ends: Instant | None) -> Instant | None:
    """An end that nobody saw is that of the stage, or of the call."""
    return next((end for end in ends if end is not None), None)


def _over(parts: Sequence[_Part]) -> Instant | None:
    """When the last of these parts was over; None while one goes on."""
    known = [end for _, end in parts if end is not None]
    return max(known) if len(known) == len(parts) else None
