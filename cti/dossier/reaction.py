"""The reaction to a décroché: have the registry open the dossier, within a deadline.

The registry does the counting in one transaction and is idempotent on the call; this side may therefore ask again as often as
the outbox wants, and a deadline that falls while the registry was writing costs nothing but a second question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import partial
from typing import Protocol

from cti.dossier.opening import DossierSummary, OpeningRules, local_day, opens_dossier, summarise
from cti.journey import Fact, Instant, Journey, Seen
from cti.journey.events import DossierOpened
from cti.journey.facts import CallAnswered
from cti.journey.ledger import StoreUnavailable


class RegistryUnavailable(StoreUnavailable):
    """The registry did not answer in time or is out of reach: ask again, nothing can be opened twice."""


class Dossier(Protocol):
    """A dossier as the registry gives it."""

    @property
    def dossier_id(self) -> str:
        """Its identity, never shown."""

    @property
    def ref(self) -> str:
        """Its readable number (``DossierRef``)."""

    @property
    def opened_at(self) -> Instant:
        """When its number was given, our clock."""


class DossierRegistry(Protocol):
    """Where dossiers are numbered and kept."""

    def open(self, call_id: str, at: Instant, local_day: date, summary: DossierSummary) -> Dossier:
        """Open the dossier of this call, or give back the one it already has, unchanged.

        ``at`` is our clock; ``local_day`` names the year and the day in the number. Blocking.

        Raises:
            StoreUnavailable: out of reach, locked or full; nothing was written.
        """


class Runner(Protocol):
    """Runs a blocking function away from the event loop."""

    def __call__(self, work: Callable[[], Dossier], /) -> Awaitable[Dossier]:
        """Await the result of ``work``."""


@dataclass(frozen=True, slots=True)
class OpenDossier:
    """Opens the dossier of an answered call: ``CallAnswered`` -> ``DossierOpened``."""

    registry: DossierRegistry
    runner: Runner
    clock: Callable[[], Instant]
    zone: tzinfo  #: of the site's calendar
    rules: OpeningRules
    deadline_seconds: float

    async def __call__(self, journey: Journey, fact: Fact) -> DossierOpened | None:
        """The event to put back into the call's story; None when this call opens no dossier or has one.

        Raises:
            RegistryUnavailable: to be asked again by the outbox.
        """
        if not isinstance(fact, CallAnswered) or not opens_dossier(journey, fact):
            return None
        summary = summarise(journey, fact, self.rules)
        # The day is the caller's, not the day of a late retry: a call of 31 December never gets a number of January.
        day = local_day(fact.at, self.zone)
        work = partial(self.registry.open, journey.call_id, self.clock(), day, summary)
        try:
            async with asyncio.timeout(self.deadline_seconds):
                dossier = await self.runner(work)
        except TimeoutError as late:
            raise RegistryUnavailable(f"no dossier for call {journey.call_id} within {self.deadline_seconds} s") from late
        except StoreUnavailable as down:
            raise RegistryUnavailable(f"no dossier for call {journey.call_id}: {down}") from down
        return DossierOpened(
            call_id=journey.call_id,
            at=dossier.opened_at,
            seen=Seen.OWN,
            dossier_id=dossier.dossier_id,
            ref=dossier.ref,
        )
