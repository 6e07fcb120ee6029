"""Eliminations: proposed by one account, approved by another with the visa of the archives, executed with proof."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import Field

from cti.access import About
from cti.api.acces import require
from cti.api.contract.keeping import ProposalOut, ProposalsOut, RegisterOut
from cti.api.contract.operation import Operation
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.keeping.asking import REFUSALS, SALLE, Line, Reason, Why, did, may_read, number_of, refusals, said
from cti.api.ports import PORTS
from cti.journey.around.access import Verb


class Approval(Asked):
    """A second person's word."""

    visa: Line = Field(description="référence du visa d'élimination de l'administration des archives")
    raison: Reason = Field("", description="pourquoi ; sans elle, le visa en tient lieu")


async def read_proposals(request: web.Request) -> web.Response:
    """Every proposal."""
    read_query(request, Asked)
    await may_read(request, "propositions d'élimination")
    with refusals():
        found = await request.app[PORTS].kept.keeping.proposals()
    return json_answer(found)


async def read_proposal(request: web.Request) -> web.Response:
    """One, with its list."""
    read_query(request, Asked)
    number = number_of(request)
    await may_read(request, f"proposition d'élimination {number}")
    return await _answer(request, number)


async def read_register(request: web.Request) -> web.Response:
    """What was destroyed."""
    read_query(request, Asked)
    await may_read(request, "registre des éliminations")
    with refusals():
        found = await request.app[PORTS].kept.keeping.records()
    return json_answer(found)


async def propose(request: web.Request) -> web.Response:
    """Put what is due on a list."""
    why = await read_body(request, Why)
    await require(request, Verb.PROPOSER, About(detail="proposition d'élimination"), SALLE, why.raison)
    reason = said(why.raison)
    with refusals():
        made = await request.app[PORTS].kept.keeping.propose(known_of(request), reason=reason)
    await did(request, Verb.PROPOSER, f"élimination {made['number']} proposée : {made['pieces']} pièce(s)", reason)
    return json_answer(made, status=201)


async def approve(request: web.Request) -> web.Response:
    """Approve it."""
    number, word = number_of(request), await read_body(request, Approval)
    reason = word.raison or f"visa {word.visa}"
    await require(request, Verb.APPROUVER, About(detail=f"approbation de l'élimination {number}"), SALLE, reason)
    with refusals():
        made = await request.app[PORTS].kept.keeping.approve(known_of(request), number, visa=word.visa)
    await did(request, Verb.APPROUVER, f"élimination {number} approuvée, visa {word.visa}", reason)
    return json_answer(made)


async def withdraw(request: web.Request) -> web.Response:
    """Take it back."""
    number, why = number_of(request), await read_body(request, Why)
    await require(request, Verb.PROPOSER, About(detail=f"retrait de l'élimination {number}"), SALLE, why.raison)
    reason = said(why.raison)
    with refusals():
        made = await request.app[PORTS].kept.keeping.withdraw(known_of(request), number, reason=reason)
    await did(request, Verb.PROPOSER, f"élimination {number} retirée", reason)
    return json_answer(made)


async def execute(request: web.Request) -> web.Response:
    """Begin to execute it; its end is written in the log by whoever does it."""
    number, why = number_of(request), await read_body(request, Why)
    await require(request, Verb.PROPOSER, About(detail=f"exécution de l'élimination {number}"), SALLE, why.raison)
    said(why.raison)
    with refusals():
        made = await request.app[PORTS].kept.keeping.execute(known_of(request), client_of(request), number)
    return json_answer(made, status=202)


async def _answer(request: web.Request, number: int) -> web.Response:
    with refusals():
        return json_answer(await request.app[PORTS].kept.keeping.proposal(number))


def _act(path: str, handler: Any, name: str, summary: str, **rest: Any) -> Operation:
    return Operation(
        method="POST",
        path=path,
        handler=handler,
        name=name,
        summary=summary,
        tag="conservation",
        answer=ProposalOut,
        problems=REFUSALS,
        **{"body": Why, **rest},
    )


_ONE = "/api/v1/eliminations/{number}"
_NUMBER: Mapping[str, str] = {"number": "numéro de la proposition"}
OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/eliminations",
        handler=read_proposals,
        name="readEliminations",
        summary="Les propositions d'élimination, et combien de pièces attendent qu'on décide",
        tag="conservation",
        answer=ProposalsOut,
        problems=(400, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/eliminations/registre",
        handler=read_register,
        name="readEliminationRegister",
        summary="Les procès-verbaux d'élimination, leur chaîne vérifiée et sa tête",
        tag="conservation",
        answer=RegisterOut,
        problems=(400, 503),
    ),
    Operation(
        method="GET",
        path=_ONE,
        handler=read_proposal,
        name="readElimination",
        summary="Une proposition, sa liste, et où en est son exécution",
        tag="conservation",
        answer=ProposalOut,
        path_parameters=_NUMBER,
        problems=(400, 404, 503),
    ),
    _act("/api/v1/eliminations", propose, "proposeElimination", "Proposer les pièces dont le délai est écoulé", status=201),
    _act(
        f"{_ONE}/approbation", approve, "approveElimination", "Approuver, avec le visa des archives ; jamais qui a proposé",
        body=Approval, path_parameters=_NUMBER,
    ),
    _act(f"{_ONE}/retrait", withdraw, "withdrawElimination", "Retirer une proposition", path_parameters=_NUMBER),
    _act(
        f"{_ONE}/execution", execute, "executeElimination", "Éliminer, avec preuve ; interrompue, elle se relance",
        status=202, path_parameters=_NUMBER,
    ),
)  # fmt: skip
