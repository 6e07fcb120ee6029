"""A stream lasts no longer than what opened it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from aiohttp import ClientError, ClientResponse
from aiohttp.test_utils import TestClient

from cti.journey.around.access import AccessRole
from tests.fakes.room import T0, Doubles
from tests.unit.api.signing_house import (
    MINUTE,
    PATH,
    signed_in,
)


async def follow(client: TestClient, headers: dict[str, str]) -> ClientResponse:
    stream = await client.get("/api/v1/board/stream", headers=headers)
    assert stream.status == 200
    assert (await stream.content.readline()).startswith(b"id:")
    return stream


async def to_the_end(stream: ClientResponse) -> None:
    """Until it is cut; the pytest timeout ends what never comes."""
    with suppress(ClientError):
        while await stream.content.readline():
            pass


async def test_a_stream_ends_when_its_person_leaves(browser: TestClient, doubles: Doubles, anne: str) -> None:
    reads, acts = await signed_in(browser, anne)
    stream = await follow(browser, reads)
    assert (await browser.delete(PATH, headers=acts)).status == 204
    await to_the_end(stream)
    assert (await browser.get("/api/v1/board/stream", headers=reads)).status == 401


@pytest.mark.parametrize("how", ["session", "token"])
async def test_a_stream_ends_when_another_process_closes_the_account(
    browser: TestClient, doubles: Doubles, anne: str, how: str
) -> None:
    headers = (await signed_in(browser, anne))[0]
    if how == "token":
        headers = {"Authorization": f"Bearer {doubles.accounts.give(anne, AccessRole.MRU)}"}
    stream = await follow(browser, headers)
    doubles.accounts.users[anne] = replace(doubles.accounts.users[anne], disabled_at=T0)
    await to_the_end(stream)


async def test_a_followed_stream_is_use_of_its_session(browser: TestClient, doubles: Doubles, anne: str) -> None:
    reads, _ = await signed_in(browser, anne)
    stream = await follow(browser, reads)
    (row,) = doubles.recognised.rows.values()
    doubles.clock.now += 50 * MINUTE
    while doubles.recognised.rows[row.session_id].seen_at == row.seen_at:
        await asyncio.sleep(0)
    stream.close()
