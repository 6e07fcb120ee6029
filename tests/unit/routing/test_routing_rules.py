"""The site's files: what is shipped works, and what is wrong is told, all of it, where it is."""

from collections.abc import Callable
from typing import Any

import pytest

from cti.routing.plan import RoutingRules
from cti.routing.reading import Block, Problems, RoutingConfigError

Tables = dict[str, dict[str, Any]]
Build = Callable[[Tables], RoutingRules]


def faults(build: Build, tables: Tables) -> list[str]:
    with pytest.raises(RoutingConfigError) as caught:
        build(tables)
    return [str(problem) for problem in caught.value.problems]


def test_the_shipped_rules(rules: RoutingRules) -> None:
    assert list(rules.filieres.by_code) == ["n1", "amu", "mru", "mg", "mrg", "psy", "dentaire"]
    assert rules.filieres.secours.code == "amu"
    assert rules.filieres.secours.queue_name == "sas-amu"
    assert rules.filieres.by_code["mg"].horaires is not None
    assert rules.flux.by_did["18"].filiere == "amu"
    assert rules.flux.by_code["18MU"].filiere == "mru"
    assert rules.flux.by_code["TEST"].test
    assert {code for code, flux in rules.flux.by_code.items() if flux.public} == {"15", "112", "116117"}
    public = max(flux.priorite for flux in rules.flux.by_code.values() if flux.public)
    assert public < rules.flux.by_code["18"].priorite < rules.filieres.priorites["P0"]
    assert all(filiere.retry_seconds == 1 for filiere in rules.filieres.by_code.values())
    assert str(rules.zone) == "Europe/Paris"


FILIERE_FAULTS = [
    ("n1", "niveau", 7, "7 is not between 1 and 3"),
    ("n1", "niveau", True, "a whole number is expected, not True"),
    ("n1", "numero", "8OO", "'8OO' does not match"),
    ("n1", "numero", 800, "a text is expected, not 800"),
    ("n1", "libelle", " ", "a text is expected"),
    ("n1", "strategy", "ringall", "'ringall' is not one of"),
    ("n1", "queue_name", "n1", "unknown field"),
    ("n1", "weight", -1, "-1 is not between 0 and 100"),
    ("n1", "debordement", "nulle-part", "unknown filière 'nulle-part'"),
    ("n1", "horaires", "jamais", "unknown opening hours 'jamais'"),
    ("n1", "public_qs", True, "unknown field; what counts in the public figures is `public` of the flux, in flux.toml"),
    ("n1", "enregistrer", False, "unknown field; every call is recorded; lines that need no recording are flux_exemptes"),
    ("n1", "icone", "phone", "unknown field; the board draws `couleur` and `libelle`; remove the line"),
    ("n1", "couleur", "rouge", "does not match"),
    ("n1", "atente_max", 3, "unknown field"),
    ("amu", "numero", "800", "'800' already belongs to 'n1'"),
]


@pytest.mark.parametrize(("code", "name", "value", "told"), FILIERE_FAULTS)
def test_a_fault_in_a_filiere(tables: Tables, build: Build, code: str, name: str, value: object, told: str) -> None:
    tables["filieres.toml"]["filieres"][code][name] = value
    (fault,) = faults(build, tables)
    assert fault.startswith(f"filieres.toml: [filieres.{code}] {name}: ")
    assert told in fault


FLUX_FAULTS = [
    ("18", "filiere", "pompiers", "unknown filière 'pompiers'"),
    ("18", "priorite", 101, "101 is not between 0 and 100"),
    ("18", "dids", ["dix-huit"], "'dix-huit' does not match"),
    ("18", "dids", [18], "a list of texts is expected"),
    ("18MU", "dids", ["18"], "'18' already belongs to '18'"),
    ("18", "accueil", "../etc", "does not match"),
    ("18", "publique", True, "unknown field"),
]


@pytest.mark.parametrize(("code", "name", "value", "told"), FLUX_FAULTS)
def test_a_fault_in_a_flux(tables: Tables, build: Build, code: str, name: str, value: object, told: str) -> None:
    tables["flux.toml"]["flux"][code][name] = value
    (fault,) = faults(build, tables)
    assert fault.startswith(f"flux.toml: [flux.{code}] {name}: ")
    assert told in fault


def test_a_missing_field_is_called_missing(tables: Tables, build: Build) -> None:
    del tables["filieres.toml"]["filieres"]["n1"]["numero"]
    del tables["filieres.toml"]["filieres"]["n1"]["attente_max_seconds"]
    del tables["flux.toml"]["flux"]["15"]["filiere"]
    assert faults(build, tables) == [
        "filieres.toml: [filieres.n1] numero: missing",
        "filieres.toml: [filieres.n1] attente_max_seconds: missing",
        "flux.toml: [flux.15] filiere: missing",
    ]


def test_a_ring_of_overflows_needs_one_that_never_closes(tables: Tables, build: Build) -> None:
    filieres = tables["filieres.toml"]["filieres"]
    filieres["mg"]["debordement"] = "mrg"
    filieres["mrg"]["debordement"] = "psy"
    filieres["psy"]["debordement"] = "mg"
    (fault,) = faults(build, tables)
    assert fault == (
        "filieres.toml: [filieres.mg] debordement: ring mg -> mrg -> psy -> mg without a filière open around the clock"
    )
    filieres["mg"]["debordement"] = "mg"
    filieres["psy"]["debordement"] = "mru"
    (fault,) = faults(build, tables)
    assert "ring mg -> mg" in fault


@pytest.mark.parametrize(
    ("secours", "told"),
    [("mg", "'mg' closes"), ("zz", "unknown filière 'zz'"), (None, "missing"), ("a b", "does not match")],
)
def test_the_last_resort_exists_and_never_closes(tables: Tables, build: Build, secours: str | None, told: str) -> None:
    if secours is None:
        del tables["filieres.toml"]["secours"]
    else:
        tables["filieres.toml"]["secours"] = secours
    (fault,) = faults(build, tables)
    assert told in fault


@pytest.mark.parametrize("code", ["été", "une-filiere-au-nom-trop-long", "a b", "", "s", "Nuit", "n-1"])
def test_a_bad_code(tables: Tables, build: Build, code: str) -> None:
    filieres = tables["filieres.toml"]["filieres"]
    filieres[code] = filieres["psy"] | {"numero": "899"}
    (fault,) = faults(build, tables)
    assert fault.startswith(f"filieres.toml: [filieres.{code}] (code): ")


@pytest.mark.parametrize(("value", "told"), [("jamais", "unknown flux 'jamais'"), (None, "missing")])
def test_the_default_flux_exists(tables: Tables, build: Build, value: str | None, told: str) -> None:
    tables["flux.toml"]["flux_par_defaut"] = value
    (fault,) = faults(build, tables)
    assert told in fault


def test_faults_of_all_files_are_told_together_and_causes_only(tables: Tables, build: Build) -> None:
    tables["horaires.toml"]["horaires"]["osnp"]["tous_les_jours"] = ["8h-21h"]
    tables["filieres.toml"]["priorites"]["P0"] = -1
    tables["filieres.toml"]["bonus"] = 1
    tables["flux.toml"]["flux"]["15"]["priorite"] = "haute"
    told = faults(build, tables)
    assert [fault.partition(": ")[0] for fault in told] == ["horaires.toml", "filieres.toml", "filieres.toml", "flux.toml"]


def test_a_file_with_nothing_in_it(tables: Tables, build: Build) -> None:
    empty: Tables = {name: {} for name in tables}
    told = faults(build, empty)
    assert "horaires.toml: [(top)] horaires: missing" in told
    assert "filieres.toml: [(top)] secours: missing" in told
    assert "flux.toml: [(top)] flux: missing" in told


def test_an_optional_text_that_is_there_must_be_one() -> None:
    problems = Problems("f.toml")
    block = Block(problems, "b", {"a": 3})
    assert block.optional("a") is None
    assert block.optional("z") is None
    assert [str(problem) for problem in problems.found] == ["f.toml: [b] a: a text is expected, not 3"]
    problems = Problems("f.toml")
    problems.raise_if_any()
