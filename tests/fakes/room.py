"""A regulation room without a PBX: real core, real board, real feed; the ports of the api are doubles filled by the test."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cti.agents.people import Staff, read_staff
from cti.ami.connection import wait_for_event
from cti.api import Check, FiliereCard, Ports, RoomWish, TransferResult, TransferVerdict, UnknownProfile
from cti.api.calling_port import PlaceResult, PlaceVerdict, PlaceWish
from cti.bootstrap.answering.answers import load_of
from cti.bootstrap.answering.callbacks import CallbackDesk
from cti.bootstrap.answering.crisis import CrisisDesk
from cti.bootstrap.desk.desks import Desks
from cti.bootstrap.desk.hub import Hub
from cti.bootstrap.desk.opening import Seats
from cti.journey import CallEvent, Instant, Journey, apply
from cti.journey import events as ev
from cti.journey.around.callers import Repeat
from cti.journey.around.crisis import CrisisAct
from cti.journey.around.quality import LegQuality
from cti.live import Board, DayCount, Feed, FiliereSpec
from cti.routing.crise import CriseRules
from tests.fakes.access import MemoryAccounts, MemorySigning, MemoryTraces, access_desk, no_provider, shipped_routes, sign_in_desk
from tests.fakes.desks import FakeLine, MemoryNotes
from tests.fakes.listening import NobodyListens
from tests.fakes.page_words import quality_desk, readiness_desk
from tests.fakes.posts import FakeDuty, FakeTelephone
from tests.fakes.shelf import RULES, MemoryShelf
from tests.fakes.store import at_once

#: 2026-12-16T08:00:00Z
T0: Instant = 1_797_408_000_000_000
S: Instant = 1_000_000

FILIERES = tuple(
    FiliereSpec(code=code, libelle=libelle, ordre=ordre, couleur=couleur)
    for ordre, (code, libelle, couleur) in enumerate(
        (
            ("n1", "ARM N1", "#1565c0"),
            ("amu", "ARM AMU", "#c62828"),
            ("mru", "Médecin régulateur urgentiste", "#ad1457"),
            ("mg", "OSNP", "#2e7d32"),
            ("mrg", "Médecin régulateur généraliste", "#558b2f"),
            ("psy", "Psychiatrie", "#6a1b9a"),
            ("dentaire", "Dentaire", "#00838f"),
        ),
        start=1,
    )
)
CARDS = tuple(
    FiliereCard(
        code=spec.code, libelle=spec.libelle, niveau=1 if spec.code == "n1" else 2, ordre=spec.ordre,
        couleur=spec.couleur, numero=str(2000 + spec.ordre), debordement=None,
    )
    for spec in FILIERES
)  # fmt: skip


#: One post that is anybody's, one that is not, two people.
STAFF = read_staff(
    {
        "agents": {
            "p01": {"nom": "Poste 1", "fixe": False, "poste": "1101"},
            "p02": {"nom": "Poste 2", "fixe": False, "poste": "1102"},
            "arm01": {"nom": "Camille Durand", "role": "arm_n1", "filieres": ["n1"], "poste": "1001"},
        },
        "personnes": {
            "helene": {"nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": "201"},
            "anne": {"nom": "Dr Anne Petit", "role": "mru", "filieres": ["mru"], "numero": "301"},
        },
    },
    "agents.toml",
)


class Clock:
    """Time that moves when it is told to."""

    def __init__(self, now: Instant = T0) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now


class Room:
    """Tells a board, and the desks, what happens, through the real fold, as the pipeline does."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.hub: Hub | None = None
        self.journeys: dict[str, Journey] = {}
        self.sights: dict[tuple[str, str], ev.Presence] = {}

    def tell(self, *events: CallEvent) -> None:
        for event in events:
            journey, facts = apply(self.journeys.get(event.call_id) or Journey(call_id=event.call_id), event)
            self.journeys[event.call_id] = journey
            self.board.told(journey, event, facts)
            if self.hub is not None:
                self.hub.told(journey, event, facts)

    def arrive(self, call_id: str, at: Instant, *, flux: str = "15", caller: str | None = "+33612345678") -> None:
        self.tell(ev.CallArrived(call_id=call_id, at=at, channel=f"ch-{call_id}", did="15", flux=flux, caller=caller))

    def wait(self, call_id: str, filiere: str, at: Instant, *, priority: int = 0) -> None:
        if priority:
            self.tell(ev.CallRouted(call_id=call_id, at=at, filiere=filiere, source=ev.RouteSource.CTI, priority=priority))
        self.tell(ev.QueueEntered(call_id=call_id, at=at, filiere=filiere))

    def ring(self, call_id: str, agent: str, at: Instant) -> None:
        stage = self.journeys[call_id].stage
        assert stage is not None
        leg = f"{call_id}-{agent}"
        self.tell(ev.AgentOffered(call_id=call_id, at=at, filiere=stage.filiere, agent=agent, leg=leg))

    def answer(self, call_id: str, agent: str, at: Instant) -> None:
        self.ring(call_id, agent, at)
        self.tell(ev.AgentAnswered(call_id=call_id, at=at, agent=agent, leg=f"{call_id}-{agent}"))

    def end(self, call_id: str, at: Instant) -> None:
        self.tell(ev.CallEnded(call_id=call_id, at=at, cause=16))

    def agent(self, agent: str, filiere: str, presence: ev.Presence, at: Instant, nom: str = "") -> None:
        self.see(ev.AgentSeen(at=at, agent=agent, filiere=filiere, presence=presence, nom=nom))

    def see(self, event: ev.PbxEvent) -> None:
        self.board.seen(event)
        if isinstance(event, ev.AgentSeen):
            self.sights[event.agent, event.filiere] = event.presence
        if self.hub is not None:
            self.hub.seen(event)


class FakeReader:
    """Calls in memory; ``down`` makes it fail as a store out of reach does."""

    def __init__(self, journeys: Sequence[Journey] = ()) -> None:
        self.rows = list(journeys)
        self.failure: Exception | None = None
        self.known: dict[str, Repeat] = {}
        self.legs: list[LegQuality] = []

    async def journeys(
        self, since: Instant, until: Instant, *, flux: str | None, limit: int, newest_first: bool
    ) -> Sequence[Journey]:
        if self.failure is not None:
            raise self.failure
        rows = [row for row in self.rows if since <= row.t0 < until and flux in (None, row.flux)]
        return sorted(rows, key=lambda row: (row.t0, row.call_id), reverse=newest_first)[:limit]

    async def journey(self, call_id: str) -> Journey | None:
        if self.failure is not None:
            raise self.failure
        return next((row for row in self.rows if row.call_id == call_id), None)

    async def heard(self, call_id: str) -> Sequence[LegQuality]:
        return [leg for leg in self.legs if leg.call_id == call_id]

    async def repeats(self, journeys: Sequence[Journey]) -> Mapping[str, Repeat]:
        return {journey.call_id: self.known[journey.call_id] for journey in journeys if journey.call_id in self.known}


@dataclass
class FakeRooms:
    """Answers what it is told to and remembers what was asked."""

    result: TransferResult = field(default_factory=lambda: TransferResult(TransferVerdict.ASKED, "Demandé."))
    asked: list[tuple[str, RoomWish]] = field(default_factory=list)
    directory: Sequence[tuple[str, str, str]] = (("cta", "CTA pompiers", "0199001811"),)

    async def act(self, call_id: str, wish: RoomWish) -> TransferResult:
        self.asked.append((call_id, wish))
        return self.result


@dataclass
class FakeTransfers:
    """Answers what it is told to and remembers what was asked."""

    result: TransferResult = field(default_factory=lambda: TransferResult(TransferVerdict.ASKED, "Transfert demandé."))
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def transfer(self, call_id: str, filiere: str, by: str) -> TransferResult:
        self.asked.append((call_id, filiere, by))
        return self.result


@dataclass
class FakeCalling:
    """Answers what it is told to and remembers what was wished."""

    result: PlaceResult = field(default_factory=lambda: PlaceResult(PlaceVerdict.ASKED, "Le poste sonne.", "out-1"))
    asked: list[PlaceWish] = field(default_factory=list)

    async def place(self, wish: PlaceWish) -> PlaceResult:
        self.asked.append(wish)
        return self.result


@dataclass
class FakeQos:
    """Figures that say what they were asked for."""

    asked: list[tuple[Instant | None, Instant | None, str | None]] = field(default_factory=list)

    async def __call__(self, since: Instant | None, until: Instant | None, profile: str | None) -> dict[str, Any]:
        self.asked.append((since, until, profile))
        if profile not in (None, "national"):
            raise UnknownProfile(f"Profil « {profile} » inconnu ; le site a : national.")
        return {"profile": profile, "indicators": [{"code": "qs30", "value": None, "formula": "décrochés < 30 s / décrochés"}]}


@dataclass
class FakeReconciler:
    """A report that says what it was asked for."""

    asked: list[tuple[Instant | None, Instant | None]] = field(default_factory=list)

    async def __call__(self, since: Instant | None, until: Instant | None) -> dict[str, Any]:
        self.asked.append((since, until))
        return {"agrees": True, "differences": []}


@dataclass
class FakeReadiness:
    """Checks as the test wants them."""

    checks: list[Check] = field(default_factory=lambda: [Check("link", True), Check("store", True)])

    async def __call__(self) -> Sequence[Check]:
        return self.checks


@dataclass
class MemoryCrises:
    """The history of crisis mode, in memory."""

    rows: list[CrisisAct] = field(default_factory=list)
    failure: Exception | None = None

    def acts(self, after: int = 0) -> tuple[CrisisAct, ...]:
        if self.failure is not None:
            raise self.failure
        return tuple(act for act in self.rows if act.number > after)

    def add(self, work: Callable[[Sequence[CrisisAct]], CrisisAct]) -> CrisisAct:
        if self.failure is not None:
            raise self.failure
        self.rows.append(work(tuple(self.rows)))
        return self.rows[-1]


@dataclass
class Doubles:
    """The room, the doubles, and the ports made of them."""

    clock: Clock = field(default_factory=Clock)
    reader: FakeReader = field(default_factory=FakeReader)
    transfers: FakeTransfers = field(default_factory=FakeTransfers)
    calling: FakeCalling = field(default_factory=FakeCalling)
    rooms: FakeRooms = field(default_factory=FakeRooms)
    qos: FakeQos = field(default_factory=FakeQos)
    reconciler: FakeReconciler = field(default_factory=FakeReconciler)
    readiness: FakeReadiness = field(default_factory=FakeReadiness)
    history: int = 4096
    spacing_seconds: float = 0.05
    max_screens: int = 200
    staff: Staff = STAFF
    webrtc: frozenset[str] = frozenset({"p02"})
    kept: object = None  #: what is kept of the voice has a real site of its own to be tested on

    def __post_init__(self) -> None:
        self.board = Board(FILIERES, clock=self.clock, history=self.history)
        self.feed = Feed(self.board, pause=asyncio.sleep, spacing_seconds=self.spacing_seconds, max_screens=self.max_screens)
        self.room = Room(self.board)
        self.shelf = MemoryShelf()
        self.duty = FakeDuty(self.staff, self.clock)
        self.repeats: dict[str, Repeat] = {}
        self.notes, self.line = MemoryNotes(), FakeLine()
        self.hub = self._hub()
        self.room.hub, self.duty.changed = self.hub, self.hub.seats_changed
        self.desks = Desks(self.hub, self.staff, self.webrtc, self.notes, at_once, self.clock, self._find, self.line.hang_up)
        self.telephone = FakeTelephone(self.duty, self.clock)
        self.page_states = readiness_desk(self.duty, self.telephone.rules, self.board, self.clock)
        self.measured: list[LegQuality] = []
        self.page_qualities = quality_desk(self.duty, self.telephone.rules, self.measured.extend, self.clock)
        self.desk = CallbackDesk(self.shelf, RULES, self.board, at_once, self.clock)
        self.accounts, self.traces = MemoryAccounts(), MemoryTraces()
        self.recognised = MemorySigning(self.accounts, self.traces)
        self.access = access_desk(self.accounts, self.traces, self.clock, signing=self.recognised)
        self.rights = shipped_routes()
        self.provider = no_provider(self.recognised, self.traces, self.clock)
        self.signing = sign_in_desk(self.recognised, self.traces, self.clock)
        self.crises = MemoryCrises()
        self.crisis = CrisisDesk(
            self.crises, CriseRules(), self.board, at_once, self.clock, lambda: load_of(self.board), wait_for_event
        )

    def _hub(self) -> Hub:
        seats = Seats(
            staff=self.staff, standings=lambda: self.duty.standings, sights=lambda: self.room.sights, webrtc=self.webrtc,
            clock=self.clock,
        )  # fmt: skip
        site = seats.site("mru", lambda journey: self.repeats.get(journey.call_id))
        return Hub(site, self.board, self.clock, lambda s, work: asyncio.get_running_loop().call_later(s, work), asyncio.sleep)

    async def _find(self, call_id: str) -> Journey | None:
        return self.room.journeys.get(call_id)

    def ports(self) -> Ports:
        return Ports(
            access=self.access,
            desks=self.desks,
            signing=self.signing,
            rights=self.rights,
            provider=self.provider,
            calls=self.reader,
            transfers=self.transfers,
            calling=self.calling,
            rooms=self.rooms,
            listening=NobodyListens(),
            draws=NobodyListens(),
            callbacks=self.desk,
            crisis=self.crisis,
            duty=self.duty,
            telephone=self.telephone,
            page_states=self.page_states,
            page_qualities=self.page_qualities,
            qos=self.qos,
            reconcile=self.reconciler,
            readiness=self.readiness,
            board=self.board,
            feed=self.feed,
            kept=self.kept,  # type: ignore[arg-type]
            filieres=CARDS,
            clock=self.clock,
        )


def day_count(**changes: Any) -> DayCount:
    """A day's figures."""
    values: dict[str, Any] = {
        "day": date(2026, 12, 16), "entrants": 412, "answered": 371, "abandoned": 41, "abandoned_early": 17,
        "qs30": 0.8921, "taux_accueil": 0.9392, "uncertain": 0, "short_talks": 9,
        "formule_short_talks": "décrochés dont toute la conversation dure moins de 10 s",
        "formule_qs30": "décrochés en moins de 30 s / décrochés",
        "formule_taux_accueil": "décrochés / (entrants − abandonnés avant 10 s)",
    }  # fmt: skip
    return DayCount(**{**values, **changes})
