"""One piece of the archive, opened and listened to; and what of a stretch of it is left when other stretches are taken out."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cti.archive.sealing.keys import Opener
from cti.archive.sealing.manifest import names
from cti.archive.sealing.voices import from_flac
from cti.archive.stores import Shelf
from cti.journey import Instant, Journey
from cti.journey.around.voice import Piece
from cti.journey.words import from_datetime
from tests.voice.ears import Heard, tones


@dataclass(frozen=True, slots=True)
class Told:
    """One piece, opened."""

    piece: Piece
    journey: Journey
    timeline: dict[str, Any]
    left: list[Heard]
    right: list[Heard]
    duration_ms: float

    def place(self, at: Instant) -> float:
        """Where an instant lies in the sound, by the timeline's own reckoning."""
        time = self.timeline["time"]
        written = (at - from_datetime(datetime.fromisoformat(self.timeline["started_at"]))) / 1000
        for gap in time["gaps"]:
            since = from_datetime(datetime.fromisoformat(gap["resumed_at"])) / 1000 - gap["missing_ms"]
            written -= max(0.0, min(gap["missing_ms"], at / 1000 - since))
        offset = written + (max(0.0, written) * time["drift_ms"] / time["written_ms"] if time["written_ms"] else 0.0)
        for one in time["inserted"]:
            if offset < one["offset_ms"]:
                break
            offset += one["ms"]
        return offset

    def restarts(self) -> list[tuple[float, float]]:
        """Where the recorder was started anew: what is cut there is nobody's fault."""
        resumed = (from_datetime(datetime.fromisoformat(gap["resumed_at"])) for gap in self.timeline["time"]["gaps"])
        return [(self.place(at) - 150, self.place(at) + 150) for at in resumed]


def opened(piece: Piece, journey: Journey, shelf: Shelf, opener: Opener, among: Sequence[int]) -> Told:
    """Take one piece out of the archive and listen to it."""
    assert piece.sealed is not None
    sound, beside, _ = names(piece.sealed.key)
    pcm, rate = from_flac(opener(shelf.get(sound) or b""))
    told = json.loads(opener(shelf.get(beside) or b""))
    left, right = (tones(pcm[:, side], among) for side in (0, 1))
    return Told(piece, journey, told, left, right, len(pcm) * 1000 / rate)


def without(part: tuple[float, float], holes: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The part, less the holes."""
    left = [part]
    for since, until in holes:
        left = (
            [
                piece
                for one, other in left
                for piece in ((one, min(other, since)), (max(one, until), other))
                if piece[1] > piece[0]
            ]
            if since < until
            else left
        )
    return left


def covered(one: Heard, windows: list[tuple[float, float]]) -> bool:
    return length(without((one.since, one.until), windows)) < 70


def length(parts: Iterable[tuple[float, float]]) -> float:
    return sum(until - since for since, until in parts)


def scan_for_plain(site_folder: Path, recordings: Path) -> list[str]:
    """Whatever lies in clear outside the recorder's folder: sound in any of its forms."""
    found = []
    for path in site_folder.rglob("*"):
        if not path.is_file() or path.is_relative_to(recordings) or path.suffix == ".alaw":
            continue
        with path.open("rb") as file:
            head = file.read(16)
        if head[:4] in (b"RIFF", b"fLaC", b"OggS", b".snd") or path.suffix in (".wav", ".flac", ".raw", ".pcm"):
            found.append(str(path.relative_to(site_folder)))
    return found
