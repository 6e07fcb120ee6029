"""CEL that lost rows: what nobody can vouch for is uncertain, and never a wrong outcome told as if it were known.

A disk that was full, a log that was rotated, a PBX that died: rows are missing here one by one, in stretches and at random. What
nobody can notice is stated in ``cti.ami.translate.wholeness``: a phone that rang in vain and left no row at all (queue_log has
it), a whole call, music.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.ami.translate import Translator
from cti.ami.translate.cel import CelRow
from cti.journey import Journey
from cti.journey.events import OfferEnd
from cti.journey.events.placed import Direction
from cti.journey.model import Quality
from tests.scenarios.reading import Folded, caught_up, cel, fold, session, shown_after, stamp
from tests.scenarios.repertoire import STORIES
from tests.scenarios.test_scenarios import CEL_TAKES_FOR_RINGING, SNAPSHOT_US, blind

names = pytest.mark.parametrize("name", sorted(STORIES))
#: Rows that say nothing of calls.
_BESIDE = frozenset({"STREAM_BEGIN", "STREAM_END", "DTMF", "LINKEDID_END"})
#: The channel by which our dialplan joins two people says one thing (``SAS_JONCTION``), and its own life says nothing of calls.
#: Nor does that of the one which looks after rooms.
_NOBODY_S = ("Local/joindre@sas-jonction", "Local/guet@sas-veille")


def issue(journey: Journey) -> tuple[Any, ...]:
    return journey.outcome, journey.answered_by, journey.abandon_phase, journey.lost_waiting


def _apart(row: CelRow) -> bool:
    """Written by the phone that answered a consultation, or by the request for one, and numbered by nobody."""
    return row.kind == "SAS_RECORDING" and row.ours is not None and row.ours[1] < 0


def check(where: str, told: Mapping[str, Journey], whole: Mapping[str, Journey]) -> None:
    """What is vouched for is true; what is not is said to be so, on the call."""
    for call_id, journey in told.items():
        if journey.quality is Quality.UNCERTAIN:
            assert {note.kind for note in journey.anomalies} & {"observation_lost", "unexpected"}, where
            continue
        if journey.flux in ("POSTE", "SORTANT") and call_id not in whole:  # dialled for a caller of whom next to nothing is known
            assert any(c not in told or told[c].quality is Quality.UNCERTAIN for c in whole), where
            continue
        assert call_id in whole, f"{where}: invented {journey}"
        if CEL_TAKES_FOR_RINGING not in where:
            assert issue(journey) == issue(whole[call_id]), where


@names
def test_one_row_missing(name: str) -> None:
    rows, whole = cel(name), fold(session(name)).journeys
    for missing, row in enumerate(rows):
        told = blind(name, rows[:missing] + rows[missing + 1 :])
        check(f"{name} without row {missing} {row.kind} of {row.channel}", told, whole)
        if row.kind not in _BESIDE and not (row.channel.startswith(_NOBODY_S) and row.ours is None):
            doubtful = [j for j in told.values() if j.quality is Quality.UNCERTAIN]
            assert doubtful or row.kind in NOT_NOTICED, f"{name} without row {missing} {row.kind} of {row.channel}"


#: What other rows say too.
NOT_NOTICED = frozenset({"BLINDTRANSFER", "ATTENDEDTRANSFER", "ANSWER", "CHAN_START", "SAS_UNREACHED"})


#: Stories with a consultation of which only another channel than the caller's writes that it is recorded.
_CONSULTING = sorted(name for name in STORIES if any(_apart(row) for row in cel(name)))


@pytest.mark.parametrize("name", _CONSULTING)
def test_a_consultation_whose_recording_is_not_written_is_a_doubt_on_its_call(name: str) -> None:
    """Nobody numbers that row; what is there besides it tells that it must be there."""
    rows = cel(name)
    for missing, row in enumerate(rows):
        if _apart(row):
            told = blind(name, rows[:missing] + rows[missing + 1 :])
            doubtful = [j for j in told.values() if j.quality is Quality.UNCERTAIN]
            reasons = {note.detail for j in doubtful for note in j.anomalies if note.kind == "observation_lost"}
            assert any("enregistrement de la consultation non écrit" in reason for reason in reasons), (row, reasons)


def test_a_post_that_refuses_is_busy_whichever_thread_writes_first() -> None:
    """The caller's row says that the post was busy; the row of its phone's hang-up is another thread's, and may come after it."""
    name = "consult_of_a_post_completed_and_refused"
    rows = cel(name)
    (said,) = (row for row in rows if row.kind == "SAS_QUEUE_END")
    (hung_up,) = (row for row in rows if row.kind == "HANGUP" and row.channel.startswith("PJSIP/mru01-"))
    others = [row for row in rows if row is not said]
    told = blind(name, sorted([*others, replace(said, at=hung_up.at - 1)], key=lambda row: row.at))
    (journey,) = (one for one in told.values() if one.direction is Direction.ENTRANT and one.flux != "POSTE")
    ends = [leg.how for stage in journey.stages for leg in stage.legs if leg.agent == "mru01"]
    assert ends == [OfferEnd.BUSY]


@names
@pytest.mark.parametrize("length", [2, 5, 12])
def test_a_stretch_of_rows_missing(name: str, length: int) -> None:
    rows, whole = cel(name), fold(session(name)).journeys
    for first in range(len(rows) - length):
        check(f"{name} without rows {first} to {first + length}", blind(name, rows[:first] + rows[first + length :]), whole)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_rows_missing_while_we_were_blind(data: st.DataObject) -> None:
    """Cut at any frame, back at any other, and any rows of CEL gone."""
    name = data.draw(st.sampled_from(sorted(STORIES)), "story")
    records, rows, whole = session(name), cel(name), fold(session(name)).journeys
    cut = data.draw(st.integers(1, len(records) - 1), "cut")
    back = data.draw(st.integers(cut, len(records) - 1), "back")
    missing = data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=12), "missing")
    told = watched(name, cut, back, missing)
    check(f"{name} blind for frames {cut} to {back} without rows {sorted(missing)}", told.journeys, whole)


def watched(name: str, cut: int, back: int, missing: Collection[int]) -> Folded:
    """Live up to `cut`, told by a damaged CEL up to `back`, then live again."""
    records, rows = session(name), [row for number, row in enumerate(cel(name)) if number not in missing]
    held = fold(records[:cut])
    until = stamp(records[back - 1]) + SNAPSHOT_US
    shown = shown_after(record for record in records if stamp(record) <= until)
    caught = caught_up(name, held, stamp(records[cut - 1]), until, shown, rows)
    held.take(caught.events)
    translator = Translator()
    translator.book = caught.book
    for record in records[back:]:
        held.take(translator.read(record.frame()))
    return held
