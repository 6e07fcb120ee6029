"""The voice in the story: where it is written, where it was not for a moment, and what was found after the call."""

from typing import Final, TypeAlias

from cti.journey import events as ev
from cti.journey.facts import Fact, RecordingFaulted
from cti.journey.folding.changing import replace
from cti.journey.folding.consulting import checked
from cti.journey.model import Gap, Journey, Recording
from cti.journey.words import Instant

_Folded: TypeAlias = tuple[Journey, tuple[Fact, ...]]

#: Two witnesses of one pause are closer than this: each pause takes a tenth of a second (microseconds).
_SAME_GAP: Final[Instant] = 80_000


def recording_started(journey: Journey, event: ev.RecordingStarted) -> _Folded:
    """The recorder began, or went on in the same files."""
    if event.gap_ms:
        return _went_on(journey, event)
    if any(rec.stem == event.stem for rec in journey.recordings):
        return journey, ()
    recording = Recording(stem=event.stem, started_at=event.at)
    return replace(journey, recordings=(*journey.recordings, recording)), ()


def _went_on(journey: Journey, event: ev.RecordingStarted) -> _Folded:
    """After a pause. A recording whose beginning nobody told stays untold: its offsets would be false."""
    recordings = list(journey.recordings)
    for i, rec in enumerate(recordings):
        if rec.stem == event.stem and not any(abs(gap.at - event.at) < _SAME_GAP for gap in rec.gaps):
            gaps = sorted((*rec.gaps, Gap(event.at, event.gap_ms)), key=lambda gap: gap.at)
            recordings[i] = replace(rec, gaps=tuple(gaps))
            return replace(journey, recordings=tuple(recordings)), ()
    return journey, ()


def recording_checked(journey: Journey, event: ev.RecordingChecked) -> _Folded:
    """Both files were looked at after the call."""
    facts = (RecordingFaulted(journey.call_id, event.at, event.problem),) if event.problem else ()
    of_consult = checked(journey, event)
    if of_consult is not None:
        return of_consult, facts if of_consult is not journey else ()
    seen = Recording(
        stem=event.stem,
        started_at=event.at,
        checked_at=event.at,
        caller_ms=event.caller_ms,
        agents_ms=event.agents_ms,
        bytes=event.bytes,
        problem=event.problem,
    )
    recordings = list(journey.recordings)
    for i, rec in enumerate(recordings):
        if rec.stem == event.stem:
            seen = replace(seen, started_at=rec.started_at, gaps=rec.gaps)
            if replace(seen, checked_at=rec.checked_at) == rec and rec.checked_at is not None:
                return journey, ()  # looked at again, and the same
            recordings[i] = seen
            break
    else:
        recordings.append(seen)
    return replace(journey, recordings=tuple(recordings)), facts
