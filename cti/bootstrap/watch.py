"""The watch on the PBX: frames in while the link is up, a catch-up whenever it comes back.

Live frames are numbered within their session (one connection), so that a repeat is recognised and a replay of the raw journal
gives the same numbers. While a catch-up runs, live frames wait in a buffer and are read after what CEL told.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from cti.ami.actions import ChannelRow, MemberRow, PbxActions
from cti.ami.connection import AmiLink, LinkHooks, LinkInfo, LinkSettings, LinkState, LinkTime
from cti.ami.frames import AmiError, Frame
from cti.ami.sessions import SessionJournal
from cti.ami.translate import Channel, ChannelBook, Role, Translator, endpoint_of
from cti.ami.translate.catchup import CatchUp, catch_up
from cti.ami.translate.cel import CelRow, rows_since
from cti.ami.translate.members import presence_of
from cti.ami.translate.telephony import filiere_of
from cti.journey.events import AgentGone, AgentSeen, LinkDown, LinkUp, ObservationLost
from cti.journey.ledger import Gap
from cti.journey.words import AgentId, FiliereCode, Instant
from cti.pipeline import Pipeline

log = structlog.get_logger(__name__)

#: CEL is read from this long before the oldest open call, so that its first rows are there (microseconds).
_BEFORE = 2_000_000
#: Between two tries at a snapshot that the PBX was too slow to give.
_RETRY_SECONDS = 1.0
_REASON = "liaison PBX perdue ou service arrêté"
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Where the witnesses are."""

    cel: Path
    history_us: int  #: how far back a first start reads


class PbxWatch:
    """Sees the PBX for the pipeline."""

    def __init__(
        self,
        settings: WatchSettings,
        link: LinkSettings,
        time: LinkTime,
        pipeline: Pipeline,
        journal: SessionJournal,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        last_seen_at: Instant | None,
        caught_up: Callable[[Instant, Instant], None] = lambda since, until: None,
    ) -> None:
        self.translator = Translator()
        self.link = AmiLink(
            link,
            LinkHooks(on_frame=self._on_frame, on_up=self._on_up, on_down=self._on_down, record=self._record),
            time,
        )
        self.up = False
        self._settings = settings
        self._clock = time.clock
        self._pipeline = pipeline
        self._journal = journal
        self._spawn = spawn
        self._session = ""
        self._number = 0
        self._last_at: Instant | None = last_seen_at
        self._waiting: list[tuple[str, int, Frame]] | None = []
        self._members: set[tuple[AgentId, FiliereCode]] = set()
        self._caught_up = caught_up
        self._epoch: Instant = 0  # of the connection in use: a catch-up begun on another one is void
        self._up_at: Instant = 0
        self._pbx_started: str | None = None
        self._wait = time.wait

    @property
    def last_frame_at(self) -> Instant | None:
        """Stamp of the latest frame."""
        return self._last_at

    # --- hooks of the link ---------------------------------------------------------------------------------------------

    def _record(self, frame: Frame, epoch: Instant) -> None:
        session = str(epoch)
        if session != self._session:
            self._session, self._number = session, 0
        self._number += 1
        self._journal.record(frame, epoch)

    def _on_frame(self, frame: Frame) -> None:
        if self._waiting is not None:
            self._waiting.append((self._session, self._number, frame))
            return
        self._read(self._session, self._number, frame)

    def _read(self, session: str, number: int, frame: Frame) -> None:
        self._last_at = frame.stamped_at or frame.received_at
        events = self.translator.read(frame)
        for event in events:
            if isinstance(event, AgentSeen):
                self._members.add((event.agent, event.filiere))
        if events:
            self._pipeline.submit(events, session, number)

    def _on_up(self, info: LinkInfo) -> None:
        self._epoch = info.epoch
        self._up_at = self._clock()
        self._spawn(self._resume(info))

    def _on_down(self, reason: str) -> None:
        self.up = False
        self._epoch = 0
        self._waiting = []
        self._pipeline.submit([LinkDown(at=self._clock(), reason=reason)])

    # --- catching up ---------------------------------------------------------------------------------------------------

    async def _resume(self, info: LinkInfo) -> None:
        """Look at what is there, read what happened meanwhile, then let the live frames go on."""
        while info.epoch == self._epoch:
            try:
                if await self._catch_up(info):
                    return
            except AmiError as trouble:
                # A lost link ends this by its epoch; a slow PBX is asked again, for the frames of its calls are waiting here.
                log.warning("catch_up_interrupted", error=str(trouble))
                await self._wait(asyncio.Event(), _RETRY_SECONDS)
            except Exception:
                # A bug of ours in telling the past must not blind the service to the callers of now.
                log.exception("catch_up_failed")
                self._without_the_past()
                return

    async def _catch_up(self, info: LinkInfo) -> bool:
        """One try; False when the link was lost meanwhile, so that what was read is void.

        Raises:
            AmiError: the PBX did not give its snapshot.
        """
        actions = PbxActions(self.link.ask)
        until = self._clock()  # before the snapshot: whatever is born after it is told by live frames
        queues = await actions.queue_status()
        channels = await actions.status(variables=["SAS_CALL"])
        since = self._last_at if self._last_at is not None else until - self._settings.history_us
        open_calls = self._pipeline.live()
        oldest = min([since, *(j.t0 for j in open_calls if j.t0)])
        rows, troubles = await asyncio.to_thread(self._rows, oldest - _BEFORE)
        if info.epoch != self._epoch or self.link.state is not LinkState.UP:
            return False
        alive = {row.uniqueid: row for row in channels}
        started_at = self._restarted(info, since)
        told = catch_up(rows, alive.keys(), open_calls, since, until, _REASON, started_at)
        self._apply(info, told, since, until)
        self._adopt(alive, told, until)
        self._pbx_started = info.pbx_started
        self._go_live(queues.members, until, started_at)
        log.info(
            "pbx_watched",
            calls=len(told.touched),
            rows=len(rows),
            restarted=started_at is not None,
            took_ms=(self._clock() - until) // 1000,
            troubles=troubles[:5],
        )
        self._caught_up(oldest, until)
        return True

    def _without_the_past(self) -> None:
        """See what happens from now on; every call that was open is uncertain (frames say themselves whose call they are)."""
        at = self._clock()
        self.translator.book = ChannelBook()
        for journey in self._pipeline.live():
            lost = ObservationLost(call_id=journey.call_id, at=max(at, journey.last_at), since=journey.last_at, reason=_REASON)
            self._pipeline.submit([lost], f"lost:{self._epoch}:{journey.call_id}")
        self._go_live(None, at, None)

    def _restarted(self, info: LinkInfo, since: Instant) -> Instant | None:
        """When the PBX was started, if that was after we last saw it.

        Two witnesses, each of whole seconds: the date it gives (compared with the last connection's) and how long it has been up.
        """
        if self._last_at is None or info.uptime_seconds is None:
            return None
        if info.pbx_started is not None and info.pbx_started == self._pbx_started:
            return None
        started_at = self._up_at - info.uptime_seconds * _SECOND_US
        return started_at if since < started_at else None

    def _adopt(self, alive: Mapping[str, ChannelRow], told: CatchUp, until: Instant) -> None:
        """Channels that CEL does not know (switched off, or rotated away): the channel itself says whose it is."""
        for uniqueid, row in alive.items():
            call_id = told.book.call_named(row.variables.get("SAS_CALL", ""))
            if call_id and told.book.get(uniqueid) is None:
                channel = told.book.open(Channel(uniqueid, row.channel, until))
                channel.call_id = call_id
                channel.role = Role.CALLER if row.uniqueid == row.linkedid else Role.AGENT
                channel.agent = "" if channel.role is Role.CALLER else endpoint_of(row.channel)

    def _go_live(self, members: Iterable[MemberRow] | None, until: Instant, started_at: Instant | None) -> None:
        """Say who is there and who no longer is (when that is known), then read the frames that waited."""
        self._pipeline.submit([LinkUp(at=until, pbx_started_at=started_at)])
        if members is not None:
            seen = [found for row in members if (found := _seen(row, until)) is not None]
            here = {(found.agent, found.filiere) for found in seen}
            self._pipeline.submit([AgentGone(at=until, agent=a, filiere=f) for a, f in sorted(self._members - here)])
            self._pipeline.submit(seen)
            self._members = here
        waiting, self._waiting = self._waiting or [], None
        self.up = True
        for session, number, frame in waiting:
            self._read(session, number, frame)

    def _rows(self, first: Instant) -> tuple[list[CelRow], list[str]]:
        troubles: list[str] = []
        try:
            return list(rows_since(self._settings.cel, first, troubles)), troubles
        except OSError as trouble:
            # The calls of now matter more than the log of then: what it held stays uncertain.
            log.error("cel_unreadable", error=str(trouble))  # noqa: TRY400 - the path says it all
            return [], [str(trouble)]

    def _apply(self, info: LinkInfo, told: CatchUp, since: Instant, until: Instant) -> None:
        self.translator.book = told.book
        if told.touched:
            self._pipeline.gap(Gap(since=since, until=until, reason=_REASON))
        for number, event in enumerate(told.events):
            self._pipeline.submit([event], f"cel:{info.epoch}", number)


def _seen(row: MemberRow, at: Instant) -> AgentSeen | None:
    filiere = filiere_of(row.queue)
    if filiere is None:
        return None
    return AgentSeen(
        at=at,
        agent=endpoint_of(row.interface),
        filiere=filiere,
        presence=presence_of(str(row.status), "1" if row.paused else "0", "1" if row.in_call else "0"),
        nom=row.name,
        reason=row.paused_reason if row.paused else "",
    )
