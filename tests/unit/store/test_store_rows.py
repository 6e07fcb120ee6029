"""Rows and journeys: as many values as columns, exact in both directions, and text that a database can hold."""

import pytest
from sqlalchemy import Table

from cti.journey import Journey, Leg, Outcome, Quality, Recording, Stage, State
from cti.journey.events import CallArrived, OfferEnd, RouteSource, TransferVia
from cti.journey.ledger import Entry, Promise
from cti.journey.model import Anomaly, StageEnd
from cti.store import rows
from cti.store import tables as t

LEG = Leg(agent="arm01", leg="1.2", offered_at=3, answered_at=4, joined_at=5, ended_at=6, how=OfferEnd.CANCELLED)
STAGE = Stage(
    filiere="n1",
    entered_at=2,
    source=RouteSource.DEBORDEMENT,
    motif="débordé",
    priority=3,
    legs=(LEG, Leg(agent="arm02", leg="1.3")),
    answered_at=4,
    agent="arm01",
    joined_at=5,
    left_at=9,
    end=StageEnd.TRANSFERRED,
    via=TransferVia.TOUCHE,
    accompanied=TransferVia.API,
)
RECORDING = Recording(stem="a/b", started_at=1, checked_at=20, caller_ms=9, agents_ms=None, bytes=2**40, problem="voie muette")
ANOMALY = Anomaly(at=7, kind="k", detail="« d »")
FULL = Journey(
    call_id="c1",
    state=State.ENDED,
    t0=1,
    channel="1.1",
    did="15",
    flux="15",
    caller=None,
    public=False,
    test=True,
    priority=4,
    greeting_started_at=1,
    greeting_ended_at=2,
    stages=(STAGE, Stage(filiere="mru", entered_at=9)),
    route=("mg", RouteSource.SECOURS, "", 0),
    answered_at=4,
    answered_by="arm01",
    joined_at=5,
    ended_at=10,
    cause=16,
    recordings=(RECORDING, RECORDING),
    dossier_id="d",
    dossier_ref="2026-350-0000001",
    anomalies=(ANOMALY, ANOMALY),
    silent=True,
    quality=Quality.UNCERTAIN,
    last_at=20,
)


def _rebuilt(journey: Journey) -> Journey:
    call_id = journey.call_id
    return rows.rebuild(
        rows.call_row(journey),
        [rows.stage_row(call_id, n, stage) for n, stage in enumerate(journey.stages)],
        [rows.leg_row(call_id, n, m, leg) for n, stage in enumerate(journey.stages) for m, leg in enumerate(stage.legs)],
        [rows.recording_row(call_id, n, recording) for n, recording in enumerate(journey.recordings)],
        [rows.anomaly_row(call_id, n, anomaly) for n, anomaly in enumerate(journey.anomalies)],
    )


@pytest.mark.parametrize("journey", [FULL, Journey(call_id="c2")], ids=["everything", "nothing"])
def test_journey_comes_back_exactly(journey: Journey) -> None:
    again = _rebuilt(journey)
    assert again == journey
    # repr also tells a word from the enum's member and True from 1.
    assert repr(again) == repr(journey)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (t.call, rows.call_row(FULL)),
        (t.stage, rows.stage_row("c1", 0, STAGE)),
        (t.leg, rows.leg_row("c1", 0, 0, LEG)),
        (t.recording, rows.recording_row("c1", 0, RECORDING)),
        (t.anomaly, rows.anomaly_row("c1", 0, ANOMALY)),
        (t.outbox, rows.promise_row(Promise("c1", "r", "k", 1, 2), None)),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
def test_row_has_a_value_for_each_column_of_its_kind(table: Table, row: rows.Row) -> None:
    for column, value in zip(table.columns, row, strict=True):
        assert (value is None and column.nullable) or type(value) is column.type.python_type, column.name


def test_event_row_lacks_only_the_number_that_the_database_gives() -> None:
    event = CallArrived(call_id="c1", at=1, channel="1.1", did="15", flux="15", caller=None)
    row = rows.event_row(Entry(event, "s", 2, 3))
    assert row[:3] == ("c1", 1, "CallArrived")
    assert row[4:] == ("s", 2, 3)
    assert len(row) == len(t.event.columns) - 1


def test_columns_read_off_the_journey() -> None:
    row = dict(zip(t.call.columns.keys(), rows.call_row(FULL), strict=True))
    assert row["outcome"] == Outcome.TEST.value
    assert (row["abandon_phase"], row["wait_ms"], row["lost_waiting"]) == (None, 0, None)


def test_text_that_no_database_takes_is_shown_by_the_replacement_character() -> None:
    assert rows.storable(("a\0b", "x\ud800y\udfffz", "é😀", None, 3, True)) == ("a�b", "x�y�z", "é😀", None, 3, True)
