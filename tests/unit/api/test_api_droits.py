"""Every route x every role, in front of the real door: what droits.toml gives is given, whatever it does not give is refused."""

import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cti.access import AccessConfigError
from cti.access.routes import from_mapping
from cti.api import app as api_app
from cti.api import build_app
from cti.api.contract.operation import Operation
from cti.api.edge.problems import Problem
from cti.api.edge.refusing import check_rights
from cti.journey.around.access import SITE, AccessRole, Means
from tests.fakes.access import shipped_routes
from tests.fakes.room import T0, Doubles

CONFIG = Path(__file__).parents[3] / "config"
#: Read by hand, so that the service's own reader is not its judge.
TABLE: dict[str, Any] = tomllib.loads((CONFIG / "droits.toml").read_text(encoding="utf-8"))
ROUTES = api_app.operations()
TOKEN = "un-jeton-assez-long-pour-garder"
READ = Operation(method="GET", path="/api/openapi.json", handler=lambda _: None, name="readOpenApi", summary="", tag="santé")  # type: ignore[arg-type, return-value]


def given_to(operation: Operation) -> set[str]:
    """Who may, as a person reads the file."""
    section = TABLE[operation.tag]
    row = section.get(operation.name, section.get("lire" if operation.method == "GET" else "agir"))
    assert row is not None, f"no row for {operation.name}"
    return {word for name in row for word in TABLE["ensembles"].get(name, [name])}


async def _yes(_request: web.Request) -> web.Response:
    return web.Response(text="oui")


@pytest.fixture
def trivial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every route answers yes: what is tried is who comes as far as it."""
    answered = tuple(replace(one, handler=_yes, media_type="application/json") for one in ROUTES)
    monkeypatch.setattr(api_app, "operations", lambda: answered)


@pytest.fixture
async def guarded(doubles: Doubles, trivial: None) -> AsyncIterator[TestClient]:
    app = build_app(doubles.ports(), token=TOKEN)
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        yield client


@pytest.fixture
async def loopback(doubles: Doubles, trivial: None) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_app(doubles.ports())), cookie_jar=DummyCookieJar()) as client:
        yield client


def path_of(operation: Operation) -> str:
    return re.sub(r"\{[^}]+\}", "c" * 20, operation.path)


async def asked(client: TestClient, operation: Operation, headers: dict[str, str]) -> tuple[int, str]:
    async with client.request(operation.method, path_of(operation), headers=headers) as response:
        return response.status, await response.text()


@pytest.mark.parametrize("role", [role.value for role in AccessRole])
async def test_each_role_comes_as_far_as_the_table_says(guarded: TestClient, doubles: Doubles, role: str) -> None:
    headers = {"Authorization": f"Bearer {doubles.accounts.give('qui', AccessRole(role))}"}
    for operation in (*ROUTES, READ):
        may = bool(given_to(operation) & {role, "public"})
        status, told = await asked(guarded, operation, headers)
        assert status == (200 if may else 403), (role, operation.name, told)
        if not may:
            assert "vos rôles" in told


async def test_a_session_comes_as_far_as_a_token(guarded: TestClient, doubles: Doubles, loopback: TestClient) -> None:
    """Two roles: what either may."""
    doubles.accounts.give("anne", AccessRole.QUALITE, AccessRole.ECRAN)
    cookie, session = doubles.signing.sessions.made("anne", "127.0.0.1", Means.PASSWORD, T0)
    doubles.recognised.rows[session.session_id] = session
    known, _ = doubles.signing.sessions.known(cookie, "127.0.0.1")
    assert known is not None
    headers = {"Cookie": f"cti_session={cookie}", "X-CSRF-Token": known.csrf}
    for one in (guarded, loopback):
        for operation in ROUTES:
            may = bool(given_to(operation) & {"qualite", "ecran", "public"})
            status, told = await asked(one, operation, headers)
            assert status == (200 if may else 403), (operation.name, told)


async def test_the_site_comes_as_far_as_the_table_says_by_its_token_or_from_this_machine(
    guarded: TestClient, loopback: TestClient
) -> None:
    for operation in (*ROUTES, READ):
        may = bool(given_to(operation) & {SITE, "public"})
        for client, headers in ((guarded, {"Authorization": f"Bearer {TOKEN}"}), (loopback, {})):
            assert (await asked(client, operation, headers))[0] == (200 if may else 403), operation.name


async def test_nobody_comes_further_than_what_is_public(guarded: TestClient) -> None:
    for operation in (*ROUTES, READ):
        expected = 200 if "public" in given_to(operation) else 401
        assert (await asked(guarded, operation, {}))[0] == expected, operation.name


async def test_what_the_shipped_table_must_never_give() -> None:
    by_name = {operation.name: given_to(operation) for operation in ROUTES}
    assert by_name["switchCrisis"] == {"superviseur", "admin", SITE}
    for operation in ROUTES:
        if operation.method not in ("GET", "DELETE"):
            assert not {"ecran", "bandeau"} & given_to(operation), operation.name
        if "public" in given_to(operation):
            assert not operation.guarded
    wall = {operation.name for operation in ROUTES if "ecran" in given_to(operation)}
    assert wall == {"readBoard", "streamBoard", "listFilieres", "readMe", "readSession", "signOut"}
    assert {one.name for one in ROUTES if "bandeau" in given_to(one)} == {"readDesk", "streamDesk", "readMe"}
    for role in ("qualite", "admin", "ecran", "bandeau"):
        acts = [one.name for one in ROUTES if one.method == "POST" and one.tag in ("appels", "rappels", "agents")]
        assert [one.name for one in ROUTES if one.name in acts and role in given_to(one)] == [], role


@given(st.sets(st.sampled_from(sorted(AccessRole))), st.sampled_from(ROUTES))
def test_several_roles_may_what_one_of_them_may(roles: set[AccessRole], operation: Operation) -> None:
    may = bool(given_to(operation) & {role.value for role in roles})
    with nullcontext() if may else pytest.raises(Problem, match="vos rôles"):
        check_rights(shipped_routes(), operation, "anne", tuple(roles))


# --- the table ----------------------------------------------------------------------------------------------------------


def test_the_shipped_table_speaks_of_every_route() -> None:
    assert api_app.table_faults(shipped_routes()) == ()


def test_a_route_without_a_row_keeps_the_service_from_starting(doubles: Doubles) -> None:
    less = {tag: dict(rows) for tag, rows in TABLE.items()}
    del less["crise"]["agir"]
    doubles.rights = from_mapping(less, "droits.toml")
    with pytest.raises(AccessConfigError, match=r'\["crise"\] switchCrisis: no row'):
        build_app(doubles.ports())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"crise": {"lire": ["site"], "agir": ["site"], "switchCrise": []}},
            '["crise"] switchCrise: the service has no such route',
        ),
        ({"musique": {"lire": ["site"]}}, '["musique"]: the service has no such group'),
        ({"tableau": {"lire": ["public"]}}, "readBoard: may not be 'public'"),
        ({"santé": {"lire": ["site"], "readOpenApi": ["site"]}}, "healthz: is and must be told 'public'"),
        ({"crise": {"lire": ["site"], "agir": ["ecran"]}}, "switchCrisis: a screen is nobody"),
    ],
)
def test_what_a_table_may_not_say(changes: dict[str, Any], told: str) -> None:
    found = api_app.table_faults(from_mapping({**TABLE, **changes}, "droits.toml"))
    assert any(told in line for line in found), found


def test_sets_are_a_table_and_an_unknown_group_is_nobody_s() -> None:
    with pytest.raises(AccessConfigError, match=r"ensembles: a table of lists is expected"):
        from_mapping({**TABLE, "ensembles": ["mru"], "santé": {}}, "droits.toml")
    assert from_mapping({"appels": {"lire": ["mru"]}}, "droits.toml").of(READ) is None


def test_every_fault_of_the_file_is_told_at_once() -> None:
    data = {"ensembles": {"admin": ["admin"], "tous": "site"}, "crise": {"lire": ["chef"], "agir": "site"}, "x": 3}
    with pytest.raises(AccessConfigError) as refused:
        from_mapping(data, "droits.toml")
    assert len(refused.value.problems) == 5
    with pytest.raises(AccessConfigError, match="at least one group"):
        from_mapping({}, "droits.toml")


def test_a_refusal_is_in_the_service_s_log() -> None:
    with capture_logs() as logs, pytest.raises(Problem):
        check_rights(shipped_routes(), next(one for one in ROUTES if one.name == "listTimes"), "paul", (AccessRole.ARM_N1,))
    assert [(row["event"], row["who"], row["route"]) for row in logs] == [("route_refused", "paul", "listTimes")]
