"""The chain of destruction records: whole when whole, and the first broken entry by name."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.archive.keeping.chain import BEGINNING, _hash, first_broken, following
from cti.journey.around.keeping import Entry


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, length + 1):
        entries.append(following(entries[-1] if entries else None, f"p{number}", {"visa": f"é{number}", "by": "Anne"}))
    return entries


@given(st.integers(0, 8))
def test_a_whole_chain_is_whole(length: int) -> None:
    entries = chain(length)
    assert first_broken(entries) is None
    for entry in entries:
        assert first_broken(entries, (entry.number, entry.hash)) is None
        assert entry.told["visa"] == f"é{entry.number}"


@given(st.integers(1, 8), st.data())
def test_a_changed_character_is_found_where_it_is(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    at = data.draw(st.integers(0, length - 1))
    name = data.draw(st.sampled_from(["body", "previous", "hash", "piece_id"]))
    text = getattr(entries[at], name)
    place = data.draw(st.integers(0, len(text) - 1))
    entries[at] = replace(entries[at], **{name: text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]})
    broken = first_broken(entries)
    assert broken is not None
    assert broken.number == at + 1


@given(st.integers(2, 8), st.data())
def test_a_removed_record_is_named(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    at = data.draw(st.integers(0, length - 2))
    del entries[at]
    broken = first_broken(entries)
    assert broken is not None
    assert broken.number == at + 1
    assert "manque" in broken.why


@given(st.integers(1, 8), st.data())
def test_a_cut_tail_and_a_chain_written_anew_miss_the_noted_head(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    head = (length, entries[-1].hash)
    kept = data.draw(st.integers(0, length - 1))
    broken = first_broken(entries[:kept], head)
    assert broken is not None
    assert broken.number == kept + 1
    anew: list[Entry] = []
    for entry in entries:
        anew.append(following(anew[-1] if anew else None, entry.piece_id, {"visa": "faux"}))
    broken = first_broken(anew, head)
    assert broken is not None
    assert "réécrite" in broken.why


@pytest.mark.parametrize("body", ["pas du JSON", "[]", '{"piece_id":"p2"}'])
def test_a_record_that_does_not_name_its_piece_is_broken(body: str) -> None:
    broken = first_broken([Entry(1, "p1", body, BEGINNING, _hash(1, BEGINNING, body))])
    assert broken is not None
    assert "ne nomme pas la pièce" in broken.why
