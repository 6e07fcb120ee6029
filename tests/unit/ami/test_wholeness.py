"""A row of CEL that is missing breaks the grammar of its channel or of its call, and the first break is named."""

from dataclasses import replace

import pytest

from cti.ami.translate.cel import CelRow
from cti.ami.translate.wholeness import lineages
from tests.scenarios.reading import cel


def faults(rows: tuple[CelRow, ...]) -> set[str]:
    """Of all lineages, without the channel's name."""
    return {lineage.fault.split(" : ")[-1] for lineage in lineages(rows).values()} - {""}


def without(story: str, kind: str) -> tuple[CelRow, ...]:
    """A story without its first row of a kind."""
    rows = cel(story)
    missing = next(number for number, row in enumerate(rows) if row.kind == kind)
    return rows[:missing] + rows[missing + 1 :]


@pytest.mark.parametrize(
    ("story", "kind", "fault"),
    [
        ("test_call", "CHAN_START", "début non écrit"),
        ("test_call", "SAS_ARRIVED", "arrivée non écrite"),
        ("test_call", "ANSWER", "décroché non écrit"),
        ("test_call", "SAS_RECORDING", "ligne 2 de l'appel non écrite"),
        ("test_call", "SAS_ROUTE", "route non écrite"),
        ("test_call", "APP_START", "début de file non écrit"),
        ("test_call", "APP_END", "fin de file non écrite"),
        ("test_call", "BRIDGE_ENTER", "entrée de pont non écrite"),
        ("test_call", "BRIDGE_EXIT", "sortie de pont non écrite"),
        ("test_call", "HANGUP", "raccroché non écrit"),
        ("test_call", "CHAN_END", "fin non écrite"),
        ("test_call", "SAS_END", "fin de l'appel non écrite"),
        ("outgoing_call_busy", "SAS_PLACED", "appel sortant non écrit"),
        ("callback_by_click", "SAS_DIALLED", "ligne 1 de l'appel non écrite"),
        ("p0_cancelled", "SAS_DEMANDE", "demande non écrite"),
    ],
)
def test_a_row_that_is_missing_is_named(story: str, kind: str, fault: str) -> None:
    assert faults(cel(story)) == set()
    assert fault in faults(without(story, kind))


def test_a_request_that_says_not_for_whom_is_a_doubt_on_every_call_that_asked_somebody() -> None:
    (jonction,) = [row for row in cel("consult_n1_to_amu_completed") if row.kind == "SAS_JONCTION"]
    left = tuple(row for row in cel("consult_n1_to_amu_completed") if row is not jonction)
    assert "une demande dont rien ne dit pour qui elle était" in faults(left)
    beside = tuple(replace(row, uniqueid=f"b{row.uniqueid}", linkedid=f"b{row.linkedid}") for row in cel("test_call"))
    found = lineages((*left, *beside))
    assert {found[row.uniqueid].fault for row in beside} == {""}, "who asked for nobody is not in doubt"


def test_nothing_happens_to_a_channel_that_was_hung_up() -> None:
    rows = cel("test_call")
    late = replace(next(row for row in rows if row.kind == "BRIDGE_ENTER"), at=rows[-1].at)
    assert "BRIDGE_ENTER après le raccroché" in faults((*rows, late))
