"""Judging each call once and counting: what every figure is made of.

Theory. A call is judged once, under one profile, and leaves a set of marks (entrant, décroché, within 30 s, uncertain...).
The tally counts how many calls left each set of marks, so a figure is a question to these counts, the order of calls cannot
matter, and two halves of a period add up. Only waits, callers' numbers and stages are kept beside the counts.

What is not known is marked, never guessed:

- an uncertain call that ended without an answer seen: somebody may have answered while we were blind, so its issue is not
  known; it is an entrant, in no rate, and neither a décroché nor an abandon;
- an uncertain call whose answer is known but not the offer that led to it, or any call whose clocks run backwards: its delay is
  not known; it is a décroché, in no delay figure.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from cti.journey.events.placed import Direction
from cti.journey.model import AbandonPhase, Journey, Outcome, Quality, Stage, StageEnd
from cti.journey.states import State
from cti.journey.words import FiliereCode, Instant, elapsed_ms
from cti.qos.period import Period
from cti.qos.profiles import Clock, Comparison, Hours, Profile, Regulation, Resolution

_SECOND: Final = 1_000_000


class Mark(StrEnum):
    """One thing that is true of a call under a profile."""

    ENTRANT = "entrant"
    DECROCHE = "decroche"
    ABANDON = "abandon"
    ABANDON_COURT = "abandon_court"
    ABANDON_ACCUEIL = "abandon_accueil"
    ABANDON_FILE = "abandon_file"
    ABANDON_SONNERIE = "abandon_sonnerie"
    REFUSE = "refuse"
    EN_COURS = "en_cours"
    EN_ATTENTE = "en_attente"  #: in progress, and no human yet: its issue is still open
    DANS_QS30 = "dans_qs30"  #: answered within the first threshold
    DANS_QS60 = "dans_qs60"
    ISSUE_DANS_QS30 = "issue_dans_qs30"  #: answered or abandoned within the first threshold
    PERDU_N2 = "perdu_n2"
    CONVERSATION_COURTE = "conversation_courte"
    SANS_NUMERO = "sans_numero"
    INCERTAIN = "incertain"
    ISSUE_INCONNUE = "issue_inconnue"
    DELAI_INCONNU = "delai_inconnu"  #: answered, we do not know after how long
    DUREE_INCONNUE = "duree_inconnue"  #: abandoned, we do not know after how long
    # Why a call is in no figure of this profile.
    TEST = "test"
    SORTANT = "sortant"  #: placed by the room: no entrant
    HORS_PERIODE = "hors_periode"
    HORS_PLAGE = "hors_plage"
    FLUX_NON_PUBLIC = "flux_non_public"
    HORS_FILE = "hors_file"
    ARRIVEE_INCONNUE = "arrivee_inconnue"


#: A call with one of these is in no figure; most are stated beside every figure.
LEFT_OUT: Final = (
    Mark.TEST,
    Mark.SORTANT,
    Mark.HORS_PERIODE,
    Mark.HORS_PLAGE,
    Mark.FLUX_NON_PUBLIC,
    Mark.HORS_FILE,
    Mark.ARRIVEE_INCONNUE,
)
_PHASES: Final = {
    AbandonPhase.GREETING: Mark.ABANDON_ACCUEIL,
    AbandonPhase.QUEUE: Mark.ABANDON_FILE,
    AbandonPhase.RINGING: Mark.ABANDON_SONNERIE,
}

Marks = frozenset[Mark]


@dataclass(slots=True)
class StageTally:
    """What happened in one filière's queue."""

    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    overflowed: int = 0
    transferred: int = 0
    after_answer: int = 0  #: entered by a caller whom a human had already answered
    uncertain: int = 0
    offered: int = 0
    waits: "array[int]" = field(default_factory=lambda: array("q"))  #: answered stages, ms
    second_waits: "array[int]" = field(default_factory=lambda: array("q"))  #: of them, those of an already answered caller
    talks: int = 0
    talk_total_ms: int = 0
    talks_uncertain: int = 0

    def add(self, stage: Stage, *, second: bool, uncertain: bool) -> None:
        """Count one passage."""
        self.entered += 1
        self.offered += stage.offered
        self.after_answer += second
        self.uncertain += uncertain
        self.abandoned += stage.end is StageEnd.ABANDONED
        self.overflowed += stage.end is StageEnd.GAVE_UP
        self.transferred += stage.end is StageEnd.TRANSFERRED
        if stage.answered_at is None:
            return
        self.answered += 1
        wait = stage.wait_ms
        if wait is not None and wait >= 0 and not (uncertain and offer_unseen(stage)):
            self.waits.append(wait)
            if second:
                self.second_waits.append(wait)
        talk = stage.talk_ms
        if talk is not None and talk >= 0:
            self.talks += 1
            self.talk_total_ms += talk
            self.talks_uncertain += uncertain

    def merge(self, other: "StageTally") -> None:
        """Add what another part of the period counted."""
        for name in ("entered", "answered", "abandoned", "overflowed", "transferred", "after_answer", "uncertain", "offered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits.extend(other.waits)
        self.second_waits.extend(other.second_waits)
        self.talks += other.talks
        self.talk_total_ms += other.talk_total_ms
        self.talks_uncertain += other.talks_uncertain


@dataclass(slots=True)
class Tally:
    """Counts of a set of calls; adding is all that happens to it."""

    calls: Counter[tuple[Instant, Marks]] = field(default_factory=Counter)  #: (start of the local hour, or 0 out of scope; marks)
    waits: "array[int]" = field(default_factory=lambda: array("q"))  #: ms to the first human, where known
    callers: Counter[str] = field(default_factory=Counter)  #: number -> attempts
    stages: dict[FiliereCode, StageTally] = field(default_factory=dict)

    def merge(self, other: "Tally") -> None:
        """Add what another part counted."""
        self.calls.update(other.calls)
        self.waits.extend(other.waits)
        self.callers.update(other.callers)
        for filiere, stage in other.stages.items():
            self.stages.setdefault(filiere, StageTally()).merge(stage)

    def by_marks(self) -> Counter[Marks]:
        """The counts without the hours."""
        found: Counter[Marks] = Counter()
        for (_, marks), count in self.calls.items():
            found[marks] += count
        return found


@dataclass(frozen=True, slots=True)
class _Thresholds:
    qs30_ms: int
    qs60_ms: int
    short_abandon_ms: int
    short_talk_ms: int


class Judge:
    """Counts calls into tallies by flux, under one profile and over one period."""

    def __init__(self, regulation: Regulation, profile: Profile, period: Period) -> None:
        self._regulation = regulation
        self._profile = profile
        self._period = period
        self._thresholds: dict[date, _Thresholds] = {}
        self._strict = profile.comparison is Comparison.STRICT

    def count(self, journeys: Iterable[Journey]) -> dict[str, Tally]:
        """One pass over the calls; their order does not matter."""
        by_flux: dict[str, Tally] = {}
        for journey in journeys:
            tally = by_flux.get(journey.flux)
            if tally is None:
                tally = by_flux[journey.flux] = Tally()
            self.add(journey, tally)
        return by_flux

    def add(self, journey: Journey, tally: Tally) -> None:
        """Judge one call and count it."""
        local = self._regulation.calendar.local(journey.t0)
        left_out = self._left_out(journey, local)
        if left_out is not None:
            tally.calls[0, frozenset((left_out,))] += 1
            return
        hour = journey.t0 - (local.minute * 60 + local.second) * _SECOND - local.microsecond
        wait = self._wait_ms(journey)
        marks = frozenset(self._marks(journey, wait, self._on(local.date())))
        tally.calls[hour, marks] += 1
        if Mark.ENTRANT not in marks:
            return
        if Mark.DECROCHE in marks and wait is not None:
            tally.waits.append(wait)
        if journey.caller is not None:
            tally.callers[journey.caller] += 1
        for stage in journey.stages:
            second = journey.answered_at is not None and stage.entered_at >= journey.answered_at
            stages = tally.stages.get(stage.filiere)
            if stages is None:
                stages = tally.stages[stage.filiere] = StageTally()
            stages.add(stage, second=second, uncertain=Mark.INCERTAIN in marks)

    def _left_out(self, journey: Journey, local: datetime) -> Mark | None:
        profile = self._profile
        unseen = arrival_unseen(journey)
        if not self._period.holds(journey.last_at if unseen else journey.t0):
            return Mark.HORS_PERIODE
        if journey.direction is Direction.SORTANT:
            return Mark.SORTANT
        if journey.test:
            return Mark.TEST
        if unseen:
            return Mark.ARRIVEE_INCONNUE
        if profile.public_only and not journey.public:
            return Mark.FLUX_NON_PUBLIC
        if profile.hours is not Hours.ALL and self._regulation.calendar.is_sas(local) is not (profile.hours is Hours.SAS):
            return Mark.HORS_PLAGE
        if profile.clock is Clock.QUEUE and not journey.stages:
            return Mark.HORS_FILE
        return None

    def _marks(self, journey: Journey, wait: int | None, limits: _Thresholds) -> list[Mark]:
        """All that is true of a call in scope."""
        uncertain = journey.quality is Quality.UNCERTAIN
        refused = journey.outcome is Outcome.REFUSED
        marks = [] if refused and not self._profile.refused_counted else [Mark.ENTRANT]
        if uncertain:
            marks.append(Mark.INCERTAIN)
        if journey.caller is None:
            marks.append(Mark.SANS_NUMERO)
        if journey.ended_at is None:
            marks.append(Mark.EN_COURS)
        if journey.answered_at is not None:
            marks += self._answered(journey, wait, limits)
        elif journey.ended_at is None:
            marks.append(Mark.EN_ATTENTE)
        elif refused:
            marks.append(Mark.REFUSE)
        elif uncertain:
            marks.append(Mark.ISSUE_INCONNUE)
        else:
            marks += self._abandoned(journey, wait, limits)
        return marks

    def _answered(self, journey: Journey, wait: int | None, limits: _Thresholds) -> list[Mark]:
        marks = [Mark.DECROCHE]
        if wait is None:
            marks.append(Mark.DELAI_INCONNU)
        else:
            if self._within(wait, limits.qs30_ms):
                marks += (Mark.DANS_QS30, Mark.ISSUE_DANS_QS30)
            if self._within(wait, limits.qs60_ms):
                marks.append(Mark.DANS_QS60)
        if journey.lost_waiting is not None:
            marks.append(Mark.PERDU_N2)
        talk = talk_ms(journey)
        if talk is not None and self._within(talk, limits.short_talk_ms):
            marks.append(Mark.CONVERSATION_COURTE)
        return marks

    def _abandoned(self, journey: Journey, wait: int | None, limits: _Thresholds) -> list[Mark]:
        phase = journey.abandon_phase
        assert phase is not None, "an abandoned call has the phase in which it was"
        marks = [Mark.ABANDON, _PHASES[phase]]
        if wait is None:
            marks.append(Mark.DUREE_INCONNUE)
            return marks
        if self._within(wait, limits.short_abandon_ms):
            marks.append(Mark.ABANDON_COURT)
        if self._within(wait, limits.qs30_ms):
            marks.append(Mark.ISSUE_DANS_QS30)
        return marks

    def _within(self, duration_ms: int, threshold_ms: int) -> bool:
        return duration_ms < threshold_ms if self._strict else duration_ms <= threshold_ms

    def _wait_ms(self, journey: Journey) -> int | None:
        """By the profile's clock and resolution; None when it is not known or goes on."""
        end = journey.answered_at if journey.answered_at is not None else journey.ended_at
        if end is None:
            return None
        start = journey.t0
        if self._profile.clock is Clock.QUEUE:
            start = journey.stages[0].entered_at
        elif self._profile.clock is Clock.AFTER_GREETING and journey.greeting_started_at is not None:
            # A caller who left during the message never began to wait.
            start = end if journey.greeting_ended_at is None else min(journey.greeting_ended_at, end)
        if end < start or (journey.quality is Quality.UNCERTAIN and first_offer_unseen(journey)):
            return None
        if self._profile.resolution is Resolution.SECOND:
            return (end // _SECOND - start // _SECOND) * 1000
        return elapsed_ms(start, end)

    def _on(self, day: date) -> _Thresholds:
        found = self._thresholds.get(day)
        if found is None:
            limit = self._regulation.threshold_ms
            found = self._thresholds[day] = _Thresholds(
                limit("seuil_qs30", day),
                limit("seuil_qs60", day),
                limit("seuil_abandon_court", day),
                limit("seuil_conversation_courte", day),
            )
        return found


def arrival_unseen(journey: Journey) -> bool:
    """Nobody saw this call arrive: it is known only by what came before, or by its end."""
    return journey.state is State.EXPECTED or journey.t0 == 0 or (journey.t0 == journey.ended_at and not journey.channel)


def offer_unseen(stage: Stage) -> bool:
    """The answer of this stage is known, not the offer that led to it: the instant may be that of our return."""
    return any(leg.answered_at == stage.answered_at and leg.offered_at is None for leg in stage.legs)


def first_offer_unseen(journey: Journey) -> bool:
    """The same, of the stage where the first human answered."""
    return journey.answered_at is not None and any(
        stage.answered_at == journey.answered_at and offer_unseen(stage) for stage in journey.stages
    )


def talk_ms(journey: Journey) -> int | None:
    """All the talk of an ended call, with every human it had; None while it goes on or when a part is not known."""
    if journey.ended_at is None:
        return None
    talked = [(stage.answered_at, stage.left_at) for stage in journey.stages if stage.answered_at is not None]
    if any(stage.accompanied is not None for stage in journey.stages):
        talked = _merged(talked)  # a minute with two physicians is a minute of talk
    talks = [elapsed_ms(start, end) for start, end in talked]
    return None if None in talks else sum(talk for talk in talks if talk is not None)


def _merged(talks: list[tuple[Instant, Instant | None]]) -> list[tuple[Instant, Instant | None]]:
    """Intervals that overlap made one; an end that is not known stays unknown."""
    merged: list[tuple[Instant, Instant | None]] = []
    for start, end in sorted(talks, key=lambda talk: talk[0]):
        last = merged[-1][1] if merged else None
        if merged and last is not None and start <= last:
            merged[-1] = (merged[-1][0], None if end is None else max(last, end))
        else:
            merged.append((start, end))
    return merged
