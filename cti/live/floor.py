"""The floor of the room: who waits where, who is with whom, counted by filière as calls and agents move.

Each call stands in one place; moving it takes it out of the old one first. So a count is the size of a set and cannot drift
from the calls it counts. Filières are told apart by their whole code.
"""

from collections.abc import Iterator, Mapping

from cti.journey import AgentId, CallId, FiliereCode, Instant
from cti.journey.events import AgentGone, AgentSeen, Presence
from cti.live.views import CallView, FiliereCounts, Place, Seat

#: What an agent in the room may be doing; a logged out agent is not in the room.
PRESENCES: tuple[Presence, ...] = tuple(p for p in Presence if p is not Presence.LOGGED_OUT)

_HELD = frozenset({Presence.PAUSED, Presence.WRAPUP})


class Floor:
    """Calls and agents by filière."""

    def __init__(self) -> None:
        self.calls: dict[CallId, CallView] = {}
        #: the outgoing call that an agent places or talks in
        self.outgoing: dict[AgentId, CallId] = {}
        self.names: dict[AgentId, str] = {}
        self.seats: dict[AgentId, dict[FiliereCode, Seat]] = {}
        self._places: dict[tuple[FiliereCode | None, Place], dict[CallId, CallView]] = {}
        self._members: dict[FiliereCode, set[AgentId]] = {}

    def put(self, call: CallView) -> frozenset[FiliereCode] | None:
        """Place or move a call; the filières whose counts may have changed, None when the view is what it was."""
        old = self.calls.get(call.call_id)
        if old == call:
            return None
        touched = self._take(old)
        place = call.place
        assert place is not None, "a call that is not on the line has no place on the floor"
        if call.outgoing and call.placed_by is not None:
            self.outgoing[call.placed_by] = call.call_id
        self.calls[call.call_id] = call
        self._places.setdefault((call.filiere, place), {})[call.call_id] = call
        return touched if call.filiere is None else touched | {call.filiere}

    def remove(self, call_id: CallId) -> frozenset[FiliereCode] | None:
        """Take a call off the floor; None when it was not there."""
        old = self.calls.pop(call_id, None)
        return None if old is None else self._take(old)

    def _take(self, call: CallView | None) -> frozenset[FiliereCode]:
        if call is None:
            return frozenset()
        if call.placed_by is not None and self.outgoing.get(call.placed_by) == call.call_id:
            del self.outgoing[call.placed_by]
        place = call.place
        assert place is not None, "only calls on the line are ever placed"
        del self._places[call.filiere, place][call.call_id]
        return frozenset() if call.filiere is None else frozenset((call.filiere,))

    def sit(self, event: AgentSeen, held_since: Instant | None = None) -> bool:
        """Note what an agent does in a filière; False when it says nothing new or is older than what is known.

        A pause lasts since it was taken (``held_since``), whenever we began to see it.
        """
        seats = self.seats.setdefault(event.agent, {})
        old = seats.get(event.filiere)
        if old is not None and event.at < old.read_at:
            return False
        same = old is not None and old.presence is event.presence
        since = old.since if old is not None and same else event.at
        if held_since is not None and event.presence in _HELD:
            since = held_since
        renamed = bool(event.nom) and self.names.get(event.agent) != event.nom
        if renamed:
            self.names[event.agent] = event.nom
        seats[event.filiere] = Seat(event.presence, since, event.reason, event.at)
        self._members.setdefault(event.filiere, set()).add(event.agent)
        return renamed or not same or (old is not None and (old.reason, old.since) != (event.reason, since))

    def leave(self, event: AgentGone) -> bool:
        """An agent no longer belongs to a filière; False when he did not."""
        seats = self.seats.get(event.agent, {})
        old = seats.get(event.filiere)
        if old is None or event.at < old.read_at:
            return False
        del seats[event.filiere]
        self._members[event.filiere].discard(event.agent)
        if not seats:
            del self.seats[event.agent]
            self.names.pop(event.agent, None)
        return True

    def counts(self, code: FiliereCode) -> FiliereCounts:
        """What is counted in this filière now."""
        waiting = self._at(code, Place.WAITING)
        return FiliereCounts(
            waiting=len(waiting),
            ringing=sum(call.ringing for call in waiting.values()),
            talking=len(self._at(code, Place.TALKING)),
            held=len(self._at(code, Place.HELD)),
            oldest_since=min(_waits(waiting), default=None),
        )

    def agents(self, code: FiliereCode) -> dict[Presence, int]:
        """How many agents of this filière do what; every presence is there, logged out agents are not."""
        tally = dict.fromkeys(PRESENCES, 0)
        for agent in self._members.get(code, ()):
            presence = self.seats[agent][code].presence
            if presence in tally:
                tally[presence] += 1
        return tally

    def total(self, place: Place) -> int:
        """How many calls are in this place, all filières together."""
        return sum(len(calls) for (_, where), calls in self._places.items() if where is place)

    def _at(self, code: FiliereCode, place: Place) -> Mapping[CallId, CallView]:
        return self._places.get((code, place), {})


def _waits(calls: Mapping[CallId, CallView]) -> Iterator[Instant]:
    return (call.waiting_since for call in calls.values() if call.waiting_since is not None)
