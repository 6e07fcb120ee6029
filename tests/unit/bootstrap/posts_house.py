"""Desk and keeper of members with a PBX, a store and a wall in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cti.agents.wishes import Wish
from cti.ami.answers import ActionFailed, Answer, Headers, LinkLost
from cti.ami.connection import LinkState
from cti.ami.frames import Frame, parse
from cti.bootstrap.posts.desk import DutyDesk, DutyRules
from cti.bootstrap.posts.members import MemberKeeper
from cti.journey import CallEvent
from cti.journey import events as ev
from cti.journey.around.duty import WATCH, DutyAct, DutyKind, DutyVia, PresenceSpan
from cti.journey.ledger import StoreUnavailable
from cti.live.alarms import Gravite
from tests.fakes.room import STAFF, T0, Clock, Room, S
from tests.fakes.store import at_once

QUEUES = {"n1": ("sas-n1",), "amu": ("sas-amu",), "mru": ("sas-mru",)}


def at(seconds: int, made: DutyAct) -> DutyAct:
    return DutyAct(**{**{n: getattr(made, n) for n in DutyAct.__dataclass_fields__}, "at": T0 + seconds * S})


def refusal(message: str) -> ActionFailed:
    return ActionFailed("QueueAdd", message, parse(f"Response: Error\r\nMessage: {message}".encode(), 0))


@dataclass
class Pbx:
    """app_queue, as far as members go: (queue, interface) -> (name, paused, reason, membership)."""

    members: dict[tuple[str, str], tuple[str, bool, str, str]] = field(default_factory=dict)
    queues: Sequence[str] = ("sas-n1", "sas-amu", "sas-mru")
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    dies_at: str = ""
    state: LinkState = LinkState.UP

    def __post_init__(self) -> None:
        self.members["sas-n1", "PJSIP/arm01"] = ("Camille Durand", False, "", "static")

    async def ask(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        self.asked.append((action, dict(headers)))
        if action == self.dies_at:
            raise LinkLost("gone")
        if action in self.refuses:
            raise refusal(action)
        rows = getattr(self, f"do_{action.lower()}")(headers) or ()
        return Answer(parse(b"Response: Success\r\nMessage: done", 0), tuple(rows))

    def do_queuestatus(self, _: Headers) -> list[Frame]:
        rows = [f"Event: QueueParams\r\nQueue: {queue}\r\nCalls: 0" for queue in self.queues]
        rows += [
            f"Event: QueueMember\r\nQueue: {queue}\r\nLocation: {interface}\r\nName: {name}\r\nPenalty: 0\r\nStatus: 1\r\n"
            f"LastCall: 0\r\nPaused: {paused:d}\r\nPausedReason: {reason}\r\nMembership: {membership}"
            for (queue, interface), (name, paused, reason, membership) in self.members.items()
        ]
        return [parse(row.encode(), 0) for row in rows]

    def do_queueadd(self, headers: Headers) -> None:
        key = str(headers["Queue"]), str(headers["Interface"])
        if key in self.members:
            raise refusal("Unable to add interface: Already there")
        self.members[key] = (str(headers["MemberName"]), headers["Paused"] == "true", "", "dynamic")

    def do_queueremove(self, headers: Headers) -> None:
        del self.members[str(headers["Queue"]), str(headers["Interface"])]

    def do_queuepause(self, headers: Headers) -> None:
        key = str(headers["Queue"]), str(headers["Interface"])
        name, _, _, membership = self.members[key]
        self.members[key] = (name, headers["Paused"] == "true", str(headers.get("Reason", "")), membership)

    def do_setvar(self, _: Headers) -> None:
        """A global."""

    def held(self) -> dict[tuple[str, str], str | None]:
        return {(q[4:], i[6:]): (reason if paused else None) for (q, i), (_, paused, reason, _) in self.members.items()}

    def steps(self) -> list[str]:
        return [action for action, _ in self.asked if action != "Setvar"]


@dataclass
class Shelf:
    """The store of acts and spans."""

    acts: dict[str, DutyAct] = field(default_factory=dict)
    spans: dict[tuple[str, int], PresenceSpan] = field(default_factory=dict)
    down: bool = False
    closed_at: int | None = None

    def write(self, acts: Sequence[DutyAct], spans: Sequence[PresenceSpan] = ()) -> None:
        if self.down:
            raise StoreUnavailable("away")
        for one in acts:
            self.acts.setdefault(one.act_id, one)
        self.spans.update({(span.poste, span.since): span for span in spans})

    def standing(self, recent_since: int) -> list[DutyAct]:
        return list(self.acts.values())

    def last_by_phone(self) -> int | None:
        return max((one.at for one in self.acts.values() if one.via is DutyVia.PHONE), default=None)

    def last_watch(self) -> int | None:
        return max((s.until or 0 for s in self.spans.values() if s.poste == WATCH), default=None)

    def close_spans(self, at: int) -> int:
        self.closed_at = at
        return 0


class Wall:
    """Alarms that stand."""

    def __init__(self) -> None:
        self.alarms: dict[str, str] = {}

    def alarm(self, code: str, text: str, /, *, at: int, gravite: Gravite) -> None:
        self.alarms[code] = text

    def all_clear(self, code: str, /) -> None:
        self.alarms.pop(code, None)


class House:
    """Desk, keeper, PBX, store."""

    def __init__(self, cel: Path, **wrapup: int) -> None:
        self.clock = Clock()
        self.pbx, self.shelf, self.wall = Pbx(), Shelf(), Wall()
        self.cel = cel
        self.wrapup = wrapup
        self.open()

    def open(self) -> None:
        rules = DutyRules(
            staff=STAFF, queues=QUEUES, wrapup_seconds=self.wrapup, last_resort="amu", cel=self.cel, history_us=3600 * S
        )
        self.desk = DutyDesk(rules, self.shelf, at_once, self.clock, self.wait, self.wall)
        ours = frozenset(queue for queues in QUEUES.values() for queue in queues)
        posts = frozenset(post.endpoint for post in STAFF.roster)
        link: Any = self.pbx
        self.keeper = MemberKeeper(lambda: link, self.desk.wanted, self.desk.learn, ours, posts, self.clock, self.wait)
        self.desk.changed, self.desk.reconnected = self.keeper.stir, self.keeper.look
        self.waits: list[float] = []

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        await asyncio.sleep(0)
        return event.is_set()

    async def follow(self) -> bool:
        return await self.keeper._follow()

    async def wish(self, kind: DutyKind, poste: str = "p01", **more: Any) -> None:
        self.clock.now += S
        await self.desk.wish(Wish(kind=kind, poste=poste, by="chef", **more))

    def tell(self, *events: CallEvent) -> None:
        room = Room(self)  # type: ignore[arg-type]
        room.tell(*events)

    def told(self, journey: Any, event: CallEvent, facts: Any) -> None:
        self.desk.told(journey, event, facts)

    def call(self, name: str, poste: str, seconds: int, filiere: str = "n1") -> list[CallEvent]:
        """A call that rings there, up to the ring."""
        t = T0 + seconds * S
        return [
            ev.CallArrived(call_id=name, at=t, channel=f"c-{name}", did="15", flux="15", caller=None),
            ev.QueueEntered(call_id=name, at=t, filiere=filiere),
            ev.AgentOffered(call_id=name, at=t, filiere=filiere, agent=poste, leg=f"{name}-leg"),
        ]
