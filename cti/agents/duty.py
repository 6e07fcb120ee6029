"""Who sits where and what for: the fold of acts into standings. Pure.

Acts may come twice, late (CEL tells them after a gap) and in any order: they are folded by their own instant, each once, so the
same acts give the same standings. The rules:

* a person is at one post: taking another one ends the first; a post has one person: taking it ends hers;
* what a person does (pause, back, take, leave) always holds; the service's own acts (wrap-up, withdrawal) never replace a pause
  that a person took, and a wrap-up never replaces a withdrawal;
* a wrap-up ends by itself at its ``until_at``;
* a fixed post is always on duty for its own filières: it pauses like the others, and cannot be left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.around.duty import MISSING_REASON, WRAPUP_REASON, DutyAct, DutyKind, PersonId


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a post is offered no call, though somebody sits there."""

    kind: DutyKind  #: PAUSE, WRAPUP or WITHDRAW
    reason: str
    since: Instant
    until: Instant | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A post with somebody at it."""

    poste: AgentId
    personne: PersonId
    filieres: tuple[FiliereCode, ...]
    since: Instant  #: when the post was taken; 0 for a fixed one
    fixed: bool = False
    hold: Hold | None = None

    def held(self, now: Instant) -> Hold | None:
        """The hold, unless it is over by itself."""
        hold = self.hold
        return None if hold is None or (hold.until is not None and hold.until <= now) else hold


Standings = Mapping[AgentId, Standing]


def in_order(acts: Iterable[DutyAct]) -> list[DutyAct]:
    """Each act once, by its own instant; acts of the same microsecond by their identity."""
    return sorted({act.act_id: act for act in acts}.values(), key=lambda act: (act.at, act.act_id))


def fold(acts: Iterable[DutyAct], fixed: Mapping[AgentId, tuple[FiliereCode, ...]]) -> dict[AgentId, Standing]:
    """The posts where somebody sits, after all these acts."""
    standings = {poste: Standing(poste, poste, filieres, 0, fixed=True) for poste, filieres in fixed.items()}
    for act in in_order(acts):
        step(standings, act)
    return standings


def step(standings: dict[AgentId, Standing], act: DutyAct) -> None:
    """What one act changes, when all acts before it have been folded."""
    here = standings.get(act.poste)
    if act.kind is DutyKind.TAKE:
        if here is not None and here.fixed:
            return
        for poste in [poste for poste, other in standings.items() if other.personne == act.personne and not other.fixed]:
            del standings[poste]
        standings[act.poste] = Standing(act.poste, act.personne, act.filieres, act.at)
    elif here is None:
        return
    elif act.kind is DutyKind.LEAVE:
        if not here.fixed:
            del standings[act.poste]
    elif act.kind is DutyKind.QUEUES:
        if not here.fixed:
            standings[act.poste] = replace(here, filieres=act.filieres)
    else:
        standings[act.poste] = replace(here, hold=_hold(here.held(act.at), act))


def _hold(old: Hold | None, act: DutyAct) -> Hold | None:
    """What holds the post after this act."""
    match act.kind:
        case DutyKind.RESUME:
            return None
        case DutyKind.PAUSE:
            # Two screens that ask for one pause are one pause.
            if old is not None and (old.kind, old.reason) == (act.kind, act.reason):
                return old
            return Hold(act.kind, act.reason, act.at, None, act.by)
        case DutyKind.WITHDRAW:
            keeps = old is not None and old.kind is not DutyKind.WRAPUP
            return old if keeps else Hold(act.kind, act.reason or MISSING_REASON, act.at, None, act.by)
        case _:
            keeps = old is not None and old.kind is not DutyKind.WRAPUP
            over = act.until_at is None or act.until_at <= act.at
            return old if keeps or over else Hold(act.kind, WRAPUP_REASON, act.at, act.until_at, act.by)


def needed(acts: Iterable[DutyAct], recent_since: Instant) -> list[DutyAct]:
    """The acts without which the fold would say something else: the latest of each kind by post, the latest post of each
    person, and everything recent (a wrap-up lasts minutes, so an old one has ended).

    The store gives just these at a start, whatever the length of the history.
    """
    ordered = in_order(acts)
    latest: dict[tuple[str, ...], DutyAct] = {}
    for act in ordered:
        latest[act.poste, act.kind] = act
        if act.kind is DutyKind.TAKE:
            latest["", act.personne] = act
    kept = {act.act_id for act in latest.values()}
    return [act for act in ordered if act.at >= recent_since or act.act_id in kept]
