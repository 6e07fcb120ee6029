"""What stands behind a desk, in memory: its notes, and the channels that can be hung up."""

from dataclasses import dataclass, field

from cti.journey.around.notes import CallNote


@dataclass
class MemoryNotes:
    """Notes in memory; ``failure`` makes it fail as a store out of reach does."""

    rows: list[CallNote] = field(default_factory=list)
    failure: Exception | None = None

    def add(self, note: CallNote) -> None:
        if self.failure is not None:
            raise self.failure
        self.rows.append(note)

    def of(self, call_id: str) -> list[CallNote]:
        if self.failure is not None:
            raise self.failure
        return [note for note in self.rows if note.call_id == call_id]


@dataclass
class FakeLine:
    """Channels that can be hung up; ``failure`` makes the PBX refuse."""

    known: bool = True
    failure: Exception | None = None
    ended: list[str] = field(default_factory=list)

    async def hang_up(self, leg: str) -> bool:
        if self.failure is not None:
            raise self.failure
        self.ended.append(leg)
        return self.known
