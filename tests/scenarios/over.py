"""A call that was over when the watch went blind."""

from dataclasses import replace

from cti.journey import Journey
from cti.journey.model import Quality
from tests.scenarios.reading import span_ms

#: The witnesses stamp one moment at most this far apart (milliseconds).
CLOSE_MS = 100


def check_over(where: str, told: Journey, live: Journey) -> None:
    """A call that was over: nothing of it changes but what agents did afterwards, which CEL tells."""
    for one, other in zip(told.consults, live.consults, strict=True):
        assert (one.line, one.answered_by, one.how) == (other.line, other.answered_by, other.how), where
        assert (one.recording is None) == (other.recording is None), where
        for what in ("started_at", "answered_at", "ended_at"):
            mine, theirs = getattr(one, what), getattr(other, what)
            assert (mine is None) == (theirs is None), where
            assert mine is None or span_ms(mine, theirs) <= CLOSE_MS, where
    if told.consults != live.consults:
        assert told.quality is Quality.RECONSTRUCTED, where
        told = replace(told, consults=live.consults, quality=live.quality, last_at=live.last_at)
    assert told == live, where
