"""A desk under test: the real service before a scripted room, and whoever sits at post 1101."""

from dataclasses import dataclass, field

from playwright.async_api import Page, expect

from cti.agents.people import Staff, read_staff
from cti.agents.wishes import Wish
from cti.journey import events as ev
from cti.journey.around.access import AccessRole
from cti.journey.around.callers import Repeat
from cti.journey.around.duty import DutyAct, DutyKind
from cti.journey.around.notes import CallNote
from tests.browser.wall import WallClock, furnish
from tests.fakes.room import Doubles, S

STAFF: Staff = read_staff(
    {
        "agents": {
            "p01": {"nom": "Salle 1, table 1", "fixe": False, "poste": "1101"},
            "p02": {"nom": "Salle 1, table 2", "fixe": False, "poste": "1102"},
            "web01": {"nom": "Navigateur 1", "fixe": False, "poste": "1201"},
            "arm01": {"nom": "Camille Durand", "role": "arm_n1", "filieres": ["n1"], "poste": "1001"},
            "mru01": {"nom": "Dr Anne Petit", "role": "mru", "filieres": ["mru"], "poste": "1021"},
        },
        "personnes": {
            "helene": {"nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": "201"},
            "karim": {"nom": "Karim Benali", "role": "arm_amu", "filieres": ["amu"], "numero": "202"},
        },
    },
    "agents.toml",
)
POSTE = "p01"


def _doubles() -> Doubles:
    return Doubles(clock=WallClock(), staff=STAFF, webrtc=frozenset({"web01"}), spacing_seconds=0.03)


@dataclass
class DeskRoom:
    """The room in the present."""

    doubles: Doubles = field(default_factory=_doubles)

    def __post_init__(self) -> None:
        self.room = self.doubles.room
        furnish(self.doubles)
        self.doubles.board.count_callbacks(3, 1)

    @property
    def now(self) -> int:
        return self.doubles.clock()

    def token(self, name: str = "helene", *roles: AccessRole, personne: str | None = None) -> str:
        return self.doubles.accounts.give(name, *(roles or (AccessRole.ARM_N1,)), personne=name if personne is None else personne)

    async def sit(self, poste: str = POSTE, personne: str = "helene") -> None:
        await self.doubles.duty.wish(Wish(kind=DutyKind.TAKE, poste=poste, by="test", personne=personne))
        for code in STAFF.people[personne].filieres:
            self.room.agent(poste, code, ev.Presence.FREE, self.now)

    async def pause(self, reason: str = "repas") -> None:
        await self.doubles.duty.wish(Wish(kind=DutyKind.PAUSE, poste=POSTE, by="test", reason=reason))

    def wrap_up(self, seconds: int = 20) -> None:
        at = self.now
        act = DutyAct(act_id=f"w{at}", at=at, kind=DutyKind.WRAPUP, poste=POSTE, personne="helene", until_at=at + seconds * S)
        self.doubles.duty.acts.append(act)
        self.doubles.duty.changed()

    # --- calls ---------------------------------------------------------------------------------------------------------

    def ring(self, call: str = "c", *, caller: str | None = "+33612345678", filiere: str = "n1", waited: int = 8) -> None:
        """A caller who has waited so long; the phone has just begun to ring."""
        now = self.now
        if caller is not None:
            self.doubles.repeats[call] = Repeat(2, "before", "2026-350-0000412")
        self.room.arrive(call, now - waited * S, caller=caller)
        self.room.wait(call, filiere, now - waited * S + S)
        self.room.ring(call, POSTE, now)

    def answer(self, call: str = "c") -> None:
        self.room.tell(ev.AgentAnswered(call_id=call, at=self.now, agent=POSTE, leg=f"{call}-{POSTE}"))
        self.room.tell(ev.DossierOpened(call_id=call, at=self.now, dossier_id="d", ref="2026-350-0000871"))

    def talk(self, call: str = "c", *, filiere: str = "n1", since: int = 95) -> None:
        """A talk that goes on since so many seconds; an ARM N1 had the caller before when it is not in n1."""
        began = self.now - (since + 40) * S
        self.doubles.repeats[call] = Repeat(1, "before", None)
        self.room.arrive(call, began)
        self.room.tell(ev.CallRouted(call_id=call, at=began, filiere="n1", source=ev.RouteSource.CTI, motif="15 vers ARM N1"))
        self.room.wait(call, "n1", began + 3 * S)
        if filiere != "n1":
            self.room.answer(call, "arm01", began + 8 * S)
            self.note(call, "Douleur thoracique depuis 1 h, homme 58 ans\n12 rue des Lilas, 3e étage, code 45B", "Camille Durand")
            at = began + 30 * S
            self.room.tell(ev.TransferAsked(call_id=call, at=at, target=filiere, via=ev.TransferVia.API, by="Camille Durand"))
            self.room.wait(call, filiere, at)
        self.room.ring(call, POSTE, self.now - (since + 2) * S)
        self.room.tell(ev.AgentAnswered(call_id=call, at=self.now - since * S, agent=POSTE, leg=f"{call}-{POSTE}"))
        self.room.tell(ev.DossierOpened(call_id=call, at=self.now - since * S, dossier_id="d", ref="2026-350-0000871"))

    def note(self, call: str, texte: str, by: str) -> None:
        one = CallNote(note_id=f"n{self.now}", call_id=call, at=self.now, by=by, poste="arm01", texte=texte)
        self.doubles.hub.noted(one)

    def hold(self, call: str = "c") -> None:
        self.room.tell(ev.CallerHeld(call_id=call, at=self.now))

    def consult(self, call: str = "c", target: str = "mru", *, answered: bool = False) -> None:
        self.hold(call)
        self.room.tell(ev.ConsultStarted(call_id=call, at=self.now, agent=POSTE, line="l", target=target))
        if answered:
            self.consult_answered(call)

    def consult_answered(self, call: str = "c") -> None:
        self.room.tell(ev.ConsultAnswered(call_id=call, at=self.now, agent="mru01", line="l"))

    def three(self, call: str = "c") -> None:
        """A P0: the physician has come, the fire service rings."""
        tell, at = self.room.tell, self.now
        tell(ev.ReinforcementAsked(call_id=call, at=at - 20 * S, filiere="mru", via=ev.TransferVia.API, p0=True, by="Hélène"))
        tell(ev.AgentOffered(call_id=call, at=at - 19 * S, filiere="mru", agent="mru01", leg="m"))
        tell(ev.AgentAnswered(call_id=call, at=at - 15 * S, agent="mru01", leg="m", filiere="mru"))
        tell(
            ev.GuestAsked(
                call_id=call, at=at - 4 * S, guest="g", code="cta", libelle="CTA pompiers", number="0199001811", by="Hélène"
            )
        )

    def end(self, call: str = "c") -> None:
        self.room.end(call, self.now)


async def enter(page: Page, url: str, token: str, where: str = "") -> None:
    """Open the page and show a token."""
    await page.goto(f"{url}/poste{where}#jeton")
    await page.locator("[data-test=token]").fill(token)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=desk]").or_(page.locator("[data-test=choose]"))).to_be_visible()
