"""What a reader sees: the note and the page, whatever the timeline holds, every word of a person escaped."""

from typing import Any

import pytest

from cti.archive.exporting.page import offset, page
from cti.archive.exporting.reader import reader_note


def receipt(**changes: Any) -> dict[str, Any]:
    piece = {
        "piece_id": "p1", "fichier": "audio/01-p1.flac", "debut": "2026-12-16T08:00:00.000Z", "duree_ms": 61_250,
        "nature": "appel", "dossier": None, "remarque": "en-tête <refait>",
        "remis": {"flac_sha256": "a"}, "archive": {"flac_sha256": "b"},
    }  # fmt: skip
    told = {
        "export_id": "e1", "par": "sofia", "demandeur": "M. <Martin>", "reference": "PV & 1", "motif": "enquête",
        "cible": "appel c", "pieces": [piece], "absentes": [], "masques": 0, "retire": [],
        "journal_des_acces": {"entree": 7, "empreinte": "f" * 64},
    }  # fmt: skip
    return {**told, **changes}


def timeline(**changes: Any) -> dict[str, Any]:
    stage = {"filiere": "n1", "agent": None, "answered_ms": -250, "talk_ms": None, "left_ms": 60_000}
    consults = [
        {"agent": "arm01", "answered_by": None, "answered_ms": 1000, "ended_ms": None},
        {"agent": "arm01", "answered_by": "mru01", "answered_ms": None, "ended_ms": 2000},
    ]
    mask = {"de_ms": 5000, "a_ms": 6000, "voie": "agents", "raison": "<tiers>"}
    told = {"duration_ms": 61_250, "caller": None, "stages": [stage], "consults": consults, "masques": [mask]}
    return {**told, **changes}


ABSENT = {"piece_id": "p9", "appel": "c", "debut": "2026-12-16T08:00:00.000Z", "pourquoi": "éliminée <visa>"}


def test_the_page_tells_each_step_in_order_and_escapes_every_word() -> None:
    told = page(receipt(absentes=[ABSENT]), [timeline()], lambda _: "le 16 décembre", "SAS <31>")
    rows = [line.split("</td><td>")[1].removesuffix("</td></tr>") for line in told.splitlines() if "<td class=t>" in line]
    assert rows == [
        "un agent (n1) décroche",
        "début de l&#x27;enregistrement",
        "arm01 consulte un collègue",
        "fin de la consultation de arm01",
        "masqué jusqu&#x27;à 0:06,000, les agents : &lt;tiers&gt;",
        "un agent (n1) n&#x27;est plus avec l&#x27;appelant",
        "fin de l&#x27;enregistrement",
    ]
    for words in (
        "M. &lt;Martin&gt;",
        "PV &amp; 1",
        "SAS &lt;31&gt;",
        "en-tête &lt;refait&gt;",
        "éliminée &lt;visa&gt;",
        "sans dossier",
    ):
        assert words in told, words
    assert "sans dossier" in told
    bare = page(receipt(), [timeline(caller="0612345678", consults=[], masques=[], stages=[])], str, "SAS")
    assert "Ce qui ne peut pas être remis" not in bare
    assert "appelant 0612345678" in bare


@pytest.mark.parametrize(
    ("ms", "told"), [(0, "0:00,000"), (61_250, "1:01,250"), (3_723_004, "1:02:03,004"), (-1500, "-0:01,500")]
)
def test_an_offset_is_read_as_a_clock(ms: int, told: str) -> None:
    assert offset(ms) == told


def test_the_note_says_what_there_is_and_nothing_of_what_there_is_not() -> None:
    whole = reader_note(receipt(absentes=[ABSENT], masques=2, retire=["numéro"]), "16/12/2026", "SAS 31", "05 00 00 00 00")
    for words in (
        "(61,2 s, appel)", "REMARQUES DU SERVICE", "en-tête <refait>", "2 passage(s)", "Ne figurent pas", "p9 (du 2026",
        "entrée 7", "05 00 00 00 00", "secret médical", "sha256sum -c EMPREINTES.sha256",
    ):  # fmt: skip
        assert words in whole, words
    plain = receipt()
    plain["pieces"][0]["remarque"] = None
    bare = reader_note(plain, "16/12/2026", "SAS 31", "05")
    for words in ("REMARQUES", "MASQUÉ\n", "NE PEUT PAS"):
        assert words not in bare, words
    only = reader_note(receipt(retire=["numéro"]), "16/12/2026", "SAS 31", "05")
    assert "passage(s)" not in only
    assert "Ne figurent pas" in only
    assert "Ne figurent pas" not in reader_note(receipt(masques=1), "16/12/2026", "SAS 31", "05")
