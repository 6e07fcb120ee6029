"""What the api asks of accounts, rights and the log of accesses."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from cti.access import About, Asker, Decision
from cti.api.edge.door import Book, Known
from cti.journey import Instant, Journey
from cti.journey.around.access import Tie, Verb


class Access(Book, Protocol):
    """Accounts, rights and the log of accesses."""

    async def ask(self, asker: Asker, verb: Verb, about: About, ties: Iterable[Tie], reason: str = "") -> Decision:
        """Decide and write the trace; the trace is on disk before this answers."""
        ...

    async def ties(self, known: Known, journey: Journey, given: Iterable[Tie] = ()) -> tuple[Tie, ...]:
        """What ties this person to the recordings of this call.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    def may(self, known: Known, verb: Verb, ties: Iterable[Tie]) -> str:
        """What the answer would be: ``oui``, ``motif`` (with a reason), ``non``; nothing is given, nothing written."""
        ...

    async def traces(
        self, *, after: int, since: Instant | None, until: Instant | None, who: str, call_id: str, limit: int
    ) -> Sequence[dict[str, Any]]:
        """Entries of the log, in order, at most ``limit``.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    async def heads(self) -> dict[str, Any]:
        """The head of the log now, and those of the days that are over.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    def told_rights(self, known: Known) -> list[dict[str, Any]]:
        """What the roles of this person allow."""
        ...
