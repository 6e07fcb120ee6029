"""The call-back list wired: calls that end are heard from the outbox, people act through the api, the board counts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from cti.api.ports import CallbackRefused
from cti.callback import CallbackBook, CallbackRules, Refused, Shelf, tell_entry
from cti.journey import AgentId, CallEvent, CallId, Instant, Journey
from cti.journey.callbacks import ActKind, CallbackEntry, EntryState, TryResult
from cti.journey.events import OfferEnd
from cti.journey.words import iso
from cti.pipeline.ports import Runner

#: Q.850: unallocated number, invalid number format.
_NO_SUCH_NUMBER = frozenset({1, 28})


class CountedShelf(Shelf, Protocol):
    """The store's side of the list."""

    def counts(self) -> tuple[int, int]:
        """How many entries wait or are taken: those with a number, those without."""


class _Counter(Protocol):
    """Where the number of open entries is shown."""

    def count_callbacks(self, to_call: int, impossible: int, /) -> None:
        """Show them."""


def try_result(journey: Journey) -> TryResult:
    """What came of an outgoing call, in the words of the list."""
    if journey.answered_at is not None:
        return TryResult.REACHED
    if journey.cause in _NO_SUCH_NUMBER:
        return TryResult.WRONG_NUMBER
    busy = journey.placed is not None and journey.placed.missed is OfferEnd.BUSY
    return TryResult.BUSY if busy else TryResult.NO_ANSWER


class CallbackDesk:
    """The list as the api asks for it, and the reaction that feeds it."""

    def __init__(
        self,
        shelf: CountedShelf,
        rules: CallbackRules,
        board: _Counter,
        runner: Runner,
        clock: Callable[[], Instant],
        names: Callable[[AgentId], str] = str,
    ) -> None:
        self.book = CallbackBook(shelf, rules)
        self._rules = rules
        self._counts = shelf.counts
        self._board = board
        self._run: Callable[..., Awaitable[Any]] = runner
        self._clock = clock
        self._names = names

    async def hear(self, journey: Journey) -> Sequence[CallEvent]:
        """The reaction to the end of a call; it tells no event, for it changes no call."""
        heard = self._tried if journey.placed is not None else self.book.hear
        if await self._run(heard, journey):
            await self.count()
        return ()

    def _tried(self, journey: Journey) -> bool:
        """An outgoing call is over: a try of the entry that it was placed for, if the number was dialled at all."""
        placed = journey.placed
        if placed is None or placed.callback is None or placed.dialled_at is None:
            return False
        at = journey.answered_at if journey.answered_at is not None else journey.ended_at or placed.dialled_at
        who = self._names(placed.agent)
        return self.book.called_back(placed.callback, who, at, try_result(journey), journey.call_id)

    async def standing(self, call_id: CallId) -> CallbackEntry | None:
        """The open or taken entry of this lost call."""
        return await asyncio.to_thread(self.book.standing, call_id)

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
