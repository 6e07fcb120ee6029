"""Problems told to the caller of the API: ``application/problem+json`` (RFC 9457), in French, never a stack trace."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from cti.journey.ledger import StoreUnavailable

_log = structlog.get_logger(__name__)

_TITLES: Mapping[int, str] = {
    400: "Requête incorrecte",
    401: "Connexion requise",
    403: "Refusé",
    404: "Introuvable",
    405: "Méthode non permise",
    409: "Impossible dans l'état présent",
    410: "Terminé",
    411: "Longueur requise",
    413: "Corps trop grand",
    415: "Type de contenu refusé",
    416: "Plage impossible",
    421: "Hôte inconnu",
    422: "Données refusées",
    429: "Trop de demandes",
    500: "Erreur interne",
    503: "Momentanément indisponible",
}
_DETAILS: Mapping[int, str] = {
    404: "Il n'y a rien à cette adresse.",
    405: "Cette adresse existe, mais pas avec cette méthode.",
}


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    champ: str
    motif: str


class ProblemBody(BaseModel):
    """A problem as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    erreurs: list[Fault] = []
    motif_demande: bool = False  #: of a refusal (403): the same, with a reason, would be granted
    code_requis: bool = False  #: of a refusal (401) to sign in: the password is right, a one-time code is asked


class Problem(Exception):
    """A request that cannot be served, and why, for the person who sent it."""

    def __init__(
        self,
        status: int,
        detail: str,
        faults: list[Fault] | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """``members``: what the body says beside what every problem says."""
        super().__init__(detail)
        self.members = dict(members or {})
        self.status = status
        self.detail = detail
        self.faults = faults or []
        self.headers = dict(headers or {})
        self.forgets = ""  #: a cookie that the browser must not show again

    def answer(self) -> web.Response:
        """The response that tells it."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": _TITLES.get(self.status, "Requête refusée"),
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            body["erreurs"] = [fault.model_dump() for fault in self.faults]
        body.update(self.members)
        response = web.Response(
            status=self.status,
            text=json.dumps(body, ensure_ascii=False),
            content_type="application/problem+json",
            headers=self.headers,
        )
        if self.forgets:
            response.del_cookie(self.forgets, path="/", httponly=True, samesite="Strict")
        return response


def json_answer(data: Any, *, status: int = 200) -> web.Response:
    """Plain data as JSON, accents as they are."""
    return web.Response(status=status, text=json.dumps(data, ensure_ascii=False), content_type="application/json")


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong becomes a problem; our own bugs are logged with their trace and told without it."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.answer()
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        kept = {name: refusal.headers[name] for name in ("Allow",) if name in refusal.headers}
        return Problem(refusal.status, _DETAILS.get(refusal.status, "La requête est refusée."), headers=kept).answer()
    except StoreUnavailable as error:
        _log.warning("store_unavailable", path=request.path, error=str(error))
        retry = {"Retry-After": "2"}
        return Problem(503, "La base de données ne répond pas ; réessayez dans quelques secondes.", headers=retry).answer()
    except (ConnectionError, TimeoutError) as error:
        if request.transport is None or request.transport.is_closing():
            raise  # the client is gone: nobody to tell
        _log.warning("no_answer_behind", path=request.path, error=str(error))
        return Problem(503, "Ce dont dépend cette réponse n'a pas répondu à temps.", headers={"Retry-After": "2"}).answer()
    except Exception:  # noqa: BLE001  # the edge of the process: one faulty handler must not show its insides
        _log.exception("request_failed", method=request.method, path=request.path)
        return Problem(500, "Le service a rencontré une erreur ; elle est consignée dans son journal.").answer()
