"""``cti archive export``, as an operator types it: under an account, into a file, the passphrase once."""

import re
import stat
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result

from cti.__main__ import main
from cti.archive.sealing.keys import sha256
from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import Scope
from tests.unit.archive.voices_kept import PIECE
from tests.unit.exporting.handing_house import REFERENCE, Site, files_of, inner_of


@pytest.fixture
def typed(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Two accounts and a requisition; the environment of the site."""
    monkeypatch.setenv("CTI_VAR", str(site.folder / "var"))
    monkeypatch.setenv("CTI_DATABASE_URL", f"sqlite:///{site.kept.folder}/cti.db")
    site.account("sofia", A.SUPERVISEUR)
    site.account("paul", A.ARM_N1)
    site.hold(Scope.DOSSIER, "31-26-0001")
    return site


def export(site: Site, out: Path, *words: str, by: str = "sofia", reference: str = REFERENCE) -> Result:
    told = ("--reference", reference, "--demandeur", "OPJ Durand", "--par", by, "--raison", "enquête", "--out", str(out))
    return CliRunner().invoke(main, ["archive", "export", "--config", str(site.config), *told, *words])


def test_a_package_is_written_for_its_owner_and_its_phrase_said_once(typed: Site, tmp_path: Path) -> None:
    out = tmp_path / "remise.zip"
    mask = ("--masque", f"{PIECE}:100-900:caller:voisine : un nom", "--masque", f"{PIECE}:100-900:agents:idem")
    done = export(typed, out, "--dossier", "31-26-0001", *mask)
    assert done.exit_code == 0, done.output
    assert f"({out.stat().st_size} octets, 2 pièce(s), 2 masque(s))" in done.stdout
    assert f"sha256 {sha256(out.read_bytes())}" in done.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    phrase = re.search(r"montrée cette seule fois : (\S+)", done.stdout)
    assert phrase is not None
    files = files_of(inner_of(out.read_bytes(), phrase[1]))
    assert b"voisine : un nom" in files["recu.json"]
    granted, _, fait = typed.traces()
    assert (granted.who, granted.client, fait.outcome) == ("sofia", "cli", "fait")
    (row,) = typed.store.exports.all()
    assert (row.client, row.expires_at) == ("cli", None)
    assert [path.name for path in tmp_path.glob("remise*")] == ["remise.zip"]
    assert typed.plain_audio() == []


def test_for_a_key_no_phrase_is_said(typed: Site, tmp_path: Path) -> None:
    key = pyrage.x25519.Identity.generate()
    done = export(typed, tmp_path / "r.age", "--piece", PIECE, "--piece", "other", "--destinataire", str(key.to_public()))
    assert done.exit_code == 0, done.output
    assert "phrase, montrée" not in done.stdout
    assert "recu.json" in files_of(pyrage.decrypt((tmp_path / "r.age").read_bytes(), [key]))


@pytest.mark.parametrize(
    ("words", "by", "told"),
    [
        (("--appel", PIECE), "inconnue", "aucun compte ouvert ne s'appelle « inconnue »"),
        (("--appel", PIECE), "paul", "paul (arm_n1) ne peut pas exporter"),
        ((), "sofia", "une seule cible est attendue"),
        (("--appel", PIECE, "--dossier", "31-26-0001"), "sofia", "une seule cible est attendue"),
        (("--appel", "x"), "sofia", "aucun enregistrement pour appel x"),
        (("--appel", PIECE, "--destinataire", "age1x"), "sofia", "n'est pas une clé publique age"),
        (("--appel", PIECE, "--masque", "n'importe quoi"), "sofia", "PIECE:DE-A:VOIE:RAISON est attendu"),
        (("--appel", PIECE, "--masque", f"{PIECE}:1-2:gauche:r"), "sofia", "PIECE:DE-A:VOIE:RAISON est attendu"),
        (("--appel", PIECE, "--masque", f"{PIECE}:0-4000:both:r"), "sofia", "au-delà du son, qui dure 3000 ms"),
    ],
)
def test_what_may_not_be_is_said_in_one_line_and_makes_nothing(
    typed: Site, tmp_path: Path, words: tuple[str, ...], by: str, told: str
) -> None:
    done = export(typed, tmp_path / "r.zip", *words, by=by)
    assert (done.exit_code, told in done.output) == (1, True), done.output
    assert "Traceback" not in done.output
    assert list(tmp_path.glob("r.zip*")) == []
    assert typed.store.exports.all() == []


def test_nothing_is_written_over_and_nothing_is_told_without_an_archive(typed: Site, tmp_path: Path) -> None:
    out = tmp_path / "r.zip"
    out.write_bytes(b"x")
    done = export(typed, out, "--appel", PIECE)
    assert (done.exit_code, "rien n'est remplacé" in done.output) == (1, True)
    assert out.read_bytes() == b"x"
    text = (typed.config / "archive.toml").read_text(encoding="utf-8")
    (typed.config / "archive.toml").write_text(text.replace("actif = true", "actif = false"), encoding="utf-8")
    done = export(typed, tmp_path / "s.zip", "--appel", PIECE)
    assert (done.exit_code, "actif = false" in done.output) == (1, True)


def test_one_that_cannot_be_written_down_is_not_given(typed: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disque plein")

    monkeypatch.setattr(type(typed.store.exports), "add", full)
    done = export(typed, tmp_path / "r.zip", "--appel", PIECE)
    assert (done.exit_code, "disque plein" in done.output) == (1, True)
    assert list(tmp_path.glob("r.zip*")) == []
