"""The shapes of crisis mode: the switch, its history, and what the board shows of them."""

from datetime import datetime

from cti.api.contract.shape import Shape


class CrisisActOut(Shape):
    """One turn of the switch."""

    number: int
    at: datetime
    active: bool
    by: str
    reason: str


class CrisisNow(Shape):
    """Crisis mode as it stands; ``since``, ``by`` and ``reason`` are those of the last turn of the switch."""

    active: bool
    since: datetime | None
    by: str
    reason: str
    pbx: bool
    proposal: str | None


class CrisisOut(CrisisNow):
    """Crisis mode and its history, the newest first."""

    history: list[CrisisActOut]


class CrisisSpanOut(Shape):
    """One crisis; without an end while it lasts."""

    since: datetime
    until: datetime | None


class LiveCrisis(CrisisNow):
    """Crisis mode on the board, with the crises of the last day."""

    spans: list[CrisisSpanOut]
