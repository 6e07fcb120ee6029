"""Exports: what is handed over on a requisition or a patient's request, as one closed package."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import Field, model_validator

from cti.access import About
from cti.api.acces import require
from cti.api.contract.keeping import ExportOut, ExportsOut
from cti.api.contract.operation import Operation
from cti.api.edge.acting import exactly_one
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.keeping.asking import REFUSALS, SALLE, Line, Reason, refusals
from cti.api.keeping_port import ExportWish, NotAllowed, PackageGone, TooMany
from cti.api.ports import PORTS
from cti.archive.exporting.asked import BadlyAsked, ExportRefused, NothingThere
from cti.journey.around.access import Relation, Verb
from cti.journey.around.keeping import Scope

_MOST_MS = 24 * 3_600_000
#: Every passage that may be masked, each with its piece and its reason as long as they may be.
_MOST_BYTES = 1024 * 1024


class MaskWish(Asked):
    """A passage of a third party."""

    piece_id: Line
    de_ms: Annotated[int, Field(ge=0, le=_MOST_MS, description="depuis le début du son")]
    a_ms: Annotated[int, Field(ge=0, le=_MOST_MS)]
    voie: Literal["caller", "agents", "both"]
    raison: Line


class ExportAsked(Asked):
    """What is to be handed over."""

    model_config = exactly_one("call_id", "dossier", "pieces")

    call_id: Line | None = Field(None, description="toutes les pièces d'un appel ; ou « dossier », ou « pieces »")
    dossier: Line | None = Field(None, description="toutes les pièces d'un dossier")
    pieces: Annotated[tuple[Line, ...], Field(max_length=200, description="des pièces, par leur nom")] = ()
    motif: Reason = Field("", description="pourquoi, en une ligne")
    reference: Line = Field(description="référence de la réquisition ou de la demande, telle que le gel la porte")
    demandeur: Line = Field(description="qui demande : autorité, patient")
    destinataires: Annotated[tuple[Line, ...], Field(max_length=20, description="clés publiques age ; aucune : une phrase")] = ()
    format: Literal["zip", "age"] | None = Field(None, description="zip (AES-256, 7-Zip) ou age ; avec des clés : age")
    masques: Annotated[tuple[MaskWish, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum((self.call_id is not None, self.dossier is not None, bool(self.pieces))) != 1:
            raise ValueError("call_id, dossier ou pieces : l'un des trois, et un seul")
        return self

    @property
    def wish(self) -> ExportWish:
        """In words of the port."""
        named = [(Scope.APPEL, self.call_id), (Scope.DOSSIER, self.dossier), *((Scope.PIECE, one) for one in self.pieces)]
        return ExportWish(
            targets=tuple((scope.value, name) for scope, name in named if name is not None),
            reference=self.reference,
            asked_by=self.demandeur,
            reason=self.motif,
            recipients=self.destinataires,
            form=self.format,
            masks=tuple((one.piece_id, one.de_ms, one.a_ms, one.voie, one.raison) for one in self.masques),
        )


async def make(request: web.Request) -> web.Response:
    """Make a package: 201 when it is made, 202 while it is on its way."""
    asked = await read_body(request, ExportAsked, _MOST_BYTES)
    with _refusals():
        told = await request.app[PORTS].kept.exports.make(known_of(request), client_of(request), asked.wish)
    return json_answer(told, status=201 if told["etat"] == "fait" else 202)


async def read_state(request: web.Request) -> web.Response:
    """How far it is, or what it was."""
    read_query(request, Asked)
    export_id, known, exports = request.match_info["export_id"], known_of(request), request.app[PORTS].kept.exports
    if not known.named or await exports.owner(export_id) != known.who:
        await require(request, Verb.VERIFIER, About(detail=f"remise {export_id}"), SALLE)
    told = await exports.state(known, export_id)
    if told is None:
        raise Problem(404, "Aucune remise ne porte ce nom.")
    return json_answer(told)


async def read_all(request: web.Request) -> web.Response:
    """Those that were made: every one for whoever verifies, her own for anybody else."""
    read_query(request, Asked)
    known, ports = known_of(request), request.app[PORTS]
    verifies = any(
        right["verb"] == Verb.VERIFIER and right["relation"] == Relation.SALLE for right in ports.access.told_rights(known)
    )
    own = [] if verifies or not known.named else await ports.kept.exports.all(known.who)
    if not own:
        await require(request, Verb.VERIFIER, About(detail="registre des remises"), SALLE)
        own = await ports.kept.exports.all(None)
    return json_answer({"items": list(own)})


async def fetch(request: web.Request) -> web.StreamResponse:
    """The closed package, for whoever made it; each fetching is in the log."""
    export_id, known, client = request.match_info["export_id"], known_of(request), client_of(request)
    exports = request.app[PORTS].kept.exports
    owner = await exports.owner(export_id)
    if owner is None or owner != known.who or not known.named:
        await exports.not_hers(known, client, export_id)
        raise Problem(403, "Seul le compte qui a fait une remise emporte son paquet.")
    with _refusals():
        path, name = await exports.package(known, client, export_id, fetched=request.method == "GET")
    told = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "application/octet-stream"}
    return web.FileResponse(path, headers=told)


@contextmanager
def _refusals() -> Iterator[None]:
    with refusals():
        try:
            yield
        except NotAllowed as refusal:
            if not refusal.traced:
                raise Problem(503, str(refusal), headers={"Retry-After": "2"}) from None
            raise Problem(403, str(refusal), members={"motif_demande": True} if refusal.needs_reason else None) from None
        except NothingThere as nothing:
            raise Problem(404, _sentence(nothing)) from None
        except BadlyAsked as badly:
            raise Problem(422, _sentence(badly)) from None
        except ExportRefused as refused:
            raise Problem(409, _sentence(refused)) from None
        except PackageGone as gone:
            raise Problem(410, _sentence(gone)) from None
        except TooMany as many:
            raise Problem(429, _sentence(many), headers={"Retry-After": "30"}) from None


def _sentence(words: Exception) -> str:
    text = str(words)
    return f"{text[:1].upper()}{text[1:]}."


_ID = {"export_id": "nom de la remise"}
OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/exports",
        handler=make,
        name="makeExport",
        summary="Remettre des enregistrements : un paquet fermé, avec reçu et empreintes (202 : en cours, à redemander)",
        tag="remises",
        body=ExportAsked,
        answer=ExportOut,
        status=201,
        also=(202,),
        problems=(*REFUSALS, 429),
    ),
    Operation(
        method="GET",
        path="/api/v1/exports",
        handler=read_all,
        name="readExports",
        summary="Le registre des remises",
        tag="remises",
        answer=ExportsOut,
        problems=(400, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/exports/{export_id}",
        handler=read_state,
        name="readExport",
        summary="Où en est une remise ; sa phrase, une seule fois, à qui l'a faite",
        tag="remises",
        answer=ExportOut,
        path_parameters=_ID,
        problems=(400, 404, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/exports/{export_id}/paquet",
        handler=fetch,
        name="fetchExport",
        summary="Le paquet fermé, pour le compte qui l'a fait",
        tag="remises",
        media_type="application/octet-stream",
        also=(206,),
        path_parameters=_ID,
        problems=(410, 503),
    ),
)
