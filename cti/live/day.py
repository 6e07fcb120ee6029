"""The day's figures beside the live ones: how many came, how many were answered, how fast.

How they are computed is the business of ``qos``: here is only their shape, and when to ask for them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import structlog

from cti.journey import Instant
from cti.journey.ledger import StoreUnavailable

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """The figures of one local civil day, and the words that define them."""

    day: date
    entrants: int
    answered: int
    abandoned: int
    abandoned_early: int  #: among them, before 10 s
    qs30: float | None  #: 0 to 1; None when the formula divides by zero
    taux_accueil: float | None  #: 0 to 1; None when the formula divides by zero
    short_talks: int  #: answered, then released at once: they raise QS30 and help nobody
    uncertain: int  #: calls of the day whose timing is not known for sure
    formule_qs30: str
    formule_taux_accueil: str
    formule_short_talks: str


class DayFigures(Protocol):
    """Counts the local civil day that holds an instant; given by bootstrap."""

    async def __call__(self, at: Instant) -> DayCount:
        """The figures so far.

        Raises:
            StoreUnavailable: they cannot be read now.
        """
        ...


class _Board(Protocol):
    """What the watch needs of the board."""

    def count_day(self, figures: DayCount, /) -> None:
        """Show these figures, if they are new."""
        ...


class DayWatch:
    """Asks for the day's figures every ``every_seconds``; whoever counts them makes an unchanged day cost nothing."""

    def __init__(
        self,
        board: _Board,
        figures: DayFigures,
        *,
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]],
        every_seconds: float = 2.0,
    ) -> None:
        self._board = board
        self._figures = figures
        self._clock = clock
        self._pause = pause
        self._every_seconds = every_seconds
        self._failing = False

    async def run(self) -> None:
        """Until cancelled. The day changes at midnight even when nobody calls."""
        while True:
            await self.look()
            await self._pause(self._every_seconds)

    async def look(self) -> None:
        """Show the figures of now; figures that cannot be had leave the old ones in place, and are asked for again."""
        try:
            figures = await self._figures(self._clock())
        except StoreUnavailable as error:
            if not self._failing:
                _log.warning("day_figures_unavailable", error=str(error))
            self._failing = True
        except Exception:  # noqa: BLE001 - logged with its trace just below, once
            # A figure of ours that is wrong must not end the service, and is said once, not every two seconds.
            if not self._failing:
                _log.exception("day_figures_failed")
            self._failing = True
        else:
            self._failing = False
            self._board.count_day(figures)
