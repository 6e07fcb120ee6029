"""The shipped configuration is sound, and every fault in a configuration is said, all at once, with its place."""

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from cti.settings import ENVIRONMENT, ConfigError, load

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path / "config"


Spoil = Callable[[str, str, str], None]


@pytest.fixture
def spoil(folder: Path) -> Spoil:
    """Replace one text in a file of the configuration."""

    def replace(name: str, old: str, new: str) -> None:
        file = folder / f"{name}.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def faults(folder: Path, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(folder, environ)
    return str(refused.value).splitlines()


# --- the shipped configuration ----------------------------------------------------------------------------------------


def test_the_shipped_configuration_loads() -> None:
    settings = load(CONFIG, {})
    assert settings.database_url == "sqlite:///var/cti.db"
    assert str(settings.zone) == "Europe/Paris"


def test_every_filiere_has_a_queue_and_somewhere_to_go() -> None:
    settings = load(CONFIG, {})
    filieres = settings.routing.filieres
    assert {queue.code for queue in settings.pbx.filieres} == set(filieres.by_code)
    assert filieres.secours.code in filieres.by_code
    assert filieres.secours.horaires is None, "the last resort never closes"
    assert filieres.debordements_max > 0, "a caller who goes round in circles comes to the last resort"
    for code, filiere in filieres.by_code.items():
        if code != filieres.secours.code:
            assert filiere.debordement in filieres.by_code, f"{code}: nowhere to go when nobody answers"
            assert filiere.debordement != code


def test_every_filiere_is_served_by_somebody() -> None:
    settings = load(CONFIG, {})
    served = {code for agent in settings.pbx.agents for code in agent.filieres}
    assert served == set(settings.routing.filieres.by_code)


def test_every_flux_leads_to_a_filiere() -> None:
    settings = load(CONFIG, {})
    assert {flux.code for flux in settings.pbx.flux} == set(settings.routing.flux.by_code)
    for flux in settings.routing.flux.by_code.values():
        assert flux.filiere in settings.routing.filieres.by_code, flux.code


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIG.glob("*.toml")))
def test_a_broken_file_is_named_with_its_line(folder: Path, name: str) -> None:
    (folder / f"{name}.toml").write_text("a = 1\nb = \n", encoding="utf-8")
    (fault,) = faults(folder)
    assert fault.startswith(f"{name}.toml: ")
    assert "line 2" in fault


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIG.glob("*.toml")))
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / f"{name}.toml").unlink()
    assert faults(folder) == [f"{name}.toml: no such file in {folder}"]


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIG.glob("*.toml")))
def test_an_unknown_field_is_refused(folder: Path, name: str) -> None:
    file = folder / f"{name}.toml"
    file.write_text('couleur_du_ciel = "bleu"\n' + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert any(fault.startswith(f"{name}.toml: ") and "couleur_du_ciel" in fault for fault in faults(folder))


def test_what_is_no_text_and_what_is_no_file_are_named(folder: Path) -> None:
    (folder / "pbx.toml").write_bytes(b"\xff\xfe")
    (folder / "qos.toml").unlink()
    (folder / "qos.toml").mkdir()
    first, second = faults(folder)
    assert first.startswith("pbx.toml: 'utf-8' codec")
    assert second == "qos.toml: Is a directory"


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("cti", "port = 8080", 'port = "beaucoup"', "cti.toml: [http] port: "),
        ("cti", "port = 8080", "port = 70000", "cti.toml: [http] port: "),
        ("cti", 'zone = "Europe/Paris"', 'zone = "Europe/Paname"', "cti.toml: [service] zone: no such time zone"),
        ("cti", 'zone = "Europe/Paris"', 'zone = "../etc"', "cti.toml: [service] zone: no such time zone"),
        ("cti", 'host = "127.0.0.1"', 'host = "0.0.0.0"', "cti.toml: [http] token: needed because"),
        ("cti", "keep_days = 30", "keep_days = 0", "cti.toml: [journal] keep_days: "),
        ("cti", 'default_profile = "sas_public"', 'default_profile = "x"', "cti.toml: [qos] default_profile: no profile 'x'"),
        ("filieres", "ring_seconds = 12", 'ring_seconds = "douze"', "filieres.toml: [filieres.n1] ring_seconds: "),
        ("filieres", 'debordement = "amu"', 'debordement = "nulle_part"', "filieres.toml: [filieres.n1] debordement: "),
        ("flux", 'filiere = "n1"', 'filiere = "n9"', "flux.toml: [flux.15] filiere: "),
        ("horaires", '= ["08:00-21:00"]', '= ["8h-21h"]', "horaires.toml: [horaires.osnp] tous_les_jours: "),
        ("agents", 'role = "mru"', 'role = "chef"', "agents.toml: [agents.mru01] role: "),
        ("dossier", 'priorite_defaut = "P2"', 'priorite_defaut = "P9"', "dossier.toml: priorite_defaut: "),
    ],
)
def test_a_wrong_value_is_named_with_file_block_and_field(
    folder: Path, spoil: Spoil, name: str, old: str, new: str, place: str
) -> None:
    spoil(name, old, new)
    found = faults(folder)
    assert any(fault.startswith(place) for fault in found), found


def test_all_faults_are_said_at_once(folder: Path, spoil: Spoil) -> None:
    spoil("cti", "port = 8080", "port = -1")
    spoil("cti", "rotate_mib = 64", "rotate_mib = 0")
    spoil("filieres", "ring_seconds = 12", 'ring_seconds = "x"')
    spoil("agents", 'role = "mru"', 'role = "chef"')
    (folder / "qos.toml").unlink()
    (folder / "dossier.toml").write_text("= 1", encoding="utf-8")
    found = faults(folder)
    for place in (
        "cti.toml: [http] port",
        "cti.toml: [journal] rotate_mib",
        "filieres.toml: [filieres.n1] ring_seconds",
        "agents.toml: [agents.mru01] role",
        "qos.toml: no such file",
        "dossier.toml: ",
    ):
        assert any(fault.startswith(place) for fault in found), (place, found)
    assert len(found) == len(set(found)), "each fault once"


def test_a_missing_file_raises_no_false_alarm_elsewhere(folder: Path) -> None:
    (folder / "filieres.toml").unlink()
    assert faults(folder) == [f"filieres.toml: no such file in {folder}"]


# --- environment ------------------------------------------------------------------------------------------------------


def test_the_environment_wins(folder: Path, tmp_path: Path) -> None:
    settings = load(
        folder,
        {
            "CTI_DATABASE_URL": "postgresql://cti@127.0.0.1/cti",
            "CTI_VAR": str(tmp_path),
            "CTI_HTTP_HOST": "0.0.0.0",
            "CTI_HTTP_PORT": "9999",
            "CTI_HTTP_TOKEN": "a-long-secret",
            "CTI_AMI_EVENTS_SECRET": "events-secret",
            "CTI_AMI_ACTIONS_SECRET": "actions-secret",
            "CTI_SOMETHING_ELSE": "ignored",
        },
    )
    assert settings.database_url == "postgresql://cti@127.0.0.1/cti"
    assert settings.cti.service.var == tmp_path
    assert (settings.cti.http.host, settings.cti.http.port, settings.cti.http.token) == ("0.0.0.0", 9999, "a-long-secret")
    assert (settings.pbx.ami.events_secret, settings.pbx.ami.actions_secret) == ("events-secret", "actions-secret")


def test_every_variable_names_a_field_of_the_shipped_files_or_of_their_defaults() -> None:
    for file, block, _ in ENVIRONMENT.values():
        assert block in tomllib.loads((CONFIG / f"{file}.toml").read_text(encoding="utf-8")) or block == "ami"


def test_the_var_folder_holds_the_default_database(folder: Path) -> None:
    assert load(folder, {"CTI_VAR": "/srv/cti"}).database_url == "sqlite:////srv/cti/cti.db"


def test_a_wrong_variable_is_named(folder: Path) -> None:
    (fault,) = faults(folder, CTI_HTTP_PORT="beaucoup")
    assert fault.startswith("cti.toml: [http] port: ")
    assert fault.endswith("from CTI_HTTP_PORT")


def test_a_variable_over_a_block_that_is_no_table(folder: Path) -> None:
    (folder / "pbx.toml").write_text("ami = 3\n", encoding="utf-8")
    assert any(fault.startswith("pbx.toml: ") and "ami" in fault for fault in faults(folder, CTI_AMI_EVENTS_SECRET="x" * 12))


def test_no_secret_is_shown(folder: Path, spoil: Spoil) -> None:
    spoil("cti", 'host = "127.0.0.1"', 'token = 123456\nhost = "127.0.0.1"')
    assert not any("123456" in fault for fault in faults(folder))
    settings = load(CONFIG, {"CTI_HTTP_TOKEN": "swordfish", "CTI_DATABASE_URL": "postgresql://cti:swordfish@127.0.0.1/cti"})
    assert "swordfish" not in repr(settings.cti)
