"""A quality draw that anybody can do again: of all calls, those whose SHA-256 with the seed comes first are drawn.

No random generator of a language is in it: ``sha256("<seed>:<call_id>")`` in hexadecimal, sorted, says the same for ever.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cti.journey.around.listening import Draw
from cti.journey.model import Journey, Outcome
from cti.journey.words import CallId, FiliereCode

MOST: Final = 500
_DAY_US: Final = 86_400_000_000
DAYS_MOST: Final = 366


class DrawRefused(ValueError):
    """Nothing was drawn; the message says why, in French."""


def eligible(journeys: Iterable[Journey], filiere: FiliereCode) -> list[CallId]:
    """The calls that may be drawn: answered, with a recording, in that filière when one is named; in order of identity."""
    return sorted(journey.call_id for journey in journeys if _may(journey, filiere))


def drawn(pool: Sequence[CallId], wanted: int, seed: str) -> tuple[CallId, ...]:
    """The first ``wanted`` of the pool, in the order that the seed gives."""
    return tuple(sorted(pool, key=lambda call_id: (_rank(seed, call_id), call_id))[:wanted])


def pool_digest(pool: Sequence[CallId]) -> str:
    """By which two pools are compared."""
    return hashlib.sha256("\n".join(pool).encode()).hexdigest()


def check(draw: Draw, at_hand: Sequence[CallId]) -> Iterator[str]:
    """What a second draw from the calls of today finds other than this one says, in French; nothing when it is the same."""
    again = drawn(at_hand, draw.wanted, draw.seed)
    if pool_digest(at_hand) != draw.pool_sha256:
        yield f"les appels de la période ne sont plus les mêmes : {draw.pool} au tirage, {len(at_hand)} aujourd'hui"
    for call_id in draw.calls:
        if call_id not in again:
            yield f"appel {call_id} : tiré selon le registre, pas par un second tirage"
    for call_id in again:
        if call_id not in draw.calls:
            yield f"appel {call_id} : tiré par un second tirage, pas selon le registre"
    if not set(again) ^ set(draw.calls) and again != draw.calls:
        yield "les mêmes appels, dans un autre ordre"


def refusal(draw: Draw) -> str | None:
    """Why this draw may not be, in French; None when it may."""
    if draw.since >= draw.until:
        return "la période finit avant de commencer"
    if draw.until > draw.at:
        return "la période n'est pas encore finie"
    if not 1 <= draw.wanted <= MOST:
        return f"un tirage prend de 1 à {MOST} appels"
    if not draw.at < draw.ends_at <= draw.at + DAYS_MOST * _DAY_US:
        return f"la fin de la revue est à venir, dans {DAYS_MOST} jours au plus"
    if not draw.reason.strip():
        return "il faut dire pourquoi (motif)"
    return None if draw.pool else "aucun appel décroché et enregistré dans cette période"


def _may(journey: Journey, filiere: FiliereCode) -> bool:
    if journey.outcome is not Outcome.ANSWERED or not any(one.stem for one in journey.recordings):
        return False
    return not filiere or any(stage.filiere == filiere and stage.answered_at is not None for stage in journey.stages)


def _rank(seed: str, call_id: CallId) -> str:
    return hashlib.sha256(f"{seed}:{call_id}".encode()).hexdigest()
