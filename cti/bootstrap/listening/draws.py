"""Quality draws, for the API and for the command line: the pool read, the seed drawn, the draw written with its trace."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from cti.access.chain import Said, link
from cti.access.table import AccessSettings
from cti.api.edge.door import Known
from cti.api.listening_port import DrawWish
from cti.journey import CallId, Instant
from cti.journey.around.access import AccessOutcome, Relation, Trace, Verb
from cti.journey.around.listening import Draw
from cti.listening.draw import DrawRefused, drawn, eligible, pool_digest, refusal
from cti.store import Store

#: In the log, where a draw of the command line came from.
CLIENT = "cli"


class DrawDesk:
    """Draws. What is not a coroutine is blocking."""

    def __init__(self, store: Store, rules: AccessSettings, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def draw(self, wish: DrawWish, by: Known, client: str) -> Draw:
        """Draw, and write it down.

        Raises:
            DrawRefused: it may not be, in French.
        """
        return await asyncio.to_thread(self.make, wish, by.who, "+".join(by.roles), client)

    async def all(self) -> Sequence[Draw]:
        """Every draw, the newest first."""
        return await asyncio.to_thread(self._store.draws.all)

    async def hers(self, known: Known) -> Sequence[Draw]:
        """Those for this account whose review is not over."""
        return await asyncio.to_thread(self._store.draws.of_reviewer, known.who, self._clock())

    def make(self, wish: DrawWish, by: str, role: str, client: str) -> Draw:
        """The draw, written with its entry in the log.

        Raises:
            DrawRefused: nobody of that name may review, or the draw may not be; nothing was written.
        """
        self._check(wish.reviewer)
        pool = self.pool(wish.since, wish.until, wish.flux, wish.filiere)
        made = Draw(
            number=0,
            by=by,
            at=self._clock(),
            reviewer=wish.reviewer,
            ends_at=wish.ends_at,
            reason=wish.reason.strip(),
            since=wish.since,
            until=wish.until,
            flux=wish.flux,
            filiere=wish.filiere,
            wanted=wish.wanted,
            seed=wish.seed or secrets.token_hex(16),
            pool=len(pool),
            pool_sha256=pool_digest(pool),
        )
        why = refusal(made)
        if why is not None:
            raise DrawRefused(f"Rien n'a été tiré : {why}.")
        made = replace(made, calls=drawn(pool, made.wanted, made.seed))
        return self._store.draws.add(made, lambda one: _said(one, role, client))

    def pool(self, since: Instant, until: Instant, flux: str, filiere: str) -> list[CallId]:
        """The calls from which it is drawn, as they are known now."""
        return eligible(self._store.reading.journeys(since, until, flux=flux or None), filiere)

    def _check(self, reviewer: str) -> None:
        user = self._store.accounts.users().get(reviewer)
        if user is None or user.disabled_at is not None:
            raise DrawRefused(f"Rien n'a été tiré : aucun compte ouvert ne s'appelle {reviewer}.")
        if not any(self._rules.allows(role, Verb.ECOUTER, Relation.QUALITE) for role in user.roles):
            roles = ", ".join(user.roles)
            raise DrawRefused(f"Rien n'a été tiré : aucun rôle de {reviewer} ({roles}) ne fait de revue qualité.")


def _said(made: Draw, role: str, client: str) -> Callable[[Trace | None], Trace]:
    told = (
        f"tirage {made.number} : {len(made.calls)} appels sur {made.pool} pour {made.reviewer}, "
        f"graine {made.seed}, appels possibles {made.pool_sha256}"
    )
    said = Said(
        at=made.at,
        who=made.by,
        role=role,
        verb=Verb.TIRER,
        outcome=AccessOutcome.DONE,
        reason=made.reason,
        client=client,
        detail=told,
    )
    return lambda last: link(last, said)
