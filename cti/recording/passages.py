"""Who is heard where in a recording: one file holds the whole call, several people talk in it.

Offsets are whole milliseconds from the start of the file, by the PBX clock, less the pauses that the recorder told. The file's
own time line stands still while no audio frame flows at all, so the voice may lie a little before its offset;
``RecordingSettings.derive_ms`` says how much is accepted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cti.journey import AgentId, FiliereCode, Instant, Journey, Recording, Stage


@dataclass(frozen=True, slots=True)
class Passage:
    """One answered stage, as it lies in one recording."""

    stage: int  #: index of the stage in the journey
    filiere: FiliereCode
    agent: AgentId | None
    start_ms: int
    end_ms: int

    @property
    def talk_ms(self) -> int:
        """Length of the talk in this recording."""
        return self.end_ms - self.start_ms


def talked_ms(talks: Iterable[Passage]) -> int:
    """How long anybody talked: a minute with two physicians in the room is a minute of sound."""
    total = reached = 0
    for talk in sorted(talks, key=lambda talk: talk.start_ms):
        total += max(0, talk.end_ms - max(reached, talk.start_ms))
        reached = max(reached, talk.end_ms)
    return total


def passages(journey: Journey, recording: Recording) -> tuple[Passage, ...]:
    """The talks that this recording must hold, in order.

    A recording lasts until the next one of the same call starts, or until the hang-up; a talk that ran into two of them is
    in both.
    """
    until = _until(journey, recording)
    left = [0, *(stage.left_at or 0 for stage in journey.stages)]
    found = (
        _passage(index, stage, max(recording.started_at, _heard_from(stage, left[index])), until, recording)
        for index, stage in enumerate(journey.stages)
    )
    return tuple(passage for passage in found if passage is not None)


def _heard_from(stage: Stage, left_before: int) -> Instant:
    """Whoever joined an agent who stayed (P0, conference) is heard from then on; any other once the agent before has left."""
    if stage.accompanied is None:
        return left_before
    return stage.joined_at if stage.joined_at is not None else 0


def _passage(index: int, stage: Stage, heard_at: Instant, until: Instant, recording: Recording) -> Passage | None:
    """``heard_at``: not before; who was asked in a consultation is not heard until the agent before him has left."""
    if stage.talk_since is None:
        return None
    start = max(heard_at, stage.talk_since)
    end = min(until, stage.left_at if stage.left_at is not None else until)
    if end < start:
        return None
    return Passage(index, stage.filiere, stage.agent, recording.offset_ms(start), recording.offset_ms(end))


def _until(journey: Journey, recording: Recording) -> Instant:
    later = [other.started_at for other in journey.recordings if other.started_at > recording.started_at]
    end = journey.ended_at if journey.ended_at is not None else journey.last_at
    return min([*later, end])
