"""The OpenAPI document: every shape of an answer stands in it as itself."""

import pytest

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
