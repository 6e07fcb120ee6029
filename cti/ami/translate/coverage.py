"""Is a blind interval covered for a call? The witnesses of it, heard one by one; the first that fails is named.

Pure. A call that was alive while we were blind is known again when all of these hold, and uncertain when one of them does not:

1. CEL could be read to its end, every row of it;
2. the PBX was not started anew meanwhile, or CEL tells the end of the call before that;
3. CEL tells the call from its arrival on, and no row of its lineage is missing (`wholeness`);
4. CEL alone tells the very story that we hold, interval included: stages, legs, answers, end;
5. what the PBX shows at the end of the interval is what CEL says: the same channels alive, in the same bridges, the caller in the
   same queue or in none;
6. queue_log, where it knows the caller, has as many answers as CEL, and at the same seconds.

A call that was born in the interval needs the same, but for the fourth.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cti.ami.translate import consults
from cti.ami.translate.channels import TWO_WITNESSES, endpoint_of
from cti.ami.translate.queue_log import QueueLogRow
from cti.ami.translate.wholeness import Lineage, Told
from cti.journey.events import OfferEnd
from cti.journey.events.placed import SORTANT
from cti.journey.model import Journey, Leg, Stage
from cti.journey.words import CONSULTATION, AgentId, CallId, FiliereCode, Instant

#: Two witnesses of one moment lie closer than this (microseconds).
TOLERANCE: Instant = 1_000_000
#: queue_log has whole seconds, and is written when the two have been joined.
_QUEUE_LOG: Instant = 2_000_000
#: One row for each phone that was asked.
_RINGS = frozenset({"CONNECT", "RINGNOANSWER", "RINGCANCELED"})
#: The phone gave up as the caller left: CEL cannot tell which came first.
_ALIKE = frozenset({OfferEnd.NO_ANSWER, OfferEnd.CANCELLED})


@dataclass(frozen=True, slots=True)
class Shown:
    """A live channel."""

    name: str
    linkedid: str
    bridge: str = ""  #: empty when it is in none
    call_id: CallId = ""  #: the call that the channel says it is of


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the PBX shows when it is asked, just after the interval."""

    channels: Mapping[str, Shown] = field(default_factory=dict)  #: by uniqueid
    waiting: Mapping[str, FiliereCode] = field(default_factory=dict)  #: by uniqueid of the caller: in whose queue

    def oldest(self, not_before: Instant) -> Instant | None:
        """When the oldest of these channels began, as its name says in whole seconds; those of long before are left out."""
        seconds = (uniqueid.partition(".")[0] for uniqueid in self.channels)
        births = (int(text) * 1_000_000 for text in seconds if text.isascii() and text.isdigit())
        return min((at for at in births if at >= not_before), default=None)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """All that speaks of the interval."""

    until: Instant
    snapshot: Snapshot
    lineages: Mapping[str, Lineage]
    queue_log: Mapping[str, Sequence[QueueLogRow]] = field(default_factory=dict)  #: by uniqueid of the caller
    trouble: str = ""  #: why CEL could not be read in full
    restarted_at: Instant | None = None

    def doubt(self, ours: Journey, cel: Journey | None, names: Collection[CallId]) -> str:
        """Which witness fails for this call, in French; empty when the interval is covered.

        Args:
            ours: the call as we hold it with what CEL told of the interval.
            cel: the call as CEL alone tells it; None when it does not know it.
            names: identities that mean this call (its own, and those of its consultations).
        """
        return next(self._doubts(ours, cel, names), "")

    def _doubts(self, ours: Journey, cel: Journey | None, names: Collection[CallId]) -> Iterator[str]:
        if self.trouble:
            yield f"CEL illisible par endroits ({self.trouble})"
        if self.restarted_at is not None and ours.t0 < self.restarted_at and (cel is None or cel.ended_at is None):
            yield "le PBX a redémarré"
        lineage = self.lineages.get(ours.channel)
        if lineage is None or cel is None or not cel.channel:
            yield "CEL ne connaît pas cet appel depuis son arrivée"
        else:
            yield from self._disagreements(lineage, ours, cel, names)

    def _disagreements(self, lineage: Lineage, ours: Journey, cel: Journey, names: Collection[CallId]) -> Iterator[str]:
        """What speaks against the story that CEL tells of this call."""
        lines = (self.lineages.get(consult.line) for consult in ours.consults)
        touched = [lineage, *(line for line in lines if line is not None and line is not lineage)]
        yield from (f"CEL incomplet ({one.fault})" for one in touched if one.fault)
        for difference in _differences(ours, cel):
            yield f"CEL ne dit pas la même histoire ({difference})"
        line = lineage.channels.get(ours.placed.line if ours.placed is not None else ours.channel)  # not the trunk's that it rang
        if line is not None and line.context == consults.POSTS_CONTEXT and self._in_a_faulty_one(endpoint_of(line.name)):
            yield "CEL incomplet (peut-être une consultation pour un autre appel)"
        told = {uniqueid: one for line in touched for uniqueid, one in line.channels.items()}
        for difference in self._shown(ours, told, names):
            yield f"le PBX montre autre chose que CEL ({difference})"
        for difference in self._logged(cel):
            yield f"queue_log dit autre chose que CEL ({difference})"

    def _in_a_faulty_one(self, agent: AgentId) -> bool:
        """The agent may have had a caller whose rows are missing: what he dialled was for him."""
        found = (told for lineage in self.lineages.values() if lineage.fault for told in lineage.channels.values())
        return any(endpoint_of(told.name) == agent for told in found)

    # --- the PBX itself ------------------------------------------------------------------------------------------------

    def _shown(self, ours: Journey, channels: Mapping[str, Told], names: Collection[CallId]) -> Iterator[str]:
        shown, since = self.snapshot.channels, self.until - TWO_WITNESSES
        for told in channels.values():
            born = told.rows[0].at <= self.until
            if told.gone_at is None and born and told.uniqueid not in shown:
                yield f"{told.name} n'existe plus"
            elif told.gone_at is not None and told.gone_at < since and told.uniqueid in shown:
                yield f"{told.name} existe encore"
            elif told.uniqueid in shown and shown[told.uniqueid].bridge not in _since(told.bridges, since):
                yield f"{told.name} est dans un autre pont"
        for uniqueid, channel in shown.items():
            if channel.call_id in names and uniqueid not in channels:
                yield f"canal {uniqueid} inconnu de CEL"
        caller = channels.get(ours.channel)
        if caller is not None and caller.gone_at is None:
            where = self.snapshot.waiting.get(ours.channel, "")
            if where not in _since(caller.queues, since) and not (where == "" and _being_answered(ours)):
                yield f"l'appelant attend {where or 'nulle part'}"

    # --- queue_log -----------------------------------------------------------------------------------------------------

    def _logged(self, cel: Journey) -> Iterator[str]:
        rows = [row for row in self.queue_log.get(cel.channel, ()) if row.at < self.until - _QUEUE_LOG]
        if not rows:
            return
        first, last = rows[0].at, self.until - _QUEUE_LOG
        said = [row.at for row in rows if row.event == "CONNECT"]
        rang = sum(row.event in _RINGS for row in rows)
        # The others waited under another name (the agent's second line, the request to come), or in no queue at all.
        apart = (stage.motif == CONSULTATION or stage.accompanied is not None or stage.filiere == SORTANT for stage in cel.stages)
        his = [stage for stage, elsewhere in zip(cel.stages, apart, strict=True) if not elsewhere]
        legs = [leg for stage in his for leg in stage.legs]
        told = [leg.answered_at for stage in cel.stages for leg in stage.legs if leg.answered_at is not None]
        joined = [leg.answered_at for leg in legs if leg.answered_at is not None and leg.joined_at is not None]
        if rang > sum(leg.offered_at is not None for stage in cel.stages for leg in stage.legs):
            yield "un poste qui a sonné et que CEL n'a pas"
        if any(all(abs(at - one) > _QUEUE_LOG for one in told) for at in said):
            yield "un décroché que CEL n'a pas"
        if any(all(abs(at - one) > _QUEUE_LOG for one in said) for at in joined if first <= at < last):
            yield "un décroché qu'il n'a pas"


def _since(states: Sequence[tuple[Instant, str]], since: Instant) -> set[str]:
    """All that it has been from then on: the PBX was asked a moment later than the interval ended."""
    held = ""
    found: set[str] = set()
    for at, state in states:
        if at <= since:
            held = state
        else:
            found.add(state)
    return found | {held}


def _being_answered(journey: Journey) -> bool:
    """Somebody picked up and the two are not yet joined: he waits in no queue and is in no bridge."""
    return journey.stage is not None and any(leg.talking for leg in journey.stage.legs)


# --- the two stories ---------------------------------------------------------------------------------------------------


def _differences(ours: Journey, cel: Journey) -> Iterator[str]:
    if (ours.channel, ours.did, ours.flux) != (cel.channel, cel.did, cel.flux) or not _close(ours.t0, cel.t0):
        yield "l'arrivée"
    if ours.answered_by != cel.answered_by or not _close(ours.answered_at, cel.answered_at):
        yield "le décroché"
    if ours.outcome != cel.outcome or not _close(ours.ended_at, cel.ended_at):
        yield "la fin"
    if len(ours.stages) != len(cel.stages):
        yield "le nombre d'étapes"
    for number, (one, other) in enumerate(zip(ours.stages, cel.stages, strict=False), start=1):
        if not _same_stage(one, other):
            yield f"l'étape {number}"
    if [rec.stem for rec in ours.recordings] != [rec.stem for rec in cel.recordings]:
        yield "l'enregistrement"
    if [(c.line, c.answered_by, c.how) for c in ours.consults] != [(c.line, c.answered_by, c.how) for c in cel.consults]:
        yield "les consultations"


def _same_stage(one: Stage, other: Stage) -> bool:
    return (
        (one.filiere, one.agent, one.end) == (other.filiere, other.agent, other.end)
        and all(
            _close(mine, theirs)
            for mine, theirs in (
                (one.entered_at, other.entered_at),
                (one.answered_at, other.answered_at),
                (one.left_at, other.left_at),
            )
        )
        and len(one.legs) == len(other.legs)
        and all(_same_leg(mine, theirs) for mine, theirs in zip(_sorted(one), _sorted(other), strict=True))
    )


def _sorted(stage: Stage) -> list[Leg]:
    return sorted(stage.legs, key=lambda leg: leg.leg)


def _same_leg(one: Leg, other: Leg) -> bool:
    return (
        (one.leg, one.agent) == (other.leg, other.agent)
        and _close(one.answered_at, other.answered_at)
        and _close(one.ended_at, other.ended_at)
        and (one.how == other.how or {one.how, other.how} == _ALIKE)
    )


def _close(one: Instant | None, other: Instant | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < TOLERANCE
