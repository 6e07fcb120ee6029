"""Consultations in the core: beside the caller's story, moving neither him nor his stages."""

from journey_stories import at, event, fold, talking

from cti.journey import Journey, Outcome, State, apply
from cti.journey import events as ev
from cti.journey.facts import ConsultClosed, RecordingFaulted
from cti.journey.model import StageEnd

STARTED = event(ev.ConsultStarted, 20)
ANSWERED = event(ev.ConsultAnswered, 24)
RECORDED = event(ev.ConsultRecorded, 20.1)
RETURNED = event(ev.ConsultEnded, 30)
STORY = (STARTED, RECORDED, ANSWERED, RETURNED)


def test_a_consultation_is_kept_whole_and_moves_nobody() -> None:
    before = talking()
    journey = fold(*STORY, journey=before)
    (consult,) = journey.consults
    assert (consult.agent, consult.target, consult.answered_by, consult.how) == ("arm01", "801", "amu01", ev.ConsultEnd.RETURNED)
    assert (consult.started_at, consult.answered_at, consult.ended_at) == (at(20), at(24), at(30))
    assert consult.recording is not None
    assert (consult.recording.stem, consult.recording.started_at) == ("a/c", at(20.1))
    assert (journey.state, journey.stages, journey.anomalies) == (before.state, before.stages, ())


def test_told_twice_it_is_the_same() -> None:
    once = fold(*STORY, journey=talking())
    assert fold(*STORY, journey=once).consults == once.consults
    assert fold(*(one for one in STORY for _ in range(2)), journey=talking()) == once


def test_one_whose_beginning_was_not_seen_tells_nothing() -> None:
    for call in (talking(), fold(event(ev.CallEnded, 22, cause=16), journey=talking())):
        assert fold(ANSWERED, RECORDED, RETURNED, journey=call).consults == ()


def test_two_consultations_for_one_caller_are_two() -> None:
    second = event(ev.ConsultStarted, 40, line="line-2", target="1021")
    busy = event(ev.ConsultEnded, 42, line="line-2", how=ev.ConsultEnd.BUSY)
    journey = fold(*STORY, second, busy, journey=talking())
    assert [(c.target, c.how) for c in journey.consults] == [("801", "returned"), ("1021", "busy")]


def test_the_caller_s_hang_up_ends_it() -> None:
    journey = fold(STARTED, ANSWERED, event(ev.CallEnded, 26, cause=16), RETURNED, journey=talking())
    assert (journey.consults[0].ended_at, journey.consults[0].how) == (at(26), ev.ConsultEnd.CALLER_GONE)
    assert journey.anomalies == ()
    over = fold(*STORY, event(ev.CallEnded, 50, cause=16), journey=talking())
    assert over.consults[0].how is ev.ConsultEnd.RETURNED


def test_a_colleague_who_picks_up_when_the_caller_is_gone_is_told_and_his_voice_belongs_to_the_call() -> None:
    gone = fold(STARTED, event(ev.CallEnded, 22, cause=16), journey=talking())
    assert (gone.consults[0].ended_at, gone.consults[0].how) == (at(22), ev.ConsultEnd.CALLER_GONE)
    late = event(ev.ConsultRecorded, 24.1)
    journey, facts = apply(fold(ANSWERED, late, journey=gone), RETURNED)
    (consult,) = journey.consults
    assert (consult.answered_at, consult.answered_by, consult.ended_at) == (at(24), "amu01", at(30))
    assert consult.how is ev.ConsultEnd.CALLER_GONE
    assert consult.recording is not None
    assert consult.recording.started_at == at(24.1)
    assert facts == (ConsultClosed(journey.call_id, at(30), consult.line),)
    assert (journey.state, journey.ended_at, journey.stages) == (gone.state, gone.ended_at, gone.stages)
    for again in (ANSWERED, late, RETURNED):
        assert apply(journey, again) == (journey, ())
    # The recorder may be told before the answer; an end that nobody saw leaves it where it was heard last.
    assert fold(late, ANSWERED, journey=gone).consults[0].ended_at == at(24)
    assert fold(RETURNED, journey=gone).consults == gone.consults, "nobody picked up"


def test_an_answer_told_late_stays_before_the_caller_s_end() -> None:
    journey = fold(STARTED, event(ev.CallEnded, 26, cause=16), ANSWERED, RETURNED, journey=talking())
    assert (journey.consults[0].answered_at, journey.consults[0].ended_at) == (at(24), at(26))


def test_its_recording_is_checked_beside_the_caller_s() -> None:
    """A fault is told once, on the consultation; the caller's own recordings stay as they were."""
    over = fold(*STORY, event(ev.CallEnded, 50, cause=16), journey=talking())
    fault = event(ev.RecordingChecked, 60, stem="a/c", caller_ms=None, agents_ms=None, bytes=0, problem="fichier absent")
    journey, facts = apply(over, fault)
    assert journey.recordings == over.recordings
    (consult,) = journey.consults
    assert consult.recording is not None
    assert (consult.recording.problem, consult.recording.checked_at) == ("fichier absent", at(60))
    assert facts == (RecordingFaulted(journey.call_id, at(60), "fichier absent"),)
    again = event(ev.RecordingChecked, 70, stem="a/c", caller_ms=None, agents_ms=None, bytes=0, problem="fichier absent")
    assert apply(journey, again)[1] == ()
    assert apply(journey, again)[0].consults == journey.consults


def test_joined_to_whoever_was_asked_the_caller_has_a_stage_of_its_own_wait() -> None:
    leg = {"agent": "amu01", "leg": "leg-2"}
    journey = fold(
        STARTED,
        ANSWERED,
        event(ev.AgentLeft, 33),
        event(ev.ConsultEnded, 33, how=ev.ConsultEnd.TRANSFERRED),
        event(ev.TransferAsked, 33, target="amu", via=ev.TransferVia.REFER, leg="leg-1"),
        event(ev.CallRouted, 21, filiere="amu", source=ev.RouteSource.TRANSFERT, motif="consultation"),
        event(ev.QueueEntered, 21, filiere="amu"),
        event(ev.AgentOffered, 21.5, filiere="amu", **leg),
        event(ev.AgentAnswered, 24, filiere="amu", **leg),
        event(ev.AgentJoined, 33, **leg),
        journey=talking(),
    )
    first, second = journey.stages
    assert (first.end, first.left_at) == (StageEnd.TRANSFERRED, at(33))
    assert (second.filiere, second.wait_ms, second.agent, second.motif) == ("amu", 3000, "amu01", "consultation")
    assert (journey.state, journey.answered_by, journey.anomalies) == (State.TALKING, "arm01", ())
    ended = fold(event(ev.CallEnded, 50, cause=16), journey=journey).stages[1]
    assert (ended.talk_ms, ended.wait_ms) == (17_000, 3000), "what the agents said before he was joined is no talk with him"
    again = event(ev.TransferAsked, 33, target="amu", via=ev.TransferVia.REFER, leg="leg-1")
    assert fold(again, journey=journey).stages == journey.stages, "told late, it ends the stage it speaks of and no other"
    assert fold(event(ev.CallEnded, 60, cause=16), journey=journey).outcome is Outcome.ANSWERED


def test_a_transfer_of_a_leg_nobody_knows_ends_the_stage_in_which_it_was_asked() -> None:
    asked = event(ev.TransferAsked, 33, target="amu", via=ev.TransferVia.REFER, leg="leg-9")
    assert fold(asked, journey=talking()).stages[0].end is StageEnd.TRANSFERRED
    assert fold(asked, journey=Journey(call_id="call-1")).stages == ()
