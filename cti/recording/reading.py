"""Reading the files of a recording: the only place of this room that opens them (and never for writing)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cti.journey.refusals import refusal
from cti.recording.check import LegFile, LegFiles
from cti.recording.places import Legs
from cti.recording.wav import HEAD_BYTES, BadWav, WavHeader, listen, read_header


def glance(legs: Legs) -> LegFiles:
    """Sizes and headers only: enough to see whether the PBX is still writing."""
    return LegFiles(_read(legs.caller, None), _read(legs.agents, None))


def measure(legs: Legs, silence_max_peak: int, enough_ms: int | None = None) -> LegFiles:
    """Sizes, headers and whether the caller is heard; reads his file until ``enough_ms`` of voice were found, or to its end.

    What the caller hears holds music and messages as well, so its loudness would prove nothing.
    """
    return LegFiles(_read(legs.caller, silence_max_peak, enough_ms), _read(legs.agents, None))


def _read(path: Path, silence_max_peak: int | None, enough_ms: int | None = None) -> LegFile:
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            try:
                header = read_header(stream.read(HEAD_BYTES), size)
            except BadWav as bad:
                return LegFile(path.name, size, fault=str(bad) if size else "fichier vide (0 octet)")
            if silence_max_peak is None:
                return LegFile(path.name, size, header)
            loudness = listen(header, _slices(stream, header), silence_max_peak, enough_ms)
            return LegFile(path.name, size, header, loudness)
    except FileNotFoundError:
        return LegFile(path.name, None)
    except OSError as refused:
        return LegFile(path.name, 0, fault=f"lecture impossible ({refusal(refused)})")


def _slices(stream: BinaryIO, header: WavHeader) -> Iterator[bytes]:
    stream.seek(header.data_at)
    left = header.data_bytes
    while left > 0 and (chunk := stream.read(min(left, header.slice_bytes))):
        left -= len(chunk)
        yield chunk
