"""Holds (gels): a claim, a requisition or a request stops the clock of destruction until it is released."""

from typing import Self

from aiohttp import web
from pydantic import Field, model_validator

from cti.access import About
from cti.api.acces import require
from cti.api.contract.keeping import HoldMade, HoldsOut
from cti.api.contract.operation import Operation
from cti.api.edge.acting import exactly_one
from cti.api.edge.door import known_of
from cti.api.edge.problems import json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.keeping.asking import REFUSALS, Line, Reason, Why, did, may_read, number_of, refusals, said
from cti.api.ports import PORTS
from cti.journey.around.access import Verb
from cti.journey.around.keeping import HoldKind, Scope, Target


class HoldsQuery(Asked):
    """Which holds."""

    tous: bool = Field(False, description="aussi les gels levés")


class HoldWish(Asked):
    """A hold that is asked for."""

    model_config = exactly_one("piece", "appel", "dossier")

    piece: Line | None = Field(None, description="une pièce ; ou « appel », ou « dossier »")
    appel: Line | None = Field(None, description="toutes les pièces d'un appel, à venir comprises")
    dossier: Line | None = Field(None, description="toutes les pièces d'un dossier (son numéro lisible), à venir comprises")
    motif: HoldKind
    reference: Line = Field(description="référence de la réclamation, de la réquisition ou de la demande")
    demandeur: Line = Field(description="qui la demande : patient, autorité, service")
    raison: Reason = ""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(name is not None for name in (self.piece, self.appel, self.dossier)) != 1:
            raise ValueError("piece, appel ou dossier : l'un des trois, et un seul")
        return self

    @property
    def target(self) -> Target:
        """What it names."""
        named = {Scope.PIECE: self.piece, Scope.APPEL: self.appel, Scope.DOSSIER: self.dossier}
        return next(Target(scope, name) for scope, name in named.items() if name is not None)


async def read_holds(request: web.Request) -> web.Response:
    """The holds."""
    query = read_query(request, HoldsQuery)
    await may_read(request, "gels" + (", levés compris" if query.tous else ""))
    found = await request.app[PORTS].kept.keeping.holds(everything=query.tous)
    return json_answer({"items": list(found)})


async def place(request: web.Request) -> web.Response:
    """Place a hold."""
    wish = await read_body(request, HoldWish)
    keeping, known, target = request.app[PORTS].kept.keeping, known_of(request), wish.target
    ties = await keeping.ties(known, target)
    detail = f"gel : {target.told}, {wish.motif} {wish.reference}, demandé par {wish.demandeur}"
    await require(request, Verb.CONSERVER, _about(target, detail), ties, wish.raison)
    reason = said(wish.raison)
    with refusals():
        made = await keeping.place(
            known, target, kind=wish.motif, reference=wish.reference, asked_by=wish.demandeur, reason=reason
        )
    done = f"gel {made['number']} posé : {target.told}, {wish.motif} {wish.reference}, {len(made['pieces'])} pièce(s)"
    await did(request, Verb.CONSERVER, done, reason)
    return json_answer(made, status=201)


async def release(request: web.Request) -> web.Response:
    """Release a hold."""
    number, why = number_of(request), await read_body(request, Why)
    keeping, known = request.app[PORTS].kept.keeping, known_of(request)
    with refusals():
        target = await keeping.target_of(number)
    ties = await keeping.ties(known, target)
    await require(request, Verb.LIBERER, _about(target, f"levée du gel {number} : {target.told}"), ties, why.raison)
    reason = said(why.raison)
    with refusals():
        made = await keeping.release(known, number, reason=reason)
    await did(request, Verb.LIBERER, f"gel {number} levé : {target.told}, {len(made['pieces'])} pièce(s) libre(s)", reason)
    return json_answer(made)


def _about(target: Target, detail: str) -> About:
    call_id = target.name if target.scope is Scope.APPEL else ""
    return About(call_id=call_id, piece_id=target.name if target.scope is Scope.PIECE else "", detail=detail)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/gels",
        handler=read_holds,
        name="readHolds",
        summary="Les gels : qui a demandé, qui a posé, quand, pourquoi",
        tag="conservation",
        query=HoldsQuery,
        answer=HoldsOut,
        problems=(400, 503),
    ),
    Operation(
        method="POST",
        path="/api/v1/gels",
        handler=place,
        name="placeHold",
        summary="Geler : suspendre le délai et interdire l'élimination d'une pièce, d'un appel ou d'un dossier",
        tag="conservation",
        body=HoldWish,
        answer=HoldMade,
        status=201,
        problems=REFUSALS,
    ),
    Operation(
        method="POST",
        path="/api/v1/gels/{number}/levee",
        handler=release,
        name="releaseHold",
        summary="Lever un gel ; une réquisition est levée par une autre personne que celle qui l'a posée",
        tag="conservation",
        body=Why,
        answer=HoldMade,
        path_parameters={"number": "numéro du gel"},
        problems=REFUSALS,
    ),
)
