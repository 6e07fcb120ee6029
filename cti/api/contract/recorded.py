"""The shapes of what is recorded of a call: the caller's own two files, and what agents said apart about him."""

from datetime import datetime

from cti.api.contract.shape import Shape
from cti.journey.events import ConsultEnd


class RecordingOut(Shape):
    """One recording."""

    stem: str
    started_at: datetime
    checked_at: datetime | None
    caller_ms: int | None
    agents_ms: int | None
    bytes: int
    problem: str | None


class ConsultOut(Shape):
    """A consultation: an agent's second line, dialled for the caller he held."""

    agent: str
    target: str
    started_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    ended_at: datetime | None
    how: ConsultEnd | None
    recording: RecordingOut | None
