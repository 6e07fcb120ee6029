"""Reading what a request says into a checked model; every refusal names the field.

A parameter that is not known, or that comes twice, is refused: a misspelt ``untill`` must not silently ask for everything.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from cti.api.edge.problems import Fault, Problem
from cti.journey import Instant
from cti.journey.words import from_datetime

M = TypeVar("M", bound=BaseModel)

#: Of a body, unless its route says otherwise.
MOST_BYTES = 16 * 1024
#: Beyond, a float does not tell whole numbers apart.
_WHOLE = 2**53
_TOO_LONG = "Le corps de la requête dépasse la taille permise."
#: Under what name this request acts; absent when it must say one itself.
ACTOR = web.RequestKey("actor", str)
#: A "+" that a client left unencoded in a query arrives as a space.
_LOST_PLUS = re.compile(r"(T[0-9:.]+) (\d\d:?\d\d)$")
_EARLIEST = from_datetime(datetime.fromisoformat("1990-01-01T00:00:00+00:00"))
_LATEST = from_datetime(datetime.fromisoformat("2200-01-01T00:00:00+00:00"))

_MOTIFS: Mapping[str, str] = {
    "missing": "champ obligatoire absent",
    "extra_forbidden": "champ inconnu",
    "string_type": "doit être un texte",
    "string_too_short": "trop court (au moins {min_length} caractère(s))",
    "string_too_long": "trop long (au plus {max_length} caractères)",
    "string_pattern_mismatch": "caractères refusés",
    "int_parsing": "doit être un nombre entier",
    "int_type": "doit être un nombre entier",
    "bool_type": "doit être true ou false",
    "bool_parsing": "doit être true ou false",
    "greater_than_equal": "doit être au moins {ge}",
    "less_than_equal": "doit être au plus {le}",
    "enum": "doit être parmi : {expected}",
    "model_type": "doit être un objet JSON",
}


class Asked(BaseModel):
    """What a request may say, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _instant(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "doit être un instant ISO 8601 avec fuseau, par exemple 2026-12-16T08:00:00Z")
    text = _LOST_PLUS.sub(r"\1+\2", value.strip())
    try:
        at = from_datetime(datetime.fromisoformat(text))
    except ValueError:
        raise PydanticCustomError(
            "instant", "doit être un instant ISO 8601 avec fuseau, par exemple 2026-12-16T08:00:00Z ou …+01:00 (+ s'écrit %2B)"
        ) from None
    if not _EARLIEST <= at <= _LATEST:
        raise PydanticCustomError("instant", "doit être entre 1990 et 2200")
    return at


#: An instant in a query: ISO 8601 with a time zone, read into microseconds.
QueryInstant = Annotated[
    Instant, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation")
]


def read_query(request: web.Request, model: type[M]) -> M:
    """The query's parameters.

    Raises:
        Problem: 400, naming each parameter that is unknown, repeated or malformed.
    """
    query = request.query
    repeated = sorted({name for name in query if len(query.getall(name)) > 1})
    if repeated:
        raise Problem(400, f"Paramètre répété : « {'», « '.join(repeated)} ».")
    try:
        return model.model_validate(dict(query))
    except ValidationError as error:
        faults = _faults(error, "paramètre")
        raise Problem(400, _sentence(faults, model), faults) from None


async def read_body(request: web.Request, model: type[M], most: int = MOST_BYTES) -> M:
    """The JSON body; in an act of a known person (``ACTOR``), her name stands in place of whatever was typed.

    Types are taken as the document has them: ``0`` is no ``false`` and ``"3"`` no number.

    Args:
        request: whose body it is.
        model: what it may say.
        most: bytes that are read; a body that is longer is left unread.

    Raises:
        Problem: 415 when it is not announced as JSON, 413 when it is too long, 400 when it is not JSON, 422 naming each field
            that is wrong.
    """
    if request.content_type != "application/json":
        raise Problem(415, "Le corps doit être annoncé « Content-Type: application/json ».")
    raw = await _bytes(request, most)
    try:
        # pydantic reads it again: it would tell a fault of JSON as one of a field, and 3.0 is a whole number to JSON Schema.
        plain = json.dumps(json.loads(raw.decode("utf-8"), parse_float=_number, parse_constant=_no_number))
    except (ValueError, RecursionError):
        raise Problem(400, "Le corps n'est pas du JSON en UTF-8.") from None
    try:
        asked = model.model_validate_json(plain, strict=True)
    except ValidationError as error:
        faults = _faults(error, "champ")
        raise Problem(422, _sentence(faults, model), faults) from None
    if "by" in model.model_fields:
        return _by(request, asked)
    return asked


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _WHOLE else number


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _by(request: web.Request, asked: M) -> M:
    """Signed by whoever is known; else by the name that was typed, and there must be one."""
    if actor := request.get(ACTOR):
        return asked.model_copy(update={"by": actor})
    if not str(getattr(asked, "by", "")).strip():
        fault = Fault(champ="by", motif=_MOTIFS["missing"])
        raise Problem(422, "« by » : qui agit, quand aucun compte n'est connu.", [fault])
    return asked


async def _bytes(request: web.Request, most: int) -> bytes:
    if (request.content_length or 0) > most:
        raise Problem(413, _TOO_LONG)
    read = bytearray()
    async for part in request.content.iter_any():
        read += part
        if len(read) > most:
            raise Problem(413, _TOO_LONG)
    return bytes(read)


def _faults(error: ValidationError, noun: str) -> list[Fault]:
    return [
        Fault(champ=".".join(str(part) for part in fault["loc"]) or "corps", motif=_motif(fault, noun))
        for fault in error.errors()
    ]


def _motif(fault: ErrorDetails, noun: str) -> str:
    kind = fault["type"]
    if kind == "instant":
        return fault["msg"]
    context: dict[str, Any] = dict(fault.get("ctx") or {})
    return _MOTIFS.get(kind, "valeur refusée").replace("champ", noun).format_map(context)


def _sentence(faults: list[Fault], model: type[BaseModel]) -> str:
    told = " ; ".join(f"« {fault.champ} » : {fault.motif}" for fault in faults)
    known = ", ".join(model.model_fields) or "aucun"
    return f"{told}. Connus : {known}."
