"""The watch on the PBX: frames in while the link is up, a catch-up whenever it comes back.

Live frames are numbered within their session (one connection), so that a repeat is recognised and a replay of the raw journal
gives the same numbers. While a catch-up runs, live frames wait in a buffer and are read after what CEL told.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from cti.ami.actions import PbxActions
from cti.ami.connection import AmiLink, LinkHooks, LinkInfo, LinkSettings, LinkState, LinkTime
from cti.ami.frames import AmiError, Frame
from cti.ami.noted import Connected, Disconnected, LostCall, NoPast, Note, Past, written
from cti.ami.sessions import SessionJournal
from cti.ami.translate import Translator
from cti.ami.translate.catchup import outlived
from cti.ami.translate.cel import CelRow, rows_since
from cti.ami.translate.queue_log import QueueLogRow, queue_log_of
from cti.ami.translate.queue_log import rows_since as queue_rows_since
from cti.ami.translate.steps import steps_of, twice
from cti.bootstrap.watching.following import Follower, shown
from cti.journey import Journey
from cti.journey.folding.consulting import untold_ends
from cti.journey.words import Instant
from cti.pipeline import Pipeline

log = structlog.get_logger(__name__)

#: CEL is read from this long before the oldest open call, so that its first rows are there (microseconds).
_BEFORE = 2_000_000
#: Between two tries at a snapshot that the PBX was too slow to give.
_RETRY_SECONDS = 1.0
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
        heard: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        self.follower = Follower(pipeline, last_seen_at)
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
        self._noting: Instant = 0  # the connection that notes belong to, up or not
        self._caught_up = caught_up
        self._heard = heard  #: each frame as it comes, even while a catch-up holds it back from the translator
        self._epoch: Instant = 0  # of the connection in use: a catch-up begun on another one is void
        self._up_at: Instant = 0
        self._pbx_started: str | None = None
        self._wait = time.wait
        self._steady_us = time.monotonic_us
        #: of the latest frame: when it was read, and how long after the PBX made it
        self.lag: tuple[Instant, int] | None = None

    @property
    def last_frame_at(self) -> Instant | None:
        """Stamp of the latest frame."""
        return self.follower.last_at

    @property
    def translator(self) -> Translator:
        """The fold of the frames, with the book of channels."""
        return self.follower.translator

    def note(self, note: Note) -> None:
        """Write down in the raw journal what no frame says, before anything follows from it."""
        self._journal.note(written(note), self._clock(), self._noting)

    # --- hooks of the link ---------------------------------------------------------------------------------------------

    def _record(self, frame: Frame, epoch: Instant) -> None:
        session = str(epoch)
        if session != self._session:
            first = not self._session
            self._session, self._number, self._noting = session, 0, epoch
            self.note(Connected(first=first))
            self.follower.connected()
        self._number += 1
        self._journal.record(frame, epoch)

    def _on_frame(self, frame: Frame) -> None:
        self._heard(frame)
        if frame.stamped_at is not None:
            self.lag = frame.received_at, frame.received_at - frame.stamped_at
        self.follower.frame(self._session, self._number, frame)

    def _on_up(self, info: LinkInfo) -> None:
        self._epoch = info.epoch
        self._up_at = self._clock()
        self._spawn(self._resume(info))

    def _on_down(self, reason: str) -> None:
        self.up = False
        self._epoch = 0
        at = self._clock()
        self.note(Disconnected(at=at, reason=reason))
        self.follower.disconnected(at, reason)

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
        asked_at = self._clock()

        async def moment() -> tuple[Instant, Instant, int, Sequence[Journey]]:
            return await actions.ping() or asked_at, self._clock(), self._steady_us(), self._pipeline.live()

        # Asked in one go, for a PBX short of processor takes its time for each answer; it gives them in this order, so the moment
        # is before the snapshot: whatever is born after it is told by live frames.
        (until, heard_at, steady_us, open_calls), queues, channels = await asyncio.gather(
            moment(), actions.queue_status(), actions.status(variables=["SAS_CALL"])
        )
        since = self.last_frame_at if self.last_frame_at is not None else until - self._settings.history_us
        over = outlived(self._pipeline.outlived(), since, {channel.uniqueid for channel in channels})
        oldest = self._oldest(since, until, open_calls, over)
        # Of a channel that lives CEL is read from its birth on, even when its call has ended: an agent's second line.
        begun = shown(channels, queues.waiting).oldest(until - self._settings.history_us)

        def read() -> tuple[Past, bytes]:
            rows, log_rows, troubles = self._rows(min(oldest, begun or oldest) - _BEFORE)
            past = Past(
                since=since,
                until=until,
                heard_at=heard_at,
                steady_us=steady_us,
                started_at=self._started(info, until - asked_at),
                rows=tuple(rows),
                queue_log=tuple(log_rows),
                troubles=tuple(troubles),
                queues=queues,
                channels=tuple(channels),
            )
            return past, written(past)

        past, text = await asyncio.to_thread(read)
        if info.epoch != self._epoch or self.link.state is not LinkState.UP:
            return False
        told = self.follower.past(past, open_calls, info.epoch)
        self._journal.note(text, until, info.epoch)  # no frame can come between: nothing here waits
        self.up = True
        self._pbx_started = info.pbx_started
        log.info(
            "pbx_watched",
            calls=told.calls,
            rows=len(past.rows),
            restarted=told.restarted,
            took_ms=(self._steady_us() - steady_us) // 1000,
            troubles=past.troubles[:5],
        )
        self._caught_up(oldest, until)
        return True

    def _oldest(self, since: Instant, until: Instant, open_calls: Iterable[Journey], over: Iterable[Journey]) -> Instant:
        """From when on CEL is read: all that is kept, when its clock was set back meanwhile.

        Of calls that are over, from when on agents consulted for their callers.
        """
        if twice(since, until):
            return until - self._settings.history_us
        consulted = [one.started_at + min(steps_of(j), 0) for j in over for one in untold_ends(j)]
        return min([since, *(min(j.t0, j.t0 + steps_of(j)) for j in open_calls if j.t0), *consulted])

    def _without_the_past(self) -> None:
        """The live frames go on; every call that was open is uncertain."""
        at = self._clock()
        calls = [LostCall(call_id=j.call_id, at=max(at, j.last_at), since=j.last_at) for j in self._pipeline.live()]
        note = NoPast(at=at, calls=tuple(calls))
        self.note(note)
        self.follower.without_the_past(note, self._epoch)
        self.up = True

    def _started(self, info: LinkInfo, ahead_us: int) -> Instant | None:
        """When the PBX was started, on its own clock, unless it surely is the one we saw last.

        Two witnesses, each of whole seconds: the date it gives (compared with the last connection's) and how long it has been up,
        which the follower compares with when we last saw it. ``ahead_us`` is how far its clock is ahead of ours.
        """
        if self.last_frame_at is None or info.uptime_seconds is None:
            return None
        if info.pbx_started is not None and info.pbx_started == self._pbx_started:
            return None
        return self._up_at + ahead_us - info.uptime_seconds * _SECOND_US

    def _rows(self, first: Instant) -> tuple[list[CelRow], list[QueueLogRow], list[str]]:
        """CEL, queue_log, and what of CEL could not be read: queue_log is a third witness, which may be absent."""
        troubles: list[str] = []
        try:
            rows = list(rows_since(self._settings.cel, first, troubles))
        except OSError as trouble:
            # The calls of now matter more than the log of then: what it held stays uncertain.
            log.error("cel_unreadable", error=str(trouble))  # noqa: TRY400 - the path says it all
            rows, troubles = [], [str(trouble)]
        beside: list[str] = []
        try:
            return rows, list(queue_rows_since(queue_log_of(self._settings.cel), first, beside)), troubles
        except OSError as trouble:
            log.warning("queue_log_unreadable", error=str(trouble))
            return rows, [], troubles
