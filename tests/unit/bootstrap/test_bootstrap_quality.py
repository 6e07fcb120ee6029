"""The desk of quality: what pages and the PBX measured of each leg, tied to its call."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from readiness_house import PHONES

from cti.agents.telephone import PhoneRefusal
from cti.agents.wishes import Wish
from cti.ami.answers import ActionTimeout
from cti.ami.connection import LinkState
from cti.api.page_words_port import PageQuality
from cti.bootstrap.telephone.quality import Line, QualityDesk
from cti.journey.around.duty import DutyKind
from cti.journey.around.quality import LegQuality, Witness
from cti.journey.ledger import StoreUnavailable
from tests.fakes.page_words import FakePbx, frame, quality_desk
from tests.fakes.posts import FakeDuty
from tests.fakes.room import STAFF, Clock

SAID = PageQuality(
    sip="abc", over=False, talk_ms=5_000, received=250, lost=1, sent=250, remote_lost=None, jitter_ms=2.0, round_trip_ms=30.0,
    mos=4.3, mos_min=4.2,
)  # fmt: skip
ENDED = {
    "Event": "UserEvent", "UserEvent": "SasQualite", "Channel": "PJSIP/p01-00000001", "Uniqueid": "1.7",
    "ChanVariable": "SAS_CALL=call", "Sip": "abc",
    "Rtcp": "lp=0;rxcount=300;txcount=300;rlp=0;rtt=0.03;rxjitter=0.001;txjitter=0",
}  # fmt: skip


@dataclass
class Measures:
    """A desk of quality, and what it wrote."""

    written: list[LegQuality] = field(default_factory=list)
    failure: Exception | None = None
    pbx: FakePbx = field(default_factory=lambda: FakePbx({"PJSIP/p01-1CHANNEL(pjsip,call-id)": "abc"}))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.duty = FakeDuty(STAFF, self.clock)
        self.desk: QualityDesk = quality_desk(self.duty, PHONES, self._write, self.clock, self.pbx)
        self.desk.lines = lambda poste: [Line("1.7", "PJSIP/p01-1", "call")] if poste == "p01" else []

    def _write(self, qualities: Any) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.written.extend(qualities)

    async def kept(self) -> list[tuple[str, Witness, int, bool]]:
        await self.desk.flush()
        return [(one.leg, one.witness, one.received, one.over) for one in self.written]


@pytest.fixture
async def measures() -> Measures:
    made = Measures()
    await made.duty.wish(Wish(kind=DutyKind.TAKE, poste="p01", by="test", personne="helene"))
    return made


async def test_what_a_page_measures_is_tied_to_its_leg_by_one_question(measures: Measures) -> None:
    assert await measures.desk.measured("p01", "helene", SAID)
    assert await measures.desk.measured("p01", "helene", replace(SAID, talk_ms=10_000, received=500))
    assert await measures.desk.measured("p01", "helene", SAID), "overtaken by the later one"
    assert not await measures.desk.measured("p01", "helene", replace(SAID, sip="echo"))
    assert measures.pbx.asked == ["PJSIP/p01-1CHANNEL(pjsip,call-id)"]
    assert await measures.kept() == [("1.7", Witness.PAGE, 250, False), ("1.7", Witness.PAGE, 500, False)]
    assert (measures.written[0].call_id, measures.written[0].poste) == ("call", "p01")


async def test_the_last_word_comes_after_the_leg_has_ended(measures: Measures) -> None:
    measures.desk.lines = lambda poste: []
    assert not await measures.desk.measured("p01", "helene", SAID), "nobody knows yet what it is"
    measures.desk.on_frame(frame(**ENDED))
    assert await measures.desk.measured("p01", "helene", replace(SAID, over=True))
    assert await measures.desk.measured("p01", "helene", replace(SAID, talk_ms=9_000)), "told late, it changes nothing"
    assert await measures.kept() == [("1.7", Witness.PBX, 300, True), ("1.7", Witness.PAGE, 250, True)]


async def test_a_consultation_is_its_caller_s_and_an_echo_is_nobody_s(measures: Measures) -> None:
    measures.desk.call_named = lambda call_id: "caller"
    measures.desk.on_frame(frame(**ENDED))
    measures.desk.on_frame(frame(**{**ENDED, "ChanVariable": "SAS_CALL=", "Uniqueid": "1.8", "Sip": "echo"}))
    measures.desk.on_frame(frame(Event="Hangup"))
    assert not await measures.desk.measured("p01", "helene", replace(SAID, sip="echo"))
    await measures.kept()
    assert [one.call_id for one in measures.written] == ["caller"]


async def test_without_the_pbx_or_the_store_nothing_is_lost_that_can_be_had(measures: Measures) -> None:
    measures.pbx.failure = ActionTimeout("late")
    assert not await measures.desk.measured("p01", "helene", SAID)
    measures.pbx.failure = None
    measures.pbx.state = LinkState.BACKING_OFF
    assert not await measures.desk.measured("p01", "helene", SAID)
    measures.pbx.state = LinkState.UP
    assert await measures.desk.measured("p01", "helene", SAID)
    measures.failure = StoreUnavailable("full")
    task = asyncio.create_task(measures.desk.run())
    async with asyncio.timeout(10):
        while not measures.written:
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await measures.kept() == [("1.7", Witness.PAGE, 250, False)]
    with pytest.raises(PhoneRefusal):
        await measures.desk.measured("p01", "anne", SAID)
