import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from dossier_stories import CALL, answered
from hypothesis import given
from hypothesis import strategies as st

from cti.dossier.correlation import BadCorrelation, Correlation, read_correlation
from cti.dossier.external import ExternalRules, Message, NotTellable, Salle, id_flux, incoming_call, num_tel, show_dossier
from cti.dossier.words import Priority

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs"
RULES = ExternalRules(
    id_crra="FR090",
    default_salle=Salle("15"),
    salles={"n1": Salle("15"), "mru": Salle("MU", "F02", "P0")},
    not_executed=frozenset({"VSAV"}),
)
NAMED_AGENT = "330780001/ARM-42"


def journey(**told: Any) -> Any:
    return answered(**told)[0]


def spec(name: str) -> dict[str, Any]:
    path = SPECS / name
    if not path.is_file():
        pytest.skip(f"the official interface file {name} is not beside the checkout")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def faults(schema: dict[str, Any], value: dict[str, Any]) -> list[str]:
    """What the Swagger schema finds wrong: required, unknown, type, length, pattern."""
    found = [f"{name} missing" for name in schema.get("required", ()) if name not in value]
    types = {"string": str, "boolean": bool}
    for name, each in value.items():
        rule = schema["properties"].get(name)
        if rule is None:
            found.append(f"{name} unknown")
        elif not isinstance(each, types[rule["type"]]):
            found.append(f"{name} is no {rule['type']}")
        elif isinstance(each, str):
            if not rule.get("minLength", 0) <= len(each) <= rule.get("maxLength", 10**9):
                found.append(f"{name} length")
            if "pattern" in rule and not re.search(rule["pattern"], each):
                found.append(f"{name} pattern")
    return found


def path_values(template: str, path: str) -> dict[str, str]:
    names = re.findall(r"\{(\w+)\}", template)
    found = re.fullmatch(re.sub(r"\{\w+\}", "([^/]*)", template), path)
    assert found is not None, f"{path} is not {template}"
    return {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)}


def holds(api: dict[str, Any], template: str, message: Message) -> None:
    """The message is one that this operation of the official file accepts."""
    parameters = api["paths"][template]["post"]["parameters"]
    in_path = {p["name"]: p for p in parameters if p["in"] == "path"}
    schema = {"properties": in_path, "required": list(in_path)}
    assert faults(schema, path_values(template, message.path)) == []
    (body,) = (p for p in parameters if p["in"] == "body")
    name = body["schema"]["$ref"].rsplit("/", 1)[1]
    assert faults(api["definitions"][name], dict(message.body)) == []


CALLERS = st.one_of(st.none(), st.text(max_size=30), st.from_regex(r"\A[+#*]?[0-9]{1,20}\Z"))


@given(CALLERS, st.sampled_from(["n1", "mru", "dentaire"]), st.sampled_from(["15", "116117", "VSAV", "C114"]))
def test_incoming_call_is_what_the_official_file_accepts(caller: str | None, filiere: str, flux: str) -> None:
    message = incoming_call(journey(caller=caller, flux=flux), filiere, NAMED_AGENT, RULES)
    holds(spec("swagger-lrm.json"), "/v1/cti/{idCrra}/agents/{idNatPs}/calls", message)


@given(CALLERS)
def test_show_dossier_is_what_the_official_file_accepts(caller: str | None) -> None:
    message = show_dossier(journey(caller=caller), "2026-350-0001234", NAMED_AGENT, RULES)
    holds(spec("swagger-lrm.json"), "/v1/cti/{idCrra}/dossiers/{idDossier}", message)


def test_the_checker_of_these_tests_sees_faults() -> None:
    schema = spec("swagger-lrm.json")["definitions"]["AppelEntrant"]
    assert set(faults(schema, {"idFlux": "x" * 33, "numTel": "x", "nePasExecuter": "yes", "more": 1})) == {
        "idAppel missing",
        "idFlux length",
        "numTel pattern",
        "nePasExecuter is no boolean",
        "more unknown",
    }


def test_incoming_call_in_full() -> None:
    assert incoming_call(journey(), "n1", NAMED_AGENT, RULES) == Message(
        "/v1/cti/FR090/agents/330780001%2FARM-42/calls",
        {"idAppel": CALL, "idFlux": "FR090-15-15-Px-F01", "numTel": "+33612345678"},
    )


def test_known_numbers_are_shown_and_not_executed() -> None:
    assert incoming_call(journey(flux="VSAV"), "n1", "a", RULES).body["nePasExecuter"] is True


def test_the_second_office_always_says_fluxstd() -> None:
    assert id_flux("15", "mru", RULES) == "FR090-FluxStd-MU-P0-F02"


@pytest.mark.parametrize(
    ("caller", "told"), [(None, "***"), ("", "***"), ("anonymous", "***"), ("1", "***"), ("0388112233", "0388112233")]
)
def test_a_number_that_cannot_be_told_is_masked(caller: str | None, told: str) -> None:
    assert num_tel(caller) == told


@pytest.mark.parametrize("agent", ["", "x" * 33])
def test_an_agent_without_a_national_identity_cannot_be_told(agent: str) -> None:
    with pytest.raises(NotTellable, match="idNatPs"):
        incoming_call(journey(), "n1", agent, RULES)


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(NotTellable, match="idCrra"):
        id_flux("15", "n1", replace(RULES, id_crra="33"))
    with pytest.raises(NotTellable, match="flux 'a-b'"):
        id_flux("a-b", "n1", RULES)
    with pytest.raises(NotTellable, match="longer than 32"):
        id_flux("x" * 30, "n1", RULES)
    with pytest.raises(NotTellable, match="idDossier"):
        show_dossier(journey(), "x" * 26, "a", RULES)
    with pytest.raises(NotTellable, match="idAppel"):
        incoming_call(replace(journey(), call_id="x" * 65), "n1", "a", RULES)


def test_a_correlation_ties_a_dossier_to_a_call() -> None:
    body = {"idNatPs": "a/1", "idAppel": CALL, "prioriteRegul": "P1", "patients": [{"nom": "X"}]}
    schema = dict(spec("swagger-si-samu.json")["definitions"]["CorrelationDossier"])
    assert faults(schema, {k: v for k, v in body.items() if k != "patients"}) == []
    assert read_correlation("FR090", "D-1", body) == Correlation("D-1", "a/1", CALL, Priority.P1)


def test_a_correlation_without_a_call_concerns_the_agents_call() -> None:
    assert read_correlation("FR2A0", "D-1", {"idNatPs": "a", "idAppel": ""}) == Correlation("D-1", "a", None, None)


def test_all_faults_of_a_correlation_are_told() -> None:
    with pytest.raises(BadCorrelation) as raised:
        read_correlation("X", "x" * 26, {"idAppel": "x" * 65, "prioriteRegul": "P9"})
    for name in ("idCrra", "idDossier", "idNatPs: missing", "idAppel: longer", "prioriteRegul: 'P9'"):
        assert name in str(raised.value)
    with pytest.raises(BadCorrelation, match="idNatPs: a text is expected, not int"):
        read_correlation("FR090", "D", {"idNatPs": 3})
