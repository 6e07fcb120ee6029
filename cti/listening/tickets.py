"""Tickets: one for each listening that was granted and written down, for the person it was granted to, until it is over.

An audio element of a browser can show no token, so a ticket has a name that nobody can guess and a secret for its cookie. It is
kept in memory alone: a service that starts anew has granted nothing.
"""

import hmac
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from cti.journey.around.access import AccessRole, UserName
from cti.journey.words import CallId, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One listening."""

    ecoute_id: str
    secret: str = field(repr=False)
    who: UserName
    role: AccessRole  #: which gave the right
    token_id: str  #: with which it was asked for
    piece_id: str
    call_id: CallId
    opened_at: Instant
    expires_at: Instant

    def opens(self, secret: str) -> bool:
        """Whether this is its secret, in constant time."""
        return hmac.compare_digest(self.secret.encode(), secret.encode("utf-8", "replace"))


class Tickets:
    """Those that are open. Lives in one thread."""

    def __init__(self, most: int) -> None:
        """``most``: of one account; one more ends the oldest."""
        self._most = most
        self._open: OrderedDict[str, Ticket] = OrderedDict()

    def open(self, ticket: Ticket) -> None:
        """One more."""
        mine = [one for one in self._open.values() if one.who == ticket.who]
        for one in mine[: max(0, len(mine) + 1 - self._most)]:
            del self._open[one.ecoute_id]
        self._open[ticket.ecoute_id] = ticket

    def find(self, ecoute_id: str) -> Ticket | None:
        """This one, in its time or not."""
        return self._open.get(ecoute_id)

    def close(self, ecoute_id: str) -> None:
        """It is over."""
        self._open.pop(ecoute_id, None)

    def sweep(self, at: Instant) -> Sequence[Ticket]:
        """End those whose time is over; which."""
        over = [one for one in self._open.values() if one.expires_at <= at]
        for one in over:
            del self._open[one.ecoute_id]
        return over

    def pieces(self) -> frozenset[str]:
        """What somebody listens to."""
        return frozenset(one.piece_id for one in self._open.values())

    def __len__(self) -> int:
        return len(self._open)
