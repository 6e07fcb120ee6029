"""The shipped configuration is sound, and every fault in a configuration is said, all at once, with its place."""

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from cti.settings import ENVIRONMENT, ConfigError, load, remarks

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
        ("cti", 'host = "127.0.0.1"', 'token = "court"\nhost = "127.0.0.1"', "cti.toml: [http] token: too short"),
        ("cti", 'public_url = ""', 'public_url = "sas.example.fr"', "cti.toml: [http] public_url: an address such as"),
        (
            "cti",
            'public_url = ""',
            'public_url = "https://sas.example.fr/cti"',
            "cti.toml: [http] public_url: an address such as",
        ),
        ("crise", '"mru", "mrg"', '"mru"', "crise.toml: [repartition] mutualisees: ['mru']: at least two"),
        ("crise", '"mru", "mrg"', '"mru", "mrx"', "crise.toml: [repartition] mutualisees: unknown filière 'mrx'"),
        ("crise", "mrg = 30", "mrx = 30", "crise.toml: [attentes] mrx: unknown filière 'mrx'"),
        ("crise", "mrg = 30", 'mrg = "30"', "crise.toml: [attentes] mrg: "),
        ("crise", "[accueils]", '[accueils]\nXX = "beep"', "crise.toml: [accueils] XX: unknown flux 'XX'"),
        ("crise", 'accueil = "queue', 'accueil = "../queue', "crise.toml: [(top)] accueil: "),
        (
            "crise",
            "attente_orange_seconds = 20",
            "attente_orange_seconds = 40",
            "crise.toml: [seuils.normal] attente_orange_seconds: amber",
        ),
        (
            "horaires",
            'zone = "Europe/Paris"',
            'zone = "Indian/Reunion"',
            "horaires.toml: zone: 'Indian/Reunion', but 'Europe/Paris'",
        ),
        ("qos", 'zone = "Europe/Paris"', 'zone = "Indian/Reunion"', "qos.toml: [calendrier] zone: 'Indian/Reunion', but"),
        ("recording", 'racine = "/var', 'racine = "/srv', "recording.toml: racine: '/srv/spool/asterisk/sas', but '/var/spool"),
        ("recording", 'racine_pbx = ""', 'racine_pbx = "/mnt/sas"', "recording.toml: racine_pbx: '/mnt/sas', but '/var/spool"),
        ("pbx", 'recordings_dir = "/var', 'recordings_dir = "/srv', "recording.toml: racine_pbx (empty, so racine): '/var/spool"),
        (
            "pbx",
            "patience_seconds = 1.5",
            "patience_seconds = 2.5",
            "pbx.toml: [pbx] patience_seconds + spool_patience_seconds: at most 2",
        ),
        (
            "filieres",
            'couleur = "#1565c0"',
            'icone = "accueil"',
            "filieres.toml: [filieres.n1] icone: unknown field; the board draws",
        ),
        ("cti", "keep_days = 30", "keep_days = 0", "cti.toml: [journal] keep_days: "),
        ("cti", 'default_profile = "sas_public"', 'default_profile = "x"', "cti.toml: [qos] default_profile: no profile 'x'"),
        ("filieres", "ring_seconds = 12", 'ring_seconds = "douze"', "filieres.toml: [filieres.n1] ring_seconds: "),
        ("filieres", 'debordement = "amu"', 'debordement = "nulle_part"', "filieres.toml: [filieres.n1] debordement: "),
        ("flux", 'filiere = "n1"', 'filiere = "n9"', "flux.toml: [flux.15] filiere: "),
        ("horaires", '= ["08:00-21:00"]', '= ["8h-21h"]', "horaires.toml: [horaires.osnp] tous_les_jours: "),
        ("agents", 'role = "mru"', 'role = "chef"', "agents.toml: [agents.mru01] role: "),
        ("archive", "actif = false", "actif = true", "archive.toml: [archive] secours: the public key of the offline"),
        ("archive", 'secours = ""', 'secours = "age1"', "archive.toml: [archive] secours: 'age1' n'est pas une clé publique"),
        ("archive", "appels_max = 40", "appels_max = -1", "archive.toml: [travail] appels_max: "),
        ("archive", 'preuve = "03:30"', 'preuve = "24:00"', "archive.toml: [surveillance] preuve: "),
        ("acces", 'relation = "dossier"', 'relation = "cousin"', "acces.toml: [droits 2] relation: one of ses_appels,"),
        ("acces", "duree_heures = 24", "duree_heures = -1", "acces.toml: [droits 1] duree_heures: a whole number from 1"),
        ("acces", 'relation = "dossier"', 'relation = "ses_appels"', "acces.toml: [droits 2] arm_n1 may ecouter (ses_appels) by"),
        ("acces", 'cle = ""', 'cle = "courte"', "acces.toml: [jetons] cle: too short"),
        ("acces", "minutes_max = 120", "minutes_max = 1441", "acces.toml: [ecoutes] minutes_max: a whole number from 1 to 1440"),
        ("acces", "memoire_mio = 256", "memoire_mo = 256", "acces.toml: [ecoutes] memoire_mo: unknown field"),
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


def test_the_pbx_side_says_all_its_faults_at_once_and_no_secret(folder: Path, spoil: Spoil) -> None:
    spoil("pbx", "sip_port = 5060", 'sip_port = "5060"')
    spoil("pbx", "http_port = 8088", "http_port = 8088\ncolor = 3")
    spoil("pbx", 'events_secret = "change-me-events"', "events_secret = 123456789")
    spoil("agents", 'nom = "Camille', 'non = "Camille')
    found = faults(folder)
    for place in (
        "pbx.toml: [pbx] sip_port: '5060' is not of kind int",
        "pbx.toml: [pbx] color: unknown field",
        "pbx.toml: [ami] events_secret: the value is not of kind str",
        "agents.toml: [agents.arm01] nom: missing",
    ):
        assert any(fault.startswith(place) for fault in found), (place, found)
    assert not any("123456789" in fault for fault in found)


def test_both_sides_count_the_same_overflows_when_the_file_says_nothing(folder: Path, spoil: Spoil) -> None:
    spoil("filieres", "debordements_max = 4\n", "")
    settings = load(folder, {})
    assert settings.pbx.tours_max == settings.routing.filieres.debordements_max == 4


def test_a_shared_folder_under_two_names_is_no_fault(folder: Path, spoil: Spoil) -> None:
    spoil("cti", 'host = "127.0.0.1"\n# Journal', 'host = "127.0.0.1"\nrecordings = "/mnt/voix/"\n# Journal')
    spoil("recording", 'racine = "/var/spool/asterisk/sas"', 'racine = "/mnt/voix"')
    spoil("recording", 'racine_pbx = ""', 'racine_pbx = "/var/spool/asterisk/sas"')
    load(folder, {})


def test_what_is_sent_to_nobody_is_said(folder: Path, spoil: Spoil) -> None:
    (inactive,) = remarks(load(folder, {}))
    assert "[archive] actif = false : la voix reste en clair" in inactive
    spoil("dossier", "actif = false", "actif = true")
    remark, _ = remarks(load(folder, {}))
    assert "[externe] actif : rien n'est encore envoyé" in remark


def test_a_public_address_over_tls(folder: Path, spoil: Spoil) -> None:
    spoil("cti", 'public_url = ""', 'public_url = "https://sas.example.fr"')
    http = load(folder, {}).cti.http
    assert http.secure
    assert http.hosts[-1] == "sas.example.fr"
    assert not load(CONFIG, {}).cti.http.secure


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
            "CTI_HTTP_TOKEN": "a-long-secret-of-24-signs",
            "CTI_ACCESS_KEY": "the-key-of-the-tokens-and-its-32-signs",
            "CTI_AMI_EVENTS_SECRET": "events-secret",
            "CTI_AMI_ACTIONS_SECRET": "actions-secret",
            "CTI_SOMETHING_ELSE": "ignored",
        },
    )
    assert settings.database_url == "postgresql://cti@127.0.0.1/cti"
    assert settings.cti.service.var == tmp_path
    http = settings.cti.http
    assert (http.host, http.port, http.token) == ("0.0.0.0", 9999, "a-long-secret-of-24-signs")
    assert settings.access.key == "the-key-of-the-tokens-and-its-32-signs"
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
    settings = load(
        CONFIG, {"CTI_HTTP_TOKEN": "swordfish-swordfish", "CTI_DATABASE_URL": "postgresql://cti:swordfish@127.0.0.1/cti"}
    )
    assert "swordfish" not in repr(settings.cti)
