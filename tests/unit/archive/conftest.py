"""An archive of our own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.archive.voices_kept import House, house


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path / "house")
    yield made
    made.store.close()
