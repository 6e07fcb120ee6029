"""What frames and notes become, in order: the part of the watch that a replay of the raw journal goes through too.

Frames of a new connection wait until the past is told (`Past`), then go on from the book of channels that CEL left. Nothing here
asks the PBX, reads a file or a clock: whatever is concluded follows from the frames, the notes and the calls in the pipeline, so
the journal, which holds the frames and the notes, gives the same events again. When each was read on a clock that never steps is
among what they hold: so the steps of the PBX's clock are found again too (`cti.ami.translate.steps`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from cti.ami.actions import ChannelRow, MemberRow, WaitingRow
from cti.ami.frames import Frame
from cti.ami.noted import NoPast, Past, SecoursRead
from cti.ami.translate import ChannelBook, Translator, endpoint_of
from cti.ami.translate.catchup import Blind, catch_up, outlived
from cti.ami.translate.coverage import Shown, Snapshot
from cti.ami.translate.members import presence_of
from cti.ami.translate.steps import STEPPED, ClockSteps, past_of, words_of
from cti.ami.translate.telephony import filiere_of
from cti.journey import Journey
from cti.journey import events as ev
from cti.journey.events import AgentGone, AgentSeen, CallEvent, Event, LinkDown, LinkUp, ObservationLost, PbxSurprised
from cti.journey.ledger import Gap
from cti.journey.words import AgentId, CallId, FiliereCode, Instant
from cti.pipeline import Pipeline

log = structlog.get_logger(__name__)

REASON = "liaison PBX perdue ou service arrêté"
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """What a blind interval came to."""

    calls: int  #: how many it concerns
    restarted: bool  #: the PBX was started anew in it


class Follower:
    """Frames and notes in, events to the pipeline."""

    def __init__(self, pipeline: Pipeline, last_at: Instant | None = None) -> None:
        self.translator = Translator()
        #: Stamp of the latest frame.
        self.last_at = last_at
        self._pipeline = pipeline
        self._waiting: list[tuple[str, int, Frame]] | None = []
        self._members: set[tuple[AgentId, FiliereCode]] = set()
        self._steps = ClockSteps()

    def frame(self, session: str, number: int, frame: Frame) -> None:
        """The next frame of this connection."""
        if self._waiting is not None:
            self._waiting.append((session, number, frame))
            return
        self._read(session, number, frame)

    def _read(self, session: str, number: int, frame: Frame) -> None:
        stamp = frame.stamped_at
        self.last_at = stamp or frame.received_at
        if stamp is not None and frame.monotonic_us and frame.event:  # the journal holds the answers to our actions too
            step_us = self._steps.seen(stamp, frame.monotonic_us, frame.received_at)
            if step_us:
                live = [journey.call_id for journey in _in_order(self._pipeline.live())]
                self._set(step_us, live, stamp, frame.monotonic_us)
        events = self._steps.moved(self.translator.read(frame))
        for event in events:
            if isinstance(event, AgentSeen):
                self._members.add((event.agent, event.filiere))
        if events:
            self._pipeline.submit(events, self._session_of(events, session), number)

    def _session_of(self, events: Iterable[Event], session: str) -> str:
        """The session; with a name of its own where a call has another time: the store is asked until when we saw the PBX."""
        moved = any(isinstance(event, CallEvent) and self._steps.lived_through(event.call_id) for event in events)
        return f"moved:{session}" if moved else session

    def _set(self, step_us: int, live: Sequence[CallId], at: Instant, steady_us: int) -> None:
        """The PBX's clock was set by so much: who is on the telephone keeps the time he came in with."""
        self._steps.stepped(step_us, live)
        surprises = [PbxSurprised(call_id=call_id, at=at, kind=STEPPED, detail=words_of(step_us)) for call_id in live]
        self._pipeline.submit(self._steps.moved(surprises), f"clock:{steady_us}")
        for channel in self.translator.book.channels.values():
            if channel.call_id is None:
                channel.created_at += step_us  # its call comes in with the new time
        log.warning("pbx_clock_stepped", seconds=round(step_us / _SECOND_US, 3), calls=len(live))

    def connected(self) -> None:
        """A connection begins: its frames wait. What waits of one that never came up is void."""
        self._waiting = []

    def disconnected(self, at: Instant, reason: str) -> None:
        """The link was up and is lost."""
        self._waiting = []
        self._pipeline.submit([LinkDown(at=at, reason=reason)])

    def joined_midway(self) -> None:
        """A journal that begins in the middle of a connection: what was before it is not known, nothing waits."""
        self.translator.book.clear()
        self._waiting = None

    def past(self, past: Past, open_calls: Iterable[Journey], epoch: Instant) -> Told:
        """Tell what happened in the blind interval, then let the frames go on; ``open_calls`` as they were when it ended."""
        calls, until = _in_order(open_calls), past.until
        seen_us = self._steps.seen(until, past.steady_us, past.heard_at) if past.steady_us else 0
        clock = past_of(past.rows, past.since, until, seen_us, past.queue_log)
        over = outlived(self._pipeline.outlived(), past.since, {channel.uniqueid for channel in past.channels})
        self._steps.adopt((*calls, *over))
        if clock.step_us:
            unaware = [journey.call_id for journey in calls] if seen_us else clock.unaware(calls)
            self._set(clock.step_us, unaware, past.since, past.steady_us or epoch)
        started_at = past.started_at if past.started_at is not None and clock.since < past.started_at else None
        blind = Blind(
            clock.since,
            until,
            REASON,
            shown(past.channels, past.queues.waiting),
            troubles=past.troubles,
            queue_log=clock.log,
            started_at=started_at,
        )
        told = catch_up(clock.rows, [self._steps.as_of_now(journey) for journey in calls], blind, over)
        self.translator.book = told.book
        if told.touched:
            self._pipeline.gap(Gap(since=clock.since, until=until, reason=REASON))
        for number, event in enumerate(self._steps.moved_past(told.events, clock.step_us, clock.set_at)):
            self._pipeline.submit([event], self._session_of([event], f"cel:{epoch}"), number)
        self._go_live(past.queues.members, until, started_at)
        return Told(len(told.touched), started_at is not None)

    def without_the_past(self, note: NoPast, epoch: Instant) -> None:
        """See what happens from now on; every call that was open is uncertain (frames say themselves whose call they are)."""
        self.translator.book = ChannelBook()
        for call in note.calls:
            lost = ObservationLost(call_id=call.call_id, at=call.at, since=call.since, reason=REASON)
            self._pipeline.submit([lost], f"lost:{epoch}:{call.call_id}")
        self._go_live(None, note.at, None)

    def secours(self, note: SecoursRead) -> None:
        """A call that the PBX routed alone, as its secours file tells it."""
        self._pipeline.submit(_secours_events(note), f"secours:{note.call.call_id}")

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
        for session, number, frame in waiting:
            self._read(session, number, frame)


def shown(channels: Iterable[ChannelRow], waiting: Iterable[WaitingRow]) -> Snapshot:
    """What the PBX shows, for the witnesses of a blind interval."""
    return Snapshot(
        {c.uniqueid: Shown(c.channel, c.linkedid, c.bridge_id, c.variables.get("SAS_CALL", "")) for c in channels},
        {row.uniqueid: filiere for row in waiting if (filiere := filiere_of(row.queue)) is not None},
    )


def _in_order(calls: Iterable[Journey]) -> list[Journey]:
    return sorted(calls, key=lambda journey: (journey.t0, journey.call_id))


def _seen(row: MemberRow, at: Instant) -> AgentSeen | None:
    filiere = filiere_of(row.queue)
    if filiere is None:
        return None
    return AgentSeen(
        at=at,
        agent=endpoint_of(row.interface),
        filiere=filiere,
        presence=presence_of(str(row.status), "1" if row.paused else "0", "1" if row.in_call else "0", row.paused_reason),
        nom=row.name,
        reason=row.paused_reason if row.paused else "",
    )


def _secours_events(note: SecoursRead) -> Iterable[ev.CallEvent]:
    call = note.call
    yield ev.CallArrived(
        call_id=call.call_id,
        at=call.at,
        seen=ev.Seen.SPOOL,
        channel=call.uniqueid,
        did=call.did,
        flux=call.flux,
        caller=call.caller,
    )
    yield ev.ServiceSilent(call_id=call.call_id, at=call.at, seen=ev.Seen.SPOOL, reason=call.reason)
    if note.alone:
        # No live channel and nobody else knows this call: that it was there is all that is known.
        yield ev.ObservationLost(
            call_id=call.call_id,
            at=call.at,
            seen=ev.Seen.SPOOL,
            since=call.at,
            reason="seul le fichier de secours connaît cet appel",
        )
        yield ev.CallEnded(call_id=call.call_id, at=call.at, seen=ev.Seen.SPOOL)
