"""Whose call is whose now, by post: kept from the pipeline as calls change, and the last call that each post had."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cti.journey import AgentId, CallId, Instant, Journey, State
from cti.live.desk import Here, Place, places_of

#: Parts in a call that were no talk with the caller: no last call is made of them.
_NO_TALK = frozenset({Place.RINGING, Place.CONSULTED, Place.PLACING})


@dataclass(frozen=True, slots=True)
class Mine:
    """A call of a post, and its part in it."""

    journey: Journey
    here: Here


@dataclass(frozen=True, slots=True)
class Last:
    """The last call of a post, as it was when its part ended."""

    journey: Journey
    here: Here
    until: Instant


class DeskFloor:
    """Calls by post. Lives in the loop's thread; what concerns no post costs nothing here."""

    def __init__(self, numbers: Mapping[str, AgentId]) -> None:
        self.numbers = numbers  #: posts by their internal number
        self.mine: dict[AgentId, dict[CallId, Mine]] = {}
        self.last: dict[AgentId, Last] = {}
        self._posts: dict[CallId, frozenset[AgentId]] = {}
        self._since: dict[CallId, tuple[State, Instant]] = {}

    def adopt(self, journeys: Iterable[Journey]) -> None:
        """Take over the calls that were open when the service stopped."""
        for journey in journeys:
            self.put(journey, journey.last_at)

    def put(self, journey: Journey, at: Instant) -> tuple[frozenset[AgentId], frozenset[AgentId]]:
        """The call is like this now; the posts that it concerns or did, and those of them whose last call it became."""
        call_id = journey.call_id
        here = places_of(journey, self.numbers, self._state_since(journey, at))
        before, now = self._posts.pop(call_id, frozenset()), frozenset(here)
        ended = frozenset(post for post in before - now if self._leave(post, journey, at))
        for post in now:
            self.mine.setdefault(post, {})[call_id] = Mine(journey, here[post])
        if now:
            self._posts[call_id] = now
        if journey.ended_at is not None:
            self._since.pop(call_id, None)
        return before | now, ended

    def posts_of(self, call_id: CallId) -> frozenset[AgentId]:
        """The posts that show this call, now or as their last one."""
        last = frozenset(post for post, last in self.last.items() if last.journey.call_id == call_id)
        return last | self._posts.get(call_id, frozenset())

    def shown(self) -> frozenset[CallId]:
        """The calls that some desk shows."""
        return frozenset(self._posts) | {last.journey.call_id for last in self.last.values()}

    def _leave(self, post: AgentId, journey: Journey, at: Instant) -> bool:
        calls = self.mine[post]
        mine = calls.pop(journey.call_id)
        if not calls:
            del self.mine[post]
        if mine.here.place in _NO_TALK:
            return False
        self.last[post] = Last(journey, mine.here, at)
        return True

    def _state_since(self, journey: Journey, at: Instant) -> Instant:
        known = self._since.get(journey.call_id)
        if known is None or known[0] is not journey.state:
            known = self._since[journey.call_id] = (journey.state, at)
        return known[1]
