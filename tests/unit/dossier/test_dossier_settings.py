import tomllib
from pathlib import Path
from typing import Any

import pytest

from cti.dossier.external import ExternalRules, Salle
from cti.dossier.settings import DossierConfigError, DossierSettings, from_mapping
from cti.dossier.words import Origin, Perimeter, Priority

SITE = Path(__file__).resolve().parents[3] / "config" / "dossier.toml"


def problems(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(DossierConfigError) as raised:
        from_mapping(data, "dossier.toml")
    assert str(raised.value) == "\n".join(raised.value.problems)
    return raised.value.problems


def test_the_file_that_is_shipped_reads() -> None:
    settings = from_mapping(tomllib.loads(SITE.read_text(encoding="utf-8")), "dossier.toml")
    assert settings.opening.origins["C114"] is Origin.CNR
    assert settings.opening.perimeters["mg"] is Perimeter.SNP
    assert settings.opening.default_priority is Priority.P2
    assert settings.deadline_seconds == 2.0
    assert settings.external is None


def test_an_empty_file_gives_the_defaults() -> None:
    assert from_mapping({}, "f") == DossierSettings()


def test_the_shipped_external_block_is_ready_to_be_switched_on() -> None:
    data = tomllib.loads(SITE.read_text(encoding="utf-8"))
    data["externe"]["actif"] = True
    external = from_mapping(data, "f").external
    assert isinstance(external, ExternalRules)
    assert external.salles["mru"] == Salle("MU", "F02", "P1")
    assert "VSAV" in external.not_executed


def test_every_fault_is_told_at_once() -> None:
    assert problems(
        {
            "delai_ms": 1,
            "priorite_defaut": "P7",
            "origines": {"15": "seize"},
            "perimetres": "AMU",
            "autre": 1,
        }
    ) == (
        "dossier.toml: autre: unknown field",
        f"dossier.toml: [origines] 15: 'seize' is not one of {', '.join(o.value for o in Origin)}",
        "dossier.toml: perimetres: a table is expected, not 'AMU'",
        "dossier.toml: priorite_defaut: 'P7' is not one of P0, P1, P2, P3, NR",
        "dossier.toml: delai_ms: a whole number of milliseconds from 50 to 60000 is expected, not 1",
    )


def test_a_boolean_is_no_deadline() -> None:
    assert "delai_ms" in problems({"delai_ms": True})[0]


def test_the_faults_of_the_external_block_are_told_even_when_it_is_off() -> None:
    assert problems(
        {
            "externe": {
                "actif": "oui",
                "id_crra": "33",
                "ne_pas_executer": "18",
                "inconnu": 1,
                "salles": {
                    "a": {"salle": "x-y"},
                    "b": {"salle": "M", "niveau": "F03"},
                    "c": {"salle": "M", "niveau": ["F01"]},
                    "d": {"salle": "M", "niveau": "F02", "priorite": "Px"},
                    "e": 3,
                    "f": {},
                },
            }
        }
    ) == (
        "dossier.toml: [externe] inconnu: unknown field",
        "dossier.toml: [externe] actif: true or false is expected, not 'oui'",
        "dossier.toml: [externe.salles.a] salle: 'x-y' does not match [A-Za-z0-9]+",
        "dossier.toml: [externe.salles.b] niveau: 'F03' is not one of F01, F02",
        "dossier.toml: [externe.salles.c] niveau: ['F01'] is not one of F01, F02",
        "dossier.toml: [externe.salles.d] priorite: 'Px' is not one of P0, P1, P2, P3 at F02",
        "dossier.toml: [externe.salles.e] (block): a table is expected, not 3",
        "dossier.toml: [externe.salles.f] salle: missing",
        "dossier.toml: [externe] id_crra: '33' does not match FR[0-9][0-9AB]{2}",
        "dossier.toml: [externe.salle_par_defaut] (block): missing",
        "dossier.toml: [externe] ne_pas_executer: a list of flux codes is expected, not '18'",
    )
