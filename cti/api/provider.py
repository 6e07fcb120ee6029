"""Signing in by an identity provider (Pro Santé Connect): whether there is one, off to it, and back.

Both ways are redirections of the browser, never an error that a person would be left with: what goes wrong leads back to the
page where one signs in by password, which says so.
"""

from urllib.parse import urlencode

from aiohttp import web
from pydantic import ConfigDict, Field

from cti.api.contract.operation import Operation
from cti.api.contract.session import ProviderOut
from cti.api.edge.door import client_of
from cti.api.edge.guard import SECURE
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_query
from cti.api.ports import PORTS
from cti.api.provider_port import NotBack, NotNow
from cti.api.session import DOOR, give_cookie, leave

_COOKIE = "cti_fournisseur"
_PATH = "/api/v1/session/fournisseur"
_TEN_MINUTES = 600
_WALL = "/supervision"


class DepartQuery(Asked):
    """Where she wants to go afterwards."""

    vers: str = Field(_WALL, max_length=500, description="chemin de ce site")


class ReturnQuery(Asked):
    """What the provider sends her back with."""

    model_config = ConfigDict(extra="ignore")  # a provider may say more (iss, session_state)

    state: str = Field("", max_length=200)
    code: str = Field("", max_length=4000)
    error: str = Field("", max_length=200)


async def read_provider(request: web.Request) -> web.Response:
    """Whether one can sign in that way."""
    read_query(request, Asked)
    name = request.app[PORTS].provider.name
    return json_answer({"actif": bool(name), "nom": name})


async def depart(request: web.Request) -> web.Response:
    """Off to the provider."""
    query = read_query(request, DepartQuery)
    provider, vers = request.app[PORTS].provider, own_path(query.vers)
    if not provider.name:
        raise Problem(404, "Ce service n'a pas de fournisseur d'identité.")
    try:
        departure = await provider.depart(vers)
    except NotNow:
        return _to(_sign_in_page("injoignable", vers))
    response = _to(departure.address)
    # Lax: the browser comes back from another site, and this one cookie must come with it.
    response.set_cookie(
        _COOKIE,
        departure.binder,
        httponly=True,
        samesite="Lax",
        secure=request.app[SECURE] or request.secure,
        max_age=_TEN_MINUTES,
        path=_PATH,
    )
    return response


async def arrive(request: web.Request) -> web.Response:
    """Back from it."""
    query, client, door = read_query(request, ReturnQuery), client_of(request), request.app[DOOR]
    provider = request.app[PORTS].provider
    if not provider.name:
        raise Problem(404, "Ce service n'a pas de fournisseur d'identité.")
    door.slowing.check()
    before = await door.session_of(request)
    try:
        back = await provider.arrive(query.state, query.code, query.error, request.cookies.get(_COOKIE, ""), client)
    except NotNow:
        response = _to(_sign_in_page("injoignable", _WALL))
    except NotBack:
        await door.slowing.refused(client)
        response = _to(_sign_in_page("refus", _WALL))
    else:
        if before is not None:
            await leave(request, before)
        response = _to(back.vers)
        give_cookie(request, response, back.cookie, back.known)
    response.del_cookie(_COOKIE, path=_PATH, httponly=True, samesite="Lax")
    return response


def own_path(vers: str) -> str:
    """A path of this site, or the wall: nobody is sent elsewhere by an address that somebody gave her."""
    own = vers.startswith("/") and not vers.startswith(("//", "/\\")) and vers.isprintable() and "\\" not in vers
    return vers if own else _WALL


def _sign_in_page(why: str, vers: str) -> str:
    return f"/connexion?{urlencode({'fournisseur': why, 'vers': vers})}"


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        handler=read_provider,
        name="readProvider",
        summary="Peut-on se connecter par un fournisseur d'identité",
        tag="connexion",
        answer=ProviderOut,
        problems=(400,),
        guarded=False,
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/depart",
        handler=depart,
        name="departToProvider",
        summary="Vers le fournisseur d'identité (redirection du navigateur)",
        tag="connexion",
        status=303,
        headers={"Location": "où aller"},
        media_type="text/html",
        query=DepartQuery,
        problems=(400, 404),
        guarded=False,
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/retour",
        handler=arrive,
        name="arriveFromProvider",
        summary="Retour du fournisseur d'identité (redirection du navigateur)",
        tag="connexion",
        status=303,
        headers={"Location": "où aller"},
        media_type="text/html",
        query=ReturnQuery,
        problems=(400, 404, 429, 503),
        guarded=False,
    ),
)
