"""The report of a period: its figures, its hours, its filières, its flux, when we were blind and when there was a crisis.

Everything in it comes from one pass over the calls. Hours are those of the wall clock with their offset written out, so the night
of 25 hours has two different "02:00" and the night of 23 hours has none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cti.journey.around.crisis import CrisisSpan, cut
from cti.journey.ledger import Gap
from cti.journey.model import Journey
from cti.journey.words import FiliereCode, Instant, as_datetime, iso
from cti.qos import text
from cti.qos.figures import Figure
from cti.qos.indicators import Basis, measure, nearest_rank
from cti.qos.outgoing import Outgoing
from cti.qos.period import Period
from cti.qos.profiles import Hours, Profile, Regulation
from cti.qos.tally import Judge, Mark, StageTally, Tally

_HOUR: Final = 3_600_000_000
#: The figures of one hour.
HOURLY: Final = ("entrants", "decroches", "abandons", "abandons_courts", "taux_accueil", "qs30", "incertains")


@dataclass(frozen=True, slots=True)
class HourRow:
    """One local hour."""

    at: Instant
    label: str  #: ``2026-10-25 02:00+01:00``
    in_hours: bool  #: the profile counts the hours in which this one begins
    values: Mapping[str, float | None]  #: by the codes of ``HOURLY``
    crise: bool = False  #: it holds crisis time


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One filière's queue over the period; waits and talks in milliseconds, None when there was none."""

    filiere: FiliereCode
    entered: int
    offered: int
    answered: int
    abandoned: int
    overflowed: int
    transferred: int
    after_answer: int  #: entered by callers whom a human had already answered
    uncertain: int
    wait_mean_ms: float | None
    wait_median_ms: int | None
    wait_p90_ms: int | None
    wait_max_ms: int | None
    second_wait_mean_ms: float | None  #: of the callers already answered before
    second_wait_p90_ms: int | None
    talk_mean_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QosReport:
    """What can be said of a period under one profile."""

    profile: Profile
    period: Period
    rule_version: str
    figures: tuple[Figure, ...]
    hours: tuple[HourRow, ...]
    stages: tuple[StageRow, ...]
    by_flux: Mapping[str, tuple[Figure, ...]]
    gaps: tuple[Gap, ...]  #: when we did not see the PBX, cut to the period
    excluded: Mapping[str, int]  #: calls in no figure, by reason
    outgoing: Outgoing  #: what the room called itself
    crises: tuple[CrisisSpan, ...] = ()  #: when the room worked in crisis mode, cut to the period

    def figure(self, code: str) -> Figure:
        """The figure of that code.

        Raises:
            KeyError: this profile does not show it.
        """
        return {figure.code: figure for figure in self.figures}[code]

    @property
    def blind_ms(self) -> int:
        """How long we did not see the PBX."""
        return sum(gap.until - gap.since for gap in self.gaps) // 1000

    @property
    def crisis_ms(self) -> int:
        """How much of the period was crisis."""
        return sum(((one.until or self.period.until) - one.since) for one in self.crises) // 1000

    def _tell(self, figure: Figure) -> dict[str, Any]:
        """A figure, which says whether it holds crisis time."""
        return {**figure.as_dict(), "crise": bool(self.crises)}

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; instants are UTC ISO 8601 with milliseconds."""
        return {
            "profile": self.profile.code,
            "libelle": self.profile.libelle,
            "reference": self.profile.reference,
            "since": iso(self.period.since),
            "until": iso(self.period.until),
            "zone": self.period.zone.key,
            "rule_version": self.rule_version,
            "figures": [self._tell(figure) for figure in self.figures],
            "by_flux": {flux: [self._tell(figure) for figure in figures] for flux, figures in self.by_flux.items()},
            "hours": [
                {"at": iso(row.at), "label": row.label, "in_hours": row.in_hours, "crise": row.crise, **row.values}
                for row in self.hours
            ],
            "stages": [{name: getattr(row, name) for name in StageRow.__slots__} for row in self.stages],
            "gaps": [{"since": iso(gap.since), "until": iso(gap.until), "reason": gap.reason} for gap in self.gaps],
            "blind_ms": self.blind_ms,
            "crises": [
                {"since": iso(one.since), "until": iso(one.until), "by": one.by, "reason": one.reason} for one in self.crises
            ],
            "crisis_ms": self.crisis_ms,
            "excluded": dict(self.excluded),
            "outgoing": self.outgoing.as_dict(),
        }

    def as_text(self) -> str:
        """The report as French text in aligned columns, each figure beside its formula."""
        return "\n".join(_lines(self)) + "\n"


def report(
    journeys: Iterable[Journey],
    regulation: Regulation,
    profile: str,
    period: Period,
    gaps: Iterable[Gap] = (),
    crises: Iterable[CrisisSpan] = (),
) -> QosReport:
    """Count the calls of a period under one profile, in one pass over ``journeys`` and in any order.

    Calls whose t0 is outside the period are left out, so ``journeys`` may hold more than it.

    Raises:
        cti.qos.profiles.UnknownProfile: no profile has that name.
        cti.qos.rules.NoValueYet: the period begins before the rules do.
    """
    chosen = regulation.profile(profile)
    outgoing = Outgoing(period)
    by_flux = Judge(regulation, chosen, period).count(outgoing.listen(journeys))
    whole = Tally()
    for tally in by_flux.values():
        whole.merge(tally)
    basis_of = partial(Basis.of, profile=chosen, regulation=regulation, first_day=period.first_day, last_day=period.last_day)
    basis = basis_of(whole)
    in_crisis = cut(crises, period.since, period.until)
    return QosReport(
        profile=chosen,
        period=period,
        rule_version=basis.versions(*(code for code in regulation.rules if not code.startswith("objectif_"))),
        figures=measure(basis, chosen.figures),
        hours=_hours(basis, period, in_crisis),
        stages=tuple(_stage(code, whole.stages[code]) for code in sorted(whole.stages)),
        by_flux={
            flux: measure(part, chosen.figures)
            for flux in sorted(by_flux)
            if (part := basis_of(by_flux[flux])).count((Mark.ENTRANT,)) or part.count((Mark.REFUSE,))
        },
        gaps=_cut(gaps, period),
        excluded=basis.left_out(),
        outgoing=outgoing,
        crises=in_crisis,
    )


def _hours(basis: Basis, period: Period, crises: tuple[CrisisSpan, ...]) -> tuple[HourRow, ...]:
    """Every local hour that the period touches, the empty ones too."""
    by_hour: defaultdict[Instant, Tally] = defaultdict(Tally)
    for (at, marks), count in basis.tally.calls.items():
        by_hour[at].calls[0, marks] = count
    calendar, wanted = basis.regulation.calendar, basis.profile.hours
    begin = calendar.local(period.since)
    first = period.since - ((begin.minute * 60 + begin.second) * 1_000_000 + begin.microsecond)
    nothing = _hour_values(basis, Tally())
    rows = []
    for at in range(first, period.until, _HOUR):
        local = calendar.local(at)
        rows.append(
            HourRow(
                at=at,
                label=local.isoformat(" ", "minutes"),
                in_hours=wanted is Hours.ALL or calendar.is_sas(local) is (wanted is Hours.SAS),
                values=_hour_values(basis, by_hour[at]) if at in by_hour else nothing,
                crise=bool(cut(crises, at, at + _HOUR)),
            )
        )
    return tuple(rows)


def _hour_values(basis: Basis, tally: Tally) -> dict[str, float | None]:
    part = Basis.of(tally, basis.profile, basis.regulation, basis.first_day, basis.last_day)
    return {figure.code: figure.value for figure in measure(part, HOURLY)}


def _stage(filiere: FiliereCode, tally: StageTally) -> StageRow:
    waits, second = tuple(sorted(tally.waits)), tuple(sorted(tally.second_waits))
    return StageRow(
        filiere=filiere,
        entered=tally.entered,
        offered=tally.offered,
        answered=tally.answered,
        abandoned=tally.abandoned,
        overflowed=tally.overflowed,
        transferred=tally.transferred,
        after_answer=tally.after_answer,
        uncertain=tally.uncertain,
        wait_mean_ms=sum(waits) / len(waits) if waits else None,
        wait_median_ms=nearest_rank(waits, 50),
        wait_p90_ms=nearest_rank(waits, 90),
        wait_max_ms=nearest_rank(waits, 100),
        second_wait_mean_ms=sum(second) / len(second) if second else None,
        second_wait_p90_ms=nearest_rank(second, 90),
        talk_mean_ms=tally.talk_total_ms / tally.talks if tally.talks else None,
    )


def _cut(gaps: Iterable[Gap], period: Period) -> tuple[Gap, ...]:
    """The parts of the gaps that lie in the period, oldest first."""
    parts = (Gap(max(gap.since, period.since), min(gap.until, period.until), gap.reason) for gap in gaps)
    return tuple(sorted((gap for gap in parts if gap.since < gap.until), key=lambda gap: (gap.since, gap.until)))


def _lines(report: QosReport) -> Iterable[str]:
    period = report.period
    since, until = (as_datetime(at).astimezone(period.zone).isoformat(" ", "seconds") for at in (period.since, period.until))
    yield f"Qualité de service — {report.profile.libelle} ({report.profile.code})"
    yield f"Du {since} au {until} exclu, heure locale {period.zone.key}"
    yield f"Convention : {text.convention(report.profile)}"
    yield f"Référence : {report.profile.reference}"
    if report.excluded:
        yield f"Hors périmètre : {text.reasons(report.excluded)}"
    if report.outgoing.count:
        yield report.outgoing.as_text()
    if report.gaps:
        yield f"Sans vue sur l'autocommutateur : {text.duration(report.blind_ms)} en {len(report.gaps)} intervalle(s)"
    for one in report.crises:
        begin, end = (
            as_datetime(at or period.until).astimezone(period.zone).strftime("%d/%m %H:%M:%S") for at in (one.since, one.until)
        )
        yield f"Crise du {begin} au {end}, par {one.by} : {one.reason}"
    note = f"dont {text.duration(report.crisis_ms)} de crise" if report.crises else ""
    yield ""
    yield from text.figures(report.figures, note)
    yield from _stage_lines(report.stages)
    yield from _hour_lines(report.hours)
    for flux, figures in report.by_flux.items() if len(report.by_flux) > 1 else ():
        yield ""
        yield f"Flux {flux or 'inconnu'}"
        yield from text.figures(tuple(figure for figure in figures if figure.code in HOURLY), note)


def _stage_lines(stages: tuple[StageRow, ...]) -> Iterable[str]:
    if not stages:
        return
    yield ""
    yield "Par filière (chaque passage en file)"
    counts = ("entrés", "décrochés", "abandons", "débordés", "transférés", "2e attente")
    heads = ("filière", *counts, "attente moy.", "p90", "conv. moy.")
    rows = [
        (
            row.filiere,
            *map(str, (row.entered, row.answered, row.abandoned, row.overflowed, row.transferred, row.after_answer)),
            *map(text.duration, (row.wait_mean_ms, row.wait_p90_ms, row.talk_mean_ms)),
        )
        for row in stages
    ]
    yield from text.table(heads, rows)


def _hour_lines(hours: tuple[HourRow, ...]) -> Iterable[str]:
    busy = [row for row in hours if row.values["entrants"]]
    if not busy:
        return
    yield ""
    yield "Par heure locale (heures sans appel non montrées)"
    rows = [
        (
            f"{row.label} (crise)" if row.crise else row.label,
            *(f"{row.values[code]:.0f}" for code in ("entrants", "decroches", "abandons")),
            text.ratio(row.values["taux_accueil"]),
            text.ratio(row.values["qs30"]),
        )
        for row in busy
    ]
    yield from text.table(("heure", "entrants", "décrochés", "abandons", "taux d'accueil", "QS30"), rows)
