"""The call-back list wired: calls that end are heard from the outbox, people act through the api, the board counts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from cti.api.ports import CallbackRefused
from cti.callback import CallbackBook, CallbackRules, Refused, Shelf, tell_entry
from cti.journey import CallEvent, CallId, Instant, Journey
from cti.journey.callbacks import ActKind, EntryState, TryResult
from cti.journey.words import iso
from cti.pipeline.ports import Runner


class CountedShelf(Shelf, Protocol):
    """The store's side of the list."""

    def counts(self) -> tuple[int, int]:
        """How many entries wait or are taken: those with a number, those without."""


class _Counter(Protocol):
    """Where the number of open entries is shown."""

    def count_callbacks(self, to_call: int, impossible: int, /) -> None:
        """Show them."""


class CallbackDesk:
    """The list as the api asks for it, and the reaction that feeds it."""

    def __init__(
        self,
        shelf: CountedShelf,
        rules: CallbackRules,
        board: _Counter,
        runner: Runner,
        clock: Callable[[], Instant],
    ) -> None:
        self.book = CallbackBook(shelf, rules)
        self._rules = rules
        self._counts = shelf.counts
        self._board = board
        self._run: Callable[..., Awaitable[Any]] = runner
        self._clock = clock

    async def hear(self, journey: Journey) -> Sequence[CallEvent]:
        """The reaction to the end of a call; it tells no event, for it changes no call."""
        if await self._run(self.book.hear, journey):
            await self.count()
        return ()

    async def count(self) -> None:
        """Count the open entries anew."""
        self._board.count_callbacks(*await self._run(self._counts))

    async def entries(self, *, with_closed: bool) -> dict[str, Any]:
        """The list in the order in which to call back."""
        now = self._clock()
        found = await asyncio.to_thread(self.book.list, now, with_closed=with_closed)
        waiting = [entry for entry in found if entry.state is not EntryState.CLOSED]
        return {
            "at": iso(now),
            "order": {
                "date": self._rules.dated.isoformat(),
                "source": self._rules.source,
                "ranks": [{"code": rank.code, "libelle": rank.libelle} for rank in self._rules.ranks],
            },
            "counts": {
                "open": sum(entry.callable for entry in waiting),
                "taken": sum(entry.state is EntryState.TAKEN for entry in waiting),
                "impossible": sum(not entry.callable for entry in waiting),
            },
            "entries": [tell_entry(entry, self._rules, now) for entry in found],
        }

    async def act(
        self, call_id: CallId, kind: ActKind, *, by: str, version: int, result: TryResult | None, reason: str
    ) -> dict[str, Any] | None:
        """Do something about an entry; None when it is not known.

        Raises:
            CallbackRefused: somebody was quicker, or the entry is not in a state for it.
        """
        now = self._clock()

        def work() -> Any:
            return self.book.act(call_id, kind, at=now, by=by, version=version, result=result, reason=reason)

        try:
            entry = await self._run(work)
        except Refused as refusal:
            raise CallbackRefused(str(refusal)) from None
        if entry is None:
            return None
        await self.count()
        return tell_entry(entry, self._rules, now)
