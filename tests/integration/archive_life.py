"""One life of an archive worker, in a process of its own, to be killed at any instant."""

from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

from cti.archive.stores import open_shelf
from cti.archive.worker import pieces_of
from cti.journey import Journey
from cti.store import open_store
from tests.unit.archive.voices_kept import House, answered


def call_of(stem: str) -> Journey:
    """Each recording has a call of its own."""
    return replace(answered(stem, seconds=1), call_id=stem.rpartition("/")[2])


def stems(folder: Path) -> list[str]:
    """The recordings that were ever made, in order."""
    return (folder / "stems").read_text(encoding="ascii").split()


def live(folder: Path, at_work: Event) -> None:
    """Take every piece that there is."""
    store = open_store(f"sqlite:///{folder}/cti.db")
    house = House(folder, store, open_shelf(str(folder / "archive")))
    archiver = house.archiver()
    at_work.set()
    for stem in stems(folder):
        journey = call_of(stem)
        archiver.take(journey, pieces_of(journey)[0])
    store.close()
