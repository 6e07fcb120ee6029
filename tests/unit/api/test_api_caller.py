"""Where a request comes from: only a proxy that the site names is believed, from the end of what it says."""

from ipaddress import ip_address

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from aiohttp.web import Application
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from cti.access.connexion import networks
from cti.api import build_app
from cti.api.edge.caller import PROXIES, client_of, is_here
from tests.fakes.room import Doubles

OURS = networks(["10.9.0.0/16", "127.0.0.1"])


def asked(peer: str, *forwarded: str, proxies: tuple[object, ...] = OURS, header: str = "X-Forwarded-For") -> tuple[str, bool]:
    app = Application()
    app[PROXIES] = proxies  # type: ignore[assignment]
    headers = CIMultiDict([(header, line) for line in forwarded])
    request = make_mocked_request("GET", "/api/v1/moi", headers, app=app).clone(remote=peer)
    return client_of(request), is_here(request)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client", "here"),
    [
        ("127.0.0.1", (), "127.0.0.1", True),
        ("::1", (), "::1", True),
        ("::ffff:127.0.0.1", (), "127.0.0.1", True),
        ("192.0.2.1", (), "192.0.2.1", False),
        ("127.0.0.1", ("203.0.113.7",), "203.0.113.7", False),
        ("127.0.0.1", ("1.1.1.1, 203.0.113.7",), "203.0.113.7", False),
        ("127.0.0.1", ("127.0.0.1, 203.0.113.7, 10.9.1.1",), "203.0.113.7", False),
        ("127.0.0.1", ("1.1.1.1", "203.0.113.7"), "203.0.113.7", False),
        ("10.9.1.1", ("[2001:db8::5]:443",), "2001:db8::5", False),
        ("10.9.1.1", ("203.0.113.7:5555",), "203.0.113.7", False),
        ("10.9.1.1", ("127.0.0.1, nous",), "inconnue", False),
        ("10.9.1.1", ("10.9.1.2",), "10.9.1.2", False),
        ("192.0.2.1", ("127.0.0.1",), "192.0.2.1", False),
    ],
)
def test_the_address_is_the_last_one_that_a_proxy_of_ours_did_not_add(
    peer: str, forwarded: tuple[str, ...], client: str, here: bool
) -> None:
    assert asked(peer, *forwarded) == (client, here)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_what_an_unknown_proxy_passed_on_is_not_this_machine(header: str) -> None:
    assert asked("127.0.0.1", "203.0.113.7", proxies=(), header=header) == ("127.0.0.1", False)


async def test_who_comes_through_a_proxy_is_not_the_site(doubles: Doubles) -> None:
    async with TestClient(TestServer(build_app(doubles.ports(), proxies=networks(["127.0.0.1"])))) as client:
        assert (await client.get("/api/v1/board")).status == 200
        assert (await client.get("/api/v1/board", headers={"X-Forwarded-For": "10.0.0.7"})).status == 401
        token = {"Authorization": "Bearer devine", "X-Forwarded-For": "203.0.113.7, 10.0.0.7"}
        assert (await client.get("/api/v1/board", headers=token)).status == 401
    assert [trace.client for trace in doubles.traces.entries] == ["10.0.0.7"]


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60), max_size=4))
def test_whatever_stands_in_the_header_an_address_comes_out_or_none(lines: list[str]) -> None:
    client, here = asked("10.9.1.1", *lines)
    assert client == "inconnue" or ip_address(client)
    assert not here or ip_address(client).is_loopback
