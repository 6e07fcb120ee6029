"""The desks of what is kept, handed over and verified, as one thing for the service."""

import asyncio
from collections.abc import Awaitable, Callable

from cti.access import About, Asker, Rights
from cti.api.keeping_port import Kept
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.exporting.desk import ExportsDesk
from cti.bootstrap.keeping.verifying import VerificationDesk
from cti.bootstrap.retention.desk import KeepingDesk
from cti.journey import Instant
from cti.journey.around.access import Verb
from cti.settings import Settings
from cti.store import Store


class VoiceDesks:
    """Opened and stopped with the service."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        rights: Rights,
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        tying = Tying(settings.staff, store.duty, store.reading)
        self.exports = ExportsDesk(settings, store, rights, tying, clock, pause)
        self.keeping = KeepingDesk(settings, store, rights, tying, clock)
        self.verification = VerificationDesk(settings, rights, clock)
        self._rights = rights

    @property
    def ports(self) -> Kept:
        """As the API has them."""
        return Kept(exports=self.exports, keeping=self.keeping, verification=self.verification, did=self._did)

    def stop(self) -> None:
        """Each finishes the step in hand; blocking."""
        for desk in (self.exports, self.keeping, self.verification):
            desk.stop()

    async def _did(self, asker: Asker, verb: Verb, about: About, reason: str = "") -> None:
        await asyncio.to_thread(self._rights.did, asker, verb, about, reason)
