"""Which act an agent does in which conversation: drawn beside the usual gestures, which a town without acts keeps as they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from types import MappingProxyType

from cti.journey import FiliereCode
from cti.sandbox.people.draw import NEVER_MS, around, one_of
from cti.sandbox.people.staff import NUMBERS, Act, Fate, Gesture

SHARES: Mapping[FiliereCode, tuple[tuple[Act, float], ...]] = MappingProxyType(
    {
        "n1": ((Act.HOLDS, 6), (Act.P0, 4), (Act.INVITES, 4), (Act.CONSULTS, 10), (Act.ATTENDED, 7)),
        "amu": ((Act.HOLDS, 6), (Act.INVITES, 3), (Act.CONSULTS, 8), (Act.ATTENDED, 5)),
        "mg": ((Act.HOLDS, 6),),
        "mru": ((Act.HOLDS, 4),),
    }
)
"""How many conversations of a hundred have which act, by filière."""
ASKED: Mapping[FiliereCode, FiliereCode] = MappingProxyType({"n1": "amu", "amu": "mru"})
"""Whom the agents of a filière consult."""
GUEST_KEYS = "18"
"""The end of the feature code that calls the fire service (`effecteurs.toml`, as shipped)."""
LAST_KEYS: tuple[tuple[str, float], ...] = (("2", 45), ("3", 30), ("4", 25))
"""How a consultation by feature code ends: the caller is passed on (*92), all together (*93), back to the caller (*94)."""

_BEFORE_MS, _APART_MS, _STAY_MS = 9_000, 16_000, 14_000
_SPREAD = 0.3
_LEAST_MS = 900


def with_acts(
    drawn: Iterator[Gesture], filiere: FiliereCode, open_to: Sequence[FiliereCode], chance: Random, pace: float
) -> Iterator[Gesture]:
    """The same gestures, and in some conversations an act instead of what the agent would have done."""
    shares = tuple((act, share) for act, share in SHARES.get(filiere, ()) if _possible(act, filiere, open_to))
    rest = 100 - sum(share for _, share in shares)
    for gesture in drawn:
        act = one_of((*shares, (None, rest)), chance)
        times = [max(_LEAST_MS, around(median * pace, _SPREAD, chance)) for median in (_BEFORE_MS, _APART_MS, _STAY_MS)]
        last_key = one_of(LAST_KEYS, chance)
        # Who would wait for ever to be hung up on does that, and no act.
        if act is None or gesture.fate is not Fate.ANSWERS or gesture.talk_ms == NEVER_MS:
            yield gesture
            continue
        target = GUEST_KEYS if act is Act.INVITES else NUMBERS[ASKED[filiere]] if filiere in ASKED else ""
        yield replace(gesture, then=act, target=target, talk_ms=times[0], apart_ms=times[1], stay_ms=times[2], last_key=last_key)


def _possible(act: Act, filiere: FiliereCode, open_to: Sequence[FiliereCode]) -> bool:
    """Nobody is asked who is not there."""
    if act is Act.P0:
        return "mru" in open_to
    return act not in (Act.CONSULTS, Act.ATTENDED) or ASKED.get(filiere) in open_to
