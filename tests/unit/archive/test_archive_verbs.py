"""`cti archive ...`, as an operator types it: what it says, and the exit code."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result

from cti.__main__ import main
from cti.archive.sealing.keys import write_identity
from cti.archive.sealing.manifest import names
from cti.archive.stores import open_shelf
from cti.bootstrap.keeping.opening import alone
from cti.bootstrap.keeping.proving import NightlyProof
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.journey.ledger import Batch
from cti.settings import load
from tests.unit.archive.voices_kept import PIECE, STEM, T0, House, S, answered, house

CONFIG = Path(__file__).parents[3] / "config"
OTHER = "2026/12/16/other"


@dataclass
class Desk:
    """A site on disk and somebody who types."""

    config: Path
    kept: House
    archive: dict[str, object]

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["archive", words[0], "--config", str(self.config), *words[1:]])

    def write(self, **changes: object) -> None:
        self.archive["archive"].update(changes)  # type: ignore[attr-defined]
        (self.config / "archive.toml").write_text(tomli_w.dumps(self.archive), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    made = house(tmp_path / "house", open_shelf(str(tmp_path / "site" / "archive")))
    for name, old in (("recording", 'racine = "'), ("pbx", 'recordings_dir = "')):
        text = (config / f"{name}.toml").read_text(encoding="utf-8")
        (config / f"{name}.toml").write_text(text.replace(f"{old}/var/spool/asterisk/sas", f"{old}{made.disk}"), encoding="utf-8")
    monkeypatch.setenv("CTI_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CTI_DATABASE_URL", f"sqlite:///{made.folder}/cti.db")
    found = Desk(config, made, {**archive_of_its_own(tmp_path / "site"), "travail": {"repos_seconds": 0.0}})
    found.write()
    for stem in (STEM, OTHER):
        made.record(stem)
        made.store.commit(Batch(journeys=(replace(answered(stem), call_id=stem.rpartition("/")[2]),)))
    yield found
    made.store.close()


@pytest.fixture
def done(desk: Desk) -> Desk:
    ran = desk("run")
    assert (ran.exit_code, ran.stdout.strip()) == (0, "tout est archivé")
    return desk


def test_run_archives_what_is_left_and_status_counts_it(done: Desk) -> None:
    assert done.kept.plain() == []
    told = done("status").output
    assert "archive : active" in told
    assert "  archivées : 2\n" in told
    assert told.count("clé age1") == 2
    assert done("run").exit_code == 0


def test_run_names_what_it_cannot_take(desk: Desk) -> None:
    desk.kept.record(caller=b"no wav" * 40)
    (desk.kept.disk / f"{OTHER}-caller.wav").unlink()
    (desk.kept.disk / f"{OTHER}-agents.wav").unlink()
    ran = desk("run")
    assert ran.exit_code == 1
    assert f"{PIECE} (appel {PIECE}) : abîmées" in ran.output
    assert "other (appel other) : sans son ; le son était là" in ran.output
    assert ran.output.strip().endswith("2 défaut(s)")


def test_one_worker_at_a_time(desk: Desk) -> None:
    with alone(load(desk.config, {"CTI_VAR": str(desk.config.parent / "var")})):
        ran = desk("run")
    assert ran.exit_code == 1
    assert "déjà à l'archive" in ran.output


def test_verify_is_quiet_about_a_whole_archive_and_names_what_is_not(done: Desk) -> None:
    assert done("verify").output.strip().endswith("0 défauts\narchive conforme")
    assert done("verify", "--open").exit_code == 0
    name = names(f"2026/12/16/{PIECE}")[0]
    path = done.config.parent / "site" / "archive" / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with sqlite3.connect(done.kept.folder / "cti.db") as base:
        base.execute("DELETE FROM piece WHERE piece_id = 'other'")
    base.close()
    found = done("verify")
    assert found.exit_code == 1
    assert f"{name} : altéré" in found.output
    assert found.output.count("objet sans pièce dans la base") == 3
    assert found.output.strip().endswith("4 défaut(s)")


def test_show_tells_one_piece_or_a_call_and_no_person(done: Desk) -> None:
    told = done("show", PIECE).output
    assert "archivées depuis" in told
    assert f"2026/12/16/{PIECE}.flac.age" in told
    assert "arm01" not in told
    assert "0612345678" not in told
    assert done("show", "nobody").exit_code == 1


def test_keys_are_drawn_changed_and_everything_is_sealed_anew(done: Desk, tmp_path: Path) -> None:
    drawn = done("keygen", "--secours", str(tmp_path / "new.key"))
    assert drawn.exit_code == 0
    assert "shred" in drawn.output
    refused = done("keygen")
    assert refused.exit_code == 1
    assert "ne se remplace pas" in refused.output
    public = next(line.partition(" : ")[2] for line in drawn.output.splitlines() if line.startswith("clé publique"))
    done.write(secours=public)
    ran = done("rewrap")
    assert (ran.exit_code, ran.stdout.strip()) == (0, "toute l'archive est scellée pour les destinataires du jour")
    assert "other.g2.flac.age" in done("show", "other").output
    assert done("verify", "--open").exit_code == 0
    extra = write_identity(tmp_path / "extra.key", "x")
    done.write(destinataires=[extra])
    assert done("rewrap").exit_code == 0
    assert "g3" in done("show", PIECE).output
    assert done("verify", "--open").output.strip().endswith("0 défauts\narchive conforme")


def test_a_site_without_keys_is_told_so(desk: Desk) -> None:
    desk.write(actif=False)
    assert "actif = false" in desk("run").output
    assert "inactive" in desk("status").output


# --- the proof ---------------------------------------------------------------------------------------------------------


def test_the_proof_looks_in_both_directions(desk: Desk) -> None:
    period = ("--since", "2026-12-16", "--until", "2026-12-16")
    for name in ("stranger", "of-this-minute"):
        (desk.kept.disk / f"2026/12/16/{name}-caller.wav").write_bytes(b"RIFF")
    os.utime(desk.kept.disk / "2026/12/16/stranger-caller.wav", (1_700_000_000, 1_700_000_000))
    found = desk("prove", *period)
    assert found.exit_code == 1
    assert "2026/12/16/stranger-caller.wav : fichier sans appel" in found.output
    assert "of-this-minute" not in found.output


def nightly(desk: Desk, clock: Callable[[], int]) -> NightlyProof:
    settings = load(desk.config, {"CTI_VAR": str(desk.config.parent / "var")})
    return NightlyProof(settings, desk.kept.store, desk.kept.disk, clock)


def test_what_a_night_finds_stays_on_the_board_until_it_is_mended(desk: Desk) -> None:
    at = T0 + 3_600 * S
    proof = nightly(desk, lambda: at)
    look = proof.condition().look
    assert look(at) is None
    proof.look()
    trouble = look(at)
    assert trouble is not None
    assert "2 défaut(s)" in trouble.text
    assert desk("run").exit_code == 0
    proof.look()
    assert look(at) is None
    (desk.kept.disk / "lost-agents.wav").write_bytes(b"RIFF")
    proof.look()
    trouble = look(at)
    assert trouble is not None
    assert "lost-agents.wav : fichier sans appel" in trouble.text
    desk.kept.disk.rename(desk.kept.folder / "elsewhere")
    proof.look()
    trouble = look(at)
    assert trouble is not None
    assert "Preuve de la nuit impossible" in trouble.text
