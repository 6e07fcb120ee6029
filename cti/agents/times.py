"""Times by person: on duty (from the acts), and doing what (from what the PBX showed). Pure.

What was not observed is said: *on duty* minus all that was seen is ``unseen_ms``, never zero by default.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cti.agents.duty import Standing, in_order, step
from cti.journey import AgentId, Instant
from cti.journey.around.duty import DutyAct, PersonId, PresenceSpan


@dataclass(slots=True)
class PersonTimes:
    """One person's times in an interval, in milliseconds."""

    personne: PersonId
    postes: list[AgentId] = field(default_factory=list)
    duty_ms: int | None = None  #: None for a fixed post, which is always on duty
    states: dict[str, int] = field(default_factory=dict)  #: by presence
    reasons: dict[str, int] = field(default_factory=dict)  #: of pauses and wrap-ups

    @property
    def unseen_ms(self) -> int | None:
        """On duty while nobody looked: the service or its link was down."""
        return None if self.duty_ms is None else max(0, self.duty_ms - sum(self.states.values()))


def times(
    acts: Iterable[DutyAct], spans: Iterable[PresenceSpan], since: Instant, until: Instant, now: Instant
) -> dict[PersonId, PersonTimes]:
    """Times in ``[since, until[``, by person, from posts taken and left (well before ``since`` too) and the spans that touch it.

    An open span, or a post not left, lasts until ``now``.
    """
    end = min(until, now)
    found: dict[PersonId, PersonTimes] = {}
    for personne, poste, first, last in _sessions(acts, until, end):
        row = _row(found, personne, poste, since, first, last)
        if row is not None:
            row.duty_ms = (row.duty_ms or 0) + _inside(first, last, since, until) // 1000
    for span in spans:
        last = span.until if span.until is not None else end
        row = _row(found, span.personne or span.poste, span.poste, since, span.since, last)
        lasted = _inside(span.since, last, since, until) // 1000
        if row is None or lasted <= 0:
            continue
        row.states[span.state] = row.states.get(span.state, 0) + lasted
        if span.reason:
            row.reasons[span.reason] = row.reasons.get(span.reason, 0) + lasted
    return dict(sorted(found.items()))


def _sessions(acts: Iterable[DutyAct], until: Instant, end: Instant) -> list[tuple[PersonId, AgentId, Instant, Instant]]:
    standings: dict[AgentId, Standing] = {}
    sessions = []
    for act in in_order(acts):
        if act.at >= until:
            break
        before = dict(standings)
        step(standings, act)
        sessions += [(s.personne, p, s.since, act.at) for p, s in before.items() if _other(standings.get(p), s)]
    return sessions + [(s.personne, p, s.since, end) for p, s in standings.items()]


def _other(now: Standing | None, before: Standing) -> bool:
    return now is None or now.since != before.since


def _row(
    found: dict[PersonId, PersonTimes], personne: PersonId, poste: AgentId, since: Instant, first: Instant, last: Instant
) -> PersonTimes | None:
    if last <= since or last < first:
        return None
    row = found.setdefault(personne, PersonTimes(personne))
    if poste not in row.postes:
        row.postes.append(poste)
    return row


def _inside(first: Instant, last: Instant, since: Instant, until: Instant) -> int:
    return max(0, min(last, until) - max(first, since))
