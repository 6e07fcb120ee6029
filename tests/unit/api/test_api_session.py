"""Sign in, who is signed in, sign out: the cookie, the page's own token, and waiting after failures."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from cti.access.chain import verify
from cti.api import build_app
from cti.api.session_port import SignedIn, TooManyTries
from cti.bootstrap.access.codes import new_secret, seal
from cti.journey.around.access import AccessRole
from tests.fakes.access import KEY, QUICK, sign_in_desk
from tests.fakes.room import T0, Doubles, S
from tests.unit.api.signing_house import (
    MINUTE,
    PASSWORD,
    PATH,
    WRONG,
    Waits,
    last,
    shown,
    signed_in,
    tries,
)

TRANSFER, ASK = "/api/v1/calls/c/transfer", {"filiere": "amu", "by": "arm01"}


# --- coming in ----------------------------------------------------------------------------------------------------------


async def test_a_right_password_gives_a_session_in_a_cookie_that_no_script_reads(
    browser: TestClient, doubles: Doubles, anne: str
) -> None:
    response = await tries(browser, anne)
    told = await response.json()
    assert response.status == 200
    assert {name: told[name] for name in ("compte", "nom", "roles", "personne", "totp", "expires_at")} == {
        "compte": "anne.petit", "nom": "mru01", "roles": ["mru", "qualite"], "personne": "mru01", "totp": False,
        "expires_at": "2026-12-16T21:00:00.000Z",
    }  # fmt: skip
    cookie = response.cookies["cti_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"], cookie["secure"]) == (
        True, "Strict", "/", str(13 * 3600), "",
    )  # fmt: skip
    assert cookie.value not in await response.text()
    kept = repr(doubles.recognised.rows) + repr([row.digest for row in doubles.recognised.rows.values()])
    assert cookie.value not in kept
    assert cookie.value.split(".")[1] not in kept
    assert (last(doubles).who, last(doubles).verb, last(doubles).outcome) == ("anne.petit", "entrer", "accordé")
    again = await browser.get(PATH, headers=shown(response))
    assert (again.status, await again.json()) == (200, told)


async def test_behind_tls_the_cookie_goes_by_tls_alone(doubles: Doubles, anne: str) -> None:
    app = build_app(doubles.ports(), secure=True)
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        assert (await tries(client, anne)).cookies["cti_session"]["secure"] is True


async def test_a_name_is_typed_as_people_type(browser: TestClient, anne: str) -> None:
    assert (await tries(browser, " Anne.Petit ")).status == 200


@pytest.mark.parametrize("what", ["password", "account", "no_password", "disabled", "code"])
async def test_whatever_was_wrong_the_words_are_the_same_and_the_log_says_what(
    browser: TestClient, doubles: Doubles, anne: str, waits: Waits, what: str
) -> None:
    more: dict[str, str] = {}
    name, password = anne, PASSWORD
    match what:
        case "password":
            password, why = WRONG, "mot de passe faux (1e échec de suite)"
        case "account":
            name, why = "personne", "compte inconnu"
        case "no_password":
            doubles.accounts.give("paul", AccessRole.MRG)
            name, why = "paul", "compte inconnu ou sans mot de passe"
        case "disabled":
            doubles.accounts.users[anne] = replace(doubles.accounts.users[anne], disabled_at=T0)
            why = "désactivé"
        case _:
            doubles.recognised.recognise(anne, totp=seal(KEY, anne, new_secret()))
            more, why = {"code": "abcdef"}, "code faux ou déjà utilisé"
    response = await tries(browser, name, password, **more)
    assert response.status == 401
    told = await response.json()
    assert told["detail"] == "Compte, mot de passe ou code incorrect."
    assert "code_requis" not in told
    assert "cti_session" not in response.cookies
    assert why in last(doubles).detail
    assert (last(doubles).verb, last(doubles).outcome, last(doubles).client) == ("entrer", "refusé", "127.0.0.1")
    assert password not in last(doubles).detail
    assert waits.asked == [0.25]
    assert list(verify(doubles.traces.entries)) == []


async def test_what_was_typed_as_a_name_and_is_none_is_not_written_down(browser: TestClient, doubles: Doubles) -> None:
    """It may be a password typed in the wrong field."""
    await tries(browser, "le chat dort")
    assert "chat" not in last(doubles).detail


@pytest.mark.parametrize(
    "body", [{}, {"compte": "anne"}, {"compte": "", "mot_de_passe": "x"}, {"compte": "a", "mot_de_passe": 3}]
)
async def test_a_body_that_is_none_is_told_so(browser: TestClient, body: dict[str, Any]) -> None:
    assert (await browser.post(PATH, json=body)).status == 422


async def test_another_site_signs_nobody_in(browser: TestClient, anne: str) -> None:
    response = await browser.post(
        PATH, json={"compte": anne, "mot_de_passe": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert response.status == 403
    assert "cti_session" not in response.cookies


async def test_a_store_out_of_reach_lets_nobody_in(browser: TestClient, doubles: Doubles, anne: str) -> None:
    doubles.accounts.down = True
    assert (await tries(browser, anne)).status == 503
    doubles.accounts.down, doubles.traces.down = False, True
    response = await tries(browser, anne)
    assert response.status == 503
    assert "cti_session" not in response.cookies


# --- waiting after failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["anne.petit", "personne"])
async def test_an_account_waits_after_failures_whether_it_exists_or_not(
    browser: TestClient, doubles: Doubles, anne: str, name: str
) -> None:
    for _ in range(5):
        assert (await tries(browser, name, WRONG)).status == 401
    closed = await tries(browser, name)
    assert (closed.status, closed.headers["Retry-After"]) == (429, "30")
    assert "30 s" in (await closed.json())["detail"]
    doubles.clock.now += 29 * S + 1
    assert (await tries(browser, name)).headers["Retry-After"] == "1"
    doubles.clock.now += S
    assert (await tries(browser, name, WRONG)).status == 401
    assert (await tries(browser, name)).headers["Retry-After"] == "60", "twice as long"
    doubles.clock.now += 60 * S
    assert (await tries(browser, name)).status == (200 if name == anne else 401)
    if name == anne:
        assert doubles.recognised.known[anne].failures == 0


async def test_many_tries_at_once_are_no_more_than_one_after_the_other(doubles: Doubles, anne: str, waits: Waits) -> None:
    rules = replace(QUICK, at_once=8)
    ports = replace(doubles.ports(), signing=sign_in_desk(doubles.recognised, doubles.traces, doubles.clock, rules))
    async with TestClient(TestServer(build_app(ports, pause=waits)), cookie_jar=DummyCookieJar()) as client:
        answers = await asyncio.gather(*(tries(client, anne, WRONG) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 7
    assert doubles.recognised.known[anne].failures == 5


async def test_whoever_guesses_from_one_address_keeps_nobody_else_out(doubles: Doubles, anne: str) -> None:
    guesses = [asyncio.ensure_future(doubles.signing.sign_in("zoe", WRONG, "", "203.0.113.7")) for _ in range(40)]
    hers = asyncio.ensure_future(doubles.signing.sign_in(anne, PASSWORD, "", "10.0.0.7"))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(answer, TooManyTries) for answer in answers) == 30
    assert isinstance(await hers, SignedIn)


async def test_a_queue_of_tries_has_an_end(doubles: Doubles, anne: str, waits: Waits) -> None:
    async with TestClient(TestServer(build_app(doubles.ports(), pause=waits)), cookie_jar=DummyCookieJar()) as client:
        answers = await asyncio.gather(*(tries(client, anne) for _ in range(40)))
    statuses = {answer.status for answer in answers}
    assert statuses == {200, 429}, "whoever is heard comes in"


# --- what a session opens -----------------------------------------------------------------------------------------------


async def test_a_session_is_that_person_and_changes_nothing_without_the_page_s_token(
    browser: TestClient, doubles: Doubles, anne: str
) -> None:
    reads, acts = await signed_in(browser, anne)
    me = await (await browser.get("/api/v1/moi", headers=reads)).json()
    assert (me["who"], me["named"], me["roles"]) == (anne, True, ["mru", "qualite"])
    for headers in (reads, {**reads, "X-CSRF-Token": "x"}, {**reads, "X-CSRF-Token": "é"}):
        refused = await browser.post(TRANSFER, json=ASK, headers=headers)
        assert refused.status == 403
        assert "X-CSRF-Token" in (await refused.json())["detail"]
    assert doubles.transfers.asked == []
    assert (await browser.post(TRANSFER, json=ASK, headers=acts)).status == 202


async def test_the_token_of_another_session_is_not_this_one_s(browser: TestClient, anne: str) -> None:
    first, _ = await signed_in(browser, anne)
    _, other = await signed_in(browser, anne)
    assert (await browser.post(TRANSFER, json=ASK, headers={**other, **first})).status == 403


async def test_leaving_ends_the_session_and_forgets_the_cookie(browser: TestClient, doubles: Doubles, anne: str) -> None:
    reads, acts = await signed_in(browser, anne)
    assert (await browser.delete(PATH, headers=reads)).status == 403
    gone = await browser.delete(PATH, headers=acts)
    assert gone.status == 204
    assert (gone.cookies["cti_session"].value, gone.cookies["cti_session"]["max-age"]) == ("", "0")
    assert (last(doubles).who, last(doubles).verb) == (anne, "sortir")
    after = await browser.get(PATH, headers=reads)
    assert after.status == 401
    assert after.cookies["cti_session"]["max-age"] == "0"
    assert "déconnexion" in (await after.json())["detail"]


async def test_who_signs_in_again_leaves_the_session_before(browser: TestClient, anne: str) -> None:
    reads, _ = await signed_in(browser, anne)
    again = await browser.post(PATH, json={"compte": anne, "mot_de_passe": PASSWORD}, headers=reads)
    assert again.status == 200
    assert (await browser.get(PATH, headers=reads)).status == 401
    assert (await browser.get(PATH, headers=shown(again))).status == 200


async def test_nobody_is_signed_in_by_a_token(browser: TestClient, doubles: Doubles) -> None:
    headers = {"Authorization": f"Bearer {doubles.accounts.give('paul', AccessRole.MRG)}"}
    assert (await browser.get(PATH, headers=headers)).status == 401
    assert (await browser.get(PATH)).status == 401


async def test_a_session_that_is_idle_or_old_ends_and_is_written_down_once(
    browser: TestClient, doubles: Doubles, anne: str
) -> None:
    reads, _ = await signed_in(browser, anne)
    for _ in range(3):
        doubles.clock.now += 59 * MINUTE
        assert (await browser.get(PATH, headers=reads)).status == 200, "what is used goes on"
    doubles.clock.now += 61 * MINUTE
    for _ in range(2):
        over = await browser.get(PATH, headers=reads)
        assert over.status == 401
        assert "inactivité" in (await over.json())["detail"]
    assert [trace.detail for trace in doubles.traces.entries if trace.verb == "sortir"] == [last(doubles).detail]
    reads, _ = await signed_in(browser, anne)
    for _ in range(13):
        doubles.clock.now += 59 * MINUTE
        assert (await browser.get(PATH, headers=reads)).status == 200
    doubles.clock.now += 14 * MINUTE
    assert "durée" in (await (await browser.get(PATH, headers=reads)).json())["detail"]


async def test_a_disabled_account_opens_nothing_any_more(browser: TestClient, doubles: Doubles, anne: str) -> None:
    reads, _ = await signed_in(browser, anne)
    doubles.accounts.users[anne] = replace(doubles.accounts.users[anne], disabled_at=T0)
    assert (await browser.get("/api/v1/board", headers=reads)).status == 401


async def test_a_made_up_cookie_is_refused_slowed_and_written_down(browser: TestClient, doubles: Doubles, waits: Waits) -> None:
    for cookie in ("devine", "s-" + "0" * 24 + "." + "0" * 64):
        response = await browser.get("/api/v1/board", headers={"Cookie": f"cti_session={cookie}"})
        assert response.status == 401
        assert response.cookies["cti_session"]["max-age"] == "0", "the next request is the site's again"
    assert waits.asked == [0.25, 0.5]
    assert last(doubles).detail == "session inconnue"


async def test_a_token_that_is_shown_is_asked_first(browser: TestClient, doubles: Doubles, anne: str) -> None:
    reads, _ = await signed_in(browser, anne)
    token = doubles.accounts.give("paul", AccessRole.MRG)
    told = await (await browser.get("/api/v1/moi", headers={**reads, "Authorization": f"Bearer {token}"})).json()
    assert told["who"] == "paul"
