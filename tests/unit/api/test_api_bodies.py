"""What a body may be: JSON of the types that the document says, no longer than its route allows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from tests.fakes.room import Doubles

CRISE, RAPPEL = "/api/v1/crise", "/api/v1/rappels/c1/prendre"
JSON = {"Content-Type": "application/json"}


async def sent(client: TestClient, path: str, raw: str) -> tuple[int, dict[str, Any]]:
    async with client.post(path, data=raw.encode(), headers=JSON) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("path", "raw", "field"),
    [
        (CRISE, '{"active": 0, "by": "Anne", "reason": "r"}', "active"),
        (CRISE, '{"active": "true", "by": "Anne", "reason": "r"}', "active"),
        (CRISE, '{"active": true, "by": "Anne", "reason": 3}', "reason"),
        (RAPPEL, '{"version": "3", "by": "Anne"}', "version"),
        (RAPPEL, '{"version": 3.5, "by": "Anne"}', "version"),
        (RAPPEL, '{"version": true, "by": "Anne"}', "version"),
        (RAPPEL, '{"version": 1e300, "by": "Anne"}', "version"),
    ],
)
async def test_a_value_of_another_type_is_refused_by_its_field(client: TestClient, path: str, raw: str, field: str) -> None:
    status, told = await sent(client, path, raw)
    assert (status, [fault["champ"] for fault in told["erreurs"]]) == (422, [field])


async def test_a_whole_number_may_be_written_as_json_schema_allows(client: TestClient) -> None:
    assert (await sent(client, RAPPEL, '{"version": 3.0, "by": "Anne"}'))[0] == 404, "well formed; there is no such entry"


@pytest.mark.parametrize("raw", ["", "{", "nul", '{"active": NaN}', '{"a": Infinity}', "[" * 100_00])
async def test_what_is_no_json_is_told_as_such(client: TestClient, raw: str) -> None:
    status, told = await sent(client, CRISE, raw)
    assert (status, told["detail"]) == (400, "Le corps n'est pas du JSON en UTF-8.")


async def test_half_a_sign_is_refused(client: TestClient, doubles: Doubles) -> None:
    status, _ = await sent(client, CRISE, '{"active": true, "by": "Anne", "reason": "\\ud800"}')
    assert (status, doubles.crises.rows) == (422, [])


async def test_a_body_that_is_too_long_is_left_unread_announced_or_not(client: TestClient) -> None:
    long = '{"reason": "' + "x" * 20_000 + '"}'
    assert (await sent(client, CRISE, long))[0] == 413

    async def in_pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(long), 1000):
            yield long[at : at + 1000].encode()

    async with client.post(CRISE, data=in_pieces(), headers=JSON) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"


async def test_of_several_ways_to_say_whom_one_alone_and_the_document_says_so(client: TestClient) -> None:
    for more in ("", ', "filiere": "amu", "poste": "1001"', ', "filiere": null'):
        assert (await sent(client, "/api/v1/calls/c/consult", f'{{"by": "Anne"{more}}}'))[0] == 422
    document = await (await client.get("/api/openapi.json")).json()
    one_of = document["components"]["schemas"]["ConsultAsk"]["oneOf"]
    assert [one["required"] for one in one_of] == [["filiere"], ["poste"]]
