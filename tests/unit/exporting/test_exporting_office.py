"""From a requisition to a closed package, on a real site: real keys, real FLAC, real log; opened again by an outsider's means."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyrage
import pytest
import soundfile

from cti.access.chain import verify
from cti.api.keeping_port import NotAllowed
from cti.archive.exporting.asked import BadlyAsked, ExportRefused, Form, NothingThere, Wish
from cti.archive.exporting.masks import Mask, Side
from cti.archive.exporting.package import SUMS
from cti.archive.sealing.keys import sha256
from cti.archive.sealing.manifest import names
from cti.archive.worker import pieces_of
from cti.bootstrap.exporting.office import Closed, Named, wish_of
from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import HoldKind, Scope
from cti.journey.around.voice import VoiceState
from tests.unit.archive.voices_kept import PIECE
from tests.unit.exporting.handing_house import REFERENCE, Site, files_of, inner_of, named, unpacked

HOUSE = Path(__file__).parents[3]
CHECKER = HOUSE / "docs" / "verifier-un-export.py"
WISH = Wish(reference=REFERENCE, asked_by="OPJ Durand", reason="enquête préliminaire")
MASKS = (
    Mask(piece_id=PIECE, since_ms=1000, until_ms=1500, side=Side.CALLER, reason="voisine"),
    Mask(piece_id=PIECE, since_ms=2000, until_ms=3000, side=Side.BOTH, reason="autre patient"),
)


def handed(site: Site, what: Named | None = None, wish: Wish = WISH) -> Closed:
    """A superviseur hands it over."""
    asker = site.asker("sofia", A.SUPERVISEUR)
    closed = site.office.make(site.office.order(asker, "", what or named(Scope.APPEL, PIECE), wish), kept=True)
    site.office.write_down(closed, asker)
    return closed


def plain_of(closed: Closed) -> bytes:
    assert closed.phrase is not None
    return inner_of(closed.data, closed.phrase)


def checked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The outsider's own program."""
    return subprocess.run([sys.executable, "-I", str(CHECKER), str(folder), *more], capture_output=True, text=True, check=False)


def sound(flac: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(flac), dtype="int16", always_2d=True)[0]


def archived(site: Site, piece_id: str = PIECE) -> bytes:
    """The FLAC that the archive holds."""
    sealed = site.kept.piece(piece_id).sealed
    assert sealed is not None
    return site.kept.opener(site.kept.shelf.get(names(sealed.key)[0]) or b"")


def test_a_requisition_is_answered(site: Site, tmp_path: Path) -> None:
    number = site.hold(Scope.APPEL, PIECE)
    closed = handed(site)
    files = files_of(plain_of(closed))
    assert list(files) == [
        f"audio/01-{PIECE}.flac", f"ecoute/01-{PIECE}.wav", f"chronologie/01-{PIECE}.json", "chronologie.html",
        "recu.json", "LISEZMOI.txt", SUMS,
    ]  # fmt: skip
    flac = files[f"audio/01-{PIECE}.flac"]
    assert flac == archived(site), "without a mask: the archive's own bytes"
    assert (sound(files[f"ecoute/01-{PIECE}.wav"]) == sound(flac)).all()
    told = json.loads(files["recu.json"])
    assert told == closed.receipt
    assert told["droit"] == {"verbe": "exporter", "role": "superviseur", "relation": "requisition", "depuis": "192.0.2.1"}
    assert (told["par"], told["demandeur"], told["reference"]) == ("sofia", "OPJ Durand", REFERENCE)
    assert told["gels"] == [{"numero": number, "motif": "requisition", "reference": REFERENCE, "pose_par": "Chloé"}]
    (piece,) = told["pieces"]
    assert piece["remis"]["flac_sha256"] == piece["archive"]["flac_sha256"] == sha256(flac)
    assert piece["archive"]["scelle_sha256"] == sha256(site.kept.shelf.get(names(piece["archive"]["objet"])[0]) or b"")
    granted, done = site.traces()
    assert (granted.outcome, granted.relation, granted.piece_id) == ("accordé", "requisition", PIECE)
    assert told["journal_des_acces"] == {"entree": granted.seq, "empreinte": granted.hash}
    assert done.outcome == "fait"
    assert sha256(closed.data) in done.detail
    assert list(verify(site.store.traces.read())) == []
    timeline = json.loads(files[f"chronologie/01-{PIECE}.json"])
    assert (timeline["caller"], timeline["consults"][0]["target"], timeline["masques"]) == ("0612345678", "0600000001", [])
    assert "recipients" not in timeline
    assert site.plain_audio() == []
    (row,) = site.store.exports.all()
    assert (row.sha256, row.pieces, row.masks, json.loads(row.receipt)) == (sha256(closed.data), 1, 0, told)


def test_what_is_handed_over_is_checked_by_an_outsider(site: Site, tmp_path: Path) -> None:
    site.hold(Scope.DOSSIER, "31-26-0001")
    closed = handed(site, named(Scope.DOSSIER, "31-26-0001"), replace(WISH, masks=MASKS))
    (tmp_path / "paquet.zip").write_bytes(closed.data)
    folder = unpacked(plain_of(closed), tmp_path / "ouvert")
    summed = subprocess.run(["sha256sum", "-c", "--strict", SUMS], cwd=folder, capture_output=True, text=True, check=False)
    assert summed.returncode == 0, summed.stdout
    assert summed.stdout.count(": OK") == 9
    done = checked(folder, str(tmp_path / "paquet.zip"), closed.export.sha256)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert f"{closed.export.sha256}  " in done.stderr
    assert checked(folder, str(tmp_path / "paquet.zip"), "0" * 64).returncode == 1


def test_one_byte_that_was_changed_is_found_and_named(site: Site, tmp_path: Path) -> None:
    site.hold(Scope.APPEL, PIECE)
    folder = unpacked(plain_of(handed(site, wish=replace(WISH, masks=MASKS))), tmp_path / "ouvert")
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and one.name != SUMS):
        before = path.read_bytes()
        data = bytearray(before)
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        done = checked(folder)
        assert done.returncode in (1, 2), path
        assert path.relative_to(folder).as_posix() in done.stdout or done.returncode == 2, (path, done.stdout, done.stderr)
        path.write_bytes(before)
    (folder / "audio" / "x.flac").write_bytes(b"x")
    assert "audio/x.flac : en plus" in checked(folder).stdout
    (folder / "audio" / "x.flac").unlink()
    (folder / "chronologie.html").unlink()
    assert "chronologie.html : absent" in checked(folder).stdout
    (folder / SUMS).write_text("n'importe quoi", encoding="utf-8")
    assert checked(folder).returncode == 2
    assert checked(tmp_path / "rien").returncode == 2


def test_whoever_writes_the_sums_anew_is_found_by_the_receipt(site: Site, tmp_path: Path) -> None:
    """Sound put back under a mask, with sums to match: the receipt and the mask tell."""
    site.hold(Scope.APPEL, PIECE)
    folder = unpacked(plain_of(handed(site, wish=replace(WISH, masks=MASKS))), tmp_path / "ouvert")
    wav = folder / "ecoute" / f"01-{PIECE}.wav"
    data = bytearray(wav.read_bytes())
    data[44 + 4 * 8 * 1200] = 1  # the caller's, 1.2 s after the beginning
    wav.write_bytes(data)
    lines = [line for line in (folder / SUMS).read_text(encoding="utf-8").splitlines() if ".wav" not in line]
    (folder / SUMS).write_text("\n".join([*lines, f"{sha256(bytes(data))}  ecoute/{wav.name}"]) + "\n", encoding="utf-8")
    told = checked(folder).stdout
    assert f"ecoute/{wav.name} : le reçu lui donne une autre empreinte" in told
    assert f"ecoute/{wav.name} : du son reste sous le masque de 1000 à 1500 ms (caller)" in told


def test_a_masked_passage_is_silent_and_both_digests_are_told(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    closed = handed(site, wish=replace(WISH, masks=MASKS))
    files = files_of(plain_of(closed))
    given, kept = sound(files[f"audio/01-{PIECE}.flac"]), sound(archived(site))
    expected = kept.copy()
    expected[8000:12000, 0] = 0
    expected[16000:24000] = 0
    assert (given == expected).all()
    assert kept[8000:12000, 0].any()
    (piece,) = closed.receipt["pieces"]
    assert piece["archive"]["flac_sha256"] == sha256(archived(site))
    assert piece["remis"]["flac_sha256"] == sha256(files[f"audio/01-{PIECE}.flac"]) != piece["archive"]["flac_sha256"]
    assert piece["remis"]["identique_a_l_archive"] is False
    masks = [
        {"de_ms": 1000, "a_ms": 1500, "voie": "caller", "raison": "voisine"},
        {"de_ms": 2000, "a_ms": 3000, "voie": "both", "raison": "autre patient"},
    ]
    assert piece["masques"] == json.loads(files[f"chronologie/01-{PIECE}.json"])["masques"] == masks
    assert "masqué jusqu&#x27;à 0:01,500, l&#x27;appelant : voisine" in files["chronologie.html"].decode()
    assert "2 passage(s) ont été rendus silencieux" in files["LISEZMOI.txt"].decode()
    assert archived(site) == archived(site), "the archive keeps the whole"


@pytest.mark.parametrize(
    "mask",
    [
        Mask(piece_id=PIECE, since_ms=0, until_ms=3001, side=Side.BOTH, reason="r"),
        Mask(piece_id=PIECE, since_ms=9, until_ms=9, side=Side.BOTH, reason="r"),
        Mask(piece_id="x", since_ms=0, until_ms=1, side=Side.BOTH, reason="r"),
        Mask(piece_id=PIECE, since_ms=1200, until_ms=1300, side=Side.BOTH, reason="r"),
    ],
)
def test_a_mask_that_cannot_be_makes_nothing(site: Site, mask: Mask) -> None:
    site.hold(Scope.APPEL, PIECE)
    with pytest.raises(BadlyAsked, match="masque"):
        handed(site, wish=replace(WISH, masks=(*MASKS, mask)))
    assert site.store.exports.all() == []
    assert [trace.outcome for trace in site.traces()] == ["accordé"]


def test_the_same_order_gives_the_same_package(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    asker = site.asker("sofia", A.SUPERVISEUR)
    order = site.office.order(asker, "", named(Scope.APPEL, PIECE), replace(WISH, masks=MASKS))
    first, second = (site.office.make(order, kept=False) for _ in range(2))
    assert plain_of(first) == plain_of(second)
    assert first.data != second.data
    assert first.phrase != second.phrase
    assert len(first.phrase or "") == 29


# --- how it is closed -----------------------------------------------------------------------------------------------------


def test_it_is_closed_for_public_keys_and_each_opens_it(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    keys = [pyrage.x25519.Identity.generate() for _ in range(3)]
    wish = wish_of(
        reference=REFERENCE, asked_by="OPJ", reason="enquête", recipients=[str(key.to_public()) for key in keys[:2]], form=None,
        masks=(),
    )  # fmt: skip
    closed = handed(site, wish=wish)
    assert closed.phrase is None
    for key in keys[:2]:
        assert "recu.json" in files_of(pyrage.decrypt(closed.data, [key]))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(closed.data, [keys[2]])


def test_it_is_closed_by_a_passphrase_of_age(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    closed = handed(site, wish=replace(WISH, form=Form.AGE))
    assert closed.phrase is not None
    assert "recu.json" in files_of(pyrage.passphrase.decrypt(closed.data, closed.phrase))
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(closed.data, closed.phrase[:-1] + "?")


def test_a_wrong_passphrase_opens_no_zip_and_its_list_names_nobody(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    closed = handed(site)
    with pytest.raises(RuntimeError, match="Bad password"):
        inner_of(closed.data, "un-autre-mot-de-passe")
    for told in (PIECE.encode(), b"0612345678", b"OPJ", b"fLaC", REFERENCE.encode()):
        assert told not in closed.data


def test_a_zip_is_not_closed_for_keys() -> None:
    with pytest.raises(BadlyAsked, match="le format est age"):
        wish_of(reference="R", asked_by="a", reason="b", recipients=["age1x"], form="zip", masks=())


# --- who may --------------------------------------------------------------------------------------------------------------


def test_without_a_requisition_nothing_is_given_and_it_is_said_how(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE, HoldKind.RECLAMATION)
    with pytest.raises(NotAllowed, match="poser d'abord le gel") as refused:
        handed(site)
    assert not refused.value.needs_reason
    (trace,) = site.traces()
    assert (trace.outcome, trace.piece_id) == ("refusé", PIECE)


def test_who_gives_no_reason_is_asked_for_one_and_a_released_hold_gives_nothing(site: Site) -> None:
    number = site.hold(Scope.APPEL, PIECE)
    with pytest.raises(NotAllowed) as refused:
        handed(site, wish=replace(WISH, reason=""))
    assert refused.value.needs_reason
    site.keeping.release(number, by="Denis", reason="fini")
    with pytest.raises(NotAllowed):
        handed(site)


def test_every_piece_must_be_named_by_the_request(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    with pytest.raises(NotAllowed):
        handed(site, named(Scope.DOSSIER, "31-26-0001"))
    assert {trace.outcome for trace in site.traces()} <= {"accordé", "refusé"}
    assert site.traces()[-1].outcome == "refusé"
    site.hold(Scope.APPEL, "other", reference="PV 2026/13")
    with pytest.raises(BadlyAsked, match="sur : other ; ouvertes"):
        handed(site, named(Scope.DOSSIER, "31-26-0001"))
    site.hold(Scope.APPEL, "other")
    assert handed(site, named(Scope.DOSSIER, "id-31-26-0001")).export.pieces == 2, "a dossier by its identity"


def test_what_nobody_knows_is_told_to_whoever_may_export_and_to_nobody_else(site: Site) -> None:
    with pytest.raises(NothingThere, match="aucun enregistrement pour pièce x"):
        handed(site, named(Scope.PIECE, PIECE, "x"))
    with pytest.raises(NotAllowed):
        site.office.order(site.asker("paul", A.ARM_N1), "arm01", named(Scope.PIECE, "x"), WISH)


# --- a patient's request --------------------------------------------------------------------------------------------------


def test_a_patient_is_not_given_the_numbers_of_others(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)  # a requisition stands beside, for somebody else
    site.hold(Scope.APPEL, PIECE, HoldKind.DEMANDE, "demande du 2 décembre")
    closed = handed(site, wish=Wish(reference="demande du 2 décembre", asked_by="M. Martin", reason="L.1111-7"))
    files = files_of(plain_of(closed))
    assert closed.receipt["retire"] == ["numéro de l'appelant", "numéros appelés en consultation"]
    assert "Ne figurent pas" in files["LISEZMOI.txt"].decode()
    for name, data in files.items():
        if not name.endswith((".flac", ".wav")):
            assert b"0612345678" not in data, name
            assert b"0600000001" not in data, name


# --- what is not there ----------------------------------------------------------------------------------------------------


def test_a_call_that_is_not_archived_yet_is_refused_by_name(site: Site) -> None:
    site.call("2026/12/16/late", archived=False)
    with pytest.raises(ExportRefused, match=r"late \(pas encore pris par l'archive\)"):
        handed(site, named(Scope.APPEL, "late"))


def test_a_piece_without_sound_is_told_in_the_package(site: Site) -> None:
    journey = site.call("2026/12/16/muet", dossier="31-26-0001", archived=False)
    (fresh,) = pieces_of(journey)
    site.store.pieces.save(replace(fresh, state=VoiceState.MISSING, problem="le fichier est vide"), site.now)
    site.hold(Scope.DOSSIER, "31-26-0001")
    closed = handed(site, named(Scope.DOSSIER, "31-26-0001"))
    assert closed.export.pieces == 2
    (absent,) = closed.receipt["absentes"]
    assert (absent["piece_id"], absent["appel"], absent["pourquoi"]) == ("muet", "muet", "le fichier est vide")
    files = files_of(plain_of(closed))
    assert "muet (du 2026-12-16T08:00:00.000Z) : le fichier est vide" in files["LISEZMOI.txt"].decode()
    assert "muet : le fichier est vide" in files["chronologie.html"].decode()


def test_an_object_that_was_altered_or_is_gone_stops_everything(site: Site) -> None:
    site.hold(Scope.DOSSIER, "31-26-0001")
    sealed = site.kept.piece("other").sealed
    assert sealed is not None
    for number, name in enumerate(names(sealed.key)[:2]):
        path = site.kept.folder / "archive" / name
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises(ExportRefused, match=rf"other : {name} est altéré, rien n'est remis"):
            handed(site, named(Scope.DOSSIER, "31-26-0001"))
        path.unlink()
        with pytest.raises(ExportRefused, match=rf"{name} est absent"):
            handed(site, named(Scope.DOSSIER, "31-26-0001"))
        path.write_bytes(before)
        assert site.store.exports.all() == [], number
    assert handed(site, named(Scope.DOSSIER, "31-26-0001")).export.pieces == 2


def test_too_much_sound_is_asked_for_in_several_packages(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    small = site.settings.archive.exports.model_copy(update={"heures_max": 0.0001})
    site.settings = replace(site.settings, archive=site.settings.archive.model_copy(update={"exports": small}))
    with pytest.raises(ExportRefused, match="en plusieurs fois"):
        handed(site)
