"""Signing in by an identity provider: a real one over HTTP with real keys, and every way in which it may lie or be down."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import rsa

from cti.access.oidc import OidcSettings, as_subject
from cti.api import build_app
from cti.api.provider import own_path
from cti.bootstrap.identity.client import Provider
from cti.bootstrap.identity.desk import IdentityDesk
from cti.journey.around.access import AccessRole
from tests.fakes.access import sessions_of
from tests.fakes.room import T0, Doubles, S

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RPPS = "810001234567"
START = "/api/v1/session/fournisseur/depart"
RETURN = "/api/v1/session/fournisseur/retour"
SECRET = "un secret : é%&"


@dataclass
class Psc:
    """A provider: it keeps to the protocol, and lies where it is told to."""

    seconds: Callable[[], int]
    key: rsa.RSAPrivateKey = KEY
    published: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"k1": KEY})
    claims: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=lambda: {"kid": "k1"})
    algorithm: str = "RS256"
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    broken: str = ""
    issuer: str = ""
    nonce: str = ""
    challenge: str = ""
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.describe)
        app.router.add_get("/keys", self.keys)
        app.router.add_post("/token", self.token)
        app.router.add_get("/userinfo", self.userinfo)
        return app

    async def describe(self, _request: web.Request) -> web.Response:
        self.asked.append("describe")
        if self.broken == "describe":
            return web.Response(status=500)
        told = {
            "issuer": self.issuer if self.broken != "issuer" else "https://autre.example",
            "authorization_endpoint": f"{self.issuer}/auth", "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo", "token_endpoint_auth_methods_supported": self.methods,
            "jwks_uri": f"{self.issuer}/keys" if self.broken != "plain" else "http://198.51.100.1/keys",
        }  # fmt: skip
        return web.json_response(told)

    async def keys(self, _request: web.Request) -> web.Response:
        self.asked.append("keys")
        if self.broken == "keys":
            return web.Response(text="<html>", content_type="text/html")
        keys = []
        for name, key in self.published.items():
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            keys.append({**public, "kid": name, "use": "sig", "alg": "RS256"})
        return web.json_response({"keys": keys})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        basic = base64.b64encode(f"sas:{'un+secret+%3A+%C3%A9%25%26'}".encode()).decode()
        by_basic = request.headers.get("Authorization") == f"Basic {basic}"
        by_post = (form.get("client_id"), form.get("client_secret")) == ("sas", SECRET)
        verifier = str(form["code_verifier"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        known = by_basic if "client_secret_basic" in self.methods else by_post
        if not known or challenge != self.challenge or form["code"] != "bon" or self.broken == "code":
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = {
            "iss": self.issuer, "aud": "sas", "sub": "f:1", "nonce": self.nonce, "acr": "eidas1", "iat": self.seconds(),
            "exp": self.seconds() + 120, **self.claims,
        }  # fmt: skip
        made = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode(
            made, self.key if self.algorithm == "RS256" else "x" * 32, algorithm=self.algorithm, headers=self.headers
        )
        return web.json_response({"id_token": signed, "access_token": "acces", "token_type": "Bearer"})

    async def userinfo(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer acces":
            return web.Response(status=401)
        return web.json_response({"sub": "f:1", "SubjectNameID": RPPS, "Acces_Regulation_Medicale": "VRAI", **self.about})


@dataclass
class House:
    """The service and the provider, each on its own port."""

    client: TestClient
    psc: Psc
    doubles: Doubles
    provider: TestServer

    async def depart(self, vers: str = "/enregistrements?x=1") -> tuple[str, dict[str, str], dict[str, list[str]]]:
        """What the browser is sent away with: where, with which cookie, with which words."""
        async with self.client.get(START, params={"vers": vers}, allow_redirects=False) as gone:
            assert gone.status == 303
            where = gone.headers["Location"]
            if "cti_fournisseur" not in gone.cookies:
                return where, {}, {}
            cookie = gone.cookies["cti_fournisseur"]
            assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/api/v1/session/fournisseur")
            query = parse_qs(urlsplit(where).query)
            self.psc.nonce, self.psc.challenge = query["nonce"][0], query["code_challenge"][0]
            return where, {"Cookie": f"cti_fournisseur={cookie.value}"}, query

    async def back(self, headers: dict[str, str], **query: str) -> tuple[str, str]:
        """Where the browser ends, and the session that it has been given; empty when none."""
        async with self.client.get(RETURN, params=query, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            given = answer.cookies.get("cti_session")
            return answer.headers["Location"], given.value if given is not None else ""

    async def sign_in(self) -> tuple[str, str]:
        _, cookie, query = await self.depart()
        return await self.back(cookie, state=query["state"][0], code="bon", session_state="x")


@asynccontextmanager
async def house(doubles: Doubles, **changes: Any) -> AsyncIterator[House]:
    psc = Psc(seconds=lambda: doubles.clock.now // S)
    async with TestServer(psc.app()) as server:
        psc.issuer = f"http://127.0.0.1:{server.port}"
        settings = replace(
            OidcSettings(active=True, issuer=psc.issuer, client_id="sas", client_secret=SECRET, seconds=2), **changes
        )
        sessions = sessions_of(doubles.recognised, doubles.clock)
        desk = IdentityDesk(
            settings, lambda: Provider(settings, doubles.clock), doubles.recognised, sessions,
            "https://sas.example.fr", doubles.clock, doubles.traces.append,
        )  # fmt: skip
        doubles.provider = desk
        doubles.accounts.give("anne.petit", AccessRole.MRU, personne="mru01")
        doubles.recognised.links[psc.issuer, RPPS] = "anne.petit"

        async def at_once(_seconds: float) -> None:
            return

        async with TestClient(TestServer(build_app(doubles.ports(), pause=at_once)), cookie_jar=DummyCookieJar()) as client:
            yield House(client, psc, doubles, server)


@pytest.fixture
async def both(doubles: Doubles) -> AsyncIterator[House]:
    async with house(doubles) as made:
        yield made


def last(both: House) -> str:
    found = both.doubles.traces.last()
    return "" if found is None else f"{found.outcome} : {found.detail}"


async def test_a_tied_person_comes_in_and_goes_where_she_wanted(both: House) -> None:
    where, cookie, query = await both.depart()
    assert where.startswith(f"{both.psc.issuer}/auth?")
    assert query["redirect_uri"] == ["https://sas.example.fr/api/v1/session/fournisseur/retour"]
    assert (query["scope"], query["acr_values"], query["code_challenge_method"]) == (["openid scope_all"], ["eidas1"], ["S256"])
    vers, session = await both.back(cookie, state=query["state"][0], code="bon")
    assert vers == "/enregistrements?x=1"
    told = await (await both.client.get("/api/v1/session", headers={"Cookie": f"cti_session={session}"})).json()
    assert (told["compte"], told["roles"]) == ("anne.petit", ["mru"])
    assert last(both).startswith("accordé : session s-")
    assert "fournisseur d'identité" in last(both)


async def test_a_provider_that_takes_its_secret_in_the_form_is_given_it_there(both: House) -> None:
    both.psc.methods = ["client_secret_post"]
    assert (await both.sign_in())[1] != ""


async def test_what_was_begun_is_finished_once_by_the_same_browser_in_time(both: House) -> None:
    _, cookie, query = await both.depart()
    state = query["state"][0]
    assert await both.back({}, state=state, code="bon") == ("/connexion?fournisseur=refus&vers=%2Fsupervision", "")
    _, cookie, query = await both.depart()
    state = query["state"][0]
    assert (await both.back(cookie, state=state, code="bon"))[1] != ""
    assert (await both.back(cookie, state=state, code="bon"))[1] == "", "once"
    _, cookie, query = await both.depart()
    both.doubles.clock.now += 601 * S
    assert (await both.back(cookie, state=query["state"][0], code="bon"))[1] == "", "too late"
    assert (await both.back(cookie, state="inventé", code="bon"))[1] == ""
    assert (await both.back({}))[1] == ""
    assert "trop tard" in last(both)


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ({"claims": {"iss": "https://autre.example"}}, "autre émetteur"),
        ({"claims": {"aud": "autre"}}, "autre service"),
        ({"claims": {"aud": ["sas", "autre"]}}, "autre service"),
        ({"claims": {"nonce": "x"}}, "nonce"),
        ({"claims": {"nonce": None}}, "nonce"),
        ({"claims": {"exp": T0 // S - 61}}, "expiré"),
        ({"claims": {"exp": None}}, "sans exp"),
        ({"claims": {"iat": T0 // S - 601}}, "autre heure"),
        ({"claims": {"iat": T0 // S + 61}}, "autre heure"),
        ({"claims": {"acr": "eidas0"}}, "niveau"),
        ({"about": {"sub": "f:2"}}, "même personne"),
        ({"about": {"SubjectNameID": ""}}, "SubjectNameID"),
        ({"about": {"SubjectNameID": "899999999999"}}, "rattaché à aucun compte"),
        ({"key": OTHER}, "signature fausse"),
        ({"headers": {"kid": "k2"}}, "ne publie pas"),
        ({"algorithm": "HS256"}, "refusée"),
        ({"broken": "code"}, "refuse le code"),
    ],
)
async def test_who_is_not_believed_does_not_come_in_and_the_log_says_why(both: House, lie: dict[str, Any], why: str) -> None:
    for name, value in lie.items():
        setattr(both.psc, name, value)
    assert await both.sign_in() == ("/connexion?fournisseur=refus&vers=%2Fsupervision", "")
    assert last(both).startswith("refusé : Pro Santé Connect : ")
    assert why in last(both)
    assert both.doubles.recognised.rows == {}


async def test_no_signature_at_all_is_none(both: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = jwt.encode
    monkeypatch.setattr(jwt, "encode", lambda made, *_args, **_more: real(made, "", algorithm="none"))
    assert (await both.sign_in())[1] == ""
    assert "'none' refusée" in last(both)


async def test_a_disabled_account_does_not_come_in_that_way_either(both: House) -> None:
    users = both.doubles.accounts.users
    users["anne.petit"] = replace(users["anne.petit"], disabled_at=T0)
    assert (await both.sign_in())[1] == ""
    assert "désactivé" in last(both)


async def test_a_refusal_of_the_provider_is_a_refusal(both: House) -> None:
    _, cookie, query = await both.depart()
    assert (await both.back(cookie, state=query["state"][0], error="access_denied"))[1] == ""
    assert "access_denied" in last(both)


@pytest.mark.parametrize("broken", ["describe", "issuer", "plain", "stopped"])
async def test_a_provider_that_is_down_leads_back_to_the_password(both: House, broken: str) -> None:
    both.psc.broken = broken
    if broken == "stopped":
        await both.provider.close()
    where, cookie, _ = await both.depart()
    assert where == "/connexion?fournisseur=injoignable&vers=%2Fenregistrements%3Fx%3D1"
    assert cookie == {}


async def test_a_provider_that_dies_in_between_leads_back_to_the_password(both: House) -> None:
    _, cookie, query = await both.depart()
    both.psc.broken = "keys"
    assert (await both.back(cookie, state=query["state"][0], code="bon")) == (
        "/connexion?fournisseur=injoignable&vers=%2Fsupervision", "",
    )  # fmt: skip


async def test_a_new_key_is_found_and_a_made_up_one_asks_for_the_set_once_a_minute(both: House) -> None:
    assert (await both.sign_in())[1] != ""
    both.psc.key, both.psc.headers = OTHER, {"kid": "k2"}
    both.doubles.clock.now += 61 * S
    before = both.psc.asked.count("keys")
    for _ in range(3):
        assert (await both.sign_in())[1] == ""
    assert both.psc.asked.count("keys") == before + 1
    both.psc.published["k2"] = OTHER
    both.doubles.clock.now += 61 * S
    assert (await both.sign_in())[1] != ""


async def test_what_the_site_demands_must_be_so(doubles: Doubles) -> None:
    async with house(doubles, demanded={"Acces_Regulation_Medicale": "VRAI"}) as both:
        assert (await both.sign_in())[1] != ""
        both.psc.about = {"Acces_Regulation_Medicale": "FAUX"}
        assert (await both.sign_in())[1] == ""
        assert "Acces_Regulation_Medicale" in last(both)


async def test_a_site_without_a_provider_says_so(client: TestClient) -> None:
    assert await (await client.get("/api/v1/session/fournisseur")).json() == {"actif": False, "nom": ""}
    for path in (START, RETURN):
        assert (await client.get(path, allow_redirects=False)).status == 404


async def test_a_site_with_one_names_it(both: House) -> None:
    told = await (await both.client.get("/api/v1/session/fournisseur")).json()
    assert told == {"actif": True, "nom": "Pro Santé Connect"}


async def test_many_who_begin_push_out_the_oldest(both: House) -> None:
    first = await both.depart()
    for _ in range(200):
        await both.depart()
    assert (await both.back(first[1], state=first[2]["state"][0], code="bon"))[1] == ""
    assert len(both.doubles.provider._begun) == 200


@pytest.mark.parametrize("vers", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "", "/a\nb", "/a\\b"])
def test_nobody_is_sent_elsewhere(vers: str) -> None:
    assert own_path(vers) == "/supervision"


def test_an_rpps_is_what_the_provider_calls_it() -> None:
    assert as_subject(OidcSettings(), " 10001234567 ") == RPPS
    assert as_subject(OidcSettings(), RPPS) == RPPS
    assert as_subject(OidcSettings(subject="sub"), "10001234567") == "10001234567"


async def test_two_browsers_at_once_do_not_meet(both: House) -> None:
    first, second = await asyncio.gather(both.depart("/rappels"), both.depart("/enregistrements"))
    assert (await both.back(first[1], state=second[2]["state"][0], code="bon"))[1] == ""
