"""Which call of the service is which caller: by his number, or by line and hour when the service was not shown one."""

from collections.abc import Sequence
from dataclasses import dataclass

from cti.journey import Journey
from cti.sandbox.people.truth import CallerTruth

_APART_US = 60_000_000
"""A caller without a number and a call further apart than this are not the same."""
_COUNTRY = "+33"


@dataclass(frozen=True, slots=True)
class Pairing:
    """Callers and calls together, and what is left of either."""

    pairs: tuple[tuple[CallerTruth, Journey], ...]
    missing: tuple[CallerTruth, ...]
    doubles: tuple[tuple[CallerTruth, Journey], ...]
    """Further calls that the service holds for a caller who called once."""
    invented: tuple[Journey, ...]


def pair(truths: Sequence[CallerTruth], journeys: Sequence[Journey]) -> Pairing:
    """Put each caller and his call together; nobody calls twice."""
    named: dict[str, list[Journey]] = {}
    nameless: list[Journey] = []
    for journey in sorted(journeys, key=lambda journey: journey.t0):
        if journey.caller is None:
            nameless.append(journey)
        else:
            named.setdefault(national(journey.caller), []).append(journey)
    pairs: list[tuple[CallerTruth, Journey]] = []
    doubles: list[tuple[CallerTruth, Journey]] = []
    hidden: list[CallerTruth] = []
    missing: list[CallerTruth] = []
    for truth in truths:
        found = named.pop(national(truth.number), None)
        if found is not None:
            found.sort(key=lambda journey: abs(journey.t0 - truth.invited_at))
            pairs.append((truth, found[0]))
            doubles += [(truth, journey) for journey in found[1:]]
        else:
            (missing if truth.shown else hidden).append(truth)
    met, left, alone = _by_hour(hidden, nameless)
    invented = [journey for group in named.values() for journey in group] + alone
    return Pairing(tuple(pairs + met), tuple(missing + left), tuple(doubles), tuple(invented))


def national(number: str) -> str:
    """A French number as it is dialled in France, so that `+336...` and `06...` are the same."""
    return f"0{number.removeprefix(_COUNTRY)}" if number.startswith(_COUNTRY) else number


def _by_hour(
    truths: Sequence[CallerTruth], journeys: Sequence[Journey]
) -> tuple[list[tuple[CallerTruth, Journey]], list[CallerTruth], list[Journey]]:
    """The closest first, on the same line; then those that found nobody."""
    distances = sorted(
        (abs(journey.t0 - truth.invited_at), one, other)
        for one, truth in enumerate(truths)
        for other, journey in enumerate(journeys)
        if journey.did == truth.did and abs(journey.t0 - truth.invited_at) <= _APART_US
    )
    met: dict[int, int] = {}
    taken: set[int] = set()
    for _, one, other in distances:
        if one not in met and other not in taken:
            met[one] = other
            taken.add(other)
    pairs = [(truths[one], journeys[other]) for one, other in sorted(met.items())]
    left = [truth for one, truth in enumerate(truths) if one not in met]
    return pairs, left, [journey for other, journey in enumerate(journeys) if other not in taken]
