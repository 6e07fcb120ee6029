from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.dossier.refs import ID_DOSSIER_MAX, BadRef, DossierRef


def test_the_number_reads_year_day_rank() -> None:
    assert str(DossierRef.of(date(2026, 12, 16), 1234)) == "2026-350-0001234"


def test_the_last_day_of_a_leap_year_is_366() -> None:
    assert str(DossierRef.of(date(2028, 12, 31), 1)) == "2028-366-0000001"


@given(st.dates(), st.integers(min_value=1, max_value=10**16 - 1))
def test_a_number_reads_back(day: date, sequence: int) -> None:
    ref = DossierRef.of(day, sequence)
    assert DossierRef.parse(str(ref)) == ref
    assert ref.local_day == day
    assert len(str(ref)) <= ID_DOSSIER_MAX


@given(
    st.tuples(st.integers(2000, 2100), st.integers(1, 365), st.integers(1, 9_999_999)),
    st.tuples(st.integers(2000, 2100), st.integers(1, 365), st.integers(1, 9_999_999)),
)
def test_numbers_sort_as_text(one: tuple[int, int, int], two: tuple[int, int, int]) -> None:
    first, second = DossierRef(*one), DossierRef(*two)
    assert (first < second) == (str(first) < str(second))


@given(st.text() | st.from_regex(r"\A[0-9]{4}-[0-9]{3}-[0-9]{7,9}\Z"))
def test_a_text_is_read_to_the_letter_or_refused(text: str) -> None:
    try:
        ref = DossierRef.parse(text)
    except BadRef:
        return
    assert str(ref) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not written"),
        ("2026-350-123", "written"),
        ("2026-350-00001234", "written"),
        ("2026-350-0001234 ", "written"),
        ("2026-350-٠٠٠١٢٣٤", "written"),
        ("2026-366-0000001", "day 366 is not between 1 and 365"),
        ("2026-000-0000001", "day 0"),
        ("0000-001-0000001", "year 0"),
        ("2026-001-0000000", "sequence 0"),
    ],
)
def test_what_is_no_number_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadRef, match=why):
        DossierRef.parse(text)
