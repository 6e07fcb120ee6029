"""The HTTP side of an identity provider: what it says of itself, its keys, tokens for a code, and who somebody is.

Every answer has a deadline and a largest size; nothing is followed elsewhere. What cannot be had raises ``ProviderDown``:
signing in by password goes on.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

import jwt
from aiohttp import ClientError, ClientSession, ClientTimeout

from cti.access.oidc import NotBelieved, OidcSettings, sound_address
from cti.bootstrap.identity.down import ProviderDown
from cti.journey.words import Instant

_MOST_BYTES: Final = 1024 * 1024
_HOUR_US: Final = 3_600_000_000
_MINUTE_US: Final = 60_000_000
#: Signatures by a key that only the provider has; never one by a secret that we have too, never none.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class Provider:
    """One provider. Lives in the event loop's thread."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._clock = clock
        self._told: tuple[Instant, Mapping[str, Any]] | None = None
        self._keys: tuple[Instant, jwt.PyJWKSet] | None = None

    async def described(self) -> Mapping[str, Any]:
        """What it says of itself; asked again after an hour.

        Raises:
            ProviderDown: it says nothing, or nothing that we may use.
        """
        if self._told is not None and self._clock() - self._told[0] < _HOUR_US:
            return self._told[1]
        told = await self._json("GET", f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self._settings.issuer:
            raise ProviderDown(f"il se dit {told.get('issuer')!r}, et non {self._settings.issuer!r}")
        for name in _ENDPOINTS:
            if not isinstance(told.get(name), str) or not sound_address(told[name]):
                raise ProviderDown(f"il ne donne pas d'adresse sûre : {name}")
        self._told = (self._clock(), told)
        return told

    async def tokens(self, code: str, verifier: str, redirect: str) -> Mapping[str, Any]:
        """The tokens of a code.

        Raises:
            NotBelieved: it refuses the code.
            ProviderDown: it does not answer.
        """
        told = await self.described()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        headers, (name, secret) = {}, (self._settings.client_id, self._settings.client_secret)
        methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            pair = f"{quote_plus(name)}:{quote_plus(secret)}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": name, "client_secret": secret}
        answer = await self._json("POST", told["token_endpoint"], data=form, headers=headers, refusal="il refuse le code")
        if not all(isinstance(answer.get(one), str) for one in ("id_token", "access_token")):
            raise ProviderDown("il ne donne pas de jetons")
        return answer

    async def about(self, access_token: str) -> Mapping[str, Any]:
        """Who somebody is.

        Raises:
            NotBelieved: it refuses its own token.
            ProviderDown: it does not answer.
        """
        told = await self.described()
        headers = {"Authorization": f"Bearer {access_token}"}
        return await self._json("GET", told["userinfo_endpoint"], headers=headers, refusal="il ne dit pas qui c'est")

    async def claims(self, id_token: str) -> Mapping[str, Any]:
        """What an identity token says, once its signature is good. Nothing of it is judged here.

        Raises:
            NotBelieved: the signature is not by a key of the provider.
            ProviderDown: its keys cannot be had.
        """
        try:
            header = jwt.get_unverified_header(id_token)
        except jwt.PyJWTError as trouble:
            raise NotBelieved(f"jeton illisible : {trouble}") from None
        if header.get("alg") not in _ALGORITHMS:
            raise NotBelieved(f"signature {header.get('alg')!r} refusée")
        key = await self._key(header.get("kid"))
        try:
            found: Mapping[str, Any] = await asyncio.to_thread(_opened, id_token, key)
        except (jwt.PyJWTError, TypeError, ValueError) as trouble:
            raise NotBelieved(f"signature fausse : {trouble}") from None
        return found

    async def _key(self, kid: object) -> jwt.PyJWK:
        """The key of that name; the set is asked for anew when it has none, at most once a minute."""
        for fresh in (False, True):
            keys = await self._key_set(fresh=fresh)
            usable = [key for key in keys.keys if key.public_key_use in (None, "sig")]
            named = [key for key in usable if key.key_id == kid] if kid is not None else usable
            if len(named) == 1:
                return named[0]
        raise NotBelieved("signé par une clé que le fournisseur ne publie pas")

    async def _key_set(self, *, fresh: bool) -> jwt.PyJWKSet:
        age = None if self._keys is None else self._clock() - self._keys[0]
        if self._keys is not None and age is not None and age < (_MINUTE_US if fresh else _HOUR_US):
            return self._keys[1]
        told = await self._json("GET", (await self.described())["jwks_uri"])
        try:
            self._keys = (self._clock(), jwt.PyJWKSet.from_dict(dict(told)))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as trouble:
            raise ProviderDown(f"ses clés sont illisibles : {trouble}") from None
        return self._keys[1]

    async def _json(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        refusal: str = "",
    ) -> Mapping[str, Any]:
        timeout = ClientTimeout(total=self._settings.seconds)
        asked = {"Accept": "application/json", **(headers or {})}
        try:
            async with (
                ClientSession(timeout=timeout) as session,
                session.request(method, url, data=data, headers=asked, allow_redirects=False) as answer,
            ):
                status, raw = answer.status, await answer.content.read(_MOST_BYTES)
                while len(raw) < _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES)):
                    raw += more
        except (ClientError, OSError, TimeoutError) as trouble:
            raise ProviderDown(f"il ne répond pas ({type(trouble).__name__})") from None
        if refusal and 400 <= status < 500:
            raise NotBelieved(f"{refusal} ({status})")
        if status != 200:
            raise ProviderDown(f"il répond {status}")
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError):
            raise ProviderDown("sa réponse n'est pas du JSON") from None
        if not isinstance(told, dict):
            raise ProviderDown("sa réponse n'est pas un objet")
        return told


def _opened(id_token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
    """What a token says once its signature is good; instants and the rest are judged by our own clock (``cti.access.oidc``)."""
    unjudged: Any = {f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")}
    said: Mapping[str, Any] = jwt.decode(id_token, key, algorithms=list(_ALGORITHMS), options=unjudged)
    return said
