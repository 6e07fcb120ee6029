"""Sign in, who is signed in, sign out: the session of one browser, in a cookie that no script reads.

Whatever was wrong with a try, the words are the same; only who gave the right password learns that a code is asked. Each try that
fails is answered later than the one before it, and an account that waits after failures says for how long (429).
"""

from typing import Any, NoReturn

from aiohttp import web
from pydantic import Field

from cti.api.contract.operation import Operation
from cti.api.contract.session import SessionOut
from cti.api.edge.door import SESSION_COOKIE, Door, Known, client_of, known_of
from cti.api.edge.guard import SECURE
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.edge.streams import Streams
from cti.api.ports import PORTS
from cti.api.session_port import TooManyTries, TurnedAway
from cti.journey.words import iso

#: Which slows down whoever guesses.
DOOR: web.AppKey[Door] = web.AppKey("door", Door)
#: Which are cut when somebody leaves.
STREAMS: web.AppKey[Streams] = web.AppKey("streams", Streams)
_WRONG = "Compte, mot de passe ou code incorrect."
_CODE = "Le code à usage unique est demandé."
_REMOTE = (
    "Hors du site, un code à usage unique est exigé, et ce compte n'en a pas : demandez-le à l'administration du service "
    "(cti user totp)."
)


class SignInWish(Asked):
    """Who comes in."""

    compte: str = Field(min_length=1, max_length=64)
    mot_de_passe: str = Field(min_length=1, max_length=1024)
    code: str | None = Field(None, max_length=32, description="code à usage unique, quand le compte en a un")


async def sign_in(request: web.Request) -> web.Response:
    """One try."""
    wish = await read_body(request, SignInWish)
    door, signing, client = request.app[DOOR], request.app[PORTS].signing, client_of(request)
    door.slowing.check()
    before = await door.session_of(request)
    try:
        came = await signing.sign_in(wish.compte.strip().lower(), wish.mot_de_passe, wish.code or "", client)
    except TooManyTries:
        raise Problem(429, "Trop de connexions à la fois ; réessayez.", headers={"Retry-After": "5"}) from None
    if isinstance(came, TurnedAway):
        if not came.code_asked:
            await door.slowing.refused(client)
        _refuse(came)
    if before is not None:
        await leave(request, before)
    response = json_answer(await _told(request, came.known))
    give_cookie(request, response, came.cookie, came.known)
    return response


async def read_session(request: web.Request) -> web.Response:
    """Who is signed in on this browser."""
    read_query(request, Asked)
    known = known_of(request)
    if not known.by_session:
        raise Problem(401, "Personne n'est connecté sur ce navigateur.", headers={"WWW-Authenticate": "Bearer"})
    return json_answer(await _told(request, known))


async def sign_out(request: web.Request) -> web.Response:
    """She leaves; the cookie is forgotten."""
    known = known_of(request)
    if known.by_session:
        await leave(request, known)
    response = web.Response(status=204)
    response.del_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Strict")
    return response


async def leave(request: web.Request, known: Known) -> None:
    """End her session, and what followed by it."""
    await request.app[PORTS].signing.sign_out(known, client_of(request))
    request.app[STREAMS].ended(known.token_id)


def _refuse(came: TurnedAway) -> NoReturn:
    if came.wait_seconds:
        told = f"Trop d'échecs : ce compte attend encore {_duration(came.wait_seconds)}."
        raise Problem(429, told, headers={"Retry-After": str(came.wait_seconds)})
    if came.remote:
        raise Problem(403, _REMOTE)
    headers = {"WWW-Authenticate": "Bearer"}
    if came.code_asked:
        raise Problem(401, _CODE, headers=headers, members={"code_requis": True})
    raise Problem(401, _WRONG, headers=headers)


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60:02d} s"


async def _told(request: web.Request, known: Known) -> dict[str, Any]:
    ports = request.app[PORTS]
    return {
        "compte": known.who,
        "nom": ports.access.nom(known),
        "roles": [role.value for role in known.roles],
        "personne": known.personne,
        "csrf": known.csrf,
        "expires_at": iso(known.expires_at),
        "totp": await ports.signing.has_code(known),
    }


def give_cookie(request: web.Request, response: web.Response, cookie: str, known: Known) -> None:
    """The cookie of a session that begins."""
    left = ((known.expires_at or 0) - request.app[PORTS].clock()) // 1_000_000
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        httponly=True,
        samesite="Strict",
        secure=request.app[SECURE] or request.secure,
        max_age=max(left, 0),
        path="/",
    )


_PATH = "/api/v1/session"
OPERATIONS = (
    Operation(
        method="POST",
        path=_PATH,
        handler=sign_in,
        name="signIn",
        summary="Se connecter : compte, mot de passe, et code à usage unique quand le compte en a un",
        tag="connexion",
        body=SignInWish,
        answer=SessionOut,
        problems=(400, 401, 403, 413, 415, 422, 429, 503),
        guarded=False,
    ),
    Operation(
        method="GET",
        path=_PATH,
        handler=read_session,
        name="readSession",
        summary="Qui est connecté sur ce navigateur",
        tag="connexion",
        answer=SessionOut,
        problems=(400, 401),
    ),
    Operation(
        method="DELETE",
        path=_PATH,
        handler=sign_out,
        name="signOut",
        summary="Se déconnecter",
        tag="connexion",
        status=204,
        problems=(401, 403),
    ),
)
