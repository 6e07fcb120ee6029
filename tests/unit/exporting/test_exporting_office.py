"""From a requisition to a closed package, on a real site."""

import json
from pathlib import Path

import pyrage
import pytest

from cti.archive.exporting.asked import Form, Wish
from cti.archive.exporting.masks import Mask, Side
from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import Scope
from tests.unit.archive.voices_kept import PIECE
from tests.unit.exporting.handing_house import REFERENCE, Site, files_of, inner_of, named

WISH = Wish(reference=REFERENCE, asked_by="OPJ Durand", reason="enquête préliminaire")


def test_a_requisition_is_answered(site: Site) -> None:
    site.hold(Scope.APPEL, PIECE)
    asker = site.asker("sofia", A.SUPERVISEUR)
    order = site.office.order(asker, "", named(Scope.APPEL, PIECE), WISH)
    closed = site.office.make(order, kept=True)
    site.office.write_down(closed, asker)
    assert closed.phrase is not None
    files = files_of(inner_of(closed.data, closed.phrase))
    assert list(files) == [
        f"audio/01-{PIECE}.flac", f"ecoute/01-{PIECE}.wav", f"chronologie/01-{PIECE}.json", "chronologie.html",
        "recu.json", "LISEZMOI.txt", "EMPREINTES.sha256",
    ]  # fmt: skip
    receipt = json.loads(files["recu.json"])
    print(files["LISEZMOI.txt"].decode()); print(files["recu.json"].decode()); print(files["chronologie.html"].decode()); print(files["EMPREINTES.sha256"].decode())
    print(site.traces())
