"""Where an instant of the PBX's clock lies in the sound of a piece.

The time of a file is not the clock's: nothing is written while the recorder is started anew at a transfer (decision 0010, told by
the dialplan each time), and a line whose packets come late makes Asterisk write a little more or a little less than passed. The
first is known to the millisecond; the second shows at the end, where the file stops with the call, and is spread over it.
"""

from dataclasses import dataclass
from typing import Any, Final

from cti.archive.sealing.voices import Joined, Voice
from cti.journey import Instant, Journey, Recording
from cti.journey.around.voice import Piece, PieceKind

#: A file whose end differs by more than this from the end of its call did not end with it (milliseconds).
_DRIFT_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class FileTime:
    """One piece: what its recorder told, and how much longer its sound is than that (milliseconds)."""

    recording: Recording
    written_us: int = 0  #: from the beginning to the end of the call, pauses taken out; 0 when its end tells nothing
    drift_ms: int = 0

    def offset_ms(self, at: Instant) -> int:
        """The offset of an instant, in whole milliseconds from the start of the sound."""
        written = self.recording.written_us(at)
        if self.written_us == 0:
            return written // 1000
        return (written + max(0, written) * self.drift_ms * 1000 // self.written_us) // 1000

    def told(self) -> dict[str, Any]:
        """As it stands in the timeline: an outsider can make the same reckoning."""
        gaps = [{"offset_ms": self.offset_ms(gap.at), "missing_ms": gap.ms} for gap in self.recording.gaps]
        return {"gaps": gaps, "drift_ms": self.drift_ms}


def file_time(journey: Journey, piece: Piece, voices: tuple[Voice, Voice], joined: Joined) -> FileTime:
    """The time of one piece, from its call and the length of its sound."""
    told = (*journey.recordings, *(one.recording for one in journey.consults if one.recording is not None))
    recording = next((one for one in told if one.stem == piece.stem), None)
    if recording is None:
        return FileTime(Recording(stem=piece.stem, started_at=piece.started_at))
    if not _ends_with_the_call(journey, piece, recording, voices):
        return FileTime(recording)
    written = recording.written_us(journey.ended_at or 0)
    drift_ms = joined.duration_ms - written // 1000
    return FileTime(recording, written, drift_ms) if written > 0 and abs(drift_ms) <= _DRIFT_MS else FileTime(recording)


def _ends_with_the_call(journey: Journey, piece: Piece, recording: Recording, voices: tuple[Voice, Voice]) -> bool:
    """A consultation's recorder goes on by itself, a later one of the same call took over, a PBX that died cut it."""
    return (
        piece.kind is PieceKind.APPEL
        and journey.ended_at is not None
        and recording == journey.recordings[-1]
        and not any(voice.repaired for voice in voices)
    )
