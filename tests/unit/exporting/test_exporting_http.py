"""Exports by HTTP, on a real site: asked, made, fetched by whoever made it, told once, removed in time."""

import hashlib
import json

from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import HoldKind, Scope
from tests.unit.archive.voices_kept import PIECE
from tests.unit.exporting.handing_house import REFERENCE, Site, files_of, inner_of
from tests.unit.exporting.serving import served

ASKED = {"call_id": PIECE, "motif": "enquête", "reference": REFERENCE, "demandeur": "OPJ Durand"}


async def test_a_package_is_made_told_once_and_fetched_by_whoever_made_it(site: Site) -> None:
    site.account("sofia", A.SUPERVISEUR)
    site.account("adele", A.ADMIN)
    site.hold(Scope.APPEL, PIECE)
    async with served(site) as web:
        status, made = await web.post("sofia", "/api/v1/exports", ASKED)
        assert status == 201, made
        phrase, export_id = made["phrase"], made["export_id"]
        assert phrase
        status, again = await web.get("sofia", f"/api/v1/exports/{export_id}")
        assert (status, again["phrase"], again["sha256"]) == (200, None, made["sha256"])
        path = f"/api/v1/exports/{export_id}/paquet"
        async with web.client.get(path, headers=web.bearer("sofia")) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Disposition"] == f'attachment; filename="remise-{export_id}.zip"'
            data = await answer.read()
        assert hashlib.sha256(data).hexdigest() == made["sha256"]
        assert json.loads(files_of(inner_of(data, phrase))["recu.json"]) == made["recu"]
        status, told = await web.get("adele", path)
        assert status == 403
