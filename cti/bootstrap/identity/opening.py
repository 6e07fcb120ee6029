"""The identity provider of a running service, built from its settings."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cti.bootstrap.access.keys import token_key
from cti.bootstrap.access.sessions import Sessions
from cti.bootstrap.clock import now
from cti.bootstrap.identity.desk import IdentityDesk
from cti.journey import Instant
from cti.settings import Settings
from cti.store import Store

if TYPE_CHECKING:
    from cti.bootstrap.identity.client import Provider


def open_provider(settings: Settings, store: Store, clock: Callable[[], Instant] = now) -> IdentityDesk:
    """Signing in by it; of a site that has none, a desk without a name."""
    rules = settings.access
    sessions = Sessions(rules.sign_in, partial(token_key, settings), store.signing, clock)

    def provider() -> "Provider":
        from cti.bootstrap.identity.client import Provider  # noqa: PLC0415 - a start does not pay for it

        return Provider(rules.oidc, clock)

    return IdentityDesk(rules.oidc, provider, store.signing, sessions, settings.cti.http.public_url, clock, store.traces.append)
