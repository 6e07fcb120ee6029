"""Accounts and the log of accesses in memory, with the manners of the store; the shipped table of rights."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock, RLock
from typing import Any

from cti.access import AccessSettings, from_mapping, routes
from cti.access.connexion import SignInSettings
from cti.access.oidc import OidcSettings
from cti.access.routes import RouteRights
from cti.access.tokens import digest, written
from cti.agents.people import Staff
from cti.agents.roster import Roster
from cti.bootstrap.access.desk import AccessDesk
from cti.bootstrap.access.sessions import Sessions
from cti.bootstrap.access.signing import SignInDesk
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.identity.client import Provider
from cti.bootstrap.identity.desk import IdentityDesk
from cti.journey import Instant, Journey
from cti.journey.around.access import AccessRole, Credential, Session, Token, Trace, User
from cti.journey.ledger import StoreUnavailable
from cti.store.signing import SignIn

_CONFIG = Path(__file__).parents[2] / "config"
KEY = b"une clef de trente-deux signes !"
DAY = 86_400_000_000


def shipped_table() -> AccessSettings:
    """``config/acces.toml``."""
    return from_mapping(tomllib.loads((_CONFIG / "acces.toml").read_text(encoding="utf-8")), "acces.toml")


def shipped_routes() -> RouteRights:
    """``config/droits.toml``."""
    return routes.from_mapping(tomllib.loads((_CONFIG / "droits.toml").read_text(encoding="utf-8")), "droits.toml")


class MemoryTraces:
    """The log; ``down`` makes it fail as a store out of reach does."""

    def __init__(self) -> None:
        self.entries: list[Trace] = []
        self.down = False
        self._alone = Lock()

    def append(self, work: Callable[[Trace | None], Trace]) -> Trace:
        if self.down:
            raise StoreUnavailable("down")
        with self._alone:
            self.entries.append(work(self.last()))
            return self.entries[-1]

    def last(self) -> Trace | None:
        if self.down:
            raise StoreUnavailable("down")
        return self.entries[-1] if self.entries else None

    def read(
        self, *, after: int = 0, since: Instant | None = None, until: Instant | None = None, who: str = "", call_id: str = ""
    ) -> Iterator[Trace]:
        if self.down:
            raise StoreUnavailable("down")
        for trace in self.entries[after:]:
            late = until is not None and trace.at >= until
            if not late and trace.at >= (since or 0) and who in ("", trace.who) and call_id in ("", trace.call_id):
                yield trace


class MemoryAccounts:
    """Accounts and tokens; ``give`` makes one."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.down = False

    def give(self, name: str, *roles: AccessRole, at: Instant = 0, days: int = 36_500, personne: str = "") -> str:
        """An account with a token, which is shown."""
        self.users[name] = User(name=name, roles=roles, personne=personne, created_at=at)
        token_id = f"{len(self.tokens):08x}"
        shown = written(token_id, f"{len(self.tokens):064x}")
        self.tokens[token_id] = Token(
            token_id=token_id, user=name, digest=digest(KEY, shown), created_at=at, expires_at=at + days * DAY
        )
        return shown

    def token(self, token_id: str) -> tuple[Token, User] | None:
        if self.down:
            raise StoreUnavailable("down")
        token = self.tokens.get(token_id)
        return None if token is None else (token, self.users[token.user])

    def used(self, token_id: str, at: Instant) -> None:
        self.tokens[token_id] = replace(self.tokens[token_id], last_used_at=at)


class MemorySigning:
    """What accounts are recognised by, and sessions."""

    def __init__(self, accounts: MemoryAccounts, traces: MemoryTraces) -> None:
        self.known: dict[str, Credential] = {}
        self.rows: dict[str, Session] = {}
        self.links: dict[tuple[str, str], str] = {}
        self._accounts, self._traces = accounts, traces
        self._alone = RLock()

    def recognise(self, name: str, **by: Any) -> None:
        """What this account is recognised by."""
        self.known[name] = replace(self.known.get(name, Credential(user=name)), **by)

    def credential(self, name: str) -> Credential | None:
        self._reach()
        return self.known.get(name)

    def attempt(self, name: str, work: Callable[[User, Credential], Credential]) -> tuple[User, Credential, Credential] | None:
        self._reach()
        with self._alone:
            user, before = self._accounts.users.get(name), self.known.get(name)
            if user is None or before is None or not before.hash:
                return None
            self.known[name] = work(user, before)
            return user, before, self.known[name]

    def conclude(
        self,
        name: str,
        work: Callable[[User, Credential], SignIn | None],
        said: Callable[[SignIn | None], Callable[[Trace | None], Trace] | None],
    ) -> SignIn | None:
        self._reach()
        with self._alone:
            done = work(self._accounts.users[name], self.known[name])
            if done is not None:
                self.known[name] = done.credential
                if done.session is not None:
                    self.rows[done.session.session_id] = done.session
            entry = said(done)
            if entry is not None:
                self._traces.append(entry)
            return done

    def session(self, session_id: str) -> tuple[Session, User] | None:
        self._reach()
        row = self.rows.get(session_id)
        return None if row is None else (row, self._accounts.users[row.user])

    def linked(self, issuer: str, subject: str) -> User | None:
        name = self.links.get((issuer, subject))
        return None if name is None else self._accounts.users[name]

    def open(self, session: Session, entry: Callable[[Trace | None], Trace]) -> bool:
        self._reach()
        if self._accounts.users[session.user].disabled_at is not None:
            return False
        self.rows[session.session_id] = session
        self._traces.append(entry)
        return True

    def seen(self, session_id: str, at: Instant) -> None:
        row = self.rows[session_id]
        self.rows[session_id] = replace(row, seen_at=at) if at - row.seen_at >= 60_000_000 else row

    def end(self, session_id: str, at: Instant, why: str, entry: Callable[[Trace | None], Trace]) -> bool:
        with self._alone:
            if self.rows[session_id].ended_at is not None:
                return False
            self.rows[session_id] = replace(self.rows[session_id], ended_at=at, ended_why=why)
            self._traces.append(entry)
            return True

    def _reach(self) -> None:
        if self._accounts.down:
            raise StoreUnavailable("down")


class NobodySat:
    """Duty and calls of a room where nothing happened."""

    def sat(self, poste: str, at: Instant) -> None:
        return None

    def of_dossier(self, dossier_id: str) -> list[Journey]:
        return []


#: Digests that cost nothing: the tests of the desk are not about their slowness.
QUICK = replace(shipped_table().sign_in, passes=1, memory_mib=8)


def access_desk(
    accounts: MemoryAccounts,
    traces: MemoryTraces,
    clock: Callable[[], Instant],
    heads: Path = Path("no such folder"),
    signing: MemorySigning | None = None,
) -> AccessDesk:
    """The real desk over these; people are called by their identities."""
    tying = Tying(Staff(Roster({})), NobodySat(), NobodySat())
    sessions = sessions_of(signing if signing is not None else MemorySigning(accounts, traces), clock)
    return AccessDesk(shipped_table(), lambda: KEY, accounts, traces, clock, str, heads, tying, sessions)


def sessions_of(signing: MemorySigning, clock: Callable[[], Instant], rules: SignInSettings = QUICK) -> Sessions:
    """The real sessions over these."""
    return Sessions(rules, lambda: KEY, signing, clock)


def sign_in_desk(
    signing: MemorySigning, traces: MemoryTraces, clock: Callable[[], Instant], rules: SignInSettings = QUICK
) -> SignInDesk:
    """The real desk over these."""
    return SignInDesk(rules, lambda: KEY, signing, sessions_of(signing, clock, rules), clock, traces.append)


def no_provider(signing: MemorySigning, traces: MemoryTraces, clock: Callable[[], Instant]) -> IdentityDesk:
    """The real desk of a site that has no identity provider."""
    none = OidcSettings()
    return IdentityDesk(none, lambda: Provider(none, clock), signing, sessions_of(signing, clock), "", clock, traces.append)
