"""``cti user password | unlock | totp | sessions``: no secret in lists or in the log, sessions end with what changed."""

import json
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner

from cti.__main__ import main
from cti.bootstrap.access.codes import unseal
from cti.bootstrap.access.hashing import Hashing
from cti.bootstrap.access.keys import token_key
from cti.bootstrap.access.opening import open_signing
from cti.settings import Settings, load
from cti.store import open_store
from tests.unit.bootstrap.verbs_house import T0, Cti, S, refused

PASSWORD = "le chat dort sur le toit"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch, site: Path) -> None:
    for verb in ("access", "signing"):
        monkeypatch.setattr(f"cti.bootstrap.verbs.{verb}.now", lambda: T0)
    file = site / "config" / "acces.toml"
    quick = file.read_text(encoding="utf-8").replace("argon2_memoire_mio = 64", "argon2_memoire_mio = 8")
    file.write_text(quick.replace("argon2_passes = 3", "argon2_passes = 1"), encoding="utf-8")


def typed(text: str, *words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, words, input=text)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def anne(cti: Cti) -> str:
    assert cti("user", "add", "anne", "--role", "mru", "--par", "it").returncode == 0
    code, out, _ = typed(PASSWORD + "\n", "user", "password", "anne", "--stdin", "--par", "it")
    assert (code, out) == (0, "mot de passe : anne (premier mot de passe)\n")
    return "anne"


def settings() -> Settings:
    return load(Path("config"), {})


def sign_in(name: str, password: str = PASSWORD, code: str = "", at: int = T0) -> str:
    """One try as the service makes it; what the desk calls the outcome."""
    store = open_store(settings().database_url)
    try:
        desk = open_signing(settings(), store, lambda: at)
        return type(desk._try(name, password, code, "127.0.0.1")).__name__
    finally:
        store.close()


def test_a_password_is_asked_twice_and_opens(cti: Cti, anne: str) -> None:
    new = "une autre phrase de passe"
    code, _, err = typed(f"{new}\n{new}\n", "user", "password", anne, "--par", "it")
    assert code == 0
    assert new not in err
    assert (sign_in(anne), sign_in(anne, new)) == ("TurnedAway", "SignedIn")
    code, _, err = typed(f"{new}\n{new}x\n", "user", "password", anne)
    assert code != 0
    assert "diffèrent" in err
    assert sign_in(anne, new) == "SignedIn"


@pytest.mark.parametrize(
    ("given", "why"), [("court\n", "au moins 12"), ("MotDePasse2026!\n", "deviner"), ("", "une ligne"), ("a\nb\n", "une ligne")]
)
def test_what_is_no_password_changes_nothing(cti: Cti, anne: str, given: str, why: str) -> None:
    code, _, err = typed(given, "user", "password", anne, "--stdin")
    assert code != 0
    assert why in err
    assert sign_in(anne) == "SignedIn"


def test_nothing_of_a_secret_is_kept_listed_or_logged(cti: Cti, anne: str, site: Path) -> None:
    shown = cti("user", "totp", anne, "--par", "it")
    secret = shown.stdout.splitlines()[0].removeprefix("secret : ").replace(" ", "")
    told = cti("user", "list").stdout + cti("user", "list", "--json").stdout + cti("archive", "log", "--json").stdout
    for hidden in (secret, PASSWORD, "argon2"):
        assert hidden not in told, hidden
    for file in (site / "var").iterdir():
        raw = file.read_bytes()
        assert secret.encode() not in raw, file
        assert PASSWORD.encode() not in raw, file
    store = open_store(settings().database_url)
    known = store.signing.credential(anne)
    store.close()
    assert known is not None
    assert unseal(token_key(settings()), anne, known.totp) == secret
    assert Hashing(settings().access.sign_in).matches(known.hash, PASSWORD)


def test_codes_are_asked_from_enrolment_to_off(cti: Cti, anne: str) -> None:
    secret = cti("user", "totp", anne).stdout.splitlines()[0].removeprefix("secret : ").replace(" ", "")
    assert sign_in(anne) == "TurnedAway"
    assert sign_in(anne, code=pyotp.TOTP(secret).at(T0 // S)) == "SignedIn"
    assert "code à usage unique" in cti("user", "list").stdout
    assert cti("user", "totp", anne, "--off", "--par", "it").stdout == "code a usage unique : anne (retiré)\n"
    assert sign_in(anne) == "SignedIn"
    assert "aucun code" in refused(cti("user", "totp", anne, "--off"))
    cti("user", "add", "paul", "--role", "mrg")
    assert "n'a pas de mot de passe" in refused(cti("user", "totp", "paul"))


def test_an_account_that_waits_is_seen_and_unlocked(cti: Cti, anne: str) -> None:
    for _ in range(5):
        assert sign_in(anne, "le chien dort") == "TurnedAway"
    assert "    EN ATTENTE encore 30 s après 5 échecs (cti user unlock anne)" in cti("user", "list").stdout.splitlines()
    assert json.loads(cti("user", "list", "--json").stdout)["locked_until"] == "2026-12-16T08:00:30.000Z"
    assert sign_in(anne) == "TurnedAway"
    assert cti("user", "unlock", anne, "--par", "it").stdout == "deblocage : anne (après 5 échec(s))\n"
    assert sign_in(anne) == "SignedIn"
    assert "n'attend pas" in refused(cti("user", "unlock", anne))
    assert "aucun compte zoe" in refused(cti("user", "unlock", "zoe"))


def test_sessions_are_listed_and_ended(cti: Cti, anne: str) -> None:
    for _ in range(2):
        sign_in(anne)
    first, second = (json.loads(line) for line in cti("user", "sessions", anne, "--json").stdout.splitlines())
    assert first["means"] == "mot de passe"
    assert cti("user", "sessions", anne, "--end", "--session", first["session_id"], "--par", "it").returncode == 0
    (left,) = cti("user", "sessions", anne).stdout.splitlines()
    assert left.startswith(f"{second['session_id']}  ouverte  depuis 127.0.0.1")
    assert "1 session(s) ouverte(s)" in cti("user", "list").stdout
    assert cti("user", "sessions", anne, "--end", "--par", "it").stdout == f"fin de session : anne ({second['session_id']})\n"
    assert cti("user", "sessions", anne).stdout == ""
    assert len(cti("user", "sessions", anne, "--all").stdout.splitlines()) == 2
    assert "aucune session" in refused(cti("user", "sessions", anne, "--end"))
    assert "aucun compte zoe" in refused(cti("user", "sessions", "zoe"))


def test_a_digest_is_made_anew_when_the_parameters_changed(cti: Cti, anne: str, site: Path) -> None:
    file = site / "config" / "acces.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("argon2_passes = 1", "argon2_passes = 2"), encoding="utf-8")
    for outcome in ("SignedIn", "SignedIn"):
        assert sign_in(anne) == outcome
    store = open_store(settings().database_url)
    known = store.signing.credential(anne)
    store.close()
    assert known is not None
    assert "m=8192,t=2,p=1" in known.hash


def test_an_account_is_tied_to_whom_the_provider_knows(cti: Cti, anne: str) -> None:
    issuer = settings().access.oidc.issuer
    tied = cti("user", "link", anne, "10001234567", "--par", "it")
    assert tied.stdout == f"rattachement : anne (810001234567 de {issuer})\n"
    assert f"    rattaché à 810001234567 de {issuer}" in cti("user", "list").stdout.splitlines()
    assert json.loads(cti("user", "list", "--json").stdout)["links"] == ["810001234567"]
    cti("user", "add", "paul", "--role", "mrg")
    assert "déjà rattaché au compte anne" in refused(cti("user", "link", "paul", "810001234567"))
    assert cti("user", "link", anne, "10001234567", "--off", "--par", "it").stdout.endswith(f"{issuer} : retiré)\n")
    assert "n'est pas rattaché" in refused(cti("user", "link", anne, "10001234567", "--off"))


def test_a_provider_needs_what_it_needs(cti: Cti, site: Path) -> None:
    file = site / "config" / "acces.toml"
    told = file.read_text(encoding="utf-8").replace("actif = false", "actif = true")
    file.write_text(told.replace('"https://auth.esw', '"http://auth.esw'), encoding="utf-8")
    found = refused(cti("check-config"))
    for fault in (
        "[oidc] client_id: needed because actif is true",
        "[oidc] client_secret: needed because actif is true (CTI_OIDC_SECRET)",
        "[oidc] emetteur: an https address is expected",
    ):
        assert fault in found, fault
    file.write_text(told.replace('client_id = ""', 'client_id = "sas"'), encoding="utf-8")
    assert "public_url is needed" in refused(cti("check-config", CTI_OIDC_SECRET="secret"))
    assert "un-mot-cache" not in refused(cti("check-config", CTI_OIDC_SECRET="un-mot-cache"))


def test_the_configuration_is_refused_when_a_route_has_no_row(cti: Cti, site: Path) -> None:
    assert cti("check-config").returncode == 0
    file = site / "config" / "droits.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('agir = ["superviseur", "admin", "site"]\n', ""), encoding="utf-8")
    assert '["crise"] switchCrisis: no row' in refused(cti("check-config"))
    assert "no row" in refused(cti("run", "--seul"))
    assert not (site / "var").exists(), "nothing was begun"
