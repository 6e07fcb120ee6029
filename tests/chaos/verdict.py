"""What a bad day cost: every caller beside the store, and the figures of the table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cti.ami.translate.cel import rows_since
from cti.ami.translate.steps import STEPPED
from cti.journey import Journey
from cti.journey.model import Outcome, Quality
from cti.sandbox.people.compare import Difference, Kind, compare
from cti.sandbox.people.pairing import pair
from cti.sandbox.people.truth import CallerTruth, Side
from cti.settings import load
from tests.chaos.civil import wrong_days
from tests.chaos.stage import Stage

#: Answer instants: what the service saw, and what CEL told it.
OBSERVED_MS, RECONSTRUCTED_MS = 100, 1_000
#: What no fault of ours may add to a caller's way to his queue.
MOST_ADDED_SECONDS = 2.5
_SAME_END_US = 3_000_000
#: The end of the name of a caller's side of a recording.
_VOICE = "-caller.wav"
_STEPPED_SECONDS = 1_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One bad day."""

    name: str
    words: str
    callers: int
    answered: int
    reconstructed: int
    uncertain: int
    lost: int
    double: int
    dropped: int
    cut_by_pbx: int
    alive: int  #: at the kill of the service, at most
    added_seconds: float
    observed_ms: float
    reconstructed_ms: float
    recovery_seconds: float
    differences: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Nothing to be ashamed of."""
        return not (self.differences or self.dropped)


def judge(scene: Stage, name: str, words: str) -> Verdict:
    """Compare; differences that the death of the PBX itself explains are left out, and counted apart."""
    truths, journeys = scene.truths(), scene.journeys()
    found = compare(truths, journeys, OBSERVED_MS)
    by_id = {journey.call_id: journey for journey in journeys}
    pairs = {journey.call_id: truth for truth, journey in pair(truths, journeys).pairs}
    wrong = [d for d in found.differences if not _excused(d, by_id.get(d.call_id), pairs.get(d.call_id), scene)]
    errors = [
        (_as_seen(journey), abs(journey.answered_at - truth.first_human_at) / 1000)
        for truth, journey in pair(truths, journeys).pairs
        if journey.answered_at is not None and truth.first_human_at is not None
    ]
    kinds = [difference.kind for difference in wrong]
    ways = _seconds_to_the_queue(scene)
    added = max(ways) - median(ways) if ways else 0.0
    lines = [difference.line for difference in wrong]
    if added > MOST_ADDED_SECONDS and not scene.pbx_deaths:
        lines.append(f"somebody waited {added:.1f} s more than usual on the way to his queue")
    lines += _nobodys(scene, journeys)
    if scene.clocks is not None:
        lines += wrong_days(load(scene.site.config, {}), journeys)
    return Verdict(
        name=name,
        words=words,
        callers=sum(truth.heard for truth in truths),
        answered=sum(journey.outcome is Outcome.ANSWERED for journey in journeys),
        reconstructed=sum(journey.quality is Quality.RECONSTRUCTED for journey in journeys),
        uncertain=sum(journey.quality is Quality.UNCERTAIN for journey in journeys),
        lost=kinds.count(Kind.MISSING) + kinds.count(Kind.UNFINISHED),
        double=sum(kinds.count(kind) for kind in (Kind.DOUBLE, Kind.INVENTED, Kind.DOSSIER_SHARED)),
        dropped=len(_dropped(truths, scene)),
        cut_by_pbx=sum(_alive_at_a_death(truth, scene) for truth in truths),
        alive=max(scene.alive, default=0),
        added_seconds=added,
        observed_ms=max((ms for seen, ms in errors if seen), default=0.0),
        reconstructed_ms=max((ms for seen, ms in errors if not seen), default=0.0),
        recovery_seconds=max(scene.recoveries, default=0.0),
        differences=tuple(lines),
    )


def _nobodys(scene: Stage, journeys: Sequence[Journey]) -> list[str]:
    """Dossiers and recordings that no call owns; one dossier to a call."""
    owners = Counter(scene.dossiers())
    answered = {journey.call_id for journey in journeys if journey.answered_at is not None}
    stems = {Path(what.stem).name for journey in journeys for what in (*journey.recordings, *journey.consults) if what.stem}
    voices = {file.name.removesuffix(_VOICE) for file in scene.site.recordings.rglob(f"*{_VOICE}")}
    return [
        *(f"{count} dossiers pour l'appel {call_id}" for call_id, count in owners.items() if count > 1),
        *(f"dossier d'un appel que personne n'a décroché : {call_id}" for call_id in owners.keys() - answered),
        *(f"enregistrement qui n'est à aucun appel : {voice}" for voice in sorted(voices - stems)),
    ]


def _excused(difference: Difference, journey: Journey | None, truth: CallerTruth | None, scene: Stage) -> bool:
    if journey is None or truth is None:
        return False
    if difference.kind is Kind.ANSWER_INSTANT and not _as_seen(journey):
        at, really = journey.answered_at, truth.first_human_at
        return at is not None and really is not None and abs(at - really) <= RECONSTRUCTED_MS * 1000
    if difference.kind in (Kind.OUTCOME, Kind.STAGE, Kind.ANSWER_INSTANT) and truth.number in scene.on_the_brink():
        return True
    if difference.kind is Kind.RECORDING and _lived_through_a_step(journey) and _spoken_seconds(journey) < _STEPPED_SECONDS:
        # Asterisk's recorder loses seconds of voice when its clock is set: missed rightly, from a talk as long as it was.
        return bool(journey.recordings)
    # A PBX that dies leaves the voice of the calls it held unfinished.
    return difference.kind is Kind.RECORDING and _alive_at_a_death(truth, scene)


def _as_seen(journey: Journey) -> bool:
    """Its instants are the stamps of frames as they came: neither told by CEL nor moved over a step of the PBX's clock."""
    return journey.quality is Quality.OBSERVED and not _lived_through_a_step(journey)


def _lived_through_a_step(journey: Journey) -> bool:
    return any(note.kind == STEPPED for note in journey.anomalies)


def _spoken_seconds(journey: Journey) -> float:
    return ((journey.ended_at or journey.t0) - journey.t0) / 1e6


def _alive_at_a_death(truth: CallerTruth, scene: Stage) -> bool:
    return any(
        truth.heard and truth.invited_at <= until and (truth.ended_at is None or truth.ended_at >= since)
        for since, until in scene.pbx_deaths
    )


def _dropped(truths: Iterable[CallerTruth], scene: Stage) -> Sequence[CallerTruth]:
    """Callers whom the PBX hung up on, or turned away, without a person on the other side who did."""
    return [
        truth for truth in truths if truth.ended_by is Side.PBX and not _let_go(truth) and not _alive_at_a_death(truth, scene)
    ]


def _let_go(truth: CallerTruth) -> bool:
    ended = truth.ended_at or 0
    return any(talk.ended_at is not None and abs(talk.ended_at - ended) < _SAME_END_US for talk in truth.talks)


def _seconds_to_the_queue(scene: Stage) -> list[float]:
    """From each caller's arrival to his first queue, as Asterisk's own log tells it."""
    arrived: dict[str, int] = {}
    waited: dict[str, float] = {}
    for row in rows_since(scene.site.pbx / "log" / "cel-custom" / "cti-cel.csv", 0):
        if row.kind == "SAS_ARRIVED":
            arrived[row.uniqueid] = row.at
        elif row.kind == "APP_START" and row.app == "Queue" and row.uniqueid in arrived:
            waited.setdefault(row.uniqueid, (row.at - arrived[row.uniqueid]) / 1e6)
    # The clock of the log was stepped while somebody was on his way: his way cannot be measured there.
    return [seconds for seconds in waited.values() if 0 <= seconds < _STEPPED_SECONDS]
