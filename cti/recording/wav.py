"""What a WAV file holds: its header, how long it lasts, whether anybody is heard in it.

Asterisk writes the sizes in the header only when it closes the file (formats/format_wav.c), so a file whose header says nothing
while bytes follow is still open, or was open when the PBX died; its audio is whole all the same and its length follows from its
size.
Read are PCM 16 bit (what the PBX writes) and A-law (what an archive may hold), at any rate, in as many channels as there are.
"""

import struct
import sys
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

#: A header alone: the file Asterisk leaves when no audio came (bytes).
HEADER_BYTES: Final = 44
#: Enough of a file to find its audio, even with a few extra blocks before it (bytes).
HEAD_BYTES: Final = 4096
#: Slices in which voice is looked for (milliseconds).
SLICE_MS: Final = 100

#: fmt block: codec, channels, samples per second, bytes per second, bytes per sample of all channels, bits per sample.
_FMT: Final = struct.Struct("<HHIIHH")
_BLOCK: Final = struct.Struct("<4sI")


class BadWav(ValueError):
    """These bytes are no WAV that we can read; the message, in French, says why."""


class Codec(IntEnum):
    """How samples are written, by the number in the header."""

    PCM16 = 1
    ALAW = 6


class Closing(Enum):
    """How the file was left."""

    FINAL = "final"  #: closed: the header tells the size
    OPEN = "open"  #: still written, or left by a crash: audio without a size
    TRUNCATED = "truncated"  #: the header promises more than there is


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What the head of a file and its size tell."""

    codec: Codec
    rate: int  #: samples per second
    channels: int
    data_at: int  #: where the audio begins (bytes)
    data_bytes: int  #: audio present, whole samples only
    declared_bytes: int  #: audio that the header promises
    closing: Closing
    riff_bytes: int = 0  #: length of the whole that the first block promises; Asterisk writes 0 there until it closes the file

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * (2 if self.codec is Codec.PCM16 else 1)

    @property
    def hollow(self) -> bool:
        """Closed without a single sample: nothing was said where it listened, and nobody will write in it any more."""
        return self.data_bytes == 0 and self.declared_bytes == 0 and self.riff_bytes > 0

    @property
    def duration_ms(self) -> int:
        """Length of the audio that is there, cut and never rounded up."""
        return self.data_bytes // self.frame_bytes * 1000 // self.rate

    @property
    def slice_bytes(self) -> int:
        """Bytes of ``SLICE_MS`` of audio."""
        return max(1, self.rate * SLICE_MS // 1000) * self.frame_bytes


@dataclass(frozen=True, slots=True)
class Loudness:
    """How much is heard."""

    peak: int  #: loudest sample, of 32 767 (32 768 for the lowest one)
    voice_ms: int  #: time in slices louder than the threshold


def read_header(head: bytes, size: int) -> WavHeader:
    """The header of a file of ``size`` bytes that begins with ``head`` (at least ``HEAD_BYTES`` of them, or all).

    Raises:
        BadWav: not a WAV, a codec that we do not read, or no audio block in sight.
    """
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise BadWav("ce n'est pas un fichier WAV")
    form: tuple[Codec, int, int] | None = None
    at = 12
    while at + _BLOCK.size <= len(head):
        name, length = _BLOCK.unpack_from(head, at)
        at += _BLOCK.size
        if name == b"data":
            if form is None:
                raise BadWav("bloc audio sans description du format")
            return _with_audio(form, at, length, size, int.from_bytes(head[4:8], "little"))
        if name == b"fmt ":
            form = _form(head[at : at + length])
        at += length + length % 2
    raise BadWav("en-tête incomplet : aucun bloc audio")


def _form(block: bytes) -> tuple[Codec, int, int]:
    if len(block) < _FMT.size:
        raise BadWav("description du format incomplète")
    number, channels, rate, _, _, bits = _FMT.unpack_from(block)
    if (number, bits) not in ((Codec.PCM16, 16), (Codec.ALAW, 8)):
        raise BadWav(f"codage non reconnu (numéro {number}, {bits} bits)")
    if not rate or not channels:
        raise BadWav(f"format impossible : {rate} Hz, {channels} voie(s)")
    return Codec(number), rate, channels


def _with_audio(form: tuple[Codec, int, int], at: int, declared: int, size: int, riff: int) -> WavHeader:
    codec, rate, channels = form
    present = max(0, size - at)
    closing = Closing.FINAL
    if declared > present:
        closing = Closing.TRUNCATED
    elif declared == 0 and present > 0:
        closing = Closing.OPEN
    data = present if closing is not Closing.FINAL else declared
    frame = channels * (2 if codec is Codec.PCM16 else 1)
    return WavHeader(codec, rate, channels, at, data - data % frame, declared, closing, riff)


def _alaw_amplitude(rank: int) -> int:
    """Amplitude on the 16 bit scale of an A-law code without its sign and its toggled bits (ITU-T G.711)."""
    step, mantissa = rank >> 4, (rank & 0x0F) << 4
    return mantissa + 8 if step == 0 else (mantissa + 0x108) << (step - 1)


#: A-law codes by loudness: one byte in, its rank 0-127 out, so that the loudest of a slice is found at the speed of C.
_ALAW_RANK: Final = bytes((code ^ 0x55) & 0x7F for code in range(256))
_ALAW_AMPLITUDE: Final = tuple(_alaw_amplitude(rank) for rank in range(128))
#: A-law codes as samples of 16 bits; the highest bit is set where the sample is positive.
_ALAW_SAMPLE: Final = tuple(_ALAW_AMPLITUDE[_ALAW_RANK[code]] * (1 if code & 0x80 else -1) for code in range(256))


def as_pcm(codec: Codec, data: bytes) -> bytes:
    """Samples as PCM 16 bit, little-endian."""
    if codec is Codec.PCM16:
        return data
    samples = array("h", map(_ALAW_SAMPLE.__getitem__, data))
    if sys.byteorder == "big":  # pragma: no cover - a WAV is little-endian
        samples.byteswap()
    return samples.tobytes()


def _pcm_peak(chunk: bytes) -> int:
    samples = array("h", chunk[: len(chunk) & ~1])
    if sys.byteorder == "big":  # pragma: no cover - a WAV is little-endian
        samples.byteswap()
    if not samples:
        return 0
    highest, lowest = max(samples), min(samples)
    return max(highest, -lowest)


def _alaw_peak(chunk: bytes) -> int:
    return _ALAW_AMPLITUDE[max(chunk.translate(_ALAW_RANK))] if chunk else 0


_PEAKS: Final[dict[Codec, Callable[[bytes], int]]] = {Codec.PCM16: _pcm_peak, Codec.ALAW: _alaw_peak}


def listen(header: WavHeader, slices: Iterable[bytes], silence_max_peak: int, enough_ms: int | None = None) -> Loudness:
    """How loud the audio is, given as consecutive slices of ``header.slice_bytes``.

    A slice whose loudest sample is above the threshold counts as voice, wherever in the slice it lies. With ``enough_ms`` the
    listening stops as soon as so much voice was found: a call is proved by its first words, not by reading an hour of it.
    """
    peak_of = _PEAKS[header.codec]
    loudest = voiced = 0
    for chunk in slices:
        peak = peak_of(chunk)
        loudest = max(loudest, peak)
        if peak > silence_max_peak:
            voiced += 1
            if enough_ms is not None and voiced * SLICE_MS >= enough_ms:
                break
    return Loudness(loudest, SLICE_MS * voiced)
