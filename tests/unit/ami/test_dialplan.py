"""The renderer: what the site describes becomes exactly these lines, and nothing that could break one."""

import copy
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami.dialplan import (
    HAND_WRITTEN,
    SCRIPT,
    AgentSpec,
    AmiSpec,
    DialplanSpecError,
    FiliereSpec,
    FluxSpec,
    PbxSpec,
    TrunkSpec,
    faults,
    pbx_spec,
    render,
    stale,
    write,
)
from cti.ami.dialplan.extensions import written_forms
from cti.ami.dialplan.phones import identifier_order

ROOT = Path(__file__).parents[3]
SPEC = PbxSpec(
    filieres=(
        FiliereSpec("n1", "ARM N1", "800", debordement="amu", attente_max_seconds=60, priorite=5, weight=2),
        FiliereSpec("amu", "ARM AMU", "801", debordement="n1", wrapup_seconds=7),
        FiliereSpec("psy", "Psychiatrie", "805", strategy="ringall"),
    ),
    flux=(FluxSpec("15", ("15",), priorite=20, accueil="one-moment-please"), FluxSpec("TEST", ("9099",), test=True)),
    agents=(
        AgentSpec("arm01", "Hélène L'Hôpital", ("n1", "amu"), "1001", password="a-long-password"),
        AgentSpec("psy01", "Dr Garnier", ("psy",), contact="sip:psy01@10.0.0.5:5062"),
    ),
    trunks=(TrunkSpec("operateur", ("192.0.2.10",), contact="sip:192@192.0.2.10"),),
    ami=AmiSpec("secret-events", "secret-actions"),
    secours="amu",
    dernier_recours="amu",
)


def section(text: str, name: str) -> list[str]:
    """The settings of one section, comments and empty lines left out."""
    lines = text.split(f"[{name}]\n", 1)[1].split("\n[", 1)[0].splitlines()
    return [line for line in lines if line and not line.startswith(";")]


def test_a_filiere_overflows_alone_only_when_it_has_an_overflow_and_is_not_the_last_resort() -> None:
    queues = render(SPEC)["queues.conf"]
    nobody = "paused,unavailable,invalid,unknown"
    assert {f"joinempty = {nobody}", f"leavewhenempty = {nobody}"} <= set(section(queues, "sas-n1"))
    assert {"joinempty = yes", "leavewhenempty = no"} <= set(section(queues, "sas-amu"))
    assert {"joinempty = yes", "leavewhenempty = no"} <= set(section(queues, "sas-psy"))


def test_queues_serve_several_callers_without_pauses() -> None:
    n1 = section(render(SPEC)["queues.conf"], "sas-n1")
    assert {"autofill = yes", "retry = 1", "ringinuse = no", "strategy = rrmemory", "weight = 2"} <= set(n1)
    assert "member => PJSIP/arm01,0,Hélène L'Hôpital,PJSIP/arm01" in n1
    assert "wrapuptime = 2" in section(render(SPEC)["queues.conf"], "sas-amu")


def test_each_filiere_is_an_extension_a_transfer_and_a_key() -> None:
    files = render(SPEC)
    filieres = files["extensions_filieres.conf"]
    assert "exten => n1,1,Set(SAS_VENANT=${SAS_FILIERE})" in filieres
    assert " same => n,Set(SAS_DEBORDEMENT=amu)" in section(filieres, "sas-filieres")
    assert "exten => 805,1,Goto(psy,1)" in section(filieres, "sas-transferts")
    assert "exten => 805,1,Set(SAS_DID=805)" in section(filieres, "sas-postes")
    assert 'sas-psy => *805,self,Gosub,"sas-touches,psy,1"' in files["features.conf"]


def test_secrets_are_in_two_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    paths = write(SPEC, tmp_path / "etc", ROOT / "dialplans")
    assert {path.name for path in paths} >= {*HAND_WRITTEN, "cti-secours", "pjsip.conf", "manager.conf"}
    holding = {path.name for path in paths if b"secret-" in path.read_bytes() or b"a-long-password" in path.read_bytes()}
    assert holding == {"pjsip.conf", "manager.conf"}
    assert {(tmp_path / "etc" / name).stat().st_mode & 0o777 for name in holding} == {0o640}
    assert not list((tmp_path / "etc").rglob("*.new"))
    assert "secret-" not in repr(SPEC)
    assert "a-long-password" not in repr(SPEC)


def test_the_script_can_be_run_where_it_is_put(tmp_path: Path) -> None:
    write(SPEC, tmp_path, ROOT / "dialplans")
    script = tmp_path / SCRIPT
    assert script.read_text(encoding="utf-8") == (ROOT / "dialplans" / SCRIPT).read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111


def test_what_is_written_is_current_until_the_description_changes(tmp_path: Path) -> None:
    write(SPEC, tmp_path, ROOT / "dialplans")
    assert stale(render(SPEC), tmp_path) == []
    (tmp_path / "http.conf").unlink()
    changed = replace(SPEC, secours="n1")
    assert set(stale(render(changed), tmp_path)) == {"extensions_globals.conf", "http.conf"}


@pytest.mark.parametrize(
    ("did", "forms"),
    [
        ("15", {"15", "+3315"}),
        ("116117", {"116117", "+33116117"}),
        ("9020", {"9020"}),
        ("0472000000", {"0472000000", "+33472000000", "33472000000", "0033472000000"}),
        ("+33472000000", {"0472000000", "+33472000000", "33472000000", "0033472000000"}),
        ("+3315", {"15", "+3315", "3315", "003315"}),
        ("+41220000000", {"+41220000000"}),
    ],
)
def test_a_number_is_known_in_every_form_an_operator_may_use(did: str, forms: set[str]) -> None:
    assert set(written_forms(did)) == forms


def test_a_number_belongs_to_the_line_that_declares_it() -> None:
    flux = (FluxSpec("A", ("0472000000",)), FluxSpec("B", ("+33472000000",)))
    entree = section(render(replace(SPEC, flux=flux))["extensions_flux.conf"], "sas-entree")
    at = entree.index("exten => +33472000000,1,Set(SAS_DID=+33472000000)")
    assert entree[at + 1] == " same => n,Goto(sas-flux,B,1)"
    assert sum("exten => +33472000000," in line for line in entree) == 1


def test_unknown_numbers_have_a_line_even_when_nobody_declared_one() -> None:
    flux = render(SPEC)["extensions_flux.conf"]
    assert "exten => INCONNU,1,Set(SAS_FLUX=INCONNU)" in flux
    own = render(replace(SPEC, flux=(*SPEC.flux, FluxSpec("INCONNU", priorite=3))))["extensions_flux.conf"]
    assert own.count("exten => INCONNU,1,") == 1


def test_names_are_asked_before_addresses_only_where_phones_share_the_trunks_address() -> None:
    assert identifier_order(SPEC) == "ip,username"
    shared = replace(SPEC, trunks=(TrunkSpec("operateur", ("10.0.0.0/24",)),))
    assert identifier_order(shared) == "username,ip"
    assert identifier_order(replace(SPEC, trunks=(TrunkSpec("op", ("trunk.example",)),))) == "ip,username"


def test_a_phone_without_a_password_is_bound_to_its_address() -> None:
    pjsip = render(SPEC)["pjsip.conf"]
    assert {"deny = 0.0.0.0/0.0.0.0", "permit = 10.0.0.5/32"} <= set(section(pjsip, "psy01"))
    assert "auth = arm01" in section(pjsip, "arm01")
    assert "type = anonymous" not in pjsip
    assert "[anonymous]" not in pjsip


def test_manager_logins_have_no_more_than_they_need() -> None:
    manager = render(SPEC)["manager.conf"]
    assert "read = system,call,agent,user" in section(manager, "cti-events")
    assert "write = call,agent,originate,reporting,user" in section(manager, "cti-actions")
    assert "command" not in manager
    assert "timestampevents = yes" in section(manager, "general")


BROKEN = [
    (replace(SPEC, secours="absente"), "[pbx] secours: unknown filière 'absente'"),
    (replace(SPEC, patience_seconds=2.0), "at most 2 s"),
    (replace(SPEC, patience_seconds=0), "more than 0"),
    (replace(SPEC, sip_port=70000), "sip_port: 70000 is not a port"),
    (replace(SPEC, recordings_dir="/var/x;y"), "recordings_dir"),
    (replace(SPEC, ami=AmiSpec("short", "secret-actions")), "events_secret: the value does not match"),
    (replace(SPEC, filieres=(*SPEC.filieres, FiliereSpec("n1", "Double", "809"))), "'n1' is declared 2 times"),
    (replace(SPEC, filieres=(*SPEC.filieres, FiliereSpec("x", "Une lettre", "809"))), "[filieres.x] code"),
    (replace(SPEC, filieres=(*SPEC.filieres, FiliereSpec("mg", "Autre", "801"))), "'801' is declared 2 times"),
    (replace(SPEC, filieres=(*SPEC.filieres, FiliereSpec("mg", "Autre", "809", debordement="x"))), "unknown filière 'x'"),
    (replace(SPEC, flux=(FluxSpec("A", ("15",)), FluxSpec("B", ("15",)))), "'15' is declared 2 times"),
    (replace(SPEC, flux=(FluxSpec("A", ("15,1",)),)), "[flux.A] dids"),
    (replace(SPEC, flux=(FluxSpec("A", accueil="x)\nexten"),)), "[flux.A] accueil"),
    (replace(SPEC, agents=(AgentSpec("a1", "Nom, virgule", password="long-enough"),)), "[agents.a1] nom"),
    (replace(SPEC, agents=(AgentSpec("a1", "Nom", password="semi;colon-in"),)), "[agents.a1] password: the value"),
    (replace(SPEC, agents=(AgentSpec("a1", "Nom", ("x",), password="long-enough"),)), "unknown filière 'x'"),
    (replace(SPEC, agents=(AgentSpec("a1", "Nom"),)), "must register with a password"),
    (replace(SPEC, agents=(AgentSpec("a1", "Nom", contact="sip:a@b;x\ny"),)), "[agents.a1] contact"),
    (replace(SPEC, trunks=(TrunkSpec("op", ()),)), "at least one address"),
]


@pytest.mark.parametrize(("spec", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_a_description_that_could_break_a_line_is_refused(spec: PbxSpec, said: str) -> None:
    assert [fault for fault in faults(spec) if said in fault], faults(spec)
    with pytest.raises(DialplanSpecError):
        render(spec)


def test_a_refused_description_writes_nothing_and_shows_no_secret(tmp_path: Path) -> None:
    spec = replace(SPEC, ami=AmiSpec("tooshor", "with space"), secours="absente")
    with pytest.raises(DialplanSpecError) as raised:
        write(spec, tmp_path / "etc", ROOT / "dialplans")
    assert len(str(raised.value).splitlines()) == 3
    assert "tooshor" not in str(raised.value)
    assert not (tmp_path / "etc").exists()


def tables() -> dict[str, dict[str, object]]:
    names = {name: name for name in ("pbx", "agents", "filieres", "flux", "crise")}
    return {key: tomllib.loads((ROOT / "config" / f"{name}.toml").read_text(encoding="utf-8")) for key, name in names.items()}


def test_the_shipped_configuration_describes_a_pbx() -> None:
    spec = pbx_spec(**tables())
    assert faults(spec) == []
    assert {filiere.code for filiere in spec.filieres} >= {"n1", "amu", "mru", "mg", "mrg"}
    assert spec.patience_seconds + spec.spool_patience_seconds <= 2


@pytest.mark.parametrize(
    ("file", "path", "value", "said"),
    [
        ("pbx", ("pbx", "sip_port"), "5060", "pbx.toml: [pbx] sip_port: '5060' is not of kind int"),
        ("pbx", ("pbx", "sip_prot"), 5060, "pbx.toml: [pbx] sip_prot: unknown field"),
        ("pbx", ("pbx", "patience_seconds"), True, "pbx.toml: [pbx] patience_seconds"),
        ("pbx", ("trunks", "operateur", "match"), [1], "pbx.toml: [trunks.operateur] match: a list of texts is expected"),
        ("agents", ("agents", "arm01", "nom"), None, "agents.toml: [agents.arm01] nom: missing"),
        ("agents", ("agents", "arm01"), 3, "agents.toml: [agents.arm01]: a table is expected"),
        ("filieres", ("filieres", "n1", "ring_seconds"), 1.5, "filieres.toml: [filieres.n1] ring_seconds"),
        ("flux", ("flux", "15", "dids"), "15", "flux.toml: [flux.15] dids"),
    ],
)
def test_a_wrong_field_names_its_file_block_and_name(file: str, path: tuple[str, ...], value: object, said: str) -> None:
    given = copy.deepcopy(tables())
    table = given[file]
    for name in path[:-1]:
        table = table[name]  # type: ignore[assignment]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    with pytest.raises(DialplanSpecError) as raised:
        pbx_spec(**given)
    assert said in str(raised.value)


def test_whole_seconds_may_be_written_without_a_point() -> None:
    given = tables()
    given["pbx"]["pbx"] = {"patience_seconds": 1}
    assert pbx_spec(**given).patience_seconds == 1.0


def test_in_a_crisis_lines_that_greet_greet_otherwise_and_filieres_wait_otherwise() -> None:
    given = tables()
    own = {"112": "crise/112", "PRO": "crise/pro"}
    given["crise"] |= {"accueil": "crise/general", "accueils": own, "attentes": {"mrg": 30}}
    spec = pbx_spec(**given)
    greetings = {flux.code: flux.accueil_crise for flux in spec.flux}
    expected = {"15": "crise/general", "112": "crise/112", "PRO": "crise/pro", "18": None}
    assert {code: greetings[code] for code in expected} == expected
    files = render(spec)
    assert "Set(SAS_ACCUEIL_CRISE=crise/112)" in files["extensions_flux.conf"]
    assert "Set(SAS_ATTENTE_CRISE=30)" in files["extensions_filieres.conf"]
    assert files["extensions_filieres.conf"].count("Set(SAS_ATTENTE_CRISE=)") == len(spec.filieres) - 1
    assert "SAS_COMMUNES = -mru-mrg-\n" in files["extensions_globals.conf"]
    assert "SAS_CRISE" not in files["extensions_globals.conf"], "a reload would end the crisis"
    given["crise"]["accueil"] = ""
    assert {flux.accueil_crise for flux in pbx_spec(**given).flux} == {None, "crise/112", "crise/pro"}
    assert any("accueil_crise" in fault for fault in faults(replace(SPEC, flux=(FluxSpec("15", ("15",), accueil_crise="a,b"),))))
    assert any("mutualisees" in fault for fault in faults(replace(SPEC, communes=("m-r",))))
    hasty = replace(SPEC.filieres[0], attente_crise_seconds=0)
    assert any("attente_crise" in fault for fault in faults(replace(SPEC, filieres=(hasty, *SPEC.filieres[1:]))))
