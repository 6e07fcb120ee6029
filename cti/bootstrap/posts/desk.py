"""The duty desk: acts come in from screens, phones and the ends of calls; standings follow, and with them store, PBX, board.

An act from a screen is written first and answered afterwards. What a phone or a call tells has happened already: it counts at
once and is written as soon as the store takes it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from cti.agents.duty import Standing, fold, in_order, needed, step
from cti.agents.membership import QueuesOf, desired
from cti.agents.missed import Missed, Verdict
from cti.agents.people import Staff
from cti.agents.wishes import Wish, act_of
from cti.ami.connection import Wait
from cti.ami.translate.announced import duty_act
from cti.ami.translate.cel import rows_of
from cti.bootstrap.posts.members import Wanted
from cti.bootstrap.posts.presence import PresenceBook
from cti.journey import AgentId, CallEvent, Fact, FiliereCode, Instant, Journey, PbxEvent
from cti.journey import events as ev
from cti.journey.around.duty import BY_SERVICE, PERSONAL, WATCH, DutyAct, DutyKind, DutyTold, DutyVia, PersonId, PresenceSpan
from cti.journey.around.telephone import LOST_PHONE
from cti.journey.ledger import StoreUnavailable
from cti.live.alarms import Gravite
from cti.pipeline.ports import Runner

log = structlog.get_logger(__name__)

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
#: Acts kept in memory before those that no longer matter are let go.
_KEPT_ACTS = 2_000
#: CEL is read again from this long before the last act that we know (microseconds).
_BEFORE = 2 * _SECOND
_RETRY_SECONDS = 1.0
#: How often the watch notes that it watches: what a post did is known up to then if the service is killed.
WATCH_SECONDS = 20.0


class Shelf(Protocol):
    """The store's side."""

    def write(self, acts: Sequence[DutyAct], spans: Sequence[PresenceSpan] = ()) -> None:
        """Add what is new."""

    def standing(self, recent_since: Instant) -> list[DutyAct]:
        """The acts that say who is on duty now."""

    def last_by_phone(self) -> Instant | None:
        """The latest act done on a phone."""

    def last_watch(self) -> Instant | None:
        """When somebody last watched."""

    def close_spans(self, at: Instant) -> int:
        """End every open span."""


class Alarms(Protocol):
    """The board's side."""

    def alarm(self, code: str, text: str, /, *, at: Instant, gravite: Gravite) -> None:
        """Raise or reword."""

    def all_clear(self, code: str, /) -> None:
        """It is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRules:
    """What the site says."""

    staff: Staff
    queues: QueuesOf
    wrapup_seconds: Mapping[FiliereCode, int]
    last_resort: FiliereCode
    cel: Path
    history_us: int


class DutyDesk:
    """Who is on duty; a listener of the pipeline."""

    def __init__(
        self, rules: DutyRules, shelf: Shelf, runner: Runner, clock: Callable[[], Instant], wait: Wait, board: Alarms
    ) -> None:
        self._rules = rules
        self._shelf = shelf
        self._run: Callable[..., Awaitable[Any]] = runner
        self._clock, self._wait = clock, wait
        self._board = board
        self._acts: list[DutyAct] = []
        self._known: set[str] = set()
        self._standings: dict[AgentId, Standing] = fold((), rules.staff.fixed)
        self._wanted: Wanted | None = None
        self._missed = Missed(rules.staff.missed_max)
        self._alarms: set[str] = set()
        self._learnt_at: Instant | None = None
        self.presence = PresenceBook(self._keep_span, self._person_at)
        self._to_write: tuple[list[DutyAct], list[PresenceSpan]] = ([], [])
        self._writing = asyncio.Event()
        self._watching_since: Instant | None = None
        self.changed: Callable[[], None] = lambda: None  #: the keeper's `stir`
        self.reconnected: Callable[[str], None] = lambda why: None  #: the keeper's `look`
        #: posts that may be offered no call whoever sits there, and why (``cti.bootstrap.readiness``)
        self.unready: Callable[[], Mapping[AgentId, str]] = dict

    # --- what is known -------------------------------------------------------------------------------------------------

    @property
    def standings(self) -> Mapping[AgentId, Standing]:
        """Who sits where."""
        return self._standings

    def held_since(self, poste: AgentId) -> Instant | None:
        """Since when a post is held, if it is."""
        standing = self._standings.get(poste)
        hold = None if standing is None else standing.held(self._clock())
        return None if hold is None else hold.since

    def unready_changed(self) -> None:
        """Some post may be offered calls again, or no more."""
        self._wanted = None

    def wanted(self) -> Wanted:
        """What the PBX should hold now."""
        now = self._clock()
        known = self._wanted
        if known is None or (known.next_change is not None and known.next_change <= now):
            known = self._wanted = self._want(now)
        return known

    def _want(self, now: Instant) -> Wanted:
        held = {poste: hold for poste, one in self._standings.items() if (hold := one.held(now)) is not None}
        ends = [hold.until for hold in held.values() if hold.until is not None]
        return Wanted(
            members=desired(self._standings, self._rules.staff, self._rules.queues, now, self.unready()),
            retained={poste: hold.until for poste, hold in held.items() if self._rules.staff.post(poste) is not None},
            next_change=min(ends, default=None),
        )

    def _person_at(self, poste: AgentId) -> PersonId:
        standing = self._standings.get(poste)
        return standing.personne if standing is not None else ""

    # --- coming in -----------------------------------------------------------------------------------------------------

    async def restore(self, last_at: Instant | None) -> None:
        """Take up the acts of before; spans that a killed service left open end with its last sign of life."""
        now = self._clock()
        signs = [sign for sign in (last_at, await self._run(self._shelf.last_watch)) if sign is not None]
        await self._run(self._shelf.close_spans, max(signs, default=now))
        acts = await self._run(self._shelf.standing, now - _DAY)
        self._learnt_at = await self._run(self._shelf.last_by_phone)
        self._adopt(acts)

    async def learn(self) -> None:
        """What people did on their phones while we did not see the PBX, as CEL tells it."""
        earliest = self._clock() - self._rules.history_us
        since = max(earliest, (self._learnt_at or earliest) - _BEFORE)
        try:
            rows = await asyncio.to_thread(rows_of, self._rules.cel, "SAS_AGENT", since)
        except OSError as trouble:
            log.error("duty_cel_unreadable", error=str(trouble))  # noqa: TRY400 - the path says it all
            return
        told = [act for row in rows if (act := duty_act(row.at, row.words(6))) is not None]
        new = self._adopt(told)
        if new:
            log.info("duty_learnt", acts=len(new))
            self._keep_acts(new)

    def _adopt(self, acts: Sequence[DutyAct]) -> list[DutyAct]:
        """Fold what is new of them; late ones take their place in time."""
        new = in_order(act for act in acts if act.act_id not in self._known)
        if not new:
            return []
        late = bool(self._acts) and (new[0].at, new[0].act_id) < (self._acts[-1].at, self._acts[-1].act_id)
        self._known.update(act.act_id for act in new)
        self._acts.extend(new)
        if late:
            self._acts = in_order(self._acts)
            self._standings = fold(self._acts, self._rules.staff.fixed)
        else:
            for act in new:
                step(self._standings, act)
        if len(self._acts) > _KEPT_ACTS:
            self._acts = needed(self._acts, self._clock() - _DAY)
            self._known = {act.act_id for act in self._acts}
        for act in new:
            if act.kind in PERSONAL:
                self._missed.heard(act.poste)
            if act.via is DutyVia.PHONE:
                self._learnt_at = max(self._learnt_at or 0, act.at)
        self._wanted = None
        self._show_alarms()
        self.changed()
        return new

    def _take(self, act: DutyAct) -> None:
        new = self._adopt([act])
        if new:
            log.info("duty", kind=act.kind, poste=act.poste, personne=act.personne, reason=act.reason, via=act.via)
            self._keep_acts(new)

    async def wish(self, wish: Wish) -> Standing | None:
        """Do what somebody asks from a screen; the post afterwards, None when nobody sits there any more.

        Raises:
            Refusal: it is not possible as things are.
            StoreUnavailable: it cannot be written; nothing was done.
        """
        act = act_of(wish, self._standings, self._rules.staff, self._clock(), secrets.token_hex(16))
        await self._run(self._shelf.write, [act])
        self._adopt([act])
        log.info("duty", kind=act.kind, poste=act.poste, personne=act.personne, reason=act.reason, via=act.via)
        return self._standings.get(act.poste)

    # --- listening to the pipeline ---------------------------------------------------------------------------------------

    def seen(self, event: PbxEvent) -> None:
        """Something of the room."""
        match event:
            case DutyTold(act=act):
                self._take(act)
            case ev.AgentSeen():
                self.presence.sight(event)
            case ev.AgentGone():
                self.presence.gone(event)
            case ev.LinkDown(at=at):
                self.presence.blind(at)
                self._watching_since = None
            case ev.LinkUp(at=at):
                self._watching_since = at
                self.reconnected("rattrapage terminé")

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed: what it means for the posts that were asked."""
        match event:
            case ev.AgentLeft():
                self._wrap_up(journey, event)
            case ev.OfferEnded(how=ev.OfferEnd.NO_ANSWER):
                self._rang_in_vain(event)
            case ev.AgentAnswered():
                self._there_after_all(event)
            case ev.CallRouted(source=ev.RouteSource.RETOUR, motif=motif) if motif == LOST_PHONE:
                self._writes_nothing(journey, event)
            case _:
                pass

    def _wrap_up(self, journey: Journey, event: ev.AgentLeft) -> None:
        # Only who has talked has something to write: not the second of two who picked up at once.
        talked = (s for s in reversed(journey.stages) if any(leg.leg == event.leg and leg.joined_at for leg in s.legs))
        stage = next(talked, None)
        seconds = 0 if stage is None else self._rules.wrapup_seconds.get(stage.filiere, 0)
        until = event.at + seconds * _SECOND
        if seconds and until > self._clock() and event.agent in self._standings:
            self._by_service(event, DutyKind.WRAPUP, until_at=until)

    def _writes_nothing(self, journey: Journey, event: ev.CallRouted) -> None:
        # Her phone vanished in the middle of the talk: she has nothing to write, and he may be hers again.
        talked = (leg for stage in reversed(journey.stages) for leg in reversed(stage.legs) if leg.joined_at)
        lost = next(talked, None)
        standing = None if lost is None else self._standings.get(lost.agent)
        hold = None if standing is None else standing.held(event.at)
        if lost is not None and hold is not None and hold.kind is DutyKind.WRAPUP:
            self._by_service(
                ev.AgentLeft(call_id=event.call_id, at=event.at, agent=lost.agent, leg=f"{lost.leg}:perdu"), DutyKind.RESUME
            )

    def _rang_in_vain(self, event: ev.OfferEnded) -> None:
        standing = self._standings.get(event.agent)
        if standing is None or standing.held(event.at) is not None:
            return
        verdict = self._missed.missed(standing, event.leg, self.presence.seen, self._rules.last_resort)
        if verdict is Verdict.WITHDRAW:
            self._by_service(event, DutyKind.WITHDRAW)
        elif verdict is Verdict.LAST:
            name = self._rules.staff.nom(standing.personne)
            text = f"Dernier poste joignable ({self._rules.last_resort}) : {name} ({event.agent}) ne répond pas, laissé en file"
            self._board.alarm(f"dernier_joignable:{event.agent}", text, at=event.at, gravite=Gravite.CRITIQUE)

    def _there_after_all(self, event: ev.AgentAnswered) -> None:
        self._missed.heard(event.agent)
        self._board.all_clear(f"dernier_joignable:{event.agent}")
        standing = self._standings.get(event.agent)
        if standing is not None and standing.hold is not None and standing.hold.kind is DutyKind.WITHDRAW:
            self._by_service(event, DutyKind.RESUME)

    def _by_service(
        self, event: ev.AgentLeft | ev.OfferEnded | ev.AgentAnswered, kind: DutyKind, until_at: Instant | None = None
    ) -> None:
        # The leg names the act: told again (CEL after AMI, a restart), it is the same one.
        self._take(
            DutyAct(
                act_id=f"{kind}:{event.leg}:{event.agent}",
                at=event.at,
                kind=kind,
                poste=event.agent,
                personne=self._person_at(event.agent),
                until_at=until_at,
                by=BY_SERVICE,
            )
        )

    # --- telling ---------------------------------------------------------------------------------------------------------

    def _show_alarms(self) -> None:
        """One alarm for each post that was withdrawn."""
        standing_alarms = set()
        for poste, standing in self._standings.items():
            hold = standing.hold
            if hold is not None and hold.kind is DutyKind.WITHDRAW:
                code = f"ne_repond_pas:{poste}"
                standing_alarms.add(code)
                text = f"Poste retiré des files : {self._rules.staff.nom(standing.personne)} ({poste}) ne répond pas"
                self._board.alarm(code, text, at=hold.since, gravite=Gravite.AVERTISSEMENT)
        for code in self._alarms - standing_alarms:
            self._board.all_clear(code)
        self._alarms = standing_alarms

    # --- writing ---------------------------------------------------------------------------------------------------------

    def _keep_acts(self, acts: Sequence[DutyAct]) -> None:
        self._to_write[0].extend(acts)
        self._writing.set()

    def _keep_span(self, span: PresenceSpan) -> None:
        self._to_write[1].append(span)
        self._writing.set()

    async def run(self) -> None:
        """Write what comes, again and again while the store is away; until cancelled."""
        while True:
            if await self._wait(self._writing, WATCH_SECONDS):
                await self._wait(asyncio.Event(), 0.05)
            self._note_the_watch()
            await self.flush()

    def _note_the_watch(self) -> None:
        since = self._watching_since
        if since is not None:
            until = max(since, self._clock())
            self._keep_span(PresenceSpan(poste=WATCH, since=since, personne="", state="watch", until=until))

    async def flush(self) -> None:
        """Write what waits; what the store does not take waits on."""
        acts, spans = list(self._to_write[0]), list(self._to_write[1])
        self._writing.clear()
        if not (acts or spans):
            return
        try:
            await self._run(self._shelf.write, acts, spans)
        except StoreUnavailable as trouble:
            log.warning("duty_waits_for_store", acts=len(acts), spans=len(spans), error=str(trouble))
            await self._wait(asyncio.Event(), _RETRY_SECONDS)
            self._writing.set()
            return
        del self._to_write[0][: len(acts)], self._to_write[1][: len(spans)]
