"""``cti archive hold, release, holds, reclass, propose, approve, purge, destroyed``: said in French, under names, to the end."""

import json
import sqlite3
from pathlib import Path

import pytest

from cti.archive.stores import open_shelf
from cti.bootstrap.retention.disposing import sealings_of
from cti.bootstrap.retention.watch import RetentionWatch
from cti.journey.around.voice import VoiceState
from cti.settings import load
from cti.store import open_store
from tests.unit.archive.keeping_house import piece, years_later
from tests.unit.bootstrap.verbs_house import T0, Cti, refused

HOLD = ("--motif", "requisition", "--reference", "PV 2026/12", "--demandeur", "OPJ Durand", "--raison", "enquête")


@pytest.fixture
def archived(two_calls: Path) -> Path:
    """Two calls over, each with a piece in the archive."""
    store = open_store("sqlite:///var/cti.db")
    shelf = open_shelf("var/archive")
    try:
        for number, call in ((1, "call-a"), (2, "call-b")):
            one = piece(number, call=call)
            store.pieces.save(one, T0)
            for ending in (".flac.age", ".json.age", ".manifest.json"):
                shelf.put(f"2026/12/16/p{number}{ending}", b"scelle")
    finally:
        store.close()
    return two_calls


@pytest.fixture
def much_later(archived: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six years later."""
    for name in ("terms", "disposing"):
        monkeypatch.setattr(f"cti.bootstrap.retention.{name}.now", lambda: years_later(6))
    return archived


def lying(site: Path) -> set[str]:
    return {path.name for path in (site / "var" / "archive").rglob("*") if path.is_file()}


def test_a_requisition_from_its_arrival_to_its_end(cti: Cti, archived: Path) -> None:
    placed = cti("archive", "hold", "--appel", "call-a", "--par", "Chloé", *HOLD)
    assert placed.returncode == 0, placed.stderr
    assert "gel 1  appel call-a  requisition PV 2026/12, demandé par OPJ Durand, posé par Chloé" in placed.stdout
    assert "p1  held" in cti("archive", "hold", "--piece", "p1", "--par", "Chloé", *HOLD).stdout
    (first, _) = [json.loads(line) for line in cti("archive", "holds", "--json").stdout.splitlines()]
    assert (first["kind"], first["scope"], first["target"], first["released_at"]) == ("requisition", "appel", "call-a", None)
    assert "une autre personne" in refused(cti("archive", "release", "1", "--par", "chloe", "--raison", "fini"))
    assert "0 pièce(s) libre(s)" in cti("archive", "release", "1", "--par", "Denis", "--raison", "restituée").stdout
    told = json.loads(cti("archive", "release", "2", "--par", "Denis", "--raison", "restituée", "--json").stdout)
    assert list(told["pieces"]) == ["p1"]
    assert cti("archive", "holds").stdout == "0 gel(s) en cours\n"
    assert "levé par Denis" in cti("archive", "holds", "--tous").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("hold", "--par", "a", *HOLD), "une seule cible"),
        (("hold", "--piece", "p1", "--appel", "x", "--par", "a", *HOLD), "une seule cible"),
        (("hold", "--piece", "p9", "--par", "a", *HOLD), "aucune pièce p9"),
        (("release", "7", "--par", "a", "--raison", "b"), "aucun gel ne porte le numéro 7"),
        (("propose", "--par", "a", "--raison", "b"), "aucune pièce n'est au-delà"),
        (("propose", "--liste", "4"), "aucune proposition ne porte le numéro 4"),
        (("approve", "4", "--par", "a", "--visa", "v"), "aucune proposition ne porte le numéro 4"),
        (("purge", "4", "--par", "a"), "aucune proposition ne porte le numéro 4"),
        (("reclass", "--appliquer", "--naissance", "2020-01-01", "--par", "a", "--raison", "b"), "se dit d'une pièce"),
        (("destroyed", "--tete", "abc"), "NUMERO:EMPREINTE"),
    ],
)
def test_what_may_not_be_is_said_in_one_line(cti: Cti, archived: Path, words: tuple[str, ...], told: str) -> None:
    done = cti("archive", *words)
    assert told in refused(done)
    assert done.returncode == 1


@pytest.mark.parametrize("words", [("release", "1"), ("reclass", "--piece", "p1"), ("reclass", "--naissance", "hier")])
def test_bad_use_is_told_apart(cti: Cti, archived: Path, words: tuple[str, ...]) -> None:
    assert cti("archive", *words).returncode == 2


def test_a_birth_is_told_and_the_term_follows(cti: Cti, archived: Path) -> None:
    assert cti("archive", "reclass").stdout == "0 pièce(s) dont la durée serait autre aujourd'hui\n"
    born = ("--appliquer", "--piece", "p1", "--naissance", "2026-11-30", "--par", "Anne", "--raison", "dossier 12")
    done = cti("archive", "reclass", *born)
    assert "p1  pdsa -> mineur  17/12/2031 -> 01/12/2054" in done.stdout
    assert done.stdout.endswith("1 pièce(s) reclassée(s)\n")


def test_a_rule_that_got_shorter_shortens_nothing_by_itself(cti: Cti, archived: Path) -> None:
    assert cti("archive", "holds").returncode == 0  # every piece gets its term
    file = archived / "config" / "retention.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("duree_ans = 5\n", "duree_ans = 9\n", 1), encoding="utf-8")
    assert "2 pièce(s) reclassée(s)" in cti("archive", "reclass", "--appliquer", "--par", "Anne", "--raison", "loi").stdout
    file.write_text(text, encoding="utf-8")
    shown = cti("archive", "reclass")
    assert shown.stdout.count("PLUS COURT") == 2
    assert "0 pièce(s) reclassée(s)" in cti("archive", "reclass", "--appliquer", "--par", "Anne", "--raison", "loi").stdout
    (first, _) = [json.loads(line) for line in cti("archive", "reclass", "--json").stdout.splitlines()]
    assert (first["shorter"], first["keep_until"], first["new_keep_until"]) == (
        True, "2035-12-16T23:00:00.000Z", "2031-12-16T23:00:00.000Z",
    )  # fmt: skip
    done = cti("archive", "reclass", "--appliquer", "--raccourcir", "--par", "Anne", "--raison", "loi")
    assert "2 pièce(s) reclassée(s)" in done.stdout


def test_proposed_approved_executed_and_the_records_stay(cti: Cti, much_later: Path) -> None:
    proposed = cti("archive", "propose", "--par", "Anne", "--raison", "délai écoulé")
    assert "proposition 1  proposee  2 pièce(s), 0 éliminée(s)" in proposed.stdout, proposed.stderr
    assert "p1  pdsa  échue le 17/12/2031" in proposed.stdout
    assert "à approuver par une autre personne" in proposed.stdout
    assert "se décide à deux" in refused(cti("archive", "approve", "1", "--par", "ANNE", "--visa", "AD35"))
    assert "rien n'est éliminé" in refused(cti("archive", "purge", "1", "--par", "Denis"))
    assert "visa AD35/2032/14" in cti("archive", "approve", "1", "--par", "Benoît", "--visa", "AD35/2032/14").stdout
    cti("archive", "hold", "--piece", "p2", "--par", "Chloé", *HOLD)
    done = cti("archive", "purge", "1", "--par", "Denis")
    assert "p2  écartée : gelée : requisition PV 2026/12 (gel 1)" in done.stdout, done.stderr
    assert done.stdout.endswith("1 pièce(s) éliminée(s), 1 écartée(s)\n")
    assert lying(much_later) == {"p1.manifest.json", "p2.flac.age", "p2.json.age", "p2.manifest.json"}
    records = cti("archive", "destroyed")
    assert records.returncode == 0
    head = records.stdout.splitlines()[-1].rpartition(" ")[2]
    assert "p1  pdsa  proposée par Anne, approuvée par Benoît, exécutée par Denis, visa AD35/2032/14" in records.stdout
    assert cti("archive", "destroyed", "--tete", head).returncode == 0
    (told,) = [json.loads(line) for line in cti("archive", "destroyed", "--json").stdout.splitlines()]
    assert (told["piece_id"], told["flac_sha256"], told["read_back_absent"][0]) == ("p1", "a" * 64, "2026/12/16/p1.flac.age")
    assert "0 pièce(s) éliminée(s), 0 écartée(s)" in cti("archive", "purge", "1", "--par", "Denis").stdout
    listed = [json.loads(line) for line in cti("archive", "propose", "--liste", "1", "--json").stdout.splitlines()]
    assert [one.get("fate") for one in listed] == [None, "eliminee", "ecartee"]


def test_a_proposal_is_taken_back(cti: Cti, much_later: Path) -> None:
    cti("archive", "propose", "--par", "Anne", "--raison", "délai")
    back = cti("archive", "propose", "--retirer", "1", "--par", "Benoît", "--raison", "erreur")
    assert "retirée par Benoît : erreur" in back.stdout
    shown = cti("archive", "propose").stdout
    assert "proposition 1  retiree" in shown
    assert shown.endswith("2 pièce(s) au-delà de leur durée sans proposition\n")
    assert len(lying(much_later)) == 6


def test_a_record_that_was_touched_is_named_and_the_code_says_so(cti: Cti, much_later: Path) -> None:
    cti("archive", "propose", "--par", "Anne", "--raison", "délai")
    cti("archive", "approve", "1", "--par", "Benoît", "--visa", "V")
    outcomes = [json.loads(line) for line in cti("archive", "purge", "1", "--par", "Denis", "--json").stdout.splitlines()]
    assert [one["fate"] for one in outcomes] == ["eliminee", "eliminee"]
    with sqlite3.connect(much_later / "var" / "cti.db") as raw:
        raw.execute("DROP TRIGGER destruction_stays_update")
        raw.execute("DROP TRIGGER destruction_stays_delete")
        raw.execute("UPDATE destruction SET body = replace(body, 'Anne', 'Paul') WHERE number = 2")
    raw.close()
    broken = cti("archive", "destroyed")
    assert broken.returncode == 1
    assert broken.stderr == "la chaîne des procès-verbaux est rompue : le n° 2 a été modifié\n"
    with sqlite3.connect(much_later / "var" / "cti.db") as raw:
        raw.execute("DELETE FROM destruction WHERE number = 2")
    raw.close()
    cut = cti("archive", "destroyed")
    assert (cut.returncode, cut.stderr) == (1, "p2 : éliminée sans procès-verbal\n")


def test_every_sealing_of_a_piece_goes() -> None:
    assert sealings_of("d/p1").sounds == ("d/p1.flac.age", "d/p1.g2.flac.age")
    assert sealings_of("d/p1.g2").timelines == ("d/p1.g2.json.age", "d/p1.json.age", "d/p1.g3.json.age")


def test_the_board_says_what_nobody_decided(archived: Path) -> None:
    settings = load(archived / "config", {})
    store = open_store("sqlite:///var/cti.db")
    try:
        watch = RetentionWatch(settings, store, lambda: years_later(6))
        assert watch.condition().look(0) is None
        watch.look()
        trouble = watch.condition().look(0)
        assert trouble is not None
        assert "2 enregistrement(s) au-delà de leur durée, sans décision" in trouble.text
        assert {one.state for one in store.pieces.all()} == {VoiceState.ARCHIVED}, "said, and nothing done"
        soon = RetentionWatch(settings, store, lambda: years_later(5))
        soon.look()
        assert soon.condition().look(0) is None, "not yet thirty days"
        (archived / "var" / "cti.db").rename(archived / "var" / "away.db")
        watch.look()
        unknown = watch.condition().look(0)
        assert unknown is not None
        assert "durées non vérifiées" in unknown.text
    finally:
        store.close()
    watch.start()
    watch.stop()
