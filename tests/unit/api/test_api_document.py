"""The OpenAPI document: every shape of an answer stands in it as itself."""

import pytest
from aiohttp.test_utils import TestClient

from cti.api.contract import openapi
from cti.api.contract.keeping import HoldOut
from cti.api.contract.operation import Operation
from cti.api.contract.shape import Shape
from cti.api.contract.voice import OpenHold
from cti.api.crise import read_crisis


def _named(name: str, field: type) -> type[Shape]:
    return type(name, (Shape,), {"__annotations__": {"value": field}})


def _operation(name: str, answer: type[Shape]) -> Operation:
    return Operation(method="GET", path=f"/{name}", handler=read_crisis, name=name, summary="", tag="", answer=answer)


def test_two_shapes_of_one_name_are_refused() -> None:
    one, other = _named("Same", int), _named("Same", str)
    told = openapi.document((_operation("a", one), _operation("b", one)), with_token=False)
    assert told["components"]["schemas"]["Same"]["properties"]["value"]["type"] == "integer"
    with pytest.raises(ValueError, match="two shapes are called Same"):
        openapi.document((_operation("a", one), _operation("b", other)), with_token=False)


def test_a_hold_of_the_list_says_who_released_it_and_one_of_a_recording_does_not() -> None:
    assert {"released_at", "released_by", "release_reason"} == set(HoldOut.model_fields) - set(OpenHold.model_fields)


async def test_what_comes_with_an_answer_is_told(client: TestClient) -> None:
    paths = (await (await client.get("/api/openapi.json")).json())["paths"]
    left = paths["/api/v1/session"]["delete"]["responses"]["204"]
    assert "content" not in left
    opened = paths["/api/v1/enregistrements/{piece_id}/ecoutes"]["post"]["responses"]
    assert opened["201"]["headers"]["Location"]["required"] is True
    assert opened["401"]["headers"]["WWW-Authenticate"]["required"] is True
    assert opened["503"]["headers"]["Retry-After"]["required"] is False
    sound = paths["/api/v1/ecoutes/{ecoute_id}/audio"]["get"]["responses"]
    assert set(sound["200"]["content"]) == set(sound["206"]["content"]) == {"audio/wav", "audio/flac"}
    ready = paths["/readyz"]["get"]["responses"]
    assert set(ready["503"]["content"]) == {"application/json"}


@pytest.mark.parametrize(
    ("path", "kinds", "tables"),
    [
        ("/api/v1/board/stream", ["snapshot", "change", "heartbeat"], ["calls", "agents", "filieres", "alarms"]),
        ("/api/v1/poste/flux", ["snapshot", "change", "heartbeat", "fin"], ["calls", "files"]),
    ],
)
async def test_a_stream_is_told_message_by_message(client: TestClient, path: str, kinds: list[str], tables: list[str]) -> None:
    document = await (await client.get("/api/openapi.json")).json()
    messages = document["paths"][path]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]["oneOf"]
    assert [one["properties"]["event"]["const"] for one in messages] == kinds
    assert ["id" in one["required"] for one in messages] == [kind in ("snapshot", "change") for kind in kinds]
    name = messages[1]["properties"]["data"]["contentSchema"]["$ref"].rpartition("/")[2]
    change = document["components"]["schemas"][name]
    assert change["required"] == ["epoch", "seq", "at"]
    for table in tables:
        assert {"type": "null"} in change["properties"][table]["additionalProperties"]["anyOf"], table
