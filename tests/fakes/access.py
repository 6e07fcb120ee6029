"""Accounts and the log of accesses in memory, with the manners of the store; the shipped table of rights."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock

from cti.access import AccessSettings, from_mapping
from cti.access.tokens import digest, written
from cti.agents.people import Staff
from cti.agents.roster import Roster
from cti.bootstrap.access.desk import AccessDesk
from cti.bootstrap.access.tying import Tying
from cti.journey import Instant, Journey
from cti.journey.around.access import AccessRole, Token, Trace, User
from cti.journey.ledger import StoreUnavailable

_CONFIG = Path(__file__).parents[2] / "config"
KEY = b"une clef de trente-deux signes !"
DAY = 86_400_000_000


def shipped_table() -> AccessSettings:
    """``config/acces.toml``."""
    return from_mapping(tomllib.loads((_CONFIG / "acces.toml").read_text(encoding="utf-8")), "acces.toml")


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


class NobodySat:
    """Duty and calls of a room where nothing happened."""

    def sat(self, poste: str, at: Instant) -> None:
        return None

    def of_dossier(self, dossier_id: str) -> list[Journey]:
        return []


def access_desk(
    accounts: MemoryAccounts, traces: MemoryTraces, clock: Callable[[], Instant], heads: Path = Path("no such folder")
) -> AccessDesk:
    """The real desk over these; people are called by their identities."""
    tying = Tying(Staff(Roster({})), NobodySat(), NobodySat())
    return AccessDesk(shipped_table(), lambda: KEY, accounts, traces, clock, str, heads, tying)
