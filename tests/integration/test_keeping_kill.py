"""A purge that is killed with SIGKILL at any of its acts: the next one goes on, and every destruction has one record."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from cti.archive.keeping.chain import first_broken
from cti.archive.keeping.disposal import Disposal
from cti.archive.keeping.office import Classing, Office
from cti.archive.stores import open_shelf
from cti.bootstrap.retention.disposing import ShelfObjects, sealings_of
from cti.journey.around.voice import VoiceState
from cti.store import Store, open_store
from tests.unit.archive.keeping_house import PARIS, RULES, T0, piece, years_later

HOUSE = Path(__file__).parents[2]
PIECES = 4
#: For each piece: mark (2 acts), two names of two sealings each removed and asked for (8), record (2); one more to read the list.
ACTS = PIECES * 12


def made(folder: Path) -> None:
    """An archive whose every piece is past its time, and a proposal approved."""
    store, shelf = open_store(f"sqlite:///{folder}/cti.db"), open_shelf(str(folder / "archive"))
    try:
        for number in range(PIECES):
            store.pieces.save(piece(number), T0)
            for ending in (".flac.age", ".json.age", ".manifest.json"):
                shelf.put(f"2026/12/16/p{number}{ending}", b"scelle")
        disposal = disposal_of(store, folder)
        Office(store.keeping, Classing(RULES, PARIS), lambda: T0, lambda name: name).settle()
        proposal, _ = disposal.propose(by="Anne", reason="délai", at_most=PIECES)
        disposal.approve(proposal.number, by="Benoît", visa="V")
    finally:
        store.close()


def disposal_of(store: Store, folder: Path, deaths: int = -1) -> Disposal:
    """The disposal of that folder; after so many acts the process is killed."""
    left = deaths

    def act() -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    class Objects(ShelfObjects):
        def delete(self, key: str) -> None:
            act()
            super().delete(key)

        def exists(self, key: str) -> bool:
            act()
            return super().exists(key)

    class Register:
        reading = store.keeping.reading

        @contextmanager
        def alone(self):  # type: ignore[no-untyped-def]
            act()
            with store.keeping.alone() as book:
                yield book
                act()  # everything is said, nothing is committed

    register = Register() if deaths >= 0 else store.keeping
    shelf = Objects(open_shelf(str(folder / "archive")))
    return Disposal(register, Classing(RULES, PARIS), shelf, sealings_of, lambda: years_later(21), lambda name: name)  # type: ignore[arg-type]


def purge(folder: Path, deaths: int) -> int:
    """Execute in a process of its own; what it ended with."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.test_keeping_kill", str(folder), str(deaths)],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.mark.parametrize("deaths", [0, 1, 2, 3, 5, 9, 10, 11, 13, 23, 34, 46])
def test_killed_anywhere_the_next_purge_ends_it(tmp_path: Path, deaths: int) -> None:
    made(tmp_path)
    assert purge(tmp_path, deaths) == -signal.SIGKILL
    store = open_store(f"sqlite:///{tmp_path}/cti.db")
    try:
        with store.keeping.reading() as book:
            recorded = {entry.piece_id for entry in book.entries()}
            assert first_broken(book.entries()) is None
        for one in store.pieces.all():
            assert (one.state is VoiceState.DESTROYED) is (one.piece_id in recorded)
            assert one.piece_id not in recorded or not (tmp_path / f"archive/2026/12/16/{one.piece_id}.flac.age").exists()
        fates = list(disposal_of(store, tmp_path).execute(1, by="Denis"))
        assert len(fates) == PIECES - len(recorded)
        with store.keeping.reading() as book:
            assert [entry.number for entry in book.entries()] == list(range(1, PIECES + 1))
            assert first_broken(book.entries()) is None
        assert {one.state for one in store.pieces.all()} == {VoiceState.DESTROYED}
    finally:
        store.close()
    lying = sorted(path.name for path in (tmp_path / "archive").rglob("*") if path.is_file())
    assert lying == [f"p{number}.manifest.json" for number in range(PIECES)]


def test_unkilled_it_makes_the_acts_that_are_counted_here(tmp_path: Path) -> None:
    made(tmp_path)
    assert purge(tmp_path, ACTS) == 0


if __name__ == "__main__":
    opened = open_store(f"sqlite:///{sys.argv[1]}/cti.db")
    list(disposal_of(opened, Path(sys.argv[1]), int(sys.argv[2])).execute(1, by="Denis"))
