"""The PBX's clock is set while people are on the telephone: calls keep their time, and nothing is lost of an hour told twice."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.translate.cel import CelRow
from cti.ami.translate.queue_log import QueueLogRow
from cti.ami.translate.steps import (
    STEPPED,
    ClockSteps,
    Past,
    on_one_clock,
    on_the_same_clock,
    past_of,
    steps_of,
    words_of,
)
from cti.journey import Journey
from cti.journey import events as ev
from cti.journey.model import Anomaly

S = 1_000_000
HOUR = 3600 * S
T0 = 1_797_408_000 * S


def frames(steps: ClockSteps, stamps: Iterable[int], *, steady: int, ours: int = T0) -> list[int]:
    """What each of these stamps shows, one every 100 ms on the steady clock."""
    return [steps.seen(stamp, steady + n * S // 10, ours + n * S // 10) for n, stamp in enumerate(stamps)]


def left(call_id: str, at: int) -> ev.CallEnded:
    return ev.CallEnded(call_id=call_id, at=at)


@pytest.mark.parametrize("by", [HOUR, -HOUR, 5 * S, -3 * S])
def test_a_call_in_progress_keeps_its_time_and_a_later_one_has_the_new(by: int) -> None:
    steps = ClockSteps()
    assert frames(steps, range(T0, T0 + 70 * S, S // 10), steady=0) == [0] * 700
    found = steps.seen(T0 + 70 * S + by, 70 * S, T0 + 70 * S)
    assert found == by
    steps.stepped(found, ["u-1"])
    moved = steps.moved([left("u-1", T0 + 90 * S + by), left("u-2", T0 + 90 * S + by)])
    assert moved == [left("u-1", T0 + 90 * S), left("u-2", T0 + 90 * S + by)]


def test_a_start_that_read_its_first_frames_late_sees_no_step_when_it_is_on_time_again() -> None:
    steps = ClockSteps()
    assert steps.seen(T0, 4 * S, T0 + 4 * S) == 0
    assert steps.seen(T0 + 5 * S, 5 * S, T0 + 5 * S) == 0


def test_twice_set_the_oldest_call_still_has_its_own_time() -> None:
    steps = ClockSteps()
    steps.seen(T0, 0, T0)
    steps.stepped(steps.seen(T0 + HOUR, 1000, T0 + HOUR), ["u-1"])
    steps.stepped(steps.seen(T0 - HOUR, 2000, T0 - HOUR), ["u-1", "u-2"])
    assert [event.at - T0 for event in steps.moved([left("u-1", T0 - HOUR + S), left("u-2", T0 - HOUR + S)])] == [
        pytest.approx(S, abs=2000),
        pytest.approx(HOUR + S, abs=2000),
    ]


@pytest.mark.parametrize("lag", [0, 900_000])
def test_one_machine_knows_its_own_step_exactly_however_late_frames_are(lag: int) -> None:
    """The first frame after the step is read late; our own clock was set by the same and says by how much."""
    steps = ClockSteps()
    frames(steps, [T0, T0 + S // 10], steady=0)
    found = steps.seen(T0 + S // 5 + HOUR, S // 5 + lag, T0 + S // 5 + lag + HOUR)
    assert found == HOUR
    steps.stepped(found, ["u-1"])
    assert steps.moved([left("u-1", T0 + HOUR + 9 * S)]) == [left("u-1", T0 + 9 * S)]


def test_frames_that_come_late_and_together_are_no_step() -> None:
    """A service that was frozen reads fifteen seconds of stamps at once, then is on time again."""
    steps = ClockSteps()
    frames(steps, [T0, T0 + S // 10], steady=0)
    thawed = 15 * S
    assert [steps.seen(T0 + n * S, thawed, T0 + thawed) for n in range(1, 15)] == [0] * 14
    assert steps.seen(T0 + 16 * S, 16 * S, T0 + 16 * S) == 0


def test_a_snapshot_older_frames_come_after_is_no_step() -> None:
    """Frames that waited for the catch-up have stamps from before it, and were received before it."""
    steps = ClockSteps()
    steps.seen(T0 + 20 * S, 20 * S, T0 + 20 * S)
    assert steps.seen(T0 + 5 * S, 5 * S, T0 + 5 * S) == 0


@given(st.lists(st.integers(0, 2 * S - 1), max_size=40), st.lists(st.integers(0, 60 * S), max_size=40))
def test_no_delay_of_frames_is_ever_taken_for_a_step(delays: list[int], pauses: list[int]) -> None:
    steps, stamp, read = ClockSteps(), T0, 0
    for delay, pause in zip(delays, pauses, strict=False):
        stamp += pause
        read = max(read, stamp - T0 + delay)
        assert steps.seen(stamp, read, T0 + read) == 0


def test_a_minute_of_drift_is_forgotten() -> None:
    """The PBX's clock runs slower than ours by a second a minute: an hour later it is far behind, and no step was made."""
    steps = ClockSteps()
    assert {steps.seen(T0 + n * 59 * S, n * 60 * S, T0 + n * 60 * S) for n in range(60)} == {0}
    assert steps.seen(T0 + 60 * 59 * S + 10 * S, 60 * 60 * S, T0 + 60 * 60 * S) != 0, "ten seconds ahead of lately is one"


def test_a_journey_on_the_time_of_now() -> None:
    steps = ClockSteps()
    steps.seen(T0, 0, T0)
    steps.stepped(steps.seen(T0 - HOUR, 1000, T0 - HOUR), ["u-1"])
    lived = steps.as_of_now(Journey(call_id="u-1", t0=T0 - 9 * S, last_at=T0))
    assert (lived.t0, lived.last_at) == (pytest.approx(T0 - HOUR - 9 * S, abs=2000), pytest.approx(T0 - HOUR, abs=2000))
    assert steps.as_of_now(Journey(call_id="u-2", t0=T0)).t0 == T0


def row(at: int, kind: str = "CHAN_START") -> CelRow:
    return CelRow(kind, at, "1.0", "1.0", "PJSIP/x-00000001", "", "15", "sas-entree", "", "", {})


def test_an_hour_told_twice_is_put_on_the_last_clock() -> None:
    rows = [row(T0), row(T0 + 9 * S), row(T0 + 10 * S - HOUR), row(T0 + 12 * S - HOUR)]
    told, set_back, set_at = on_one_clock(rows)
    assert [one.at for one in told] == [T0 + S - HOUR, T0 + 10 * S - HOUR, T0 + 10 * S - HOUR, T0 + 12 * S - HOUR]
    assert (set_back, set_at) == (S - HOUR, T0 + 10 * S - HOUR)


def logged(at: int, event: str = "CONNECT", caller: str = "1.0") -> QueueLogRow:
    return QueueLogRow(at // S * S, caller, "sas-n1", "arm01", event)


def test_queue_log_goes_with_cel_through_an_hour_that_came_twice() -> None:
    """A caller waits through a step back: his ring before it is moved with CEL, his answer after it stays, same second or not."""
    rows = [row(T0), row(T0 + 10 * S), row(T0 + 3 * S - HOUR), row(T0 + 12 * S - HOUR)]
    moved, _, _ = on_one_clock(rows)
    log = [logged(T0, "ENTERQUEUE"), logged(T0 + 10 * S, "RINGNOANSWER"), logged(T0 + 12 * S - HOUR), logged(T0, caller="8.0")]
    at = [one.at for one in on_the_same_clock(log, rows, moved)]
    assert at == [moved[0].at, moved[1].at, T0 + 12 * S - HOUR, T0], "who is not in CEL stays where he is"


def test_a_second_that_came_twice_is_told_by_the_order_of_the_log() -> None:
    rows = [row(T0 + 5 * S), row(T0 + 10 * S), row(T0 + 5 * S)]
    moved, _, _ = on_one_clock(rows)
    twice = on_the_same_clock([logged(T0 + 5 * S), logged(T0 + 10 * S), logged(T0 + 5 * S)], rows, moved)
    assert [one.at for one in twice] == [T0, T0 + 5 * S, T0 + 5 * S]


def test_the_past_has_queue_log_on_the_time_of_now() -> None:
    rows = [row(T0 - HOUR + 1 * S), row(T0 + 10 * S), row(T0 - HOUR + 20 * S)]
    past = past_of(rows, T0 + 10 * S, T0 - HOUR + 30 * S, 0, [logged(T0 + 10 * S)])
    assert [one.at for one in past.log] == [T0 - HOUR + 20 * S]


def test_rows_a_little_out_of_order_stay_as_they_are() -> None:
    rows = [row(T0), row(T0 - S // 2), row(T0 + S)]
    assert on_one_clock(rows) == (rows, 0, 0)


def test_who_came_in_before_a_step_back_that_nobody_saw_has_the_time_of_then() -> None:
    """CEL told on the clock of now; the caller of before the step is moved, the one of after it is not."""
    steps = ClockSteps()
    steps.seen(T0 - HOUR + 20 * S, 0, T0)

    def arrived(call_id: str, at: int) -> ev.CallArrived:
        return ev.CallArrived(call_id=call_id, at=at, channel="1.0", did="15", flux="15", caller=None)

    told = [arrived("u-1", T0 - HOUR), arrived("u-2", T0 - HOUR + 10 * S), left("u-1", T0 - HOUR + 12 * S)]
    moved = steps.moved_past(told, -HOUR, T0 - HOUR + 5 * S)
    assert [event.at for event in moved] == [T0, T0 - HOUR + 10 * S, T0 + 12 * S]


def test_a_step_forward_that_nobody_saw_lengthens_no_call() -> None:
    steps = ClockSteps()
    steps.seen(T0, 0, T0)
    step = steps.seen(T0 + HOUR + 20 * S, 20 * S, T0 + HOUR + 20 * S)
    steps.stepped(step, ["u-1"])
    told = [left("u-1", T0 + 3 * S), left("u-1", T0 + HOUR + 15 * S)]
    assert [event.at for event in steps.moved_past(told, step, T0 + HOUR)] == [T0 + 3 * S, T0 + 15 * S]


def test_where_the_clock_was_not_set_nothing_moves() -> None:
    told = [left("u-1", T0 + 3 * S)]
    assert list(ClockSteps().moved_past(told, 0, 0)) == told


def noted(call_id: str, t0: int, *steps: int) -> Journey:
    notes = tuple(Anomaly(at=T0 + n, kind=STEPPED, detail=words_of(step)) for n, step in enumerate(steps))
    return Journey(call_id=call_id, t0=t0, anomalies=notes)


@given(st.lists(st.integers(-2 * HOUR, 2 * HOUR), max_size=5))
def test_what_is_noted_on_a_call_is_read_again_to_the_microsecond(steps: list[int]) -> None:
    assert steps_of(noted("u-1", T0, *steps)) == sum(steps)
    other = Anomaly(at=T0, kind="second_answer", detail="+1.000000 s of something else")
    assert steps_of(Journey(call_id="u-1", anomalies=(other,))) == 0


def test_a_start_takes_up_the_time_of_calls_that_had_lived_through_steps() -> None:
    steps = ClockSteps()
    steps.seen(T0 - HOUR, 0, T0 - HOUR)
    steps.adopt([noted("u-1", T0, HOUR, -2 * HOUR), noted("u-2", T0 - HOUR)])
    assert steps.moved([left("u-1", T0 - HOUR + S), left("u-2", T0 - HOUR + S)]) == [
        left("u-1", T0 + S),
        left("u-2", T0 - HOUR + S),
    ]
    assert (steps.lived_through("u-1"), steps.lived_through("u-2")) == (True, False)


def test_a_step_that_nobody_saw_concerns_those_who_came_in_before_it() -> None:
    past = past_of([row(T0), row(T0 - HOUR + 5 * S), row(T0 - HOUR + 30 * S)], T0 - 2 * S, T0 - HOUR + 60 * S, 0)
    assert (past.step_us, past.set_at, past.since) == (5 * S - HOUR, T0 - HOUR + 5 * S, T0 + 3 * S - HOUR)
    before, after, aware = noted("u-1", T0 - 9 * S), noted("u-2", T0 - HOUR + 20 * S), noted("u-3", T0 - 9 * S, -HOUR)
    assert past.unaware([before, after, aware]) == ["u-1"]


def test_an_interval_without_a_step_is_as_it_was() -> None:
    rows = [row(T0), row(T0 + S)]
    assert past_of(rows, T0, T0 + 2 * S, 0) == Past(rows, T0, 0, 0, T0 + 2 * S)


def test_in_a_quiet_hour_nothing_after_the_step_is_taken_for_known() -> None:
    """The rows show a smaller step than there was: an hour may have passed between the two beside it."""
    past = past_of([row(T0 - 50 * S), row(T0 - HOUR + 2 * S)], T0, T0 - HOUR + 9 * S, 0)
    assert past.since == T0 - HOUR + 2 * S


def test_the_oldest_of_thousands_of_calls_that_lived_through_a_step_is_forgotten_and_no_other() -> None:
    steps = ClockSteps()
    calls = [f"u-{n}" for n in range(4_097)]
    steps.stepped(HOUR, calls)
    assert [call for call in calls if not steps.lived_through(call)] == ["u-0"]
