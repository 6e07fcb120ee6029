"""A desk of readiness with everything around it in the hands of the test."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from cti.agents.telephone import PhoneRules
from cti.agents.wishes import Wish
from cti.api.page_words_port import PageState, VoiceTried
from cti.bootstrap.readiness.desk import ReadinessDesk
from cti.journey.around.duty import DutyKind
from cti.journey.events import Presence
from cti.live import Board
from tests.fakes.page_words import FakePbx, frame, readiness_desk
from tests.fakes.posts import FakeDuty
from tests.fakes.room import FILIERES, STAFF, Clock

PHONES = PhoneRules(frozenset({"p01"}), 0)
TRIED = VoiceTried("one", ok=True, loss=0.0)


@dataclass
class House:
    """A desk, who sits where, and what it told."""

    clock: Clock = field(default_factory=Clock)
    pbx: FakePbx = field(default_factory=FakePbx)
    seen: dict[tuple[str, str], Presence] = field(default_factory=dict)
    changed: list[set[str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.duty = FakeDuty(STAFF, self.clock)
        self.board = Board(FILIERES, clock=self.clock)
        self.desk = self.anew()

    def anew(self) -> ReadinessDesk:
        """The service begins."""
        desk = readiness_desk(self.duty, PHONES, self.board, self.clock, self.pbx, seen=lambda: self.seen)
        desk.changed = lambda posts: self.changed.append(set(posts))
        desk.lost = self.lost.append
        self.duty.changed = desk.stir
        self.desk = desk
        return desk

    async def sits(self, poste: str = "p01", personne: str = "helene", kind: DutyKind = DutyKind.TAKE) -> None:
        await self.duty.wish(Wish(kind=kind, poste=poste, by="test", personne=personne))

    async def says(self, who: str = "helene", **word: Any) -> dict[str, Any]:
        said = {"sent_at": self.clock(), "micro_dbfs": -20.0, "micro_cut": False, "voice": TRIED, **word}
        return await self.desk.state("p01", who, PageState(**said))

    def contact(self, word: str, usec: str = "0", port: int = 5062) -> None:
        uri = f"sip:p01@192.0.2.7:{port}"
        self.desk.on_frame(frame(Event="ContactStatus", AOR="p01", URI=uri, ContactStatus=word, RoundtripUsec=usec))

    async def round(self, *, look: bool = True) -> None:
        """The desk asks the PBX once, about everybody or about whom it must."""
        if look:
            self.desk.look()
        task = asyncio.create_task(self.desk.run())
        async with asyncio.timeout(5):
            while not self.pbx.asked:
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
