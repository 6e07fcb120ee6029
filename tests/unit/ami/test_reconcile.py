"""Our calls beside CEL and queue_log: what is said to differ, and by whom."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_cel_witness import ARRIVED, BORN, CALL, CALLER, LEG, T0, TALKING, left, row

from cti.ami.reconcile import Kind, QueueLogRow, Report, reconcile, rows_between
from cti.ami.reconcile.compare import told_by
from cti.ami.translate.cel import CelRow
from cti.ami.translate.queue_log import parse_row
from cti.journey import Journey
from cti.journey.model import Stage

S = 1_000_000
WHOLE = (*TALKING, row("HANGUP", 5000, LEG), left(5001), row("HANGUP", 5002, hangupcause=16))
MINE = told_by(WHOLE)[0]
CONNECTED = (
    QueueLogRow(T0 + S, CALLER, "sas-n1", "NONE", "ENTERQUEUE"),
    QueueLogRow(T0 + 2 * S, CALLER, "sas-n1", "ARM 01", "CONNECT"),
)


def compared(*ours: Journey, cel: tuple[CelRow, ...] = WHOLE, queue: tuple[QueueLogRow, ...] = CONNECTED) -> Report:
    return reconcile(ours, cel, queue, T0 - S, T0 + 60 * S)


def kinds(found: Report) -> list[Kind]:
    return [difference.kind for difference in found.differences]


def test_witnesses_that_agree() -> None:
    found = compared(MINE)
    assert (found.differences, found.calls, found.witnessed, found.queue_rows) == ((), 1, 1, 2)
    assert found.as_dict()["agrees"] is True


def test_a_call_that_the_pbx_alone_knows() -> None:
    found = compared()
    assert kinds(found) == [Kind.MISSING]
    told = found.as_dict()["differences"][0]
    assert (told["call_id"], told["ours"]) == (CALL, "rien")
    assert "décroché" in told["witnesses"]["cel"]
    assert told["witnesses"]["queue_log"].startswith("ENTERQUEUE sas-n1 ")


def test_a_call_that_the_pbx_did_not_write_down() -> None:
    other = replace(MINE, call_id="u-9", channel="9.0")
    found = compared(MINE, other)
    assert (kinds(found), found.differences[0].call_id) == ([Kind.UNWITNESSED], "u-9")
    assert found.differences[0].witnesses == {"cel": "rien", "queue_log": "rien"}
    earlier = replace(other, t0=T0 - S // 2)
    assert compared(MINE, earlier).differences == (), "CEL begins after it, so CEL has no say"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"answered_at": T0 + 3_001_000}, Kind.ANSWER_INSTANT),
        ({"ended_at": T0 + 7 * S}, Kind.END),
        ({"ended_at": None}, Kind.STILL_OPEN),
        ({"answered_at": None}, Kind.OUTCOME),
        ({"stages": (*MINE.stages, Stage(filiere="mg", entered_at=T0 + 4 * S))}, Kind.STAGE),
        ({"stages": ()}, Kind.STAGE),
    ],
)
def test_each_thing_that_can_differ(change: dict[str, object], kind: Kind) -> None:
    found = compared(replace(MINE, **change))  # type: ignore[arg-type]
    assert kinds(found) == [kind]


def test_within_a_second_is_the_same_moment() -> None:
    near = replace(MINE, answered_at=(MINE.answered_at or 0) + S, ended_at=(MINE.ended_at or 0) - S)
    assert compared(near).differences == ()


def test_a_call_cut_by_the_death_of_the_pbx_has_no_end_there() -> None:
    assert kinds(compared(MINE, cel=TALKING)) == [Kind.END]


def test_the_queue_log_speaks_where_cel_is_silent() -> None:
    """Both miss the décroché; app_queue's own log has it."""
    silent = (BORN, ARRIVED, *(r for r in WHOLE if r.kind in ("SAS_ROUTE", "APP_START", "APP_END") or r.at > T0 + 5 * S))
    mine = replace(MINE, answered_at=None, answered_by=None)
    assert kinds(compared(mine, cel=silent)) == [Kind.OUTCOME]
    assert compared(mine, cel=silent, queue=CONNECTED[:1]).differences == ()


def test_rows_that_the_queue_log_lost_change_no_figure_and_no_verdict() -> None:
    """asterisk#759: its rows are lost at an attended transfer. It is heard where CEL is silent, and believed against nobody."""
    whole, lost = compared(MINE), compared(MINE, queue=CONNECTED[:1])
    assert (whole.differences, lost.differences) == ((), ())
    assert (whole.queue_rows, lost.queue_rows) == (2, 1), "how much of it was there is said"
    assert compared(MINE, queue=()).differences == ()


def test_what_still_moves_is_left_alone() -> None:
    assert reconcile((), WHOLE, (), T0 - S, T0 + 6 * S).differences == ()
    assert reconcile((MINE,), (), (), T0 - S, T0 + 60 * S).differences == (), "no CEL at all: nothing to be asked"


def test_calls_outside_the_interval_are_not_its_business() -> None:
    assert reconcile((), WHOLE, (), T0 + 1, T0 + 60 * S).witnessed == 0


def test_queue_log_rows_are_read_in_whole_seconds(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text(
        "1797407999|NONE|NONE|NONE|QUEUESTART|\n"
        f"1797408001|{CALLER}|sas-n1|NONE|ENTERQUEUE||0639980001|1\n"
        "torn\n"
        f"1797408002|{CALLER}|sas-n1|Hélène L'Hôpital|CONNECT|1|{LEG}|1\n"
        f"1797408900|{CALLER}|sas-n1|NONE|ENTERQUEUE||0639980001|1\n",
        encoding="utf-8",
    )
    troubles: list[str] = []
    rows = list(rows_between(log, T0, T0 + 60 * S, troubles))
    assert rows == [
        QueueLogRow(T0 + S, CALLER, "sas-n1", "NONE", "ENTERQUEUE"),
        QueueLogRow(T0 + 2 * S, CALLER, "sas-n1", "Hélène L'Hôpital", "CONNECT"),
    ]
    assert troubles == ["queue_log, ligne 3 : not a row of queue_log: 'torn'"]
    assert list(rows_between(tmp_path / "none", T0, T0, troubles)) == []
    assert troubles[-1] == "none : fichier absent"


def test_a_row_that_is_none() -> None:
    with pytest.raises(ValueError, match="not a row"):
        parse_row("²|1.0|sas-n1|NONE|ENTERQUEUE")
