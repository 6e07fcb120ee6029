"""What happened beside what the service believes: every call, one by one, and every difference in words that a person reads.

The service's clock is the PBX's and the truth's is SIPp's: on one machine they are the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cti.journey import AgentId, Instant, Journey, Outcome
from cti.journey.words import iso
from cti.sandbox.people.pairing import Pairing, pair
from cti.sandbox.people.truth import CallerTruth, Expected, Offer

TOLERANCE_MS = 100
"""Largest difference allowed between two witnesses of one décroché."""
_SAME_OFFER_US = 1_000_000


class Kind(StrEnum):
    """What can differ."""

    MISSING = "appel_absent"
    INVENTED = "appel_invente"
    DOUBLE = "appel_en_double"
    UNFINISHED = "appel_non_termine"
    OUTCOME = "issue"
    ANSWER_INSTANT = "instant_du_decroche"
    STAGE = "etape_absente"
    DOSSIER_MISSING = "dossier_absent"
    DOSSIER_SHARED = "dossier_en_double"
    RECORDING = "enregistrement_absent"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the service got wrong about one call."""

    kind: Kind
    number: str
    call_id: str
    words: str

    @property
    def line(self) -> str:
        """One line for the report."""
        return f"{self.words} [{self.number or 'numéro inconnu'}{f', appel {self.call_id}' if self.call_id else ''}]"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole comparison."""

    truths: tuple[CallerTruth, ...]
    journeys: tuple[Journey, ...]
    differences: tuple[Difference, ...]
    answer_errors_ms: tuple[float, ...]
    """Distance between the two instants of each call answered on both sides, smallest first."""

    @property
    def agrees(self) -> bool:
        """Nothing differs."""
        return not self.differences

    def summary(self) -> dict[str, Any]:
        """The figures of the comparison, as plain data for a report file."""
        errors = self.answer_errors_ms
        return {
            "callers": len(self.truths),
            "calls": len(self.journeys),
            "truth": _counted(truth.outcome for truth in self.truths),
            "service": _counted(journey.outcome or "under_way" for journey in self.journeys),
            "talks": sum(len(truth.talks) for truth in self.truths),
            "answer_error_ms": {
                "compared": len(errors),
                "p50": _quantile(errors, 0.50),
                "p99": _quantile(errors, 0.99),
                "max": errors[-1] if errors else None,
            },
            "agrees": self.agrees,
            "counts": _counted(difference.kind for difference in self.differences),
            "differences": [
                {"kind": one.kind.value, "number": one.number, "call_id": one.call_id, "words": one.words}
                for one in self.differences
            ],
        }


def compare(truths: Iterable[CallerTruth], journeys: Iterable[Journey], tolerance_ms: int = TOLERANCE_MS) -> Comparison:
    """Compare what happened with what the service holds, call by call."""
    told, seen = tuple(truths), tuple(journeys)
    paired = pair(told, seen)
    differences = [*_unpaired(paired), *_shared_dossiers(seen)]
    errors: list[float] = []
    for truth, journey in paired.pairs:
        differences += _differences(truth, journey, tolerance_ms)
        if truth.first_human_at is not None and journey.answered_at is not None:
            errors.append(abs(journey.answered_at - truth.first_human_at) / 1000)
    return Comparison(told, seen, tuple(differences), tuple(sorted(errors)))


def _unpaired(paired: Pairing) -> Iterable[Difference]:
    for truth in paired.missing:
        # A caller whom the PBX never heard, or turned away at the door, may leave no trace.
        if truth.outcome not in {Expected.UNHEARD, Expected.REFUSED}:
            yield Difference(Kind.MISSING, truth.number, "", f"appel absent : {truth.did} appelé à {iso(truth.invited_at)}")
    for truth, journey in paired.doubles:
        words = f"un appelant, plusieurs appels : {truth.did} appelé à {iso(truth.invited_at)}, vu aussi à {iso(journey.t0)}"
        yield Difference(Kind.DOUBLE, truth.number, journey.call_id, words)
    for journey in paired.invented:
        words = f"appel inventé : personne n'a appelé le {journey.did} à {iso(journey.t0)}"
        yield Difference(Kind.INVENTED, journey.caller or "", journey.call_id, words)


def _shared_dossiers(journeys: Sequence[Journey]) -> Iterable[Difference]:
    owners: dict[str, str] = {}
    for journey in journeys:
        dossier = journey.dossier_id
        if dossier is not None and owners.setdefault(dossier, journey.call_id) != journey.call_id:
            words = f"dossier {dossier} en double : déjà celui de l'appel {owners[dossier]}"
            yield Difference(Kind.DOSSIER_SHARED, journey.caller or "", journey.call_id, words)


def _differences(truth: CallerTruth, journey: Journey, tolerance_ms: int) -> Iterable[Difference]:
    told = (*_outcome(truth, journey, tolerance_ms), *_answers(truth, journey, tolerance_ms), *_traces(journey))
    return (Difference(kind, truth.number, journey.call_id, words) for kind, words in told)


def _outcome(truth: CallerTruth, journey: Journey, tolerance_ms: int) -> Iterable[tuple[Kind, str]]:
    if truth.ended_at is not None and journey.outcome is None:
        yield Kind.UNFINISHED, f"appel jamais terminé pour le service ; l'appelant est parti à {iso(truth.ended_at)}"
    elif journey.outcome is not None and not _agree(truth, journey.outcome, tolerance_ms):
        yield Kind.OUTCOME, f"issue : en vérité {_WORDS[truth.outcome]}, pour le service {_WORDS[journey.outcome]}"


def _answers(truth: CallerTruth, journey: Journey, tolerance_ms: int) -> Iterable[tuple[Kind, str]]:
    answered_at = truth.first_human_at
    if answered_at is not None and journey.answered_at is not None:
        error_ms = (journey.answered_at - answered_at) / 1000
        if abs(error_ms) > tolerance_ms:
            words = f"décroché à {_clock(answered_at)}, pour le service {_clock(journey.answered_at)} ({error_ms:+.1f} ms)"
            yield Kind.ANSWER_INSTANT, words
    for talk in () if truth.at_the_edge(tolerance_ms * 1000) else truth.talks:
        if not _is_told(journey, talk):
            yield Kind.STAGE, f"étape absente : {talk.agent} a décroché à {_clock(talk.answered_at)}"


def _traces(journey: Journey) -> Iterable[tuple[Kind, str]]:
    """What an answered call leaves behind. Of a call answered at the edge, the service itself says whether it was."""
    if journey.outcome is not Outcome.ANSWERED:
        return
    if journey.dossier_id is None:
        yield Kind.DOSSIER_MISSING, "dossier absent : appel décroché sans dossier"
    problem = next((one.problem for one in journey.recordings if one.problem is not None), None)
    if not journey.recordings or problem is not None:
        yield Kind.RECORDING, f"enregistrement absent ou mauvais{f' : {problem}' if problem else ''}"


def _agree(truth: CallerTruth, outcome: Outcome, tolerance_ms: int) -> bool:
    if truth.at_the_edge(tolerance_ms * 1000):
        return outcome in {Outcome.ANSWERED, Outcome.ABANDONED}
    return truth.outcome == Expected.UNDER_WAY or truth.outcome.value == outcome.value


def _is_told(journey: Journey, talk: Offer) -> bool:
    """Whether the call tells that this phone picked up: in a stage, or as who was consulted and never met the caller.

    A phone cannot tell the two apart: a consultation rings with the caller's number as a transfer does.
    """
    answers: list[tuple[AgentId | None, Instant | None]] = [
        (leg.agent, leg.answered_at) for stage in journey.stages for leg in stage.legs
    ]
    answers += [(consult.answered_by, consult.answered_at) for consult in journey.consults]
    return any(
        agent == talk.agent and at is not None and talk.answered_at is not None and abs(at - talk.answered_at) < _SAME_OFFER_US
        for agent, at in answers
    )


def _clock(at: Instant | None) -> str:
    """The time of day of an instant, UTC, to the millisecond."""
    return (iso(at) or "?")[11:-1]


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[str(value)] = counts.get(str(value), 0) + 1
    return dict(sorted(counts.items()))


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))] if ordered else None


_WORDS: Mapping[str, str] = {
    "answered": "décroché",
    "abandoned": "abandonné",
    "refused": "refusé",
    "test": "essai",
    "unheard": "jamais entendu",
    "under_way": "en cours",
}
