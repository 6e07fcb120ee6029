import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_voices import alaw, silence, tone, wav

from cti.recording.wav import BadWav, Closing, Codec, Loudness, WavHeader, listen, read_header


def header(data: bytes, size: int | None = None) -> WavHeader:
    return read_header(data[:4096], len(data) if size is None else size)


def heard(data: bytes, threshold: int = 64) -> Loudness:
    found = header(data)
    audio = data[found.data_at : found.data_at + found.data_bytes]
    step = found.slice_bytes
    return listen(found, (audio[at : at + step] for at in range(0, len(audio), step)), threshold)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_closed_file_tells_its_length(rate: int) -> None:
    found = header(wav(tone(1500, rate=rate), rate=rate))
    assert (found.codec, found.rate, found.channels, found.closing) == (Codec.PCM16, rate, 1, Closing.FINAL)
    assert found.duration_ms == 1500
    assert found.data_at == 44


def test_alaw_takes_half_the_bytes_for_the_same_length() -> None:
    pcm = tone(1500)
    found = header(wav(alaw(pcm), codec=6))
    assert (found.codec, found.duration_ms, found.data_bytes) == (Codec.ALAW, 1500, len(pcm) // 2)


def test_two_channels_share_the_bytes() -> None:
    assert header(wav(tone(2000), channels=2)).duration_ms == 1000


def test_a_zero_header_after_a_crash_is_measured_by_its_size() -> None:
    found = header(wav(tone(1500), declared=0))
    assert (found.closing, found.declared_bytes, found.duration_ms) == (Closing.OPEN, 0, 1500)


def test_a_header_alone_is_closed_and_empty() -> None:
    data = wav(b"")
    assert len(data) == 44
    assert (header(data).closing, header(data).duration_ms) == (Closing.FINAL, 0)
    assert header(data).hollow
    assert not header(wav(tone(100))).hollow


def test_a_header_alone_that_the_pbx_has_not_closed_is_not_hollow() -> None:
    """While it writes, Asterisk's first block has no length: thirty-two thousand octets may wait in its memory."""
    data = bytearray(wav(b""))
    data[4:8] = bytes(4)
    assert not header(bytes(data)).hollow


def test_a_file_cut_short_is_truncated() -> None:
    data = wav(tone(2000))
    found = header(data[: 44 + 16001])
    assert (found.closing, found.declared_bytes, found.data_bytes, found.duration_ms) == (Closing.TRUNCATED, 32000, 16000, 1000)


def test_what_follows_the_audio_is_not_audio() -> None:
    found = header(wav(tone(1000)) + b"LIST\x04\x00\x00\x00abcd")
    assert (found.closing, found.duration_ms) == (Closing.FINAL, 1000)


def test_blocks_before_the_audio_are_stepped_over_odd_ones_too() -> None:
    found = header(wav(tone(1000), extra=b"note\x03\x00\x00\x00abc\x00"))
    assert (found.duration_ms, found.data_at) == (1000, 56)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "pas un fichier WAV"),
        (b"RIFF\0\0\0\0WAVE", "aucun bloc audio"),
        (b"RIFX" + bytes(60), "pas un fichier WAV"),
        (b"RIFF\0\0\0\0AVI " + bytes(60), "pas un fichier WAV"),
        (b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd", "sans description"),
        (b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0\x01\0data\0\0\0\0", "format incomplète"),
        (wav(b"", codec=7), "codage non reconnu .numéro 7, 8 bits"),
        (wav(b"", rate=0), "format impossible : 0 Hz, 1 voie"),
        (wav(b"", channels=0), "format impossible : 8000 Hz, 0 voie"),
        (wav(tone(100))[:40], "aucun bloc audio"),
    ],
)
def test_what_is_no_wav_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadWav, match=why):
        header(data)


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: wav(tone(10))[:36] + tail), st.integers(0, 10**12))
def test_any_bytes_are_read_or_refused(data: bytes, size: int) -> None:
    try:
        found = read_header(data, size)
    except BadWav:
        return
    assert 0 <= found.data_bytes <= max(0, size - found.data_at)
    assert found.data_bytes % found.frame_bytes == 0
    assert found.duration_ms >= 0


@given(st.integers(0, 60_000), st.sampled_from([8000, 16000]), st.integers(1, 2))
def test_length_follows_from_the_samples(samples: int, rate: int, channels: int) -> None:
    data = wav(bytes(samples * 2 * channels), rate=rate, channels=channels)
    assert header(data).duration_ms == samples * 1000 // rate


@given(st.lists(st.integers(-32768, 32767), max_size=3000))
def test_the_peak_is_the_loudest_sample(samples: list[int]) -> None:
    assert heard(wav(array("h", samples).tobytes())).peak == max((abs(sample) for sample in samples), default=0)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=500))
def test_alaw_is_as_loud_as_the_voice_it_was_made_of(samples: list[int]) -> None:
    loudest = max(abs(sample) for sample in samples)
    # A-law keeps one part in thirty-two of a loud sample and sixteen steps of a soft one.
    assert heard(wav(alaw(array("h", samples).tobytes()), codec=6)).peak == pytest.approx(loudest, rel=1 / 32, abs=16)


def test_silence_is_silent_in_both_codecs() -> None:
    assert heard(wav(silence(2000))) == Loudness(0, 0)
    assert heard(wav(alaw(silence(2000)), codec=6)).voice_ms == 0


def test_voice_is_counted_in_tenths_of_a_second() -> None:
    loud = heard(wav(silence(1000) + tone(300) + silence(700)))
    assert (loud.voice_ms, loud.peak) == (300, pytest.approx(8000, rel=0.01))


def test_a_click_is_one_slice_and_the_threshold_itself_is_silence() -> None:
    click = array("h", [0] * 16000)
    click[5000] = -65
    assert heard(wav(click.tobytes())).voice_ms == 100
    click[5000] = -64
    assert heard(wav(click.tobytes())).voice_ms == 0


def test_a_slice_never_shrinks_to_nothing() -> None:
    assert header(wav(b"", rate=5)).slice_bytes == 2


def test_slices_that_end_in_half_a_sample_or_nothing_are_heard_all_the_same() -> None:
    pcm, law = header(wav(b"")), header(wav(b"", codec=6))
    assert listen(pcm, [b"\xff", b""], 64) == Loudness(0, 0)
    assert listen(pcm, [struct.pack("<h", 500) + b"\x01"], 64) == Loudness(500, 100)
    assert listen(law, [b""], 64) == Loudness(0, 0)


def test_listening_stops_once_enough_voice_was_heard() -> None:
    loud, quiet = b"\xff\x7f" * 800, bytes(1600)
    slices = iter([quiet, loud, loud, loud, loud])
    assert listen(header(wav(silence(100))), slices, 64, enough_ms=200).voice_ms == 200
    assert len(list(slices)) == 2, "what comes after is not read"
