"""The verbs as an operator types them: what they print, and one line when something is wrong."""

import json
from pathlib import Path

from tests.unit.bootstrap.verbs_house import DAY, Cti, refused


def test_check_config_passes_the_shipped_one(cti: Cti) -> None:
    done = cti("check-config")
    assert done.returncode == 0, done.stderr
    assert "7 filières, 17 flux, 10 postes, 5 profils" in done.stdout


def test_check_config_says_every_fault(cti: Cti, site: Path) -> None:
    (site / "config" / "qos.toml").unlink()
    (site / "config" / "dossier.toml").write_text("= 1", encoding="utf-8")
    told = refused(cti("check-config", CTI_HTTP_PORT="x"))
    for place in ("cti.toml: [http] port: ", "qos.toml: no such file", "dossier.toml: Invalid"):
        assert place in told


def test_another_folder_by_option_and_by_variable(cti: Cti, process: Cti, site: Path) -> None:
    (site / "config").rename(site / "elsewhere")
    assert "no such file in config" in refused(cti("check-config"))
    assert cti("check-config", "--config", "elsewhere").returncode == 0
    assert process("check-config", CTI_CONFIG="elsewhere").returncode == 0


def test_calls_one_line_each(cti: Cti, two_calls: Path) -> None:
    lines = cti("calls", *DAY).stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].split()[:5] == ["16/12", "09:00:00", "15", "answered", "9.5"]
    assert "n1(arm01)" in lines[0]
    assert "abandoned" in lines[1]


def test_calls_as_json_with_the_fields_of_the_contract(cti: Cti, two_calls: Path) -> None:
    first, second = (json.loads(line) for line in cti("calls", *DAY, "--json").stdout.splitlines())
    assert (first["call_id"], first["t0"], first["wait_ms"]) == ("call-a", "2026-12-16T08:00:00.000Z", 9_500)
    assert first["stages"][0]["agent"] == "arm01"
    assert (second["outcome"], second["abandon_phase"], second["answered_at"]) == ("abandoned", "queue", None)


def test_calls_of_another_day_are_not_told(cti: Cti, two_calls: Path) -> None:
    done = cti("calls", "--since", "2026-12-17", "--until", "2026-12-17", "--json")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_database_of_the_environment(cti: Cti, two_calls: Path) -> None:
    (two_calls / "var" / "cti.db").rename(two_calls / "kept.db")
    done = cti("calls", *DAY, CTI_DATABASE_URL=f"sqlite:///{two_calls}/kept.db")
    assert len(done.stdout.splitlines()) == 2
    assert "nodatabase" in refused(cti("calls", CTI_DATABASE_URL="nodatabase://x"))


def test_one_call_as_a_timeline(cti: Cti, two_calls: Path) -> None:
    lines = cti("call", "call-a").stdout.splitlines()
    assert len(lines) == 6
    assert lines[4].split() == ["+9.500", "s", "AgentAnswered", "live", "agent=arm01,", "leg=call-a.2"]
    assert json.loads(cti("call", "call-a", "--json").stdout)["call_id"] == "call-a"
    assert "no call call-z" in refused(cti("call", "call-z"))


def test_the_quality_of_service(cti: Cti, two_calls: Path) -> None:
    told = json.loads(cti("qos", *DAY, "--profile", "public_24h", "--json").stdout)
    text = json.dumps(told)
    assert '"decroches"' in text
    plain = cti("qos", *DAY, "--profile", "public_24h")
    assert plain.returncode == 0
    assert len(plain.stdout.splitlines()) > 5
    assert "nulle_part" in refused(cti("qos", "--profile", "nulle_part"))
    assert "neither an instant" in refused(cti("qos", "--since", "avant-hier peut-être"))


def test_calls_of_no_period(cti: Cti) -> None:
    assert "neither an instant" in refused(cti("calls", "--since", "avant-hier peut-être"))


def test_dialplan_is_rendered_where_it_is_wanted(cti: Cti, site: Path) -> None:
    done = cti("dialplan", "--out", "pbx-here")
    assert done.returncode == 0, done.stderr
    assert {"extensions.conf", "queues.conf", "manager.conf", "pjsip.conf"} <= {
        file.name for file in (site / "pbx-here").rglob("*.conf")
    }
    assert "sas-n1" in (site / "pbx-here" / "queues.conf").read_text(encoding="utf-8")


def test_migrate_makes_the_database_and_may_be_repeated(cti: Cti, site: Path) -> None:
    (site / "var").mkdir()
    for _ in range(2):
        done = cti("migrate")
        assert done.returncode == 0, done.stderr
        assert "schéma à jour" in done.stdout
    assert (site / "var" / "cti.db").exists()


def test_an_unknown_log_level(process: Cti) -> None:
    assert "loud" in refused(process("--log-level", "loud", "check-config"))


def test_check_config_says_what_is_sent_to_nobody(cti: Cti, site: Path) -> None:
    file = site / "config" / "dossier.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("actif = false", "actif = true"), encoding="utf-8")
    done = cti("check-config")
    assert done.returncode == 0
    assert "attention : dossier.toml : [externe] actif : rien n'est encore envoyé" in done.stderr


def test_a_short_token_is_a_fault_of_the_configuration(cti: Cti) -> None:
    told = refused(cti("check-config", CTI_HTTP_TOKEN="court"))
    assert "cti.toml: [http] token: too short" in told
    assert "court" not in told


def test_help_and_version(cti: Cti) -> None:
    told = cti("--help").stdout
    for verb in ("run", "demo", "pbx", "dialplan", "check-config", "migrate", "calls", "call", "qos", "replay"):
        assert f"  {verb} " in told, verb
    assert cti("--version").stdout.startswith("cti, version ")
