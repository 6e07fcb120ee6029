"""Where an instant of the PBX's clock lies in the sound of a piece.

The time of a file is not the clock's. Nothing is written while the recorder is started anew at a transfer (decision 0010); the
dialplan tells each of these pauses. And packets that come late make Asterisk write silence first and the packets after it, so the
file grows by more than passed: how much in all shows at its end, where it stops with the call, and where it was shows in the
caller's side, which is empty there. A file that lacks more than a tenth of a second lost it where the phone of an agent was asked
by as much too late, or where it ended as much too late (Asterisk's attended transfer between two queues holds up some of its SIP
for half a second, and a caller whom that concerns is not heard meanwhile), or where the only hole is in what the caller hears
(the machine stood still), else where its recorder was started anew, which a busy disk holds up. What cannot be placed so is
spread over the whole. The recorder of a consultation by a key or from the screen waits without a sound until somebody answers:
its file begins there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from cti.archive.sealing.voices import Joined, Voice
from cti.journey import Instant, Journey, Recording
from cti.journey.around.voice import Piece, PieceKind
from cti.journey.model import Gap
from cti.journey.words import iso

#: Less than this may be missing anywhere (milliseconds).
_LOST_MS: Final = 100
#: A phone that was asked too late tells what was lost meanwhile, give or take this (milliseconds).
_ABOUT_MS: Final = 150
#: How long such a hole is: shorter is a late packet, longer is somebody who hears nothing for a while (milliseconds).
_HOLE_MS: Final = (40, 500)
#: An empty place as a late packet makes it is shorter than this.
_LATE_MS: Final = 200
#: A file whose end differs by more than this from the end of its call did not end with it (milliseconds).
_DRIFT_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Inserted:
    """Silence that the recorder put in, and that no time on the clock belongs to (milliseconds)."""

    offset_ms: int
    ms: int


@dataclass(frozen=True, slots=True)
class FileTime:
    """The time of one piece."""

    recording: Recording
    inserted: tuple[Inserted, ...] = ()
    written_us: int = 0  #: from the beginning to the end of the call, pauses taken out; 0 when the end tells nothing
    drift_ms: int = 0  #: by how much the sound is longer than that and what was inserted; shorter when negative

    def offset_ms(self, at: Instant) -> int:
        """The offset of an instant, in whole milliseconds from the start of the sound."""
        written = self.recording.written_us(at)
        spread = max(0, written) * self.drift_ms // self.written_us if self.written_us else 0
        offset = written // 1000 + spread
        for one in self.inserted:
            if offset < one.offset_ms:
                break
            offset += one.ms
        return offset

    def told(self) -> dict[str, Any]:
        """As it stands in the timeline: whoever has it can make the same reckoning for any instant."""
        return {
            "gaps": [{"resumed_at": iso(gap.at), "missing_ms": gap.ms} for gap in self.recording.gaps],
            "inserted": [{"offset_ms": one.offset_ms, "ms": one.ms} for one in self.inserted],
            "written_ms": self.written_us // 1000,
            "drift_ms": self.drift_ms,
        }


def file_time(journey: Journey, piece: Piece, voices: tuple[Voice, Voice], joined: Joined) -> FileTime:
    """The time of one piece, from its call and its sound."""
    told = (*journey.recordings, *(one.sound for one in journey.consults if one.sound is not None))
    recording = next((one for one in told if one.stem == piece.stem), None)
    if recording is None:
        return FileTime(Recording(stem=piece.stem, started_at=piece.started_at))
    if not _ends_with_the_call(journey, piece, recording, voices):
        return FileTime(recording)
    written = recording.written_us(journey.ended_at or 0)
    longer_ms = joined.duration_ms - written // 1000
    if written <= 0 or abs(longer_ms) > _DRIFT_MS:
        return FileTime(recording)
    empty = joined.empty(0)
    if longer_ms < -_LOST_MS:
        late = [one for one in empty if one[1] < _LATE_MS]
        lost_ms = sum(ms for _, ms in late) - longer_ms
        held_up = _held_up(journey, lost_ms) or _stood_still(recording, joined, lost_ms)
        if held_up is not None or recording.gaps:
            less = _less(recording, lost_ms) if held_up is None else _lost_before(recording, held_up, lost_ms)
            return FileTime(less, tuple(Inserted(offset, ms) for offset, ms in late), 0, 0)
    inserted = tuple(_placed(empty, longer_ms))
    return FileTime(recording, inserted, written, longer_ms - sum(one.ms for one in inserted))


def _held_up(journey: Journey, lost_ms: int) -> Instant | None:
    """Until when the PBX read nothing of the caller.

    An agent's phone was asked, or the call ended when its last agent was gone, about as late as is missing.
    """
    spans = [
        (stage.entered_at, min(leg.offered_at for leg in stage.legs if leg.offered_at is not None))
        for stage in journey.stages
        if any(leg.offered_at is not None for leg in stage.legs)
    ]
    last = journey.stages[-1].left_at if journey.stages else None
    if last is not None and journey.ended_at is not None:
        spans.append((last, journey.ended_at))
    late = [((until - since) // 1000, until) for since, until in spans]
    likely = [(abs(ms - lost_ms), until) for ms, until in late if ms > _LOST_MS and abs(ms - lost_ms) <= _ABOUT_MS]
    return min(likely)[1] if likely else None


def _stood_still(recording: Recording, joined: Joined, lost_ms: int) -> Instant | None:
    """Until when the machine stood still: the one hole in what the caller hears; the recorder fills it, and drops the rest."""
    holes = [at for at, ms in joined.empty(1) if at > 0 and _HOLE_MS[0] <= ms <= _HOLE_MS[1] and at + ms < joined.duration_ms]
    if len(holes) != 1:
        return None
    at = recording.started_at + holes[0] * 1000
    for gap in recording.gaps:
        if gap.at - gap.ms * 1000 <= at:
            at += gap.ms * 1000
    return at + lost_ms * 1000


def _lost_before(recording: Recording, at: Instant, lost_ms: int) -> Recording:
    return replace(recording, gaps=tuple(sorted((*recording.gaps, Gap(at, lost_ms)), key=lambda gap: gap.at)))


def _less(recording: Recording, lost_ms: int) -> Recording:
    """The recorder began to write later than it told, each time by its share of what is missing."""
    share = lost_ms // len(recording.gaps)
    gaps = tuple(Gap(gap.at + share * 1000, gap.ms + share) for gap in recording.gaps)
    return replace(recording, gaps=gaps)


def _placed(empty: Iterable[tuple[int, int]], longer_ms: int) -> Iterator[Inserted]:
    """The surplus, put where the caller's side is empty, to each place its share; never more than is empty there."""
    found = list(empty)
    total = sum(ms for _, ms in found)
    if longer_ms <= 0 or total == 0:
        return
    share = min(longer_ms, total)
    for offset, ms in found:
        if (part := ms * share // total) > 0:
            yield Inserted(offset, part)


def _ends_with_the_call(journey: Journey, piece: Piece, recording: Recording, voices: tuple[Voice, Voice]) -> bool:
    """A consultation's recorder goes on by itself, a later one of the same call took over, a PBX that died cut it."""
    return (
        piece.kind is PieceKind.APPEL
        and journey.ended_at is not None
        and recording == journey.recordings[-1]
        and not any(voice.repaired for voice in voices)
    )
