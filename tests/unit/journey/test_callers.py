"""A number as a trunk may have written it."""

import pytest

from cti.journey.around.callers import spellings


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("0612345678", ("0612345678", "+33612345678", "0033612345678", "33612345678")),
        ("+41791234567", ("+41791234567", "0041791234567")),
        ("1001", ("1001",)),  # a phone of the house, or a short number: one spelling
    ],
)
def test_every_spelling_of_a_number(key: str, written: tuple[str, ...]) -> None:
    assert spellings(key) == written
