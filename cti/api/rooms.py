"""Several people with one caller: P0, conference, consultation, and the directory of those who can be invited."""

import re
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints, model_validator

from cti.api.contract.operation import Operation
from cti.api.contract.rooms import Directory, RoomAsked
from cti.api.edge.acting import REFUSALS, Act, exactly_one
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.ports import PORTS, RoomAct, RoomWish, TransferVerdict

_CALL_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]


class P0Ask(Act):
    """Who asks, and for whom; without a filière, the site's own."""

    filiere: _Code | None = None


class _Whom(Act):
    filiere: _Code | None = Field(None, description="une filière : le premier agent libre")
    poste: str | None = Field(None, pattern=r"^[0-9]{2,6}$", description="un collègue à son poste")


class ConsultAsk(_Whom):
    """Whom to consult apart: a filière or a post."""

    model_config = exactly_one("filiere", "poste")

    @model_validator(mode="after")
    def _one(self) -> "ConsultAsk":
        _exactly_one(self.filiere, self.poste)
        return self


class GuestAsk(_Whom):
    """Whom to call into the conversation, in exactly one of these ways."""

    model_config = exactly_one("filiere", "poste", "effecteur", "numero")

    effecteur: _Code | None = Field(None, description="un code de l'annuaire : cta, police…")
    numero: str | None = Field(None, pattern=r"^\+?[0-9]{2,20}$", description="tout autre numéro")

    @model_validator(mode="after")
    def _one(self) -> "GuestAsk":
        _exactly_one(self.filiere, self.poste, self.effecteur, self.numero)
        return self


def _exactly_one(*values: str | None) -> None:
    if sum(value is not None for value in values) != 1:
        raise ValueError("une cible et une seule est attendue")


async def directory(request: web.Request) -> web.Response:
    """Who can be invited."""
    read_query(request, Asked)
    names = ("code", "libelle", "numero")
    return json_answer({"effecteurs": [dict(zip(names, one, strict=True)) for one in request.app[PORTS].rooms.directory]})


async def ask_p0(request: web.Request) -> web.Response:
    """Ask every free physician at once while the agent stays."""
    ask = await read_body(request, P0Ask)
    return await _act(request, RoomWish(RoomAct.P0, ask.who, filiere=ask.filiere))


async def cancel_p0(request: web.Request) -> web.Response:
    """Stop asking whoever has not come."""
    ask = await read_body(request, Act)
    return await _act(request, RoomWish(RoomAct.WITHDRAW, ask.who))


async def ask_guest(request: web.Request) -> web.Response:
    """Call somebody into the conversation."""
    ask = await read_body(request, GuestAsk)
    wish = RoomWish(RoomAct.INVITE, ask.who, ask.filiere, ask.poste, ask.effecteur, ask.numero)
    return await _act(request, wish)


async def show_guest_out(request: web.Request) -> web.Response:
    """End a guest's part, or stop calling him."""
    ask = await read_body(request, Act)
    guest = request.match_info["guest"]
    return await _act(request, RoomWish(RoomAct.SHOW_OUT, ask.who, guest=guest))


async def ask_consult(request: web.Request) -> web.Response:
    """Talk apart with a filière or a post; the caller hears music."""
    ask = await read_body(request, ConsultAsk)
    return await _act(request, RoomWish(RoomAct.CONSULT, ask.who, ask.filiere, ask.poste))


async def complete_consult(request: web.Request) -> web.Response:
    """Pass the caller on to whoever is consulted."""
    return await _act(request, RoomWish(RoomAct.COMPLETE, (await read_body(request, Act)).who))


async def cancel_consult(request: web.Request) -> web.Response:
    """Go back to the caller."""
    return await _act(request, RoomWish(RoomAct.GIVE_UP, (await read_body(request, Act)).who))


async def join_consult(request: web.Request) -> web.Response:
    """All together."""
    return await _act(request, RoomWish(RoomAct.JOIN, (await read_body(request, Act)).who))


async def _act(request: web.Request, wish: RoomWish) -> web.Response:
    call_id = request.match_info["call_id"]
    if not _CALL_ID.fullmatch(call_id):
        raise Problem(404, "Cet appel n'est pas connu.")
    result = await request.app[PORTS].rooms.act(call_id, wish)
    if result.verdict is TransferVerdict.ASKED:
        return json_answer({"call_id": call_id, "act": wish.act, "detail": result.detail}, status=202)
    raise Problem(_STATUS[result.verdict], result.detail)


_STATUS = {
    TransferVerdict.UNKNOWN_CALL: 404,
    TransferVerdict.NOT_POSSIBLE: 409,
    TransferVerdict.UNKNOWN_FILIERE: 422,
    TransferVerdict.PBX_UNREACHABLE: 503,
}
_ID = {"call_id": "identifiant donné par le plan de numérotation"}
_GUEST = {**_ID, "guest": "« guest » de l'invité, lu sur l'appel"}


def _post(path: str, handler: object, name: str, summary: str, body: type[Asked], parameters: dict[str, str]) -> Operation:
    return Operation(
        method="POST",
        path=f"/api/v1/calls/{{call_id}}/{path}",
        handler=handler,  # type: ignore[arg-type]
        name=name,
        summary=summary,
        tag="appels à plusieurs",
        path_parameters=parameters,
        body=body,
        answer=RoomAsked,
        status=202,
        problems=REFUSALS,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/effecteurs",
        handler=directory,
        name="listEffecteurs",
        summary="Qui peut être invité dans une conversation",
        tag="appels à plusieurs",
        answer=Directory,
        problems=(400, 401),
    ),
    _post("p0", ask_p0, "askP0", "P0 : solliciter tous les médecins libres, l'ARM reste en ligne", P0Ask, _ID),
    _post("p0/cancel", cancel_p0, "cancelP0", "Ne plus demander de renfort", Act, _ID),
    _post("guests", ask_guest, "askGuest", "Inviter quelqu'un dans la conversation", GuestAsk, _ID),
    _post("guests/{guest}/leave", show_guest_out, "showGuestOut", "Faire sortir un invité", Act, _GUEST),
    _post("consult", ask_consult, "askConsult", "Consulter à part une filière ou un poste", ConsultAsk, _ID),
    _post("consult/complete", complete_consult, "completeConsult", "Passer l'appelant à qui est consulté", Act, _ID),
    _post("consult/cancel", cancel_consult, "cancelConsult", "Revenir à l'appelant", Act, _ID),
    _post("consult/conference", join_consult, "joinConsult", "Tous ensemble", Act, _ID),
)
