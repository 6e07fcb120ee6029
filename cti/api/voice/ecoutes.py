"""Listening: a ticket for one recording, then its sound whole or by parts, its waveform, its state, its end.

A recording that is still growing is served as a WAV that ends at ``until_ms``, so that one address names the same bytes for ever;
nothing plain is written anywhere. The cookie of a listening opens these routes of that listening alone (``cti.api.edge.door``).
"""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Annotated, Any, Final, Literal, TypeVar

from aiohttp import web
from pydantic import Field

from cti.access import About
from cti.api.acces import require
from cti.api.contract.operation import Operation
from cti.api.contract.voice import EcouteOut, PeaksOut
from cti.api.edge.door import LISTENING_COOKIE, client_of, known_of
from cti.api.edge.guard import SECURE
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.ranges import Span, span_of
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.listening_port import Heard
from cti.api.ports import PORTS
from cti.api.voice.asking import REASON, the_piece
from cti.journey.around.access import Verb
from cti.journey.words import iso
from cti.listening import stereo
from cti.listening.faults import NoSound, OutOfReach, SoundDamaged, TicketOver
from cti.listening.tickets import Ticket

T = TypeVar("T")
_HOUR_MS: Final = 3_600_000
_BLOCK: Final = 262_144
_UNTIL: Final = Annotated[int | None, Field(ge=0, le=1000 * _HOUR_MS, description="fin du son servi, en ms depuis son début")]


class ListenWish(Asked):
    """Why."""

    motif: str = Field("", pattern=REASON, max_length=200)


class AudioQuery(Asked):
    """In which form, up to where."""

    format: Literal["flac", "wav"] = "wav"
    until_ms: _UNTIL = None  # type: ignore[valid-type]


class PeaksQuery(Asked):
    """How fine, up to where."""

    buckets: int = Field(1000, ge=1, le=20_000)
    until_ms: _UNTIL = None  # type: ignore[valid-type]


async def open_one(request: web.Request) -> web.Response:
    """Ask to listen; the trace is written before anything is given."""
    wish = await read_body(request, ListenWish)
    found = await the_piece(request, Verb.ECOUTER)
    known, listening = known_of(request), request.app[PORTS].listening
    ties = await listening.ties(known, found)
    about = About(call_id=found.piece.call_id, piece_id=found.piece.piece_id)
    granted = await require(request, Verb.ECOUTER, about, ties, wish.motif)
    ticket, heard = await _heard(listening.open(known, granted, found))
    response = json_answer(_told(ticket, heard), status=201)
    response.headers["Location"] = _address(ticket)
    response.set_cookie(
        LISTENING_COOKIE + ticket.ecoute_id,
        ticket.secret,
        path=_address(ticket),
        max_age=max(1, (ticket.expires_at - ticket.opened_at) // 1_000_000),
        httponly=True,
        samesite="Strict",
        secure=request.app[SECURE] or request.secure,
    )
    return response


async def read_state(request: web.Request) -> web.Response:
    """The listening as it stands: a recording that grows is longer each time."""
    read_query(request, Asked)
    ticket = await _ticket(request)
    return json_answer(_told(ticket, await _heard(request.app[PORTS].listening.hear(ticket))))


async def close_one(request: web.Request) -> web.Response:
    """The listening is over."""
    request.app[PORTS].listening.close(await _ticket(request))
    return web.Response(status=204)


async def read_peaks(request: web.Request) -> web.Response:
    """The waveform."""
    query = read_query(request, PeaksQuery)
    ticket = await _ticket(request)
    return json_answer(await _heard(request.app[PORTS].listening.peaks(ticket, query.buckets, query.until_ms)))


async def read_audio(request: web.Request) -> web.StreamResponse:
    """The sound, whole or a range of its bytes."""
    query = read_query(request, AudioQuery)
    ticket = await _ticket(request)
    heard = await _heard(request.app[PORTS].listening.hear(ticket))
    sound = heard.sound
    if query.format == "flac":
        flac = sound.flac
        if flac is None:
            raise Problem(409, "Cet enregistrement n'est pas encore archivé : seul le format « wav » en est servi.")
        etag = f'"{heard.piece_id}-flac-{len(flac)}"'
        span = span_of(request, len(flac), etag)
        return await _send(request, span, etag, "audio/flac", _slices(flac, span))
    frames = heard.upto(query.until_ms)
    late = "" if frames <= sound.solid else f"-{sound.solid}"  # one voice is not there yet: these bytes may still change
    etag = f'"{heard.piece_id}-wav-{frames}{late}"'
    span = span_of(request, stereo.size(frames), etag)
    return await _send(request, span, etag, "audio/wav", stereo.part(frames, sound.rate, span.first, span.last, sound.read))


async def _send(request: web.Request, span: Span, etag: str, kind: str, blocks: Iterator[bytes]) -> web.StreamResponse:
    """Block after block, each made in a thread."""
    headers = {**span.headers, "ETag": etag, "Content-Type": kind, "Content-Disposition": "inline"}
    response = web.StreamResponse(status=200 if span.whole else 206, headers=headers)
    first = b"" if request.method == "HEAD" else await _heard(asyncio.to_thread(next, blocks, b""))
    await response.prepare(request)
    while first:
        await response.write(first)
        first = await asyncio.to_thread(next, blocks, b"")
    await response.write_eof()
    return response


def _slices(data: bytes, span: Span) -> Iterator[bytes]:
    for at in range(span.first, span.last + 1, _BLOCK):
        yield data[at : min(span.last + 1, at + _BLOCK)]


async def _ticket(request: web.Request) -> Ticket:
    """The listening that the address names, if whoever asks opened it.

    Raises:
        Problem: 404, there is none; 410, its time is over; 403, it is somebody else's, or its account is closed.
    """
    ecoute_id = request.match_info["ecoute_id"]
    try:
        ticket = await request.app[PORTS].listening.ticket(ecoute_id, known_of(request), client_of(request))
    except TicketOver as over:
        raise Problem(410 if over.late else 403, str(over)) from None
    if ticket is None:
        raise Problem(404, "Cette écoute n'est pas ouverte.")
    return ticket


async def _heard(work: Awaitable[T]) -> T:
    """Whatever keeps a recording from being heard, as a problem."""
    try:
        return await work
    except NoSound as nothing:
        raise Problem(410 if nothing.gone else 404, str(nothing)) from None
    except SoundDamaged as trouble:
        raise Problem(409, f"Cet enregistrement est altéré dans l'archive : rien n'en est donné ({trouble}).") from None
    except OutOfReach as trouble:
        raise Problem(503, str(trouble), headers={"Retry-After": "5"}) from None


def _address(ticket: Ticket) -> str:
    return f"/api/v1/ecoutes/{ticket.ecoute_id}"


def _told(ticket: Ticket, heard: Heard) -> dict[str, Any]:
    return {
        "ecoute_id": ticket.ecoute_id,
        "piece_id": ticket.piece_id,
        "call_id": ticket.call_id,
        "audio": f"{_address(ticket)}/audio",
        "peaks": f"{_address(ticket)}/peaks",
        "expires_at": iso(ticket.expires_at),
        "duration_ms": heard.duration_ms,
        "en_cours": heard.running,
        "formats": heard.formats,
    }


_OF: Final = {"ecoute_id": "une écoute ouverte"}
_PROBLEMS: Final = (400, 401, 403, 404, 409, 410, 503)
OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/enregistrements/{piece_id}/ecoutes",
        handler=open_one,
        name="openListening",
        summary="Demander à écouter un enregistrement ; tracé avant que rien ne soit donné",
        tag="écoute",
        path_parameters={"piece_id": "identifiant d'un enregistrement"},
        body=ListenWish,
        answer=EcouteOut,
        status=201,
        headers={"Location": "l'écoute"},
        problems=(*_PROBLEMS, 413, 415, 422),
    ),
    Operation(
        method="GET",
        path="/api/v1/ecoutes/{ecoute_id}",
        handler=read_state,
        name="readListening",
        summary="Où en est une écoute : durée présente, fin",
        tag="écoute",
        path_parameters=_OF,
        answer=EcouteOut,
        problems=_PROBLEMS,
    ),
    Operation(
        method="DELETE",
        path="/api/v1/ecoutes/{ecoute_id}",
        handler=close_one,
        name="closeListening",
        summary="Fermer une écoute",
        tag="écoute",
        path_parameters=_OF,
        status=204,
        problems=_PROBLEMS,
    ),
    Operation(
        method="GET",
        path="/api/v1/ecoutes/{ecoute_id}/audio",
        handler=read_audio,
        name="readAudio",
        summary="Le son, entier ou par plages d'octets : appelant à gauche, agents à droite",
        tag="écoute",
        path_parameters=_OF,
        query=AudioQuery,
        media_type="audio/wav",
        media_types=("audio/flac",),
        also=(206,),
        problems=(*_PROBLEMS, 416),
    ),
    Operation(
        method="GET",
        path="/api/v1/ecoutes/{ecoute_id}/peaks",
        handler=read_peaks,
        name="readPeaks",
        summary="La forme d'onde de chaque voix",
        tag="écoute",
        path_parameters=_OF,
        query=PeaksQuery,
        answer=PeaksOut,
        problems=_PROBLEMS,
    ),
)
