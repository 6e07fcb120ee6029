"""The OpenAPI 3.1 document, made from the same operations and models that serve the requests."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from cti import __version__
from cti.api.contract.following import Beat, Followed, change_schema, message_schema
from cti.api.contract.operation import Operation
from cti.api.contract.shapes import schema_of
from cti.api.edge.problems import ProblemBody, json_answer

#: What whoever shows a token may be told before any handler: nothing opens, a wall screen, too many at once, no database.
_AT_THE_DOOR = (401, 403, 429, 503)
_SESSION = "la session d'une personne (POST /api/v1/session) ; ce qui change quelque chose montre aussi X-CSRF-Token"
_BEARER = "le jeton d'une personne (cti user token), ou celui du site"
#: What comes with a problem beside its body; with these two it always does.
_WITH_PROBLEMS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "secondes à attendre"},
    503: {"Retry-After": "secondes à attendre, quand elles se savent"},
}
_ALWAYS_WITH = (401, 429)
#: Answers without a body.
_EMPTY = (204, 303, 304)
_REF = "#/components/schemas/{model}"


def document(operations: Sequence[Operation], *, with_token: bool) -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas, with_token=with_token)
    components: dict[str, Any] = {"schemas": dict(sorted(schemas.items()))}
    components["securitySchemes"] = {
        "jeton": {"type": "http", "scheme": "bearer", "description": _BEARER},
        "session": {"type": "apiKey", "in": "cookie", "name": "cti_session", "description": _SESSION},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cti : la téléphonie du Service d'accès aux soins",
            "version": __version__,
            "description": "Instants en UTC ISO 8601 à la milliseconde ; durées en millisecondes entières.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": components,
    }


def operation_for(operations: Sequence[Operation], *, with_token: bool) -> Operation:
    """The operation that serves the document of these operations (and of itself: it is part of the API).

    It is made for the first who reads it, apart from the loop: a start does not wait for it, nor does a caller.
    """
    told: dict[str, Any] = {}

    async def read_document(_request: web.Request) -> web.Response:
        if not told:
            told.update(await asyncio.to_thread(document, (*operations, own), with_token=with_token))
        return json_answer(told)

    own = Operation(
        method="GET",
        path="/api/openapi.json",
        handler=read_document,
        name="readOpenApi",
        summary="Ce document",
        tag="santé",
        problems=(401,),
    )
    return own


def _operation(operation: Operation, schemas: dict[str, Any], *, with_token: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation, schemas)],
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(operation.body, schemas)}},
        }
    if operation.guarded:  # where the site asks no token, a person may show hers
        told["security"] = [{"jeton": []}, {"session": []}, *([] if with_token else [{}])]
    return told


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": words, "schema": {"type": "string"}}
        for name, words in operation.path_parameters.items()
    ]


def _query_parameters(operation: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = schema_of(operation.query, _REF)
    _keep(schemas, schema.get("$defs", {}))
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": part.get("description", ""),
            "schema": {key: value for key, value in part.items() if key != "description"},
        }
        for name, part in schema["properties"].items()
    ]


def _responses(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    content = _content(operation, schemas)
    responses: dict[str, Any] = {}
    for status in sorted({*operation.problems, *(_AT_THE_DOOR if operation.guarded else ())}):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": _reference(ProblemBody, schemas)}},
            **_headers(_WITH_PROBLEMS.get(status, {}), required=status in _ALWAYS_WITH),
        }
    for status in (operation.status, *operation.also):
        told = responses.setdefault(str(status), {"description": HTTPStatus(status).phrase})
        if status not in _EMPTY:
            told["content"] = {**told.get("content", {}), **content}
        told.update(_headers(operation.headers))
    return dict(sorted(responses.items()))


def _content(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"} if operation.media_type != "application/json" else {}
    if operation.follows is not None:
        schema = _messages(operation.follows, schemas)
    if operation.answer is not None:
        schema = _reference(operation.answer, schemas)
    return {kind: {"schema": schema} for kind in (operation.media_type, *operation.media_types)}


def _messages(followed: Followed, schemas: dict[str, Any]) -> dict[str, Any]:
    """Each message of a stream (OpenAPI 3.1 has no words for a stream: this is the schema of one message, not of them all)."""
    whole = _reference(followed.picture, schemas)
    name = f"{followed.picture.__name__.removesuffix('Out')}Change"
    _keep(schemas, {name: change_schema(schemas[followed.picture.__name__], followed)})
    numbered = {"snapshot": whole, "change": {"$ref": _REF.format(model=name)}}
    shapes: dict[str, type[BaseModel]] = {"heartbeat": Beat, **followed.beside}
    beside = {event: _reference(shape, schemas) for event, shape in shapes.items()}
    told = [message_schema(event, reference, numbered=event in numbered) for event, reference in (numbered | beside).items()]
    return {"oneOf": told}


def _headers(named: Mapping[str, str], *, required: bool = True) -> dict[str, Any]:
    if not named:
        return {}
    text = {"type": "string"}
    return {"headers": {name: {"description": words, "required": required, "schema": text} for name, words in named.items()}}


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    schema = schema_of(model, _REF)
    _keep(schemas, {**schema.pop("$defs", {}), model.__name__: schema})
    return {"$ref": _REF.format(model=model.__name__)}


def _keep(schemas: dict[str, Any], more: dict[str, Any]) -> None:
    """Put them with the others; two shapes of one name would be one in the document, and one of the two would lie.

    Raises:
        ValueError: another shape has the name.
    """
    for name, schema in more.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two shapes are called {name}")
