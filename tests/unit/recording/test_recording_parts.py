"""Parts of a voice on the disk: what lies there counts, whatever the header says of its length; A-law too."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cti.recording.parts import lying
from cti.recording.wav import BadWav, Codec, as_pcm
from tests.unit.archive.voices_kept import tone, wav


@pytest.mark.parametrize("declared", [None, 0, 1600, 99_999_999])
def test_all_that_lies_there_is_read_by_parts(tmp_path: Path, declared: int | None) -> None:
    path, pcm = tmp_path / "a.wav", tone(1000, 440)
    path.write_bytes(wav(pcm, declared=declared) + b"x")
    one = lying(path)
    assert one is not None
    assert (one.samples, one.rate) == (8000, 8000)
    assert one.read(0, 8000) == pcm
    assert one.read(7_990, 100) == pcm[15_980:]
    assert one.read(123, 10) == pcm[246:266]
    assert one.read(9000, 10) == b""
    path.unlink()
    with pytest.raises(FileNotFoundError):
        one.read(0, 1)


def test_what_is_not_there_yet(tmp_path: Path) -> None:
    assert lying(tmp_path / "absent.wav") is None
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "head.wav").write_bytes(wav(b"")[:40])
    assert lying(tmp_path / "empty.wav") is None
    assert lying(tmp_path / "head.wav") is None
    (tmp_path / "two.wav").write_bytes(wav(b"")[:22] + struct.pack("<H", 2) + wav(bytes(400))[24:])
    (tmp_path / "text.wav").write_bytes(b"not a sound" * 9)
    for name in ("two", "text"):
        with pytest.raises(BadWav):
            lying(tmp_path / f"{name}.wav")


def test_a_law_is_read_as_everybody_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    codes = bytes(range(256))
    form = struct.pack("<HHIIHH", 6, 1, 8000, 8000, 1, 8)
    head = b"RIFF" + struct.pack("<I", 36 + 256) + b"WAVEfmt " + struct.pack("<I", 16)
    path.write_bytes(head + form + b"data" + struct.pack("<I", 256) + codes)
    expected, _ = soundfile.read(path, dtype="int16")
    assert np.array_equal(np.frombuffer(as_pcm(Codec.ALAW, codes), dtype="<i2"), expected)
    one = lying(path)
    assert one is not None
    assert (one.samples, one.read(10, 4)) == (256, expected[10:14].astype("<i2").tobytes())
