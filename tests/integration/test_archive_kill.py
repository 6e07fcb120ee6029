"""Kill -9 of the archive worker at fifty random instants: nothing lost, no half piece visible, no plain audio left behind."""

import multiprocessing
import os
import random
import signal
from pathlib import Path
from uuid import UUID

import pytest

from cti.archive.sealing.manifest import MANIFEST, names, read_manifest
from cti.archive.sealing.voices import from_flac
from cti.archive.stores import open_shelf
from cti.archive.verify import verify
from cti.journey.around.voice import VoiceState
from tests.integration.archive_life import live
from tests.unit.archive.voices_kept import House, house, tone, wav

pytestmark = pytest.mark.timeout(280)

LIVES = 50
#: Pieces that are added before each life: more than it can take before it dies.
ADDED = 4


def test_fifty_deaths_lose_nothing_and_leave_nothing_in_clear(tmp_path: Path) -> None:
    draw = random.Random(4)
    folder = tmp_path / "house"
    made = house(folder, open_shelf(str(folder / "archive")))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.archive_life"])
    caller, agents = tone(1000, 440), tone(1000, 600)
    stems: list[str] = []
    unfinished = 0
    try:
        for _ in range(LIVES):
            for _ in range(ADDED):
                stems.append(f"2026/12/16/{UUID(int=draw.getrandbits(128))}")
                made.record(stems[-1], caller=wav(caller), agents=wav(agents))
            (folder / "stems").write_text("\n".join(stems), encoding="ascii")
            at_work = context.Event()
            process = context.Process(target=live, args=(folder, at_work))
            process.start()
            assert at_work.wait(60)
            process.join(draw.uniform(0.0, 0.05))  # the instant of its death
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            unfinished += process.exitcode == -signal.SIGKILL
            _nothing_lost(made, stems)
        assert unfinished >= LIVES // 2, "most lives were cut short"
        spoken = context.Event()
        last = context.Process(target=live, args=(folder, spoken))
        last.start()
        last.join()
        assert last.exitcode == 0
        _all_archived(made, stems, caller, agents)
    finally:
        made.store.close()


def _nothing_lost(made: House, stems: list[str]) -> None:
    """Each voice lies whole in clear, or its row says archived; whatever has a manifest is whole."""
    lying = set(made.plain())
    for stem in stems:
        name = stem.rpartition("/")[2]
        piece = made.store.pieces.find(name)
        if piece is None or piece.state is not VoiceState.ARCHIVED:
            assert {f"{name}-caller.wav", f"{name}-agents.wav"} <= lying, stem
    assert list(verify(made.store.pieces.all(), made.shelf)) == []
    for one in made.objects():
        if one.name.endswith(MANIFEST):
            sealed = read_manifest(made.shelf.get(one.name) or b"").sealed
            assert made.opener(made.shelf.get(names(sealed.key)[0]) or b"")[:4] == b"fLaC"
    for path in made.folder.rglob("*"):
        if path.is_file() and not path.is_relative_to(made.disk):
            assert path.read_bytes()[:4] not in (b"RIFF", b"fLaC"), f"{path} is in clear"


def _all_archived(made: House, stems: list[str], caller: bytes, agents: bytes) -> None:
    assert made.plain() == []
    pieces = made.store.pieces.all()
    assert sorted(piece.stem for piece in pieces) == sorted(stems)
    assert {piece.state for piece in pieces} == {VoiceState.ARCHIVED}
    assert made.store.pieces.counts()["plain"] == 0
    assert list(verify(pieces, made.shelf, made.offline)) == []
    assert len(made.objects()) == 3 * len(stems), "no object too many"
    for piece in pieces:
        assert piece.sealed is not None
        pcm, _ = from_flac(made.offline(made.shelf.get(names(piece.sealed.key)[0]) or b""))
        assert (pcm[:, 0].astype("<i2").tobytes(), pcm[:, 1].astype("<i2").tobytes()) == (caller, agents)
