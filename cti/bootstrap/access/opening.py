"""Accounts, rights and the log for a running service, built from its settings."""

from collections.abc import Callable
from functools import partial

from cti.api.app import table_faults
from cti.bootstrap.access.desk import AccessDesk
from cti.bootstrap.access.keys import token_key
from cti.bootstrap.access.sessions import Sessions
from cti.bootstrap.access.signing import SignInDesk
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.clock import now
from cti.journey import Instant
from cti.settings import ConfigError, Settings
from cti.store import Store


def open_access(settings: Settings, store: Store, clock: Callable[[], Instant] = now) -> AccessDesk:
    """The desk; the key of the tokens is read when one is first shown."""
    key, nom = partial(token_key, settings), settings.staff.nom
    tying = Tying(settings.staff, store.duty, store.reading)
    sessions = Sessions(settings.access.sign_in, key, store.signing, clock)
    return AccessDesk(settings.access, key, store.accounts, store.traces, clock, nom, settings.heads, tying, sessions)


def open_signing(settings: Settings, store: Store, clock: Callable[[], Instant] = now) -> SignInDesk:
    """Signing in, over the same store."""
    key, rules = partial(token_key, settings), settings.access.sign_in
    sessions = Sessions(rules, key, store.signing, clock)
    return SignInDesk(rules, key, store.signing, sessions, clock, store.traces.append)


def check_routes(settings: Settings) -> None:
    """No route of the service without a row in ``droits.toml``, and no row without a route.

    Raises:
        ConfigError: a line for each.
    """
    if faults := table_faults(settings.routes):
        raise ConfigError("\n".join(faults))
