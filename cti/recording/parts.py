"""Parts of one voice on the recorder's disk, read while the PBX may still write it.

A file tells its size when it is closed, and one that was reopened (the recorder goes on in the same file after a transfer) tells
that of its first part until then. So what lies after the header is sound, whatever the header says of its length.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cti.recording.wav import HEAD_BYTES, HEADER_BYTES, BadWav, Codec, as_pcm, read_header


@dataclass(frozen=True, slots=True)
class Lying:
    """One voice as it lies there now."""

    path: Path
    codec: Codec
    rate: int
    data_at: int  #: where the sound begins (bytes)
    samples: int

    def read(self, first: int, count: int) -> bytes:
        """So many samples from this one on as PCM 16 bit, little-endian; fewer at the end.

        Raises:
            FileNotFoundError: it is gone since.
            OSError: the disk is out of reach.
        """
        width = 2 if self.codec is Codec.PCM16 else 1
        with self.path.open("rb") as stream:
            stream.seek(self.data_at + first * width)
            return as_pcm(self.codec, stream.read(max(0, min(count, self.samples - first)) * width))


def lying(path: Path) -> Lying | None:
    """What lies there; None when there is no file, or not yet a header in it.

    Raises:
        BadWav: it is no sound that we read.
        OSError: the disk is out of reach.
    """
    try:
        with path.open("rb") as stream:
            head, size = stream.read(HEAD_BYTES), os.fstat(stream.fileno()).st_size
    except FileNotFoundError:
        return None
    if size < HEADER_BYTES:
        return None
    header = read_header(head, size)
    if header.channels != 1:
        raise BadWav(f"{header.channels} voies dans un seul fichier")
    return Lying(path, header.codec, header.rate, header.data_at, (size - header.data_at) // header.frame_bytes)
