"""How well each leg is heard: what pages measure and what the PBX tells at its end, tied to their call and kept.

A page names its leg by the SIP Call-ID, which the PBX knows too: it is asked once for each leg of that post, or has said it when
the leg ended. What belongs to no caller's call (an echo, two colleagues) is not kept. Nothing of this may ever hold up a call:
what the store does not take now waits, so many of them, and the oldest are let go first.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from cti.agents.duty import Standing
from cti.agents.telephone import PhoneRules, require_hers
from cti.ami.connection import AmiLink, LinkState, Wait
from cti.ami.frames import AmiError, Frame
from cti.ami.leg_quality import leg_told, sip_call_id
from cti.api.page_words_port import PageQuality
from cti.journey import AgentId, CallId, Instant
from cti.journey.around.duty import PersonId
from cti.journey.around.quality import LegQuality, Witness
from cti.journey.ledger import StoreUnavailable
from cti.pipeline.ports import Runner

log = structlog.get_logger(__name__)

#: Legs whose names are remembered: a busy day's.
_REMEMBERED: Final = 4_000
#: Words that wait for the store.
_WAITING: Final = 10_000
_TOGETHER_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """A leg that lives."""

    leg: str
    channel: str
    call_id: CallId


class QualityDesk:
    """Lives in the loop's thread."""

    def __init__(
        self,
        phones: PhoneRules,
        standings: Callable[[], Mapping[AgentId, Standing]],
        link: Callable[[], AmiLink],
        write: Callable[[Sequence[LegQuality]], None],
        runner: Runner,
        clock: Callable[[], Instant],
        wait: Wait,
    ) -> None:
        self._phones = phones
        self._standings = standings
        self._link = link
        self._write = write
        self._run: Callable[..., Awaitable[Any]] = runner
        self._clock, self._wait = clock, wait
        self._named: OrderedDict[str, tuple[str, CallId]] = OrderedDict()
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._told: OrderedDict[str, tuple[bool, int]] = OrderedDict()
        self._to_write: deque[LegQuality] = deque(maxlen=_WAITING)
        self._writing = asyncio.Event()
        #: The legs of a post that live, and the caller's call that an identity means; told by whoever follows the PBX's channels.
        self.lines: Callable[[AgentId], Sequence[Line]] = lambda poste: ()
        self.call_named: Callable[[CallId], CallId] = lambda call_id: call_id

    async def measured(self, poste: AgentId, who: PersonId, said: PageQuality) -> bool:
        """Keep what a page measured; False when that leg is no call's.

        Raises:
            PhoneRefusal: the post is none in a browser, or not hers.
        """
        require_hers(poste, who, self._standings(), self._phones)
        named = self._named.get(said.sip) or await self._ask(poste, said.sip)
        if named is None or not named[1]:
            return False
        leg, call_id = named
        if (said.over, said.talk_ms) < self._told.get(leg, (False, -1)):
            return True  # it was overtaken by a later one
        _remember(self._told, leg, (said.over, said.talk_ms))
        self._keep(
            LegQuality(
                leg=leg,
                witness=Witness.PAGE,
                call_id=call_id,
                poste=poste,
                at=self._clock(),
                over=said.over,
                talk_ms=said.talk_ms,
                received=said.received,
                lost=said.lost,
                remote_lost=said.remote_lost,
                sent=said.sent,
                jitter_ms=said.jitter_ms,
                round_trip_ms=said.round_trip_ms,
                mos=said.mos,
                mos_min=said.mos_min,
            )
        )
        return True

    async def _ask(self, poste: AgentId, sip: str) -> tuple[str, CallId] | None:
        """Which of this post's legs bears that Call-ID; each leg is asked once."""
        for line in self.lines(poste):
            if line.leg in self._asked or self._link().state is not LinkState.UP:
                continue
            try:
                found = await sip_call_id(self._link().ask, line.channel)
            except AmiError as trouble:
                log.info("leg_not_named", leg=line.leg, error=str(trouble))
                continue
            _remember(self._asked, line.leg, None)
            if found:
                _remember(self._named, found, (line.leg, line.call_id))
        return self._named.get(sip)

    def on_frame(self, frame: Frame) -> None:
        """A live frame: a leg may tell how it was."""
        told = leg_told(frame, frame.stamped_at or self._clock())
        if told is None:
            return
        call_id = self.call_named(told.call_id) if told.call_id else ""
        if told.sip:
            _remember(self._named, told.sip, (told.leg, call_id))
        quality = told.of(call_id)
        if quality is not None:
            self._keep(quality)

    def _keep(self, quality: LegQuality) -> None:
        self._to_write.append(quality)
        self._writing.set()

    async def run(self) -> None:
        """Write what comes, again and again while the store is away; until cancelled."""
        while True:
            await self._wait(self._writing, 60.0)
            await self._wait(asyncio.Event(), _TOGETHER_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what the store does not take waits on."""
        self._writing.clear()
        batch = list(self._to_write)
        if not batch:
            return
        try:
            await self._run(self._write, batch)
        except StoreUnavailable as trouble:
            log.warning("quality_waits_for_store", legs=len(batch), error=str(trouble))
            await self._wait(asyncio.Event(), _RETRY_SECONDS)
            self._writing.set()
            return
        written = {id(one) for one in batch}
        self._to_write = deque((one for one in self._to_write if id(one) not in written), maxlen=_WAITING)


def _remember(memory: "OrderedDict[str, Any]", key: str, value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
