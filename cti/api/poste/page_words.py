"""What the page of a browser phone says of itself: whether it is fit to be called, and how well its call is heard.

The page measures and the service decides. Bodies are small and bounded, and the same one said twice changes nothing. The person
is the one of the token, as for the phone itself.
"""

from datetime import datetime
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from cti.agents.telephone import PhoneRefusal
from cti.api.contract.operation import Operation
from cti.api.contract.posts import NotReadyOut
from cti.api.contract.shape import Shape
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_body
from cti.api.page_words_port import PageQuality, PageState, VoiceTried
from cti.api.ports import PORTS
from cti.api.poste.telephone import PHONE_STATUS, PhoneWish, phone_person

_PROBLEMS: Final = (400, 401, 403, 404, 409, 413, 415, 422)
#: More packets than two days of talk have.
_PACKETS: Final = 10_000_000
_Count = Annotated[int, Field(ge=0, le=_PACKETS)]
_Ms = Annotated[float, Field(ge=0, le=3_600_000, allow_inf_nan=False)]
_Mos = Annotated[float, Field(ge=1, le=4.5, allow_inf_nan=False)]


class VoiceTryIn(Asked):
    """A call to the echo: what was played came back, or not."""

    made: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$", description="identité de cet essai, donnée par la page")
    ok: bool
    loss: float = Field(ge=0, le=1, allow_inf_nan=False, description="pertes, dans le pire sens")
    refused: bool = Field(False, description="le PBX a refusé l'appel d'essai : il n'a rien dit de la voix")


class PageStateIn(PhoneWish):
    """How the page is."""

    sent_at: QueryInstant = Field(description="instant de l'envoi, à l'horloge de la page")
    micro_dbfs: float = Field(ge=-200, le=20, allow_inf_nan=False, description="le plus fort moment récent du micro")
    micro_coupe: bool = Field(description="micro débranché, refusé, ou coupé par la machine")
    essai: VoiceTryIn | None = Field(None, description="dernier essai de la voix depuis que l'audio ou le réseau ont changé")


class PageStateOut(Shape):
    """What the service makes of it, and when the page is to speak again."""

    at: datetime
    poste: str
    pret: bool
    pas_pret: NotReadyOut | None
    suivant_seconds: int
    micro_min_dbfs: float
    micro_muet_seconds: int


class PageQualityIn(PhoneWish):
    """How well one leg is heard in the page, from its beginning until now."""

    appel: str = Field(pattern=r"^[\x21-\x7e]{1,256}$", description="Call-ID SIP de l'appel")
    fini: bool
    duree_ms: int = Field(ge=0, le=172_800_000)
    recus: _Count
    perdus: _Count
    envoyes: _Count | None = None
    perdus_en_face: _Count | None = Field(None, description="ce que le PBX dit n'avoir pas reçu (RTCP)")
    gigue_ms: _Ms | None = None
    aller_retour_ms: _Ms | None = None
    mos: _Mos | None = None
    mos_min: _Mos | None = Field(None, description="du pire intervalle")


class PageQualityOut(Shape):
    """``garde``: it is kept with its call; false for an echo or a call between colleagues."""

    garde: bool


async def tell_state(request: web.Request) -> web.Response:
    """The page says how it is."""
    said = await read_body(request, PageStateIn)
    tried = None if said.essai is None else VoiceTried(**said.essai.model_dump())
    state = PageState(sent_at=said.sent_at, micro_dbfs=said.micro_dbfs, micro_cut=said.micro_coupe, voice=tried)
    try:
        return json_answer(await request.app[PORTS].page_states.state(said.poste, phone_person(request, said), state))
    except PhoneRefusal as refusal:
        raise Problem(PHONE_STATUS[refusal.why], str(refusal)) from None


async def tell_quality(request: web.Request) -> web.Response:
    """The page says how well its call is heard."""
    said = await read_body(request, PageQualityIn)
    quality = PageQuality(
        sip=said.appel,
        over=said.fini,
        talk_ms=said.duree_ms,
        received=said.recus,
        lost=said.perdus,
        sent=said.envoyes,
        remote_lost=said.perdus_en_face,
        jitter_ms=said.gigue_ms,
        round_trip_ms=said.aller_retour_ms,
        mos=said.mos,
        mos_min=said.mos_min,
    )
    try:
        kept = await request.app[PORTS].page_qualities.measured(said.poste, phone_person(request, said), quality)
    except PhoneRefusal as refusal:
        raise Problem(PHONE_STATUS[refusal.why], str(refusal)) from None
    return json_answer({"garde": kept})


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/poste/telephone/etat",
        handler=tell_state,
        name="tellPhoneState",
        summary="La page dit comment elle va (micro, essai de la voix, horloge) ; le service répond si le poste est prêt",
        tag="poste",
        body=PageStateIn,
        answer=PageStateOut,
        problems=_PROBLEMS,
    ),
    Operation(
        method="POST",
        path="/api/v1/poste/telephone/qualite",
        handler=tell_quality,
        name="tellPhoneQuality",
        summary="La page dit comment l'appel s'entend, depuis son début ; gardé avec l'appel",
        tag="poste",
        body=PageQualityIn,
        answer=PageQualityOut,
        problems=_PROBLEMS,
    ),
)
