"""Callers whom an agent's phone left alone with each other (docs/decisions/0019): nobody of the SAS hears them.

The translator notes it on both calls as an anomaly that names the other call; here it is read again.
"""

from cti.journey.model import Journey
from cti.journey.states import State
from cti.journey.words import CallId, Instant

#: The kind of the anomaly.
CALLERS_JOINED = "callers_joined"
_WORDS = "an agent joined this caller to the caller of "


def joined_to(other: CallId) -> str:
    """What is noted on a call; `alone_with` reads it again."""
    return _WORDS + other


def alone_with(journey: Journey) -> tuple[CallId, Instant] | None:
    """The call whose caller this one is alone with, and since when; None once he is gone, waits, or has somebody of ours."""
    if journey.ended_at is not None or journey.state is not State.MOVING:
        return None
    notes = [note for note in journey.anomalies if note.kind == CALLERS_JOINED and note.detail.startswith(_WORDS)]
    if not notes or any(stage.entered_at > notes[-1].at for stage in journey.stages):
        return None
    return notes[-1].detail.removeprefix(_WORDS), notes[-1].at
