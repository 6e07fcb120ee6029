"""A site of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.exporting.handing_house import OTHER, STEM, Site
from tests.unit.exporting.handing_house import site as new_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = new_site(tmp_path)
    made.call(STEM, dossier="31-26-0001")
    made.call(OTHER, dossier="31-26-0001")
    yield made
    made.store.close()
