"""The keeper of members: makes the PBX's queues follow the standings, and looks again whenever they may disagree.

It looks at all of the PBX (one QueueStatus) when the link comes up, after a catch-up, after a reload of the queues, when a frame
tells of a member that is not as it should be, after anything that the PBX did not do, and once in `ROUND_SECONDS`. Between two
looks it goes by what it has seen and done: an act costs the PBX its own steps and no list. A look reads the queues first and the
acts of the blind interval afterwards (CEL), so that what people did on their phones while we were away is never undone.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from cti.agents.membership import Member, Step, StepKind, missing_static, steps
from cti.ami.actions import PbxActions
from cti.ami.answers import ActionFailed
from cti.ami.connection import AmiLink, LinkState, Wait
from cti.ami.dialplan.spec import retained_variable
from cti.ami.frames import AmiError, Frame
from cti.ami.membership import member_seen, queues_reloaded
from cti.ami.translate import endpoint_of
from cti.journey import AgentId, Instant

log = structlog.get_logger(__name__)

#: A frame that disagrees may be overtaken by our own step: look again when this has passed.
DOUBT_SECONDS = 0.3
#: Between two looks while the PBX does not do as asked, doubled each time.
_RETRY_SECONDS, _RETRY_LONGEST = 0.5, 30.0
#: `queue reload` forgets the reason of a static member's pause and says nothing to anybody: a look all the same, now and then.
ROUND_SECONDS = 300.0
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the PBX should hold now."""

    members: Mapping[tuple[str, AgentId], Member]
    retained: Mapping[AgentId, Instant | None]  #: held posts; when the wrap-up ends, None for any other hold
    next_change: Instant | None  #: when it changes by itself: the end of the next wrap-up


@dataclass(frozen=True, slots=True)
class Look:
    """What the latest look found, for screens and tests."""

    at: Instant
    why: str
    found: tuple[str, ...]  #: differences, in words
    failed: tuple[str, ...]  #: what the PBX did not do


class MemberKeeper:
    """One loop; nothing else asks the PBX about members."""

    def __init__(
        self,
        link: Callable[[], AmiLink],
        wanted: Callable[[], Wanted],
        learn: Callable[[], Awaitable[None]],
        ours: frozenset[str],
        posts: frozenset[AgentId],
        clock: Callable[[], Instant],
        wait: Wait,
        told: Callable[["Look"], None] = lambda look: None,
    ) -> None:
        self._link = link
        self._wanted = wanted
        self._learn = learn
        self._ours, self._posts = ours, posts
        self._clock, self._wait = clock, wait
        self._told = told
        self.last: Look | None = None
        self._held: dict[tuple[str, AgentId], Member] = {}
        self._retained: dict[AgentId, int] = {}
        self._wake = asyncio.Event()
        self._look: str | None = "démarrage"
        self._doubt = False
        self._failures = 0
        self._waiters: list[asyncio.Future[bool]] = []

    # --- what makes it work --------------------------------------------------------------------------------------------

    def stir(self) -> None:
        """The standings changed."""
        self._wake.set()

    def look(self, why: str) -> None:
        """Trust nothing: look at all of the PBX again."""
        self._look = self._look or why
        self._wake.set()

    def link_up(self, _info: object) -> None:
        """A new connection: the PBX may be another one."""
        self._held.clear()
        self._retained.clear()
        self.look("liaison établie")

    def link_down(self, _reason: str) -> None:
        """Whoever waits for the PBX waits in vain."""
        self._answer(agrees=False)

    def on_frame(self, frame: Frame) -> None:
        """A live frame: a member that is not as it should be is looked at."""
        if queues_reloaded(frame):
            self._doubted("rechargement des files")
            return
        seen = member_seen(frame)
        if seen is None or seen.queue not in self._ours:
            return
        poste = endpoint_of(seen.interface)
        if poste not in self._posts:
            return
        key = seen.queue, poste
        want = self._wanted().members.get(key)
        if seen.gone:
            self._held.pop(key, None)
            if want is not None:
                self._doubted(f"{poste} retiré de {seen.queue}")
            return
        member = Member(seen.queue, poste, seen.name, seen.paused, seen.reason, seen.dynamic)
        self._held[key] = member
        if want is None or (want.paused, want.reason) != (member.paused, member.reason):
            self._doubted(f"{poste} dans {seen.queue}")

    def _doubted(self, why: str) -> None:
        self._doubt = True
        self.look(why)

    async def followed(self, seconds: float) -> bool:
        """Whether the PBX holds what it should, once it was asked; False when it could not be asked in time."""
        if self._link().state is not LinkState.UP:
            return False
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._wake.set()
        try:
            async with asyncio.timeout(seconds):
                return await waiter
        except TimeoutError:
            return False

    # --- the loop ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not await self._wait(self._wake, self._patience()) and self._looked_before(self._clock()):
                self._look = self._look or "ronde"
            self._wake.clear()
            if self._link().state is not LinkState.UP:
                self._failures = 0  # the link itself tries again, and says when it is up
                self._answer(agrees=False)
                continue
            if self._doubt:
                self._doubt = False
                await self._wait(asyncio.Event(), DOUBT_SECONDS)
            # Who comes while the PBX is being asked has wanted something that this pass does not know: the next one answers.
            waiters, self._waiters = self._waiters, []
            try:
                agrees = await self._follow()
            except AmiError as trouble:
                log.warning("members_not_followed", error=str(trouble))
                agrees = False
            except Exception:
                # A bug of ours with one member must not end the care of all the others.
                log.exception("members_not_followed")
                agrees = False
            _settle(waiters, agrees=agrees)
            self._failures = 0 if agrees else self._failures + 1
            if not agrees:
                self._look = self._look or "nouvel essai"

    def _looked_before(self, now: Instant) -> bool:
        return self.last is None or now - self.last.at >= ROUND_SECONDS * _SECOND_US

    def _patience(self) -> float:
        if self._failures:
            return min(_RETRY_SECONDS * float(2 ** min(self._failures - 1, 8)), _RETRY_LONGEST)
        change = self._wanted().next_change
        return ROUND_SECONDS if change is None else min(ROUND_SECONDS, max(0.0, (change - self._clock()) / _SECOND_US))

    def _answer(self, *, agrees: bool) -> None:
        waiters, self._waiters = self._waiters, []
        _settle(waiters, agrees=agrees)

    async def _follow(self) -> bool:
        """One pass; False when the PBX did not do all of it, or could not be looked at."""
        actions = PbxActions(self._link().ask)
        why, self._look = self._look, None
        if why is not None:
            snapshot = await actions.queue_status()
            if not any(row.queue in self._ours for row in snapshot.queues):
                log.warning("members_no_queue_yet")  # it is still loading
                return False
            await self._learn()
            rows = ((row, endpoint_of(row.interface)) for row in snapshot.members)
            self._held = {
                (row.queue, poste): Member(row.queue, poste, row.name, row.paused, row.paused_reason, row.dynamic)
                for row, poste in rows
            }
        wanted = self._wanted()
        await self._retain(actions, wanted)
        todo = steps(wanted.members, self._held.values(), self._ours, self._posts)
        failed = [step.words for step in todo if not await self._do(actions, step)]
        if why is not None:
            absent = missing_static(wanted.members, self._held.values())
            failed += [f"{member.poste} manque dans {member.queue} (queues.conf à recharger)" for member in absent]
            self._say(Look(self._clock(), why, tuple(step.words for step in todo), tuple(failed)))
            return not any(step.words in failed for step in todo)
        return not failed

    def _say(self, look: Look) -> None:
        self.last = look
        told = log.warning if look.failed else log.info
        told("members_looked_at", why=look.why, differences=look.found, failed=look.failed)
        self._told(look)

    async def _do(self, actions: PbxActions, step: Step) -> bool:
        """One step; a refusal is looked into by the next look, anything else ends the pass."""
        member, key = step.member, (step.member.queue, step.member.poste)
        interface = f"PJSIP/{member.poste}"
        try:
            match step.kind:
                case StepKind.REMOVE:
                    await actions.queue_remove(member.queue, interface)
                    self._held.pop(key, None)
                case StepKind.ADD:
                    await actions.queue_add(member.queue, interface, paused=member.paused, name=member.nom)
                    self._held[key] = replace(member, reason="")
                case StepKind.PAUSE | StepKind.UNPAUSE:
                    paused = step.kind is StepKind.PAUSE
                    await actions.queue_pause(interface, paused, member.reason, member.queue)
                    self._held[key] = member
        except ActionFailed as refusal:
            log.warning("member_step_refused", step=step.words, message=refusal.message)
            return False
        return True

    async def _retain(self, actions: PbxActions, wanted: Wanted) -> None:
        """Leave with the PBX until when a wrap-up lasts, so that it can end one that we do not live to end; before the pause."""
        for poste, until in wanted.retained.items():
            value = 0 if until is None else math.ceil(until / _SECOND_US)
            if self._retained.get(poste) != value:
                await actions.set_global(retained_variable(poste), value)
                self._retained[poste] = value


def _settle(waiters: list["asyncio.Future[bool]"], *, agrees: bool) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(agrees)
