"""The day's figures beside the live ones: how many came, how many were answered, how fast.

How they are computed is the business of ``qos``: here is only their shape, and when to ask for them again.
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
    uncertain: int  #: calls of the day whose timing is not known for sure
    formule_qs30: str
    formule_taux_accueil: str


class DayFigures(Protocol):
    """Counts the local civil day that holds an instant; given by bootstrap, may read the store in a thread."""

    async def __call__(self, at: Instant) -> DayCount:
        """The figures so far.

        Raises:
            StoreUnavailable: they cannot be read now.
        """
        ...


class _Board(Protocol):
    """What the watch needs of the board."""

    @property
    def day_mark(self) -> int:
        """Grows whenever a call came, was answered or ended."""
        ...

    def count_day(self, figures: DayCount, /) -> None:
        """Show these figures."""
        ...


class DayWatch:
    """Asks for the day's figures when something may have changed them, never more often than every ``every_seconds``."""

    def __init__(
        self,
        board: _Board,
        figures: DayFigures,
        *,
        clock: Callable[[], Instant],
        local_day: Callable[[Instant], date],
        pause: Callable[[float], Awaitable[None]],
        every_seconds: float = 2.0,
    ) -> None:
        self._board = board
        self._figures = figures
        self._clock = clock
        self._local_day = local_day
        self._pause = pause
        self._every_seconds = every_seconds
        self._counted: tuple[date, int] | None = None

    async def run(self) -> None:
        """Until cancelled. The day changes at midnight even when nobody calls."""
        while True:
            await self.look()
            await self._pause(self._every_seconds)

    async def look(self) -> None:
        """Count the day again if a call or midnight changed it; figures that cannot be read leave the old ones in place."""
        now = self._clock()
        # Read before the figures are asked for: a call that moves meanwhile makes us ask again.
        wanted = (self._local_day(now), self._board.day_mark)
        if wanted == self._counted:
            return
        try:
            figures = await self._figures(now)
        except StoreUnavailable as error:
            _log.warning("day_figures_unavailable", error=str(error))
            return
        self._counted = wanted
        self._board.count_day(figures)
