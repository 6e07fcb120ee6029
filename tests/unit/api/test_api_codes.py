"""One-time codes: asked after the password, each good once, and nobody in from elsewhere without one."""

import asyncio
from dataclasses import replace

import pyotp
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from cti.access.connexion import CodeAsked, networks
from cti.api import build_app
from cti.bootstrap.access.codes import new_secret, seal
from tests.fakes.access import KEY, QUICK, sign_in_desk
from tests.fakes.room import T0, Doubles, S
from tests.unit.api.signing_house import (
    PATH,
    WRONG,
    signed_in,
    tries,
)


@pytest.fixture
def secret(doubles: Doubles, anne: str) -> str:
    made = new_secret()
    doubles.recognised.recognise(anne, totp=seal(KEY, anne, made), totp_at=T0)
    return made


def code(secret: str, doubles: Doubles, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(doubles.clock.now // S + 30 * steps)


async def test_only_who_has_the_password_learns_that_a_code_is_asked(
    browser: TestClient, doubles: Doubles, anne: str, secret: str
) -> None:
    asked = await tries(browser, anne)
    assert (asked.status, (await asked.json())["code_requis"]) == (401, True)
    assert "code_requis" not in await (await tries(browser, anne, WRONG)).json()
    cookie, _ = await signed_in(browser, anne, code=code(secret, doubles))
    assert (await (await browser.get(PATH, headers=cookie)).json())["totp"] is True


async def test_a_code_opens_once(browser: TestClient, doubles: Doubles, anne: str, secret: str) -> None:
    one = code(secret, doubles)
    await signed_in(browser, anne, code=one)
    assert (await tries(browser, anne, code=one)).status == 401
    assert (await tries(browser, anne, code=code(secret, doubles, -1))).status == 401, "nor one of before"
    assert (await tries(browser, anne, code=code(secret, doubles, 1))).status == 200


async def test_the_same_code_twice_at_once_opens_once(browser: TestClient, doubles: Doubles, anne: str, secret: str) -> None:
    one = code(secret, doubles)
    answers = await asyncio.gather(*(tries(browser, anne, code=one) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_asking_for_the_code_takes_no_failure_back(browser: TestClient, doubles: Doubles, anne: str, secret: str) -> None:
    """Else whoever has the password could guess codes for ever."""
    for number in range(5):
        assert (await tries(browser, anne)).status == 401, number
        assert (await tries(browser, anne, code="000000")).status == 401, number
    assert (await tries(browser, anne)).status == 429
    assert (await tries(browser, anne, code=code(secret, doubles))).status == 429


async def test_from_elsewhere_nobody_comes_in_without_a_code(doubles: Doubles, anne: str) -> None:
    rules = replace(QUICK, on_site=networks(["10.0.0.0/8"]))
    ports = replace(doubles.ports(), signing=sign_in_desk(doubles.recognised, doubles.traces, doubles.clock, rules))
    async with TestClient(TestServer(build_app(ports)), cookie_jar=DummyCookieJar()) as client:
        refused = await tries(client, anne)
        assert refused.status == 403
        assert "hors du site" in (await refused.json())["detail"].lower()
        assert (await tries(client, anne, WRONG)).status == 401, "nobody learns it without the password"
    site = replace(QUICK, code_asked=CodeAsked.NEVER)
    ports = replace(ports, signing=sign_in_desk(doubles.recognised, doubles.traces, doubles.clock, site))
    async with TestClient(TestServer(build_app(ports)), cookie_jar=DummyCookieJar()) as client:
        assert (await tries(client, anne)).status == 200
