"""``rappels.toml``: every fault is told, with its place, and nobody can be left out of the list."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cti.callback import CallbackConfigError, from_mapping

FILE = Path(__file__).parents[3] / "config" / "rappels.toml"
FILIERES = ("n1", "amu", "mru", "mg", "mrg", "psy", "dentaire")
FLUX = ("15", "112", "116117")
SHIPPED: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))


def faults(change: Any) -> list[str]:
    table = copy.deepcopy(SHIPPED)
    change(table)
    with pytest.raises(CallbackConfigError) as refused:
        from_mapping(table, "rappels.toml", FILIERES, FLUX)
    assert str(refused.value).splitlines() == list(refused.value.problems)
    return list(refused.value.problems)


def test_the_shipped_order_is_dated_and_sourced() -> None:
    rules = from_mapping(SHIPPED, "rappels.toml", FILIERES, FLUX)
    assert (rules.dated.isoformat(), rules.ranks[-1].open_to_all) == ("2026-11-22", True)
    assert rules.source


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.update(fermeture_minutes=0), "rappels.toml: fermeture_minutes: a whole number from 1 to 10080"),
        (lambda t: t.pop("horizon_heures"), "rappels.toml: horizon_heures: a whole number"),
        (lambda t: t.update(fermeture_minutes=True), "rappels.toml: fermeture_minutes: a whole number"),
        (lambda t: t.update(couleur=1), "rappels.toml: couleur: unknown field"),
        (lambda t: t["ordre"].update(date="hier"), "rappels.toml: [ordre] date: a date is expected"),
        (lambda t: t["ordre"].pop("source"), "rappels.toml: [ordre] source: a text is expected"),
        (
            lambda t: t["rangs"][0].update(genre="rumeur"),
            "rappels.toml: [rangs 1] genre: 'rumeur' is not one of abandon, attente_n2",
        ),
        (lambda t: t["rangs"][1].update(filieres=["amuu"]), "rappels.toml: [rangs 2] filieres: 'amuu' is not one of amu"),
        (lambda t: t["rangs"][2].update(flux="15"), "rappels.toml: [rangs 3] flux: a list of words is expected"),
        (lambda t: t["rangs"][2].update(phases=["tard"]), "rappels.toml: [rangs 3] phases: 'tard' is not one of greeting"),
        (lambda t: t["rangs"][0].update(priorite_min=900), "rappels.toml: [rangs 1] priorite_min: a whole number from 0 to 100"),
        (lambda t: t["rangs"][1].update(code="n2_p1"), "rappels.toml: [rangs] code: 'n2_p1' comes twice"),
        (lambda t: t["rangs"].pop(), "the last rank must have no criterion"),
    ],
)
def test_a_fault_names_its_place(change: Any, told: str) -> None:
    (found,) = faults(change)
    assert told in found


def test_all_faults_at_once() -> None:
    def spoil(table: dict[str, Any]) -> None:
        table.update(ordre=3, rangs=[], fermeture_minutes="x")

    assert len(faults(spoil)) == 5
