"""Signing in by an identity provider: off to it with a challenge of ours, back with a code, and a session for a tied account.

Authorization code with PKCE (RFC 7636, S256). ``state`` finds what was begun, once and within ten minutes; a cookie ties it to
the browser that began (else somebody could send her own code to another's browser); ``nonce`` ties the identity token to it.
"""

import asyncio
import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

import structlog

from cti.access.chain import Said, link
from cti.access.oidc import NotBelieved, OidcSettings, check_identity, subject_of
from cti.api.provider_port import Back, Departure, NotBack, NotNow
from cti.bootstrap.access.sessions import Sessions, came_in
from cti.bootstrap.identity.down import ProviderDown
from cti.journey.around.access import ENTER, AccessOutcome, Means, Session, Trace, User
from cti.journey.words import Instant

if TYPE_CHECKING:
    from cti.bootstrap.identity.client import Provider

log = structlog.get_logger(__name__)
#: Sign-ins that are under way; more push out the oldest.
_UNDER_WAY: Final = 200
_LIFE_US: Final = 600_000_000
#: Where the provider sends people back to, below the site's own address.
RETURN: Final = "/api/v1/session/fournisseur/retour"


class Shelf(Protocol):
    """The store's side of it."""

    def linked(self, issuer: str, subject: str) -> User | None:
        """Whose account a subject is."""

    def open(self, session: Session, entry: Callable[[Trace | None], Trace]) -> bool:
        """Write a session with its entry; False when the account is closed."""


@dataclass(frozen=True, slots=True)
class _Begun:
    at: Instant
    binder: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    vers: str


class IdentityDesk:
    """Signing in by the provider for one running service. Lives in the event loop's thread."""

    def __init__(
        self,
        settings: OidcSettings,
        provider: Callable[[], "Provider"],
        shelf: Shelf,
        sessions: Sessions,
        public_url: str,
        clock: Callable[[], Instant],
        append: Callable[[Callable[[Trace | None], Trace]], Trace],
    ) -> None:
        self._settings = settings
        self._made_by = provider
        self._shelf = shelf
        self._sessions = sessions
        self._redirect = public_url.rstrip("/") + RETURN
        self._clock = clock
        self._append = append
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    @cached_property
    def _provider(self) -> "Provider":
        return self._made_by()

    @property
    def name(self) -> str:
        """How people call the provider; empty when there is none."""
        return self._settings.name if self._settings.active else ""

    async def depart(self, vers: str) -> Departure:
        """Where to send the browser.

        Raises:
            NotNow: the provider does not answer.
        """
        try:
            told = await self._provider.described()
        except ProviderDown as trouble:
            log.warning("identity_provider_down", issuer=self._settings.issuer, why=str(trouble))
            raise NotNow from None
        state, binder, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(4))
        self._begun[state] = _Begun(self._clock(), binder, verifier, nonce, vers)
        while len(self._begun) > _UNDER_WAY:
            self._begun.popitem(last=False)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": self._settings.client_id, "redirect_uri": self._redirect,
            "scope": self._settings.scope, "state": state, "nonce": nonce, "code_challenge": challenge,
            "code_challenge_method": "S256", **({"acr_values": self._settings.acr} if self._settings.acr else {}),
        }  # fmt: skip
        endpoint = str(told["authorization_endpoint"])
        return Departure(address=f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", binder=binder)

    async def arrive(self, state: str, code: str, error: str, binder: str, client: str) -> Back:
        """She is back.

        Raises:
            NotBack: she is not believed, or nobody here is she.
            NotNow: the provider does not answer.
            StoreUnavailable: the accounts cannot be read or written now.
        """
        begun = self._begun.pop(state, None)
        at = self._clock()
        if begun is None or at - begun.at > _LIFE_US or not hmac.compare_digest(begun.binder.encode(), binder.encode()):
            raise await self._refused(client, "retour que ce navigateur n'a pas demandé, ou trop tard")
        if error or not code:
            raise await self._refused(client, f"le fournisseur a refusé : {error[:80] or 'sans code'}")
        try:
            subject = await self._subject(begun, code)
        except ProviderDown as trouble:
            log.warning("identity_provider_down", issuer=self._settings.issuer, why=str(trouble))
            raise NotNow from None
        except NotBelieved as trouble:
            raise await self._refused(client, str(trouble)) from None
        return await self._open(subject, begun.vers, client)

    async def _subject(self, begun: _Begun, code: str) -> str:
        tokens = await self._provider.tokens(code, begun.verifier, self._redirect)
        claims = await self._provider.claims(tokens["id_token"])
        check_identity(self._settings, claims, begun.nonce, self._clock())
        return subject_of(self._settings, claims, await self._provider.about(tokens["access_token"]))

    async def _open(self, subject: str, vers: str, client: str) -> Back:
        user = await asyncio.to_thread(self._shelf.linked, self._settings.issuer, subject)
        if user is None:
            raise await self._refused(client, f"{subject} n'est rattaché à aucun compte (cti user link)")
        cookie, session = self._sessions.made(user.name, client, Means.OIDC, self._clock())
        entry = came_in(session, user)
        if not await asyncio.to_thread(self._shelf.open, session, lambda last: link(last, entry)):
            raise await self._refused(client, f"compte {user.name} : désactivé")
        log.info("signed_in", who=user.name, session=session.session_id, client=client, means=Means.OIDC.value)
        return Back(cookie=cookie, known=self._sessions.as_known(session, user, cookie), vers=vers)

    async def _refused(self, client: str, why: str) -> NotBack:
        told = f"{self._settings.name} : {why}"
        log.warning("sign_in_refused", client=client, why=told)
        said = Said(
            at=self._clock(), who="inconnu", role="", verb=ENTER, outcome=AccessOutcome.REFUSED, client=client, detail=told
        )
        await asyncio.to_thread(self._append, lambda last: link(last, said))
        return NotBack()
