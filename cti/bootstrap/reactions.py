"""Everything that follows from a fact hangs in one table, here.

CallAnswered: open_dossier          the first human has picked up
CallReached:  tie_dossier           whom an agent called has picked up
CallClosed:   check_recordings      the caller is gone: is the voice on disk?
              list_callback         ... and must somebody call back?
ConsultClosed: check_recordings     two agents who met when he was gone have ended: and theirs?
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from cti.bootstrap.answering.tying import TieDossier
from cti.bootstrap.clock import OneThread, now
from cti.dossier.reaction import DossierRegistry, OpenDossier
from cti.journey import CallId, Journey
from cti.journey.events import CallEvent
from cti.journey.facts import CallAnswered, CallClosed, CallReached, ConsultClosed, Fact
from cti.journey.model import Outcome
from cti.pipeline import Reaction
from cti.recording.reaction import CheckRecordings
from cti.recording.waiting import PollingWaiter
from cti.settings import Settings

T = TypeVar("T")


def reactions(
    settings: Settings,
    registry: DossierRegistry,
    store_thread: OneThread,
    recordings: Path,
    hear: Callable[[Journey], Awaitable[Sequence[CallEvent]]],
    fetch: Callable[[CallId], Awaitable[Journey | None]],
) -> Mapping[type[Fact], tuple[Reaction, ...]]:
    """The table."""
    opener = OpenDossier(
        registry=registry,
        runner=store_thread,
        clock=now,
        zone=settings.zone,
        rules=settings.dossier.opening,
        deadline_seconds=settings.dossier.deadline_seconds,
    )
    checker = CheckRecordings(
        settings=settings.recording,
        clock=now,
        runner=_in_a_thread,
        waiter=PollingWaiter(asyncio.sleep),
        root=recordings,
    )
    tie = TieDossier(fetch, opener, now)
    check = Reaction(
        "check_recordings",
        _checking(checker),
        attempt_seconds=settings.recording.deadline_ms / 1000 + 30,
        deadline_seconds=300,
    )
    return {
        CallReached: (
            Reaction(
                "tie_dossier",
                tie,
                attempt_seconds=settings.dossier.deadline_seconds + 1,
                deadline_seconds=settings.dossier.deadline_seconds,
            ),
        ),
        CallAnswered: (
            Reaction(
                "open_dossier",
                _opening(opener),
                attempt_seconds=settings.dossier.deadline_seconds + 1,
                deadline_seconds=settings.dossier.deadline_seconds,
            ),
        ),
        CallClosed: (
            check,
            Reaction("list_callback", _over(hear, tie), attempt_seconds=10, deadline_seconds=30),
        ),
        ConsultClosed: (check,),
    }


def _opening(opener: OpenDossier) -> Callable[[Journey], Awaitable[Sequence[CallEvent]]]:
    async def run(journey: Journey) -> Sequence[CallEvent]:
        fact = first_answer(journey)
        event = await opener(journey, fact) if fact is not None else None
        return () if event is None else (event,)

    return run


def _over(
    hear: Callable[[Journey], Awaitable[Sequence[CallEvent]]], tie: TieDossier
) -> Callable[[Journey], Awaitable[Sequence[CallEvent]]]:
    """The call-back list hears of it; an outgoing call that reached nobody belongs to a dossier all the same."""

    async def run(journey: Journey) -> Sequence[CallEvent]:
        told = await hear(journey)
        return (*told, *await tie(journey)) if journey.placed is not None and journey.answered_at is None else told

    return run


def _checking(checker: CheckRecordings) -> Callable[[Journey], Awaitable[Sequence[CallEvent]]]:
    async def run(journey: Journey) -> Sequence[CallEvent]:
        return await checker(
            journey, CallClosed(journey.call_id, journey.ended_at or now(), journey.outcome or Outcome.ABANDONED)
        )

    return run


def first_answer(journey: Journey) -> CallAnswered | None:
    """The fact of the décroché, read off the journey again (an outbox keeps the promise, not the fact)."""
    if journey.answered_at is None:
        return None
    stage = next((s for s in journey.stages if s.answered_at == journey.answered_at), None)
    return CallAnswered(
        journey.call_id,
        journey.answered_at,
        journey.answered_by or "",
        stage.filiere if stage is not None else "",
        journey.wait_ms or 0,
    )


async def _in_a_thread(work: Callable[[], T], /) -> T:
    return await asyncio.to_thread(work)
