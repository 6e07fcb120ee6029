"""What the caller's recording must hold when several people are with him."""

from recording_voices import CALL, T0, S

from cti.journey import CallEvent, Journey, apply
from cti.journey import events as ev
from cti.qos.tally import talk_ms
from cti.recording.passages import passages, talked_ms


def fold(*story: CallEvent) -> Journey:
    journey = Journey(call_id=CALL)
    for event in story:
        journey, _ = apply(journey, event)
    return journey


def with_two(asked: int, answered: int, joined: int) -> Journey:
    """An ARM from 10 s to 30 s; a physician asked, answering and joining at these seconds, and there until 50 s."""
    arm = {"call_id": CALL, "agent": "arm01", "leg": "a"}
    mru = {"call_id": CALL, "agent": "mru01", "leg": "m"}
    return fold(
        ev.CallArrived(call_id=CALL, at=T0, channel="1.1", did="15", flux="15", caller=None),
        ev.RecordingStarted(call_id=CALL, at=T0, stem="s"),
        ev.QueueEntered(call_id=CALL, at=T0 + 5 * S, filiere="n1"),
        ev.AgentOffered(at=T0 + 5 * S, filiere="n1", **arm),
        ev.AgentAnswered(at=T0 + 10 * S, **arm),
        ev.ReinforcementAsked(call_id=CALL, at=T0 + asked * S, filiere="mru", via=ev.TransferVia.API),
        ev.AgentOffered(at=T0 + asked * S, filiere="mru", **mru),
        ev.AgentAnswered(at=T0 + answered * S, filiere="mru", **mru),
        ev.AgentJoined(at=T0 + joined * S, **mru),
        ev.AgentLeft(at=T0 + 30 * S, **arm),
        ev.AgentLeft(at=T0 + 50 * S, **mru),
        ev.CallEnded(call_id=CALL, at=T0 + 50 * S),
    )


def test_a_physician_is_heard_beside_the_arm_from_the_moment_he_joins() -> None:
    journey = with_two(12, 20, 20)
    assert [(p.start_ms, p.end_ms) for p in passages(journey, journey.recordings[0])] == [(10_000, 30_000), (20_000, 50_000)]


def test_what_he_said_apart_before_is_not_expected_there() -> None:
    journey = with_two(12, 15, 25)
    assert passages(journey, journey.recordings[0])[1].start_ms == 25_000


def test_two_who_talk_at_once_make_no_longer_recording() -> None:
    journey = with_two(12, 20, 20)
    assert talked_ms(passages(journey, journey.recordings[0])) == 40_000


def test_a_minute_with_two_people_is_one_minute_of_talk() -> None:
    assert talk_ms(with_two(12, 20, 20)) == 40_000
