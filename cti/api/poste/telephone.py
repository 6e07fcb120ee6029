"""The phone of the page: credentials for whoever sits at a post, and for nobody else.

The person is the one of the token. The site itself (the loopback address, or the site's own token) speaks for the person that it
names in ``by``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiohttp import web
from pydantic import Field

from cti.agents.telephone import PhoneRefusal, PhoneWhy
from cti.api.contract.operation import Operation
from cti.api.contract.shape import Shape
from cti.api.edge.acting import PLAIN
from cti.api.edge.door import known_of
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body
from cti.api.ports import PORTS
from cti.journey.words import iso

PHONE_STATUS: Final[Mapping[PhoneWhy, int]] = {PhoneWhy.UNKNOWN: 404, PhoneWhy.EMPTY: 409, PhoneWhy.NOT_YOURS: 403}
_PROBLEMS: Final = (400, 401, 403, 404, 409, 413, 415, 422, 503)


class PhoneWish(Asked):
    """Which post."""

    poste: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$", description="compte SIP du poste")
    by: str = Field(
        "", pattern=rf"(?:{PLAIN})|^$", max_length=64, description="la personne, quand c'est le site lui-même qui demande"
    )


class IceServer(Shape):
    """A STUN or TURN server, as RTCPeerConnection wants it."""

    urls: list[str]
    username: str = ""
    credential: str = ""


class PhoneOut(Shape):
    """All that a page needs to be a phone for a while."""

    poste: str
    uri: str
    ws: str
    username: str
    password: str
    expires_at: datetime
    ice_servers: list[IceServer]
    relay_only: bool
    echo: str


async def open_phone(request: web.Request) -> web.Response:
    """Credentials for a while."""
    wish = await read_body(request, PhoneWish)
    try:
        opened = await request.app[PORTS].telephone.open(wish.poste, phone_person(request, wish))
    except PhoneRefusal as refusal:
        raise Problem(PHONE_STATUS[refusal.why], str(refusal)) from None
    return json_answer(
        {
            "poste": opened.poste,
            "uri": opened.uri,
            "ws": opened.ws,
            "username": opened.username,
            "password": opened.password,
            "expires_at": iso(opened.expires_at),
            "ice_servers": list(opened.ice_servers),
            "relay_only": opened.relay_only,
            "echo": opened.echo,
        }
    )


async def close_phone(request: web.Request) -> web.Response:
    """Credentials taken back."""
    wish = await read_body(request, PhoneWish)
    try:
        await request.app[PORTS].telephone.close(wish.poste, phone_person(request, wish))
    except PhoneRefusal as refusal:
        raise Problem(PHONE_STATUS[refusal.why], str(refusal)) from None
    return web.Response(status=204)


def phone_person(request: web.Request, wish: PhoneWish) -> str:
    """Who asks: whoever the token names; the one in ``by`` where the site itself speaks."""
    known = known_of(request)
    if known.named:
        if not known.personne:
            raise Problem(403, "Ce compte n'est celui de personne de la salle (agents.toml).")
        return known.personne
    if not wish.by.strip():
        raise Problem(422, "« by » : champ obligatoire quand aucun compte n'est connu.")
    return wish.by.strip()


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/poste/telephone",
        handler=open_phone,
        name="openPhone",
        summary="Le téléphone d'un poste dans le navigateur : adresse et mot de passe SIP pour quelques heures",
        tag="poste",
        body=PhoneWish,
        answer=PhoneOut,
        problems=_PROBLEMS,
    ),
    Operation(
        method="DELETE",
        path="/api/v1/poste/telephone",
        handler=close_phone,
        name="closePhone",
        summary="Retirer au poste son téléphone : son mot de passe n'ouvre plus rien",
        tag="poste",
        body=PhoneWish,
        status=204,
        problems=_PROBLEMS,
    ),
)
