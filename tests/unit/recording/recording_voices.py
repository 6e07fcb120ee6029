"""WAV files as Asterisk writes them and as accidents leave them, and calls told by their events."""

import math
import struct
from array import array
from pathlib import Path

from cti.journey import CallEvent, Journey, apply
from cti.journey import events as ev

CALL = "5e1f7c1e-60cd-4d0b-b6a0-6b5ac9b8f0aa"
#: 2026-12-16T08:00:00Z
T0 = 1_797_408_000_000_000
S = 1_000_000


def tone(ms: int, *, rate: int = 8000, amplitude: int = 8000, hertz: int = 440) -> bytes:
    """PCM 16 bit of a sine."""
    count = rate * ms // 1000
    return array("h", (int(amplitude * math.sin(2 * math.pi * hertz * n / rate)) for n in range(count))).tobytes()


def silence(ms: int, *, rate: int = 8000) -> bytes:
    """PCM 16 bit of what the PBX inserts when no packet came."""
    return bytes(rate * ms // 1000 * 2)


def alaw(pcm: bytes) -> bytes:
    """PCM 16 bit to A-law, by the definition of ITU-T G.711 (13 bit, segments)."""
    out = bytearray()
    for sample in array("h", pcm):
        sign = 0x80 if sample >= 0 else 0
        level = min((sample if sample >= 0 else -sample - 1) >> 3, 0xFFF)
        segment = max(0, level.bit_length() - 5)
        mantissa = (level >> 1 if segment < 2 else level >> segment) & 0x0F
        out.append((sign | segment << 4 | mantissa) ^ 0x55)
    return bytes(out)


def wav(
    audio: bytes, *, rate: int = 8000, codec: int = 1, channels: int = 1, declared: int | None = None, extra: bytes = b""
) -> bytes:
    """A file with the header of format_wav.c; ``declared`` is what the header promises, when it is not the truth."""
    width = 2 if codec == 1 else 1
    size = len(audio) if declared is None else declared
    form = struct.pack("<HHIIHH", codec, channels, rate, rate * width * channels, width * channels, 8 * width)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(extra) + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + extra
        + b"data"
        + struct.pack("<I", size)
        + audio
    )


def put(root: Path, stem: str, *, caller: bytes | None, agents: bytes | None) -> str:
    """Lay the two files of a stem down; the absolute stem."""
    for suffix, content in (("caller", caller), ("agents", agents)):
        if content is not None:
            (root / f"{stem}-{suffix}.wav").write_bytes(content)
    return str(root / stem)


def call(
    *stems: str,
    talks: tuple[tuple[int, int], ...] = ((10, 20),),
    ended: int = 20,
    recording_at: tuple[int, ...] = (1,),
    flux: str = "15",
    test: bool = False,
    end: bool = True,
) -> Journey:
    """A call from T0; talks and instants in seconds after it. Each talk is one stage, answered by ``arm01``, ``arm02``..."""
    story: list[CallEvent] = [
        ev.CallArrived(call_id=CALL, at=T0, channel="1.1", did=flux, flux=flux, caller="+33612345678", test=test)
    ]
    story += [ev.RecordingStarted(call_id=CALL, at=T0 + at * S, stem=stem) for stem, at in zip(stems, recording_at, strict=True)]
    for index, (since, until) in enumerate(talks, 1):
        leg, agent = f"1.{index + 1}", f"arm{index:02d}"
        entered = T0 + (since - 1) * S
        story += [
            ev.QueueEntered(call_id=CALL, at=entered, filiere="n1"),
            ev.AgentOffered(call_id=CALL, at=entered, filiere="n1", agent=agent, leg=leg),
            ev.AgentAnswered(call_id=CALL, at=T0 + since * S, agent=agent, leg=leg),
        ]
        if end or index < len(talks):
            story.append(ev.AgentLeft(call_id=CALL, at=T0 + until * S, agent=agent, leg=leg))
    if end:
        story.append(ev.CallEnded(call_id=CALL, at=T0 + ended * S))
    journey = Journey(call_id=CALL)
    for event in sorted(story, key=lambda each: each.at):
        journey, _ = apply(journey, event)
    return journey
