"""The posts as the api and the command line ask for them."""

import asyncio
from collections.abc import Callable
from typing import Any

from cti.agents.people import Staff
from cti.agents.telling import tell_people, tell_post, tell_posts, tell_times
from cti.agents.times import times
from cti.agents.wishes import Wish
from cti.bootstrap.posts.desk import DutyDesk
from cti.bootstrap.posts.members import MemberKeeper
from cti.journey import AgentId, Instant
from cti.journey.around.duty import DutyKind
from cti.journey.words import iso
from cti.store import Duty

#: How long an answer waits for the PBX to have followed.
_FOLLOW_SECONDS = 2.0
#: A post taken longer ago than this before the period is not counted in it (nobody stays so long).
SESSION_US = 7 * 86_400 * 1_000_000
_SESSION_ACTS = (DutyKind.TAKE, DutyKind.LEAVE)


class DutyRoom:
    """Who is on duty, what to change about it, and for how long it was so."""

    def __init__(
        self,
        desk: DutyDesk,
        keeper: MemberKeeper,
        shelf: Duty,
        staff: Staff,
        clock: Callable[[], Instant],
        unready: Callable[[AgentId], dict[str, Any] | None] = lambda poste: None,
    ) -> None:
        self._desk = desk
        self._keeper = keeper
        self._shelf = shelf
        self._staff = staff
        self._clock = clock
        self._unready = unready

    async def room(self) -> dict[str, Any]:
        """Every post, everybody who may take one, and whether the PBX agrees."""
        now = self._clock()
        look = self._keeper.last
        return {
            "at": iso(now),
            "posts": tell_posts(self._desk.standings, self._staff, self._desk.presence.seen, now, self._unready),
            "people": tell_people(self._staff),
            "reasons": list(self._staff.motifs),
            "look": None
            if look is None
            else {"at": iso(look.at), "why": look.why, "found": list(look.found), "failed": list(look.failed)},
        }

    async def wish(self, wish: Wish) -> dict[str, Any]:
        """Do it; the post afterwards and whether the PBX has followed.

        Raises:
            Refusal: not possible.
            StoreUnavailable: it cannot be written.
        """
        standing = await self._desk.wish(wish)
        followed = await self._keeper.followed(_FOLLOW_SECONDS)
        told = tell_post(wish.poste, standing, self._staff, self._desk.presence.seen, self._clock(), self._unready)
        return {"post": told, "followed": followed}

    async def times(self, since: Instant, until: Instant) -> dict[str, Any]:
        """Times by person.

        Raises:
            StoreUnavailable: nothing can be read.
        """
        await self._desk.flush()
        return await asyncio.to_thread(read_times, self._shelf, self._staff, since, until, self._clock())


def read_times(shelf: Duty, staff: Staff, since: Instant, until: Instant, now: Instant) -> dict[str, Any]:
    """Times by person, from the store; blocking."""
    acts = shelf.acts(since - SESSION_US, until, _SESSION_ACTS)
    rows = times(acts, shelf.spans(since, until), since, until, now)
    return {"since": iso(since), "until": iso(until), "people": [tell_times(row, staff) for row in rows.values()]}
