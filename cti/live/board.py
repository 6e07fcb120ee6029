"""The board: the present picture of the room, and what changed since any number.

It is told journeys and what is seen of agents and link, in order, by the pipeline; it decides nothing and asks nobody. While
the PBX is out of sight it keeps the last known picture and says so (``link``); before the first sight it knows nothing and
gives None where a count would be. Peers' boards that counted a caller once per queue, mixed up queues 10, 100 and 1000, or
showed zero while blind are the reason for its tests.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cti.journey import AgentId, CallEvent, Fact, FiliereCode, Instant, Journey, PbxEvent, State
from cti.journey.around.callers import Repeat
from cti.journey.events import AgentGone, AgentSeen, LinkDown, LinkUp, Presence
from cti.journey.facts import CallAnswered, CallClosed
from cti.journey.model import Outcome
from cti.live import telling
from cti.live.alarms import Alarm, Alarms, Gravite
from cti.live.day import DayCount
from cti.live.floor import Floor
from cti.live.history import History, Part
from cti.live.views import CrisisView, FiliereSpec, Link, place_of, view_of, with_whom_he_called
from cti.live.waits import RecentWaits

_COULEUR_INCONNUE = "#8a8f98"
_LINK: Part = ("link", "")
_TOTALS: Part = ("totals", "")
_DAY: Part = ("day", "")
_WAITS: Part = ("waits", "")
_CALLBACKS: Part = ("callbacks", "")
_CRISIS: Part = ("crise", "")


class Board:
    """Folds what happens into one picture; a listener of the pipeline.

    Not thread-safe: it lives in the event loop's thread, where the pipeline tells its listeners.
    """

    def __init__(
        self,
        filieres: Sequence[FiliereSpec],
        *,
        clock: Callable[[], Instant],
        history: int = 4096,
        repeats: Callable[[Journey], Repeat | None] = lambda journey: None,
    ) -> None:
        """Start blind: the link is down until a ``LinkUp`` is seen.

        Args:
            filieres: the site's filières; a call in any other one is still shown, marked unknown.
            clock: the present, for screens that count seconds themselves.
            history: how many changes a screen may have missed and still catch up without the whole picture.
            repeats: what the number of a call did shortly before; it must return at once.
        """
        self._clock = clock
        self._repeats = repeats
        #: Since when an agent is in a pause or a wrap-up, where that is known better than by seeing it.
        self.holds: Callable[[AgentId], Instant | None] = lambda agent: None
        self._callbacks: tuple[int, int] | None = None
        self._crisis: CrisisView | None = None
        self._specs: dict[FiliereCode, FiliereSpec] = {
            spec.code: spec for spec in sorted(filieres, key=lambda spec: (spec.ordre, spec.code))
        }
        self._floor = Floor()
        self._waits = RecentWaits()
        self._alarms = Alarms()
        self._day: DayCount | None = None
        self._history = History(history)
        self._watchers: list[Callable[[], None]] = []
        born = clock()
        self._link = Link(up=False, since=born, reason="démarrage du service", ever_up=False)
        #: Tells this board from the one before a restart, whose numbers mean nothing here.
        self.epoch = f"{born:x}"

    @property
    def seq(self) -> int:
        """The number of the latest change."""
        return self._history.seq

    def watch(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each change; it must be quick."""
        self._watchers.append(callback)

    # --- what comes in -----------------------------------------------------------------------------------------------

    def adopt(self, journeys: Iterable[Journey]) -> None:
        """Take over the calls that were open when the service stopped."""
        for journey in journeys:
            self._changed(self._place(journey, journey.last_at))

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed (pipeline, after commit)."""
        parts = self._place(journey, event.at)
        for fact in facts:
            parts |= self._note(journey, fact)
        self._changed(parts)

    def seen(self, event: PbxEvent) -> None:
        """Something was seen of an agent or of the link."""
        match event:
            case AgentSeen():
                self._changed(self._agent_parts(event) if self._floor.sit(event, self.holds(event.agent)) else set())
            case AgentGone():
                self._changed(self._agent_parts(event) if self._floor.leave(event) else set())
            case LinkUp():
                self._link_is(Link(up=True, since=event.at, reason="", ever_up=True))
            case LinkDown():  # pragma: no branch - there is no other kind
                self._link_is(Link(up=False, since=event.at, reason=event.reason, ever_up=self._link.ever_up))

    def count_day(self, figures: DayCount) -> None:
        """Show the day's figures."""
        if figures != self._day:
            self._day = figures
            self._changed({_DAY})

    def count_callbacks(self, to_call: int, impossible: int) -> None:
        """Show how many callers are to be called back, and how many left no number."""
        if (to_call, impossible) != self._callbacks:
            self._callbacks = to_call, impossible
            self._changed({_CALLBACKS})

    def show_crisis(self, view: CrisisView, orange_seconds: int, rouge_seconds: int) -> None:
        """Show crisis mode, and from when on a filière's oldest wait is amber and red."""
        parts: set[Part] = set() if view == self._crisis else {_CRISIS}
        self._crisis = view
        for code, spec in self._specs.items():
            if (spec.attente_orange_seconds, spec.attente_rouge_seconds) != (orange_seconds, rouge_seconds):
                self._specs[code] = replace(spec, attente_orange_seconds=orange_seconds, attente_rouge_seconds=rouge_seconds)
                parts.add(("filieres", code))
        if parts:
            self._changed(parts)

    @property
    def callbacks_open(self) -> int | None:
        """How many callers are to be called back; None until they were counted once."""
        return None if self._callbacks is None else self._callbacks[0]

    def alarm(self, code: str, text: str, *, at: Instant, gravite: Gravite = Gravite.CRITIQUE) -> None:
        """Raise an alarm, or say in other words one that stands already (it keeps its beginning).

        Args:
            code: ``kind`` or ``kind:which``; tells alarms apart, and is never empty.
            text: one line in French.
            at: when it began.
            gravite: red or amber.
        """
        if self._alarms.stand(code, Alarm(at, text, gravite)):
            self._changed({("alarms", code)})

    def all_clear(self, code: str) -> None:
        """This alarm is over; harmless when it was not raised."""
        if self._alarms.clear(code):
            self._changed({("alarms", code)})

    def _place(self, journey: Journey, at: Instant) -> set[Part]:
        if place_of(journey.state, outgoing=with_whom_he_called(journey)) is None:
            touched = self._floor.remove(journey.call_id)
        else:
            touched = self._floor.put(view_of(journey, self._since(journey, at), self._repeats(journey)))
        if touched is None:
            return set()
        for code in touched - self._specs.keys():
            self._meet(code)
        placed = {("agents", journey.placed.agent)} if journey.placed is not None else set()
        return {("calls", journey.call_id), _TOTALS, *(("filieres", code) for code in touched), *placed}

    def _since(self, journey: Journey, at: Instant) -> Instant:
        stage = journey.stage
        known = self._floor.calls.get(journey.call_id)
        if journey.state in (State.GREETING, State.PLACED):
            return journey.t0
        if journey.state is State.WAITING and stage is not None:
            return stage.entered_at
        if journey.state is State.TALKING and stage is not None and stage.answered_at is not None:
            return stage.answered_at
        return known.since if known is not None and known.state is journey.state else at

    def _note(self, journey: Journey, fact: Fact) -> set[Part]:
        match fact:
            case CallAnswered(at=at, wait_ms=wait_ms):
                return self._wait_ended(journey, at, wait_ms, answered=True)
            case CallClosed(at=at, outcome=outcome):
                if outcome is Outcome.ABANDONED and journey.wait_ms is not None:
                    return self._wait_ended(journey, at, journey.wait_ms, answered=False)
            case _:
                pass
        return set()

    def _wait_ended(self, journey: Journey, at: Instant, wait_ms: int, *, answered: bool) -> set[Part]:
        if journey.test:
            return set()
        self._waits.ended(at, wait_ms, answered=answered)
        return {_WAITS}

    def _agent_parts(self, event: AgentSeen | AgentGone) -> set[Part]:
        if event.filiere not in self._specs:
            self._meet(event.filiere)
        return {("agents", event.agent), ("filieres", event.filiere)}

    def _meet(self, code: FiliereCode) -> None:
        ordre = 1 + max((spec.ordre for spec in self._specs.values()), default=0)
        self._specs[code] = FiliereSpec(
            code=code, libelle=code or "(sans code)", ordre=ordre, couleur=_COULEUR_INCONNUE, inconnue=True
        )

    def _link_is(self, link: Link) -> None:
        if link.up == self._link.up and link.ever_up == self._link.ever_up:
            link = replace(link, since=self._link.since)  # still up, or still down: since the first time
        if link == self._link:
            return
        first = link.ever_up and not self._link.ever_up
        self._link = link
        self._changed({_LINK, _TOTALS, *(("filieres", code) for code in self._specs)} if first else {_LINK})

    def _changed(self, parts: set[Part]) -> None:
        before = self._history.seq
        self._history.add(parts)
        if self._history.seq != before:
            for callback in self._watchers:
                callback()

    # --- what goes out -----------------------------------------------------------------------------------------------

    def loads(self) -> Mapping[FiliereCode, tuple[int, int, int, Instant | None, int]] | None:
        """For routing, by filière: (agents in the room, free, callers waiting, oldest since, paused).

        None when the PBX is not seen. A phone that the PBX cannot reach is nobody in the room.
        """
        if not self._link.up:
            return None
        loads = {}
        for code in self._specs:
            agents, counts = self._floor.agents(code), self._floor.counts(code)
            present = sum(agents.values()) - agents.get(Presence.UNREACHABLE, 0)
            paused = agents.get(Presence.PAUSED, 0)
            loads[code] = (present, agents.get(Presence.FREE, 0), counts.waiting, counts.oldest_since, paused)
        return loads

    def presences(self, agent: AgentId) -> tuple[Presence, ...]:
        """What this agent's phone does, in each of his filières; nothing when it is not known."""
        return tuple(seat.presence for seat in self._floor.seats.get(agent, {}).values())

    def snapshot(self) -> dict[str, Any]:
        """The whole picture, as plain data."""
        return {
            "epoch": self.epoch,
            "seq": self.seq,
            "at": telling.tell_instant(self._clock()),
            "link": telling.tell_link(self._link),
            "totals": self._tell(_TOTALS),
            "day": self._tell(_DAY),
            "waits": self._tell(_WAITS),
            "callbacks": self._tell(_CALLBACKS),
            "crise": self._tell(_CRISIS),
            "alarms": {code: self._tell(("alarms", code)) for code in self._alarms},
            "filieres": {code: self._tell(("filieres", code)) for code in self._specs},
            "agents": {agent: self._tell(("agents", agent)) for agent in sorted(self._floor.seats)},
            "calls": {call_id: self._tell(("calls", call_id)) for call_id in self._floor.calls},
        }

    def changes_since(self, seq: int) -> dict[str, Any] | None:
        """The parts that changed after ``seq`` with their present values (None: gone); None when a snapshot is needed."""
        parts = self._history.since(seq)
        if parts is None:
            return None
        change: dict[str, Any] = {"epoch": self.epoch, "seq": self.seq, "at": telling.tell_instant(self._clock())}
        for section, key in sorted(parts):
            if key or section in ("calls", "agents", "filieres"):
                change.setdefault(section, {})[key] = self._tell((section, key))
            else:
                change[section] = self._tell((section, key))
        return change

    def _tell(self, part: Part) -> Any:
        match part:
            case ("calls", call_id):
                call = self._floor.calls.get(call_id)
                return None if call is None else telling.tell_call(call)
            case ("agents", agent):
                return telling.tell_agent(agent, self._floor) if agent in self._floor.seats else None
            case ("alarms", code):
                alarm = self._alarms.get(code)
                return None if alarm is None else telling.tell_alarm(alarm)
            case ("filieres", code):
                return telling.tell_filiere(self._specs[code], self._floor, known=self._link.ever_up)
            case ("totals", _):
                return telling.tell_totals(self._floor, known=self._link.ever_up)
            case ("link", _):
                return telling.tell_link(self._link)
            case ("callbacks", _):
                return telling.tell_callbacks(self._callbacks)
            case ("crise", _):
                return telling.tell_crisis(self._crisis)
            case ("day", _):
                return telling.tell_day(self._day)
            case _:
                return telling.tell_waits(self._waits.minutes())
