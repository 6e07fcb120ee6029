"""Whether the recordings of a call are sound: what the journey says must be there against what was found on the disk.

Pure: files come in as values (``LegFiles``), the time as an argument. Every fault is one French sentence that names the file,
what was expected and what was found; a supervisor reads it as it stands.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cti.journey import Instant, Journey, Recording, Seen
from cti.journey.events import ConsultEnd, RecordingChecked
from cti.journey.model import Consult
from cti.recording.passages import Passage, passages, talked_ms
from cti.recording.policy import RecordingSettings, must_have_audio
from cti.recording.wav import HEADER_BYTES, Closing, Loudness, WavHeader


@dataclass(frozen=True, slots=True)
class LegFile:
    """One voice as it was found on the disk."""

    name: str
    size: int | None  #: bytes; None when there is no file
    header: WavHeader | None = None  #: None when the bytes are no WAV that we read
    loudness: Loudness | None = None  #: None when nothing was listened to
    fault: str = ""  #: why the header is None, in French

    @property
    def final(self) -> bool:
        """The PBX has closed the file: it will not change any more."""
        header = self.header
        return header is not None and (header.hollow or (header.closing is Closing.FINAL and header.data_bytes > 0))


@dataclass(frozen=True, slots=True)
class LegFiles:
    """Both voices of one recording."""

    caller: LegFile
    agents: LegFile

    @property
    def final(self) -> bool:
        """Both files were closed."""
        return self.caller.final and self.agents.final


def stems(journey: Journey) -> tuple[str, ...]:
    """The stems whose files ``check`` wants to see."""
    of_consults = (consult.recording.stem for consult in journey.consults if consult.recording is not None)
    return (*(recording.stem for recording in _recordings(journey)), *of_consults)


def told(journey: Journey) -> frozenset[str]:
    """Stems of what was looked at when the call was over; the empty one: that there is none.

    The archive may have taken their files since: their absence is no fault.
    """
    of_consults = (consult.recording for consult in journey.consults if consult.recording is not None)
    return frozenset(one.stem for one in (*journey.recordings, *of_consults) if one.checked_at is not None)


def still_writing(journey: Journey) -> frozenset[str]:
    """Stems whose files may grow after the call: agents who went on talking when the caller had hung up."""
    gone = (consult for consult in journey.consults if consult.how is ConsultEnd.CALLER_GONE)
    return frozenset(consult.recording.stem for consult in gone if consult.recording is not None)


def check(
    journey: Journey, files: Mapping[str, LegFiles | None], settings: RecordingSettings, at: Instant
) -> list[RecordingChecked]:
    """One event per recording of the call, then of its consultations; one with an empty stem when an answered call has none.

    ``files`` holds what was found for each stem, None for a stem that leads out of the recordings' folder. A call that needs no
    audio (``must_have_audio``) is measured all the same, and has no problem.
    """
    needed = must_have_audio(journey, settings)
    recordings = _recordings(journey)
    if not recordings:
        problem = f"aucun enregistrement pour un appel décroché (flux {journey.flux or 'inconnu'})"
        return [*([_told(journey, at, "", None, [problem])] if needed else []), *_of_consults(journey, files, settings, at)]
    talks = [passages(journey, recording) for recording in recordings]
    faults: list[list[str]] = [[] for _ in recordings]
    if needed:
        for index, recording in enumerate(recordings):
            faults[index].extend(_faults(files.get(recording.stem), talks[index], settings))
        faults[0].extend(_uncovered(journey, talks, settings))
    found = zip(recordings, faults, strict=True)
    main = [_told(journey, at, recording.stem, files.get(recording.stem), faulty) for recording, faulty in found]
    return [*main, *_of_consults(journey, files, settings, at)]


def _of_consults(
    journey: Journey, files: Mapping[str, LegFiles | None], settings: RecordingSettings, at: Instant
) -> Iterator[RecordingChecked]:
    """What agents said apart about a caller is kept like what they said to him; a fault names the consultation."""
    needed = must_have_audio(journey, settings)
    for consult in journey.consults:
        if consult.recording is None:
            continue
        found = files.get(consult.recording.stem)
        faults = [f"consultation de {consult.agent} : {fault}" for fault in _consult_faults(consult, found, settings) if needed]
        yield _told(journey, at, consult.recording.stem, found, faults)


def _consult_faults(consult: Consult, found: LegFiles | None, settings: RecordingSettings) -> Iterator[str]:
    if found is None:
        yield "fichier hors du dossier des enregistrements : non lu"
        return
    talks = _talk_apart(consult)
    for leg in (found.caller, found.agents):
        spoken = talked_ms(talks) >= settings.tolerance_ms  # in less, nothing need have been said
        if leg.size is None or (spoken and consult.how is not ConsultEnd.CALLER_GONE):
            yield from _leg_faults(leg, talks, settings)


def _talk_apart(consult: Consult) -> tuple[Passage, ...]:
    """What its recording must hold: from the answer to the end; nothing when nobody answered."""
    if consult.answered_at is None or consult.ended_at is None or consult.recording is None:
        return ()
    since = consult.recording.started_at
    return (Passage(0, "", consult.answered_by, (consult.answered_at - since) // 1000, (consult.ended_at - since) // 1000),)


def _recordings(journey: Journey) -> tuple[Recording, ...]:
    """Those that exist: an earlier check may have noted, under an empty stem, that there was none."""
    return tuple(recording for recording in journey.recordings if recording.stem)


def _uncovered(journey: Journey, talks: list[tuple[Passage, ...]], settings: RecordingSettings) -> Iterator[str]:
    """Talk that no recording can hold: the recording began too late."""
    spoken_ms = sum(_talk_ms(stage.talk_since, stage.left_at, journey) for stage in journey.stages)
    covered_ms = sum(talk.talk_ms for several in talks for talk in several)
    if spoken_ms - covered_ms > settings.tolerance_ms:
        yield f"enregistrement commencé trop tard : {_seconds(spoken_ms)} de conversation, {_seconds(covered_ms)} couvertes"


def _talk_ms(since: Instant | None, left_at: Instant | None, journey: Journey) -> int:
    if since is None:
        return 0
    end = left_at if left_at is not None else journey.ended_at
    return max(0, ((end if end is not None else journey.last_at) - since) // 1000)


def _told(journey: Journey, at: Instant, stem: str, found: LegFiles | None, faults: list[str]) -> RecordingChecked:
    legs = (found.caller, found.agents) if found else ()
    return RecordingChecked(
        call_id=journey.call_id,
        at=at,
        seen=Seen.OWN,
        stem=stem,
        caller_ms=_duration(found.caller) if found else None,
        agents_ms=_duration(found.agents) if found else None,
        bytes=sum(leg.size or 0 for leg in legs),
        problem=" ; ".join(faults) or None,
    )


def _duration(leg: LegFile) -> int | None:
    return leg.header.duration_ms if leg.header else None


def _faults(found: LegFiles | None, talks: tuple[Passage, ...], settings: RecordingSettings) -> Iterator[str]:
    if found is None:
        yield "fichier hors du dossier des enregistrements : non lu"
        return
    for leg in (found.caller, found.agents):
        yield from _leg_faults(leg, talks, settings)
    yield from _silence(found.caller, talks, settings)


def _leg_faults(leg: LegFile, talks: tuple[Passage, ...], settings: RecordingSettings) -> Iterator[str]:
    if leg.size is None:
        yield f"{leg.name} : fichier absent"
    elif leg.header is None:
        yield f"{leg.name} : illisible, {leg.fault}"
    elif leg.header.data_bytes == 0:
        yield f"{leg.name} : aucun son (plus de {HEADER_BYTES} octets attendus, {leg.size} trouvés)"
    else:
        yield from _closing(leg.name, leg.header)
        yield from _too_short(leg.name, leg.header.duration_ms, talks, settings)


def _closing(name: str, header: WavHeader) -> Iterator[str]:
    if header.closing is Closing.OPEN:
        yield f"{name} : jamais refermé par le PBX, {_seconds(header.duration_ms)} de son d'après sa taille"
    elif header.closing is Closing.TRUNCATED:
        yield f"{name} : tronqué, {header.declared_bytes} octets de son annoncés, {header.data_bytes} trouvés"


def _too_short(name: str, duration_ms: int, talks: tuple[Passage, ...], settings: RecordingSettings) -> Iterator[str]:
    talk_ms = talked_ms(talks)
    reach_ms = max((talk.end_ms for talk in talks), default=0)
    if duration_ms < talk_ms - settings.tolerance_ms:
        yield f"{name} : trop court, {_seconds(talk_ms)} de conversation attendues, {_seconds(duration_ms)} trouvées"
    elif duration_ms < reach_ms - max(settings.tolerance_ms, settings.derive_ms):
        found = f"{_seconds(reach_ms)} attendues, {_seconds(duration_ms)} trouvées"
        yield f"{name} : s'arrête avant la fin de la conversation, {found}"


def _silence(caller: LegFile, talks: tuple[Passage, ...], settings: RecordingSettings) -> Iterator[str]:
    talk_ms = talked_ms(talks)
    if caller.loudness is None or caller.header is None or caller.header.data_bytes == 0:
        return  # said already
    # Somebody who was with us for less than a second may well have said nothing.
    if talk_ms >= settings.tolerance_ms and caller.loudness.voice_ms < settings.voice_min_ms:
        yield (
            f"{caller.name} : appelant inaudible, au moins {_seconds(settings.voice_min_ms)} de voix attendues, "
            f"{_seconds(caller.loudness.voice_ms)} trouvées (crête {caller.loudness.peak} sur 32767)"
        )


def _seconds(ms: int) -> str:
    """Seconds as the French write them, to a tenth, cut: 29.98 s is ``29,9 s``."""
    return f"{ms // 1000},{ms % 1000 // 100} s"
