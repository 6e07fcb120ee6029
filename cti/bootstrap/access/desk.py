"""What the API asks about accounts, rights and the log: the store and the rights behind it, each in a thread of its own."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import structlog

from cti.access.chain import as_line, head
from cti.access.decision import Decision, Granted
from cti.access.rights import About, Asker, Journal, Rights
from cti.access.sessions import PREFIX
from cti.access.table import AccessSettings
from cti.access.tokens import identity, refusal
from cti.api.edge.door import Known
from cti.bootstrap.access.heads import read_heads
from cti.bootstrap.access.sessions import Sessions
from cti.bootstrap.access.tying import Tying
from cti.journey.around.access import Tie, Token, Trace, User, Verb
from cti.journey.ledger import StoreUnavailable
from cti.journey.model import Journey
from cti.journey.words import Instant, iso

log = structlog.get_logger(__name__)


class Shelf(Protocol):
    """The store's side of accounts."""

    def token(self, token_id: str) -> tuple[Token, User] | None:
        """A token and whose it is."""

    def used(self, token_id: str, at: Instant) -> None:
        """It has just opened."""


class Log(Journal, Protocol):
    """The store's side of the log."""

    def last(self) -> Trace | None:
        """The last entry."""

    def read(
        self, *, after: int = 0, since: Instant | None = None, until: Instant | None = None, who: str = "", call_id: str = ""
    ) -> Iterator[Trace]:
        """Entries, in order."""


class AccessDesk:
    """Accounts, rights and the log, for one running service."""

    def __init__(
        self,
        rules: AccessSettings,
        key: Callable[[], bytes],
        accounts: Shelf,
        traces: Log,
        clock: Callable[[], Instant],
        nom: Callable[[str], str],
        heads: Path,
        tying: Tying,
        sessions: Sessions,
    ) -> None:
        """Wire it.

        Args:
            rules: the site's table.
            key: of the tokens' digests, read when a token is shown: a site without accounts has none.
            accounts: the store.
            traces: the store.
            clock: now.
            nom: how people call a person of the room.
            heads: the folder of the daily heads.
            tying: what ties a person to a recording.
            sessions: of people who signed in.
        """
        self.rights = Rights(rules, traces, clock)
        self._rules = rules
        self._key = key
        self._accounts = accounts
        self._traces = traces
        self._clock = clock
        self._nom = nom
        self._heads = heads
        self._tying = tying
        self._sessions = sessions

    async def known(self, given: str, client: str) -> Known | None:
        """Whose token this is; None, with an entry in the log, when it opens nothing.

        Raises:
            StoreUnavailable: the accounts cannot be read.
        """
        return await asyncio.to_thread(self._known, given, client)

    def _known(self, given: str, client: str) -> Known | None:
        at, token_id = self._clock(), identity(given)
        found = self._accounts.token(token_id) if token_id is not None else None
        token, user = found if found is not None else (None, None)
        why = refusal(self._key(), given, token, user, at)
        if why is not None or token is None or user is None:
            self._turned_away(client, why or "jeton inconnu")
            return None
        self._used(token.token_id, at)
        return _known(token, user)

    def _used(self, token_id: str, at: Instant) -> None:
        try:
            self._accounts.used(token_id, at)
        except StoreUnavailable as trouble:
            log.warning("token_use_not_noted", token=token_id, error=str(trouble))

    def _turned_away(self, client: str, why: str) -> None:
        log.warning("token_refused", client=client, why=why)
        try:
            self.rights.turned_away(client, why)
        except StoreUnavailable as trouble:
            log.warning("refusal_not_traced", client=client, error=str(trouble))

    async def turned_away(self, client: str, why: str) -> None:
        """Somebody showed what opens nothing, elsewhere than in a token of ours."""
        await asyncio.to_thread(self._turned_away, client, why)

    def standing(self, token_id: str) -> Known | None:
        """Whoever a token or a session names, if it still opens now; nothing is shown to it, so nothing is written. Blocking.

        Raises:
            StoreUnavailable: the accounts cannot be read.
        """
        if token_id.startswith(PREFIX):
            return self._sessions.standing(token_id)
        found = self._accounts.token(token_id)
        if found is None:
            return None
        token, user = found
        over = token.revoked_at is not None or token.expires_at <= self._clock() or user.disabled_at is not None
        return None if over else _known(token, user)

    def bonds(self, known: Known, journey: Journey, given: Iterable[Tie] = ()) -> tuple[Tie, ...]:
        """The same as ``ties``, blocking."""
        return self._tying.ties(known.personne, journey, tuple(given))

    def sat(self, poste: str, at: Instant) -> str:
        """The person who sat at this post at that instant; empty when nobody is known to. Blocking."""
        return self._tying.sits(poste, at)

    def may(self, known: Known, verb: Verb, ties: Iterable[Tie]) -> str:
        """What the answer would be: ``oui``, ``motif`` (with a reason), ``non``."""
        decision = self.rights.would(Asker(who=known.who, roles=known.roles, client=""), verb, ties)
        return "oui" if isinstance(decision, Granted) else "motif" if decision.needs_reason else "non"

    async def ask(self, asker: Asker, verb: Verb, about: About, ties: Iterable[Tie], reason: str = "") -> Decision:
        """Decide, write the trace, answer (``cti.access.rights``)."""
        return await asyncio.to_thread(self.rights.ask, asker, verb, about, tuple(ties), reason)

    async def ties(self, known: Known, journey: Journey, given: Iterable[Tie] = ()) -> tuple[Tie, ...]:
        """What ties this person to the recordings of this call, and the draws and requisitions ``given``.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        return await asyncio.to_thread(self._tying.ties, known.personne, journey, tuple(given))

    async def traces(
        self, *, after: int, since: Instant | None, until: Instant | None, who: str, call_id: str, limit: int
    ) -> Sequence[dict[str, Any]]:
        """Entries of the log as they are exported.

        Raises:
            StoreUnavailable: it cannot be read.
        """

        def read() -> list[dict[str, Any]]:
            found = self._traces.read(after=after, since=since, until=until, who=who, call_id=call_id)
            return [as_line(trace) for trace in islice(found, limit)]

        return await asyncio.to_thread(read)

    async def heads(self) -> dict[str, Any]:
        """The head as it is now, and those of the days that are over, the newest first.

        Raises:
            StoreUnavailable: the log cannot be read.
        """

        def read() -> dict[str, Any]:
            seq, digest = head(self._traces.last())
            heads, faults = read_heads(self._heads)
            days = [
                {"day": one.day, "seq": one.seq, "hash": one.hash, "published": one.published or None} for one in reversed(heads)
            ]
            return {"at": iso(self._clock()), "seq": seq, "hash": digest, "days": days, "faults": faults}

        return await asyncio.to_thread(read)

    def told_rights(self, known: Known) -> list[dict[str, Any]]:
        """What the roles of this person allow, row by row."""
        mine = [(row, role) for row in self._rules.rights for role in known.roles if role in row.roles]
        return [
            {
                "verb": verb.value,
                "relation": row.relation.value,
                "role": role.value,
                "reason_asked": row.needs_reason,
                "hours": row.hours,
            }
            for row, role in mine
            for verb in sorted(row.verbs)
        ]

    def nom(self, known: Known) -> str:
        """How people call her."""
        return self._nom(known.personne) if known.personne else known.who


def _known(token: Token, user: User) -> Known:
    return Known(who=user.name, roles=user.roles, personne=user.personne, token_id=token.token_id, expires_at=token.expires_at)
