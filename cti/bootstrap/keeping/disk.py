"""The recorder's own folder, as the archive sees it: read by the recording room's eyes, judged by its check."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from cti.archive.ports import Look
from cti.archive.sealing.voices import NotJoined, Voice
from cti.bootstrap.keeping.mounts import astray
from cti.journey import Instant, Journey, Recording
from cti.journey.around.voice import Piece
from cti.recording.check import LegFile, LegFiles, check
from cti.recording.places import Legs, StemOutside, locate
from cti.recording.policy import RecordingSettings, must_have_audio
from cti.recording.reading import glance, measure
from cti.recording.wav import HEAD_BYTES, BadWav, Closing, Codec, WavHeader, read_header


class RecorderDisk:
    """Looks, reads, and removes what was archived. Blocking."""

    def __init__(
        self, root: Path, settings: RecordingSettings, settle_us: int, clock: Callable[[], Instant], mount: str = ""
    ) -> None:
        self._root = root
        self._mount = mount
        self._settings = settings
        self._settle_us = settle_us
        self._clock = clock

    def look(self, journey: Journey, piece: Piece) -> Look:
        """Look at the two files; a stem that leads out of the folder has none."""
        told = next((one for one in _recordings(journey) if one.stem == piece.stem), None)
        problem = told.problem if told is not None else None
        needed = must_have_audio(journey, self._settings)
        try:
            legs = self._legs(piece.stem)
        except StemOutside:
            return Look(at_rest=True, sound=False, problem=problem, needed=needed, repaired=False)
        found = glance(legs)
        present = (found.caller, found.agents)
        # What is no WAV is no silence either: it is read, refused by its name, and stays where it is.
        sound = any(leg.header.data_bytes > 0 if leg.header is not None else bool(leg.size) for leg in present)
        repaired = any(leg.header is not None and leg.header.closing is Closing.OPEN for leg in present)
        if not sound and problem is None and told is not None and (told.caller_ms or told.agents_ms):
            problem = "le son était là au contrôle de fin d'appel et n'y est plus"
        if sound and (problem is not None or repaired):
            problem = self._judged(journey, piece.stem, legs)
        at_rest = found.final or self._quiet(legs)
        hollow = all(leg.header is not None and leg.header.hollow for leg in present)
        return Look(at_rest=at_rest, sound=sound, problem=problem, needed=needed, repaired=repaired, hollow=hollow)

    def read(self, stem: str) -> tuple[Voice, Voice]:
        """Both voices.

        Raises:
            NotJoined: a file holds what is no sound that we read.
        """
        try:
            legs = self._legs(stem)
        except StemOutside as outside:
            raise NotJoined(f"hors du dossier des enregistrements : {outside}") from None
        return _voice(legs.caller), _voice(legs.agents)

    def remove(self, stem: str) -> None:
        """Remove the two files."""
        legs = self._legs(stem)
        legs.caller.unlink(missing_ok=True)
        legs.agents.unlink(missing_ok=True)

    def _legs(self, stem: str) -> Legs:
        if (why := astray(self._root, self._mount)) is not None:
            raise NotADirectoryError(why)
        return locate(stem, self._root, self._settings.pbx_root)

    def _quiet(self, legs: Legs) -> bool:
        """Nobody has written for a while."""
        touched = [path.stat().st_mtime_ns // 1000 for path in (legs.caller, legs.agents) if path.exists()]
        return all(self._clock() - at >= self._settle_us for at in touched)

    def _judged(self, journey: Journey, stem: str, legs: Legs) -> str | None:
        """What the check says of the files as they are now, with the headers that a dead PBX left at zero made good."""
        found = measure(legs, self._settings.silence_max_peak, self._settings.voice_min_ms)
        files = {stem: LegFiles(_mended(found.caller), _mended(found.agents))}
        told = check(journey, files, self._settings, self._clock())
        return next((event.problem for event in told if event.stem == stem), None)


def _recordings(journey: Journey) -> tuple[Recording, ...]:
    return (*journey.recordings, *(one.recording for one in journey.consults if one.recording is not None))


def _mended(leg: LegFile) -> LegFile:
    if leg.header is None or leg.header.closing is not Closing.OPEN:
        return leg
    return replace(leg, header=replace(leg.header, closing=Closing.FINAL, declared_bytes=leg.header.data_bytes))


def _voice(path: Path) -> Voice:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Voice(path.name)
    if not data:
        return Voice(path.name)
    try:
        header = read_header(data[:HEAD_BYTES], len(data))
    except BadWav as bad:
        raise NotJoined(f"{path.name} : {bad}") from None
    if header.channels != 1:
        raise NotJoined(f"{path.name} : {header.channels} voies dans un seul fichier")
    if not header.data_bytes:
        return Voice(path.name)
    return Voice(path.name, header.rate, _pcm(data, header), header.closing is Closing.OPEN)


def _pcm(data: bytes, header: WavHeader) -> bytes:
    audio = data[header.data_at : header.data_at + header.data_bytes]
    if header.codec is Codec.PCM16:
        return audio
    pcm, _ = soundfile.read(
        io.BytesIO(audio), dtype="int16", format="RAW", subtype="ALAW", channels=1, samplerate=header.rate, endian="LITTLE"
    )
    return bytes(pcm.astype(np.dtype("<i2")).tobytes())
