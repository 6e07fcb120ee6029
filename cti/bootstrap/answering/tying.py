"""An outgoing call belongs to a dossier: that of the call it is about, or a new one when a lost caller was reached at last.

A call-back never changes the call that was lost. A number dialled on a phone says nothing of a dossier: that call has none.
"""

from collections.abc import Awaitable, Callable, Sequence

from cti.dossier.reaction import OpenDossier
from cti.journey import CallEvent, CallId, Instant, Journey, Seen
from cti.journey.events import DossierOpened
from cti.journey.events.placed import SORTANT
from cti.journey.facts import CallAnswered


class TieDossier:
    """The reaction to an outgoing call that reached somebody, or ended without."""

    def __init__(
        self, fetch: Callable[[CallId], Awaitable[Journey | None]], opener: OpenDossier, clock: Callable[[], Instant]
    ) -> None:
        self._fetch = fetch
        self._open = opener
        self._clock = clock

    async def __call__(self, journey: Journey) -> Sequence[CallEvent]:
        """Tell this call its dossier, once."""
        placed = journey.placed
        if placed is None or journey.dossier_id is not None:
            return ()
        for about in (placed.about, placed.callback):
            other = await self._fetch(about) if about is not None else None
            if other is not None and other.dossier_id is not None and other.dossier_ref is not None:
                dossier_id, ref = other.dossier_id, other.dossier_ref
                told = DossierOpened(
                    call_id=journey.call_id, at=self._clock(), seen=Seen.OWN, dossier_id=dossier_id, ref=ref
                )  # fmt: skip
                return (told,)
        if placed.callback is None or journey.answered_at is None:
            return ()
        fact = CallAnswered(journey.call_id, journey.answered_at, placed.agent, SORTANT, journey.wait_ms or 0)
        opened = await self._open(journey, fact)
        return () if opened is None else (opened,)
