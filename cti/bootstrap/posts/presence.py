"""What each post does, span by span, as the PBX shows it: one row in the store from each change to the next.

While we do not see the PBX nothing is written: spans end with the last sight, and begin again with the next.
"""

from collections.abc import Callable

from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.around.duty import PersonId, PresenceSpan
from cti.journey.events import AgentGone, AgentSeen, Presence


class PresenceBook:
    """Turns sights into spans; `keep` takes each span when it begins and when it ends."""

    def __init__(self, keep: Callable[[PresenceSpan], None], person_at: Callable[[AgentId], PersonId]) -> None:
        self._keep = keep
        self._person_at = person_at
        self._open: dict[AgentId, PresenceSpan] = {}
        self.seen: dict[tuple[AgentId, FiliereCode], Presence] = {}

    def sight(self, event: AgentSeen) -> None:
        """A post was seen in a filière; what it does is the same in all of them."""
        self.seen[event.agent, event.filiere] = event.presence
        reason = event.reason if event.presence in (Presence.PAUSED, Presence.WRAPUP) else ""
        span = PresenceSpan(
            poste=event.agent,
            since=event.at,
            personne=self._person_at(event.agent),
            state=event.presence.value,
            reason=reason,
        )
        old = self._open.get(event.agent)
        if old is not None and (old.state, old.reason, old.personne) == (span.state, span.reason, span.personne):
            return
        if old is not None and event.at > old.since:
            self._end(event.agent, event.at)
        elif old is not None and event.at < old.since:
            return
        self._open[event.agent] = span
        self._keep(span)

    def gone(self, event: AgentGone) -> None:
        """A post left a filière; with the last one, the room."""
        self.seen.pop((event.agent, event.filiere), None)
        if not any(agent == event.agent for agent, _ in self.seen):
            self._end(event.agent, event.at)

    def blind(self, at: Instant) -> None:
        """Nothing is seen from now on."""
        for poste in list(self._open):
            self._end(poste, at)
        self.seen.clear()

    def _end(self, poste: AgentId, at: Instant) -> None:
        span = self._open.pop(poste, None)
        if span is not None:
            self._keep(
                PresenceSpan(
                    poste=span.poste,
                    since=span.since,
                    personne=span.personne,
                    state=span.state,
                    reason=span.reason,
                    until=max(at, span.since),
                )
            )
