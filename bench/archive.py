"""The archive worker beside `flac` alone, on the same files: hours of audio per core-hour; verification beside `sha256sum`.

Ours does every step: reads, checks, joins, compresses, seals for three, writes with fsync, reads back, writes rows, removes the
plain files. The rival compresses the two mono files and does nothing else. Both are told in CPU time of one core.
"""

import asyncio
import resource
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from bench.figures import Figure
from cti.archive.sealing.keys import Sealer, read_identity, write_identity
from cti.archive.stores import open_shelf
from cti.archive.verify import verify
from cti.archive.worker import Archiver, pieces_of
from cti.bootstrap.clock import now
from cti.bootstrap.keeping.disk import RecorderDisk
from cti.journey import Journey, Recording
from cti.journey.model import Stage
from cti.recording.policy import RecordingSettings
from cti.store import open_store

_CALLS, _SECONDS, _RATE, _ROUNDS = 10, 180, 8_000, 3
_T0 = 1_797_411_600_000_000


async def run() -> list[Figure]:
    """Make the calls, archive them, compress them; three times turn about."""
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        return await asyncio.to_thread(_measure, Path(made))


def _measure(folder: Path) -> list[Figure]:
    masters = folder / "masters"
    masters.mkdir()
    for number in range(_CALLS):
        for side in (0, 1):
            _write(masters / f"{number:04d}-{'caller' if side == 0 else 'agents'}.wav", _speech(number * 2 + side))
    hours = _CALLS * _SECONDS / 3600
    flac = shutil.which("flac")
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(_ROUNDS):
        ours.append(_archived(folder / f"turn{turn}", masters))
        if flac is not None:
            theirs.append(_compressed(flac, folder / f"flac{turn}", masters))
    own, rival = sorted(ours)[len(ours) // 2], sorted(theirs)[len(theirs) // 2] if theirs else 0.0
    absent = () if flac else ("no command `flac` on the PATH (Debian package flac): no rival",)
    throughput = Figure(
        bench="archive",
        what="hours of calls archived per core-hour, all steps",
        ours=hours / (own / 3600),
        unit="h/h",
        rival=hours / (rival / 3600) if rival else 0.0,
        against="flac alone, same files",
        ratio=rival / own if rival else 0.0,
        goal=">= 0.6" if flac else "",
        remarks=absent,
        detail={"ours_cpu_seconds": ours, "flac_cpu_seconds": theirs},
    )
    return [throughput, _verified(folder / "turn0"), _stored(folder / "turn0", masters, folder)]


def _archived(folder: Path, masters: Path) -> float:
    """CPU seconds of archiving every call."""
    disk = folder / "voix"
    shutil.copytree(masters, disk)
    settings = RecordingSettings(root=str(disk))
    own = write_identity(folder / "own.key", "bench")
    others = [write_identity(folder / f"{name}.key", "bench") for name in ("secours", "autre")]
    store = open_store(f"sqlite:///{folder}/cti.db")
    archiver = Archiver(
        store.pieces,
        RecorderDisk(disk, settings, 0, now),
        open_shelf(str(folder / "archive")),
        Sealer([own, *others]),
        read_identity(folder / "own.key"),
        now,
    )
    with _cpu(resource.RUSAGE_SELF) as spent:
        for number in range(_CALLS):
            journey = _journey(number)
            for piece in pieces_of(journey):
                archiver.take(journey, piece)
    assert list(disk.iterdir()) == [], "every plain file is gone"
    store.close()
    return spent[0]


def _compressed(flac: str, folder: Path, masters: Path) -> float:
    folder.mkdir()
    files = sorted(masters.iterdir())
    with _cpu(resource.RUSAGE_CHILDREN) as spent:
        for file in files:
            subprocess.run([flac, "--silent", "-5", "-o", str(folder / f"{file.stem}.flac"), str(file)], check=True)
    return spent[0]


def _verified(folder: Path) -> Figure:
    store = open_store(f"sqlite:///{folder}/cti.db")
    objects = [path for path in (folder / "archive").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in objects)
    sum_of = ["sha256sum", *map(str, objects)]
    subprocess.run(sum_of, check=True, stdout=subprocess.DEVNULL)  # both find the files in memory
    began = time.monotonic()
    for _ in range(_ROUNDS):
        found = list(verify(store.pieces.all(), open_shelf(str(folder / "archive"))))
    ours = (time.monotonic() - began) / _ROUNDS
    began = time.monotonic()
    for _ in range(_ROUNDS):
        subprocess.run(sum_of, check=True, stdout=subprocess.DEVNULL)
    rival = (time.monotonic() - began) / _ROUNDS
    store.close()
    assert found == []
    return Figure(
        bench="archive",
        what="verification, every object against its manifest and its row",
        ours=size / ours / 1e6,
        unit="MB/s",
        rival=size / rival / 1e6,
        against="sha256sum of the same files",
        ratio=rival / ours,
    )


def _stored(folder: Path, masters: Path, room: Path) -> Figure:
    hours = _CALLS * _SECONDS / 3600
    wav = sum(path.stat().st_size for path in masters.iterdir()) / hours / 1e6
    kept = sum(path.stat().st_size for path in (folder / "archive").rglob("*") if path.is_file()) / hours / 1e6
    opus = room / "stereo.opus"
    both = np.column_stack([soundfile.read(masters / f"0000-{side}.wav", dtype="int16")[0] for side in ("caller", "agents")])
    soundfile.write(opus, both, _RATE, format="OGG", subtype="OPUS")
    lossy = opus.stat().st_size / (_SECONDS / 3600) / 1e6
    remark = f"Opus (lossy, libsndfile's default rate, stereo): {lossy:.1f} MB/h"
    return Figure(
        bench="archive",
        what="storage of one hour of call, sealed, with timeline and manifest",
        ours=kept,
        unit="MB/h",
        rival=wav,
        against="the two WAV files",
        ratio=kept / wav,
        remarks=(remark,),
    )


@contextmanager
def _cpu(who: int) -> Iterator[list[float]]:
    spent: list[float] = []
    before = resource.getrusage(who)
    yield spent
    after = resource.getrusage(who)
    spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _journey(number: int) -> Journey:
    end = _T0 + _SECONDS * 1_000_000
    recording = Recording(stem=f"{number:04d}", started_at=_T0, checked_at=end, caller_ms=_SECONDS * 1000)
    stage = Stage(filiere="n1", agent="arm01", entered_at=_T0, answered_at=_T0, joined_at=_T0, left_at=end)
    return Journey(call_id=f"call-{number}", t0=_T0, answered_at=_T0, ended_at=end, stages=(stage,), recordings=(recording,))


def _speech(seed: int) -> np.ndarray:
    """Something like a telephone voice: coloured noise in syllables and pauses, in the steps of A-law."""
    draw = np.random.default_rng(seed)
    length = _SECONDS * _RATE
    noise = draw.standard_normal(length)
    voice = np.convolve(noise, np.exp(-np.arange(24) / 5.0) * np.cos(np.arange(24) * 0.45), mode="same")
    syllables = np.repeat(draw.gamma(1.2, 1.0, length // 1_600 + 1), 1_600)[:length]
    turns = np.repeat(draw.random(length // 16_000 + 1) < 0.5, 16_000)[:length]
    linear = np.clip(voice * syllables * turns * 1_200, -32_000, 32_000)
    sign, size = np.sign(linear), np.abs(linear)
    step = 2 ** np.maximum(4, np.floor(np.log2(np.maximum(size, 1))) - 4)
    return (sign * (np.floor(size / step) + 0.5) * step).astype("<i2")


def _write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes(samples.tobytes())
