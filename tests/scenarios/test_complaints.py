"""What users of other systems complain about, tried on what was recorded on the real PBX (`docs/complaints.md`)."""

import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.ami.recorded import Recorded
from cti.journey import Journey, Outcome, State, apply
from cti.journey import events as ev
from cti.journey.model import StageEnd
from cti.journey.words import from_datetime
from cti.live import Board
from cti.qos import Period, QosReport, from_mapping, report
from cti.qos.period import local_day
from tests.fakes.room import FILIERES
from tests.scenarios.altering import moved, put_in, renamed, stretched, with_value
from tests.scenarios.reading import fold, session, stamp
from tests.scenarios.repertoire import STORIES
from tests.scenarios.stories_of_local import AGENT, LOCAL_STORIES

names = pytest.mark.parametrize("name", sorted(STORIES))
PARIS = ZoneInfo("Europe/Paris")
HOUR_US = 3_600_000_000
SITE = from_mapping(tomllib.loads((Path(__file__).parents[2] / "config" / "qos.toml").read_text(encoding="utf-8")), "qos.toml")


def figures(journeys: Iterable[Journey], period: Period | None = None) -> QosReport:
    journeys = list(journeys)
    first, last = min(j.t0 for j in journeys), max(j.t0 for j in journeys)
    return report(journeys, SITE, "public_24h", period or Period(first, last + 1, PARIS))


def one(records: Iterable[Recorded]) -> Journey:
    (journey,) = fold(records).calls
    return journey


# --- 1: an agent behind a Local channel -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in sorted(LOCAL_STORIES) if "stays" in name])
def test_an_agent_behind_a_local_channel_is_free_at_the_transfer(name: str) -> None:
    folded = fold(session(name))
    (journey,) = folded.calls
    (asked,) = [event for event in folded.events if isinstance(event, ev.TransferAsked)]
    first, second = journey.stages
    assert (first.agent, first.end, second.agent) == (AGENT, StageEnd.TRANSFERRED, "amu01")
    assert first.left_at is not None
    assert abs(first.left_at - asked.at) < 100_000
    assert journey.ended_at is not None
    assert journey.ended_at - first.left_at > 1_000_000, "the call goes on without him"


def test_an_agent_whose_local_channel_goes_away_is_told_to_have_talked_for_a_moment() -> None:
    """Known: Asterisk takes the Local channel out of the talk; our configuration cannot write such a member."""
    first, second = one(session("local_members/transfers_by_refer")).stages
    assert (first.agent, first.end, second.agent) == (AGENT, StageEnd.TRANSFERRED, "amu01")
    assert first.talk_ms is not None
    assert first.talk_ms < 100


@names
def test_an_agent_is_free_at_the_transfer_and_not_at_the_end_of_the_call(name: str) -> None:
    folded = fold(session(name))
    for journey in folded.calls:
        asked = [e.at for e in folded.events if isinstance(e, ev.TransferAsked) and e.call_id == journey.call_id]
        # An agent who leaves others with the caller (P0, conference) passes him on by leaving.
        roomy = any(stage.accompanied is not None for stage in journey.stages)
        left = [stage.left_at for stage in journey.stages if stage.end is StageEnd.TRANSFERRED and not roomy]
        assert all(any(at is not None and at - moment < 250_000 for moment in asked) for at in left)


# --- 2, 3, 23: one caller in several queues ---------------------------------------------------------------------------


def test_a_caller_sent_through_three_queues_is_one_entrant_and_one_answer() -> None:
    found = figures(fold(session("three_filieres_n1_amu_mru")).calls)
    assert [found.figure(code).value for code in ("entrants", "decroches", "abandons")] == [1, 1, 0]
    assert {row.filiere: (row.entered, row.answered) for row in found.stages} == {"n1": (1, 1), "amu": (1, 1), "mru": (1, 1)}


def test_one_queue_visited_twice_is_two_stages_and_one_answered_call() -> None:
    found = figures(fold(session("refer_to_unknown_number_returns")).calls)
    assert [found.figure(code).value for code in ("entrants", "decroches")] == [1, 1]
    assert {row.filiere: (row.entered, row.answered) for row in found.stages} == {"n1": (2, 2)}


@names
def test_there_are_as_many_answers_as_queues_connected_somebody(name: str) -> None:
    """The PBX says so once more, in its own words: `AgentConnect`."""
    folded = fold(session(name))
    # The queue by which every free physician is asked at once is his filière's second one.
    connected = Counter(r.frame()["Queue"].removesuffix("-p0") for r in session(name) if r.frame().event == "AgentConnect")
    told = Counter(f"sas-{s.filiere}" for j in folded.calls for s in j.stages if s.answered_at is not None)
    del connected["sas-sortant"], told["sas-sortant"]  # an agent calls out: nobody's décroché
    alone = [consult for j in folded.calls for consult in j.consults]
    if not alone:  # a filière that an agent asks for himself connects him, and nobody's stage
        assert told == connected
    assert sum(connected.values()) <= sum(told.values()) + len(alone)
    assert all(j.answered_at is not None for j in folded.calls if j.outcome is Outcome.ANSWERED)


def test_each_agent_of_a_call_passed_on_twice_has_his_own_wait_and_talk() -> None:
    journey = one(session("three_filieres_n1_amu_mru"))
    told = [(stage.wait_ms, stage.talk_ms) for stage in journey.stages]
    assert len(set(told)) == 3
    assert all(wait is not None and talk is not None for wait, talk in told)


def test_a_talk_of_more_than_four_hours_is_told_whole() -> None:
    short = one(session("answered_caller_hangs_up"))
    long = one(stretched(session("answered_caller_hangs_up"), lambda r: r.frame().event == "AgentConnect", 5 * HOUR_US))
    assert (short.stages[0].talk_ms, long.stages[0].talk_ms) != (None, None)
    assert (long.stages[0].talk_ms or 0) - (short.stages[0].talk_ms or 0) == 5 * HOUR_US // 1000
    assert (long.wait_ms, long.outcome) == (short.wait_ms, Outcome.ANSWERED)
    (row,) = figures([long]).stages
    assert row.talk_mean_ms == long.stages[0].talk_ms


# --- 6: the queue's own counters --------------------------------------------------------------------------------------

COUNTERS = (
    "HoldTime", "TalkTime", "RingTime", "Position", "OriginalPosition", "Count", "CallsTaken", "LastCall", "LastPause",
    "Calls", "Completed", "Abandoned", "Holdtime", "ServiceLevel", "ServicelevelPerf",
)  # fmt: skip


@names
def test_the_counters_of_the_queue_are_never_believed(name: str) -> None:
    frames = list(session(name))
    for header in COUNTERS:
        frames = [with_value(record, header, b"86399") for record in frames]
    rang = any(record.frame().event == "AgentConnect" for record in session(name))
    assert (frames != list(session(name))) or not rang
    assert fold(frames).journeys == fold(session(name)).journeys


# --- 8, 9, 25: told twice, by two, or too much ------------------------------------------------------------------------


@names
def test_an_abandon_that_the_queue_tells_besides_changes_nothing(name: str) -> None:
    """EXITEMPTY, EXITWITHTIMEOUT and our own Redirect raise `QueueCallerAbandon` too: it is not read."""
    frames = list(put_in(session(name), "QueueCallerLeave", lambda record: renamed(record, "QueueCallerAbandon")))
    folded = fold(frames)
    assert folded.journeys == fold(session(name)).journeys
    assert all(j.outcome is not None for j in folded.calls)


def second_human(records: Iterable[Recorded]) -> list[Recorded]:
    """Another phone rang, and its `DialEnd` says ANSWER as well."""
    answered = put_in(records, "AgentConnect", lambda record: renamed(_other(record), "DialEnd") + b"\r\nDialStatus: ANSWER")
    return list(put_in(answered, "AgentConnect", lambda record: renamed(_other(record), "AgentCalled")))


def _other(record: Recorded) -> Recorded:
    other = with_value(with_value(record, "DestUniqueid", b"9.9"), "DestChannel", b"PJSIP/arm09-00000099")
    return with_value(other, "Interface", b"PJSIP/arm09")


@names
def test_two_agents_who_are_said_to_have_answered_are_one_answer_of_the_call(name: str) -> None:
    before, after = fold(session(name)), fold(second_human(session(name)))
    assert after.journeys.keys() == before.journeys.keys()
    for call_id, journey in before.journeys.items():
        told = after.journeys[call_id]
        assert (told.answered_at, told.answered_by, told.outcome) == (journey.answered_at, journey.answered_by, journey.outcome)
        assert len(told.stages) == len(journey.stages)
    # Whom a request asks (P0, reinforcement) is told by the birth of his channel, not by the queue.
    frames = [record.frame() for record in session(name)]
    connected = any(f.event == "AgentConnect" and not f.get("Channel", "").startswith("Local/") for f in frames)
    legs = [leg.agent for j in after.calls for stage in j.stages for leg in stage.legs]
    asked = any(j.consults for j in before.calls)
    assert ("arm09" in legs) is connected or asked, "the second human is written down, in the stage of the first"


def test_phones_that_ring_together_are_one_call_with_many_legs() -> None:
    """One row for the call, whatever the number of phones."""
    for name in STORIES:
        folded = fold(session(name))
        assert len(folded.calls) == len({j.channel for j in folded.calls}) == len(STORIES[name].truths)


# --- 11, 13: recordings ------------------------------------------------------------------------------------------------


@names
def test_every_recording_that_was_announced_belongs_to_a_call(name: str) -> None:
    announced = {r.frame()["File"] for r in session(name) if r.frame().get("UserEvent") == "SasRecording"}
    calls_ = fold(session(name)).calls
    linked = {rec.stem for j in calls_ for rec in j.recordings}
    linked |= {c.recording.stem for j in calls_ for c in j.consults if c.recording is not None}
    assert announced <= linked


def test_nothing_is_read_from_the_name_of_a_recording() -> None:
    lying = b"/var/spool/asterisk/sas/1999/01/01/0612345678-112-never"
    frames = [with_value(record, "File", lying) for record in session("answered_caller_hangs_up")]
    told, true = one(frames), one(session("answered_caller_hangs_up"))
    assert (told.caller, told.flux, told.t0, told.call_id) == (true.caller, true.flux, true.t0, true.call_id)
    assert [rec.stem for rec in told.recordings] == [lying.decode()]


# --- 18: the board -----------------------------------------------------------------------------------------------------


@names
def test_the_board_counts_each_caller_once_at_every_frame(name: str) -> None:
    board = Board(FILIERES, clock=lambda: stamp(session(name)[0]))
    board.seen(ev.LinkUp(at=0))
    journeys: dict[str, Journey] = {}
    for event in fold(session(name)).events:
        if not isinstance(event, ev.CallEvent):
            board.seen(event)
            continue
        journeys[event.call_id], facts = apply(journeys.get(event.call_id) or Journey(call_id=event.call_id), event)
        board.told(journeys[event.call_id], event, facts)
        live = [j for j in journeys.values() if j.state not in (State.EXPECTED, State.ENDED)]
        picture = board.snapshot()
        waiting = sum(j.state is State.WAITING for j in live)
        assert picture["totals"]["calls"] == len(live) == len(picture["calls"])
        assert picture["totals"]["waiting"] == waiting == sum(f["waiting"] for f in picture["filieres"].values())
    assert board.snapshot()["calls"] == {}


# --- 21: nights and midnights -------------------------------------------------------------------------------------------


def paris(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=PARIS))


@pytest.mark.parametrize(
    ("night", "day"),
    [
        ("2026-10-25T02:59:58", "2026-10-25"),  # 25 hours: the caller waits while 02:59 becomes 02:00 again
        ("2026-03-29T01:59:58", "2026-03-29"),  # 23 hours: 01:59 becomes 03:00
        ("2026-11-17T23:59:58", "2026-11-17"),  # midnight
        ("2026-12-31T23:59:58", "2026-12-31"),
    ],
)
@pytest.mark.parametrize("name", ["answered_caller_hangs_up", "three_filieres_n1_amu_mru", "abandon_in_queue"])
def test_a_call_over_a_change_of_hour_or_day_is_told_alike_and_counted_once(name: str, night: str, day: str) -> None:
    usual = one(session(name))
    over = one(moved(session(name), paris(night) - usual.t0))
    assert (over.wait_ms, over.outcome) == (usual.wait_ms, usual.outcome)
    assert [(s.wait_ms, s.talk_ms, s.end) for s in over.stages] == [(s.wait_ms, s.talk_ms, s.end) for s in usual.stages]
    assert over.ended_at is not None
    period = local_day(datetime.fromisoformat(day).date(), PARIS)
    found = figures([over], period)
    assert found.figure("entrants").value == 1, "a call belongs to the day of its arrival"
    rows: list[Any] = [row for row in found.hours if row.values["entrants"]]
    assert len(rows) == 1
    nextday = Period(period.until, period.until + 24 * HOUR_US, PARIS)
    assert figures([over], nextday).figure("entrants").value == 0


# --- 24: who calls -------------------------------------------------------------------------------------------------------


def test_a_caller_who_hangs_up_at_once_is_a_call_with_its_line() -> None:
    journey = one(session("pocket_call_under_one_second"))
    assert (journey.outcome, journey.flux, journey.did) == (Outcome.ABANDONED, "15", "15")
    assert journey.wait_ms is not None
    assert journey.wait_ms < 1500


def test_a_masked_caller_is_nobody_and_not_a_number() -> None:
    assert one(session("masked_caller")).caller is None
