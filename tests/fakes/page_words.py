"""The real desks of readiness and quality, on a PBX that answers what the test says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cti.agents.ready_rules import ReadyRules
from cti.agents.telephone import PhoneRules
from cti.ami.answers import ActionFailed, Answer, Headers
from cti.ami.connection import LinkState, wait_for_event
from cti.ami.frames import AmiError, Frame
from cti.bootstrap.readiness.desk import Alarms, ReadinessDesk, Room
from cti.bootstrap.telephone.quality import QualityDesk
from cti.journey import Instant
from cti.journey.around.quality import LegQuality
from tests.fakes.posts import FakeDuty
from tests.fakes.store import at_once


def frame(**headers: str) -> Frame:
    """A frame as the PBX sends it."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return Frame(f"{lines}\r\n".encode(), 0, 0)


@dataclass
class FakePbx:
    """A link whose PBX has these values; whatever it has not is empty, as Asterisk has it."""

    values: dict[str, str] = field(default_factory=dict)
    state: LinkState = LinkState.UP
    failure: AmiError | None = None
    asked: list[str] = field(default_factory=list)
    refuses: str = ""  #: of whatever names this

    async def ask(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        variable = f"{headers.get('Channel', '')}{headers['Variable']}"
        self.asked.append(variable)
        if self.failure is not None:
            raise self.failure
        if action != "Getvar" or (self.refuses and self.refuses in variable):
            raise ActionFailed(action, "unknown", frame(Response="Error"))
        return Answer(frame(Response="Success", Value=self.values.get(variable, "")))


def readiness_desk(
    duty: FakeDuty, phones: PhoneRules, board: Alarms, clock: Callable[[], Instant], pbx: FakePbx | None = None, **room: Any
) -> ReadinessDesk:
    """Whether posts are ready."""
    known: dict[str, Any] = {
        "posts": frozenset({"p01", "p02", "arm01"}), "phones": phones, "rules": (ReadyRules(),), "last_resort": "n1",
        "standings": lambda: duty.standings, "seen": dict, "names": duty.staff.nom, **room,
    }  # fmt: skip
    link = pbx or FakePbx(state=LinkState.BACKING_OFF)
    return ReadinessDesk(Room(**known), lambda: link, clock, wait_for_event, board)  # type: ignore[arg-type,return-value]


def quality_desk(
    duty: FakeDuty,
    phones: PhoneRules,
    write: Callable[[Sequence[LegQuality]], None],
    clock: Callable[[], Instant],
    pbx: FakePbx | None = None,
) -> QualityDesk:
    """How well legs are heard."""
    link = pbx or FakePbx(state=LinkState.BACKING_OFF)
    return QualityDesk(phones, lambda: duty.standings, lambda: link, write, at_once, clock, wait_for_event)  # type: ignore[arg-type,return-value]
