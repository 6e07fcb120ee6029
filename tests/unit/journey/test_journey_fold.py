"""The fold, story by story."""

from dataclasses import replace

import pytest
from journey_stories import CALL, at, event, fold, fold_all, talking, waiting

from cti.journey import Journey, Outcome, Quality, State, apply
from cti.journey import events as ev
from cti.journey.facts import AnomalyNoted, CallAnswered, CallClosed, CallOpened, RecordingFaulted, StageAnswered
from cti.journey.model import AbandonPhase, Gap, StageEnd


def _greeted() -> Journey:
    """Greeted, then waiting."""
    return fold(event(ev.CallArrived, 0), event(ev.GreetingStarted, 1), event(ev.GreetingEnded, 9), event(ev.QueueEntered, 10))


def test_a_call_from_ring_to_hang_up() -> None:
    journey, facts = fold_all(
        [
            event(ev.CallArrived, 0),
            event(ev.GreetingStarted, 0.1),
            event(ev.CallRouted, 0.2, motif="flux 15", priority=7),
            event(ev.GreetingEnded, 8.1),
            event(ev.QueueEntered, 8.2),
            event(ev.AgentOffered, 8.3),
            event(ev.AgentAnswered, 12),
            event(ev.AgentJoined, 12.1),
            event(ev.RecordingStarted, 12.2),
            event(ev.DossierOpened, 12.3),
            event(ev.AgentLeft, 100),
            event(ev.CallEnded, 100.1, cause=16),
        ]
    )
    assert facts == [
        CallOpened(CALL, at(0)),
        CallAnswered(CALL, at(12), "arm01", "n1", 12_000),
        StageAnswered(CALL, at(12), "arm01", "n1", 0),
        CallClosed(CALL, at(100.1), Outcome.ANSWERED),
    ]
    assert (journey.state, journey.outcome, journey.wait_ms, journey.greeting_ms) == (
        State.ENDED,
        Outcome.ANSWERED,
        12_000,
        8_000,
    )
    (stage,) = journey.stages
    assert (stage.wait_ms, stage.talk_ms, stage.end, stage.motif, stage.priority) == (
        3_800,
        88_000,
        StageEnd.AGENT_HANGUP,
        "flux 15",
        7,
    )
    assert (journey.joined_at, stage.joined_at, stage.legs[0].joined_at) == (at(12.1),) * 3
    assert (journey.dossier_ref, journey.recordings[0].stem) == ("2026-326-0000001", "a/b")
    assert journey.quality is Quality.OBSERVED
    assert journey.abandon_phase is None
    assert journey.lost_waiting is None


@pytest.mark.parametrize(
    ("story", "phase"),
    [
        ([(ev.GreetingStarted, 1, {}), (ev.CallEnded, 5, {})], AbandonPhase.GREETING),
        ([(ev.QueueEntered, 8, {}), (ev.CallEnded, 12, {})], AbandonPhase.QUEUE),
        ([(ev.QueueEntered, 8, {}), (ev.AgentOffered, 9, {}), (ev.CallEnded, 12, {})], AbandonPhase.RINGING),
        (
            [
                (ev.QueueEntered, 8, {}),
                (ev.AgentOffered, 9, {}),
                (ev.OfferEnded, 11.99, {"how": ev.OfferEnd.CANCELLED}),
                (ev.CallEnded, 12, {}),
            ],
            AbandonPhase.RINGING,
        ),
        (
            [(ev.QueueEntered, 8, {}), (ev.AgentOffered, 9, {}), (ev.OfferEnded, 11, {}), (ev.CallEnded, 12, {})],
            AbandonPhase.QUEUE,
        ),
    ],
)
def test_abandons(story: list[tuple[type[ev.CallEvent], float, dict[str, object]]], phase: AbandonPhase) -> None:
    journey, facts = fold_all([event(ev.CallArrived, 0), *(event(kind, s, **given) for kind, s, given in story)])
    assert (journey.outcome, journey.abandon_phase) == (Outcome.ABANDONED, phase)
    assert facts[-1] == CallClosed(CALL, journey.ended_at or 0, Outcome.ABANDONED)
    assert journey.wait_ms == (journey.ended_at or 0) // 1000 - journey.t0 // 1000


def test_refused_and_test_calls() -> None:
    assert fold(event(ev.CallArrived, 0), event(ev.CallEnded, 0.1, cause=34)).outcome is Outcome.REFUSED
    assert fold(event(ev.CallEnded, 12, cause=34), journey=waiting()).outcome is Outcome.ABANDONED
    tested = fold(event(ev.CallArrived, 0, test=True), event(ev.CallEnded, 5))
    assert (tested.outcome, tested.abandon_phase) == (Outcome.TEST, None)


def test_a_transfer_to_another_filiere_and_a_caller_lost_there() -> None:
    journey, facts = fold_all(
        [
            event(ev.TransferAsked, 60, via=ev.TransferVia.TOUCHE),
            event(ev.AgentLeft, 60.1),
            event(ev.CallRouted, 60.2, filiere="mg", source=ev.RouteSource.TRANSFERT),
            event(ev.QueueEntered, 60.3, filiere="mg"),
            event(ev.CallEnded, 90),
        ],
        talking(),
    )
    first, second = journey.stages
    assert (first.end, first.via, first.left_at, first.talk_ms) == (StageEnd.TRANSFERRED, ev.TransferVia.TOUCHE, at(60), 45_000)
    assert (second.filiere, second.source, second.end, second.wait_ms) == ("mg", "transfert", StageEnd.ABANDONED, 29_700)
    assert (journey.outcome, journey.lost_waiting) == (Outcome.ANSWERED, "mg")
    assert facts == [CallClosed(CALL, at(90), Outcome.ANSWERED)]


def test_a_caller_lost_on_his_way_is_lost_for_whom_he_was_sent_to() -> None:
    """Passed on, and gone before the next queue took him; without a route nobody knows better than where he was."""
    asked = event(ev.TransferAsked, 60, via=ev.TransferVia.TOUCHE)
    routed = event(ev.CallRouted, 60.2, filiere="mg", source=ev.RouteSource.TRANSFERT)
    sent = fold(asked, routed, event(ev.CallEnded, 61), journey=talking())
    unsent = fold(asked, event(ev.CallEnded, 61), journey=talking())
    assert (sent.outcome, sent.lost_waiting) == (Outcome.ANSWERED, "mg")
    assert (unsent.outcome, unsent.lost_waiting) == (Outcome.ANSWERED, "n1")


def test_the_agents_leave_may_come_before_the_transfer() -> None:
    journey = fold(event(ev.AgentLeft, 60), event(ev.TransferAsked, 60.1), journey=talking())
    assert (journey.state, journey.stages[0].end, journey.stages[0].left_at) == (State.MOVING, StageEnd.TRANSFERRED, at(60))


def test_a_second_human_is_a_stage_answered_once_more_only_in_another_stage() -> None:
    journey, facts = fold_all(
        [
            event(ev.TransferAsked, 60),
            event(ev.QueueEntered, 61, filiere="mg"),
            event(ev.AgentAnswered, 70, agent="os01", leg="leg-2", filiere="mg"),
        ],
        talking(),
    )
    assert facts == [StageAnswered(CALL, at(70), "os01", "mg", 1)]
    assert (journey.answered_at, journey.answered_by) == (at(15), "arm01")
    assert journey.stages[1].legs[0].offered_at is None  # the offer was not seen


def test_a_conference_goes_on_until_the_last_agent_leaves() -> None:
    both = fold(event(ev.AgentOffered, 20, leg="leg-2", agent="mru01"), journey=talking())
    joined, facts = apply(both, event(ev.AgentAnswered, 25, leg="leg-2", agent="mru01"))
    assert [fact.kind for fact in facts if isinstance(fact, AnomalyNoted)] == ["second_answer"]
    joined = fold(event(ev.AgentJoined, 25.1, leg="leg-2", agent="mru01"), journey=joined)
    assert (joined.joined_at, joined.stages[0].joined_at, joined.stages[0].legs[1].joined_at) == (at(15.1), at(15.1), at(25.1))
    one_left = fold(event(ev.AgentLeft, 40), journey=joined)
    assert (one_left.state, one_left.stages[0].left_at) == (State.TALKING, None)
    held = fold(event(ev.CallerHeld, 41), event(ev.CallerUnheld, 42), journey=one_left)
    assert held.state is State.TALKING
    gone = fold(event(ev.AgentLeft, 50, leg="leg-2"), journey=held)
    assert (gone.state, gone.stages[0].end, gone.stages[0].talk_ms) == (State.MOVING, StageEnd.AGENT_HANGUP, 35_000)


def test_the_first_join_of_the_call_stays_when_another_stage_is_joined() -> None:
    journey = fold(
        event(ev.TransferAsked, 60),
        event(ev.QueueEntered, 61, filiere="mg"),
        event(ev.AgentAnswered, 70, leg="leg-2"),
        event(ev.AgentJoined, 70.1, leg="leg-2"),
        journey=talking(),
    )
    assert (journey.joined_at, journey.stages[1].joined_at) == (at(15.1), at(70.1))


def test_a_phone_of_an_earlier_stage_that_answers_late_is_a_second_human_there() -> None:
    journey = fold(
        event(ev.AgentOffered, 20, leg="leg-2"),
        event(ev.TransferAsked, 60),
        event(ev.QueueEntered, 61, filiere="mg"),
        event(ev.AgentAnswered, 62, leg="leg-2"),
        journey=talking(),
    )
    assert (journey.stages[0].answered_at, journey.stages[0].legs[1].answered_at) == (at(15), at(62))
    assert journey.anomalies == ()


def test_an_agent_called_again_after_another_left_is_no_surprise() -> None:
    journey = fold(event(ev.AgentOffered, 20, leg="leg-2"), event(ev.AgentLeft, 30), journey=talking())
    assert journey.state is State.MOVING
    assert journey.stages[0].legs[1].ringing


def test_a_queue_gives_the_caller_back() -> None:
    journey = fold(
        event(ev.AgentOffered, 11), event(ev.QueueGaveUp, 40), event(ev.QueueEntered, 40.1, filiere="amu"), journey=waiting()
    )
    first, second = journey.stages
    assert (first.end, first.left_at, first.legs[0].how) == (StageEnd.GAVE_UP, at(40), ev.OfferEnd.CANCELLED)
    assert (second.filiere, journey.state) == ("amu", State.WAITING)


def test_a_queue_that_takes_nobody_leaves_no_stage() -> None:
    journey = fold(event(ev.CallArrived, 0), event(ev.QueueGaveUp, 1))
    assert (journey.state, journey.stages) == (State.GREETING, ())
    other = fold(event(ev.QueueGaveUp, 20, filiere="amu"), journey=waiting())
    assert other.stages[0].left_at is None


def test_a_queue_left_for_another_without_a_reason() -> None:
    journey = fold(event(ev.QueueEntered, 30, filiere="amu"), journey=waiting())
    assert (journey.stages[0].end, journey.stages[0].wait_ms) == (StageEnd.MOVED, 20_000)


def test_the_reason_of_a_route_goes_to_the_stage_it_was_for() -> None:
    journey = fold(event(ev.CallArrived, 0), event(ev.CallRouted, 1, filiere="amu"), event(ev.QueueEntered, 2, filiere="n1"))
    assert (journey.stages[0].source, journey.stages[0].motif, journey.route) == (None, "", None)


def test_what_is_said_of_a_leg_nobody_knows() -> None:
    talk = talking()
    assert fold(event(ev.OfferEnded, 20, leg="x"), journey=talk).stages == talk.stages
    assert fold(event(ev.AgentLeft, 20, leg="x"), journey=talk).stages == talk.stages
    joined = fold(event(ev.AgentJoined, 20, leg="x"), journey=talk)
    assert [note.kind for note in joined.anomalies] == ["unknown_leg"]


def test_an_answer_without_any_stage_is_noted() -> None:
    lone = replace(waiting(), stages=())
    journey, facts = apply(lone, event(ev.AgentAnswered, 12))
    assert [note.kind for note in journey.anomalies] == ["queue_entry_unseen"]
    assert [type(fact) for fact in facts] == [CallAnswered, AnomalyNoted, StageAnswered]
    assert journey.stages[0].agent == "arm01"
    assert len(fold(event(ev.AgentOffered, 12), journey=lone).stages) == 1
    assert fold(event(ev.TransferAsked, 12), journey=lone).stages == ()


def test_recordings() -> None:
    journey, facts = fold_all(
        [
            event(ev.RecordingStarted, 16),
            event(ev.RecordingStarted, 17),
            event(ev.CallEnded, 60),
            event(ev.RecordingChecked, 70, bytes=10),
            event(ev.RecordingChecked, 71, stem="c/d", problem="silence"),
        ],
        talking(),
    )
    first, second = journey.recordings
    assert (first.started_at, first.checked_at, first.bytes, first.problem) == (at(16), at(70), 10, None)
    assert (second.stem, second.started_at, second.problem) == ("c/d", at(71), "silence")
    assert facts[-1] == RecordingFaulted(CALL, at(71), "silence")


def test_the_pauses_of_a_recorder_are_kept_once_each_and_in_order() -> None:
    begun = [event(ev.RecordingStarted, 16)]
    begun += [event(ev.RecordingStarted, 40, gap_ms=101), event(ev.RecordingStarted, 30, gap_ms=100)]
    again = [event(ev.RecordingStarted, 30.02, gap_ms=103), event(ev.RecordingStarted, 31, stem="x/y", gap_ms=100)]
    journey, _ = fold_all([*begun, *again, event(ev.CallEnded, 60), event(ev.RecordingChecked, 70)], talking())
    (recording,) = journey.recordings
    assert recording.gaps == (Gap(at(30), 100), Gap(at(40), 101))
    assert (recording.started_at, recording.checked_at) == (at(16), at(70))
    offsets = [recording.offset_ms(at(second)) for second in (16, 29.9, 29.95, 30, 35, 50)]
    assert offsets == [0, 13_900, 13_900, 13_900, 18_900, 33_799]


def test_two_dossiers_are_an_anomaly_and_the_first_stays() -> None:
    journey, facts = fold_all([event(ev.DossierOpened, 16), event(ev.DossierOpened, 17, dossier_id="d2", ref="r2")], talking())
    assert (journey.dossier_id, journey.dossier_ref) == ("d1", "2026-326-0000001")
    assert [type(fact) for fact in facts] == [AnomalyNoted]


def test_the_worst_witness_decides() -> None:
    assert fold(event(ev.QueueEntered, 30, filiere="amu", seen=ev.Seen.CEL), journey=waiting()).quality is Quality.RECONSTRUCTED
    assert fold(event(ev.ServiceSilent, 30, seen=ev.Seen.SPOOL), journey=waiting()).quality is Quality.RECONSTRUCTED
    lost = fold(event(ev.ObservationLost, 30), journey=waiting())
    assert lost.quality is Quality.UNCERTAIN
    assert fold(event(ev.QueueEntered, 40, filiere="amu", seen=ev.Seen.CEL), journey=lost).quality is Quality.UNCERTAIN
    assert fold(event(ev.DossierOpened, 40, seen=ev.Seen.OWN), journey=talking()).quality is Quality.OBSERVED


def test_a_blind_interval_that_is_covered_is_told_by_another_witness() -> None:
    covered = fold(event(ev.ObservationLost, 30, covered=True), journey=waiting())
    assert (covered.quality, covered.anomalies) == (Quality.RECONSTRUCTED, ())
    again = fold(event(ev.ObservationLost, 40, reason="CEL illisible"), journey=covered)
    assert again.quality is Quality.UNCERTAIN
    assert [(note.kind, note.detail) for note in again.anomalies] == [("observation_lost", "CEL illisible")], "why, on the call"
    assert fold(event(ev.ObservationLost, 50, covered=True), journey=again).quality is Quality.UNCERTAIN


def test_doubt_is_not_lost_when_there_is_no_room_for_its_reason() -> None:
    journey = waiting()
    for n in range(60):
        journey = fold(ev.PbxSurprised(call_id=CALL, at=at(30), kind="x", detail=str(n)), journey=journey)
    assert fold(event(ev.ObservationLost, 40), journey=journey).quality is Quality.UNCERTAIN


def test_a_call_that_nobody_saw_arrive_is_uncertain() -> None:
    ended, _ = apply(Journey(call_id=CALL), event(ev.CallEnded, 30))
    assert (ended.quality, [note.kind for note in ended.anomalies]) == (Quality.UNCERTAIN, ["observation_lost"])
    surprised, _ = apply(Journey(call_id=CALL), event(ev.AgentAnswered, 30))
    assert (surprised.quality, [note.kind for note in surprised.anomalies]) == (Quality.UNCERTAIN, ["unexpected"])


def test_a_hold_told_late_by_another_witness_is_no_surprise() -> None:
    journey = waiting()
    assert fold(event(ev.CallerUnheld, 0, seen=ev.Seen.CEL), journey=journey).anomalies == ()
    assert fold(event(ev.CallerHeld, 1000), journey=journey).anomalies != ()


def test_a_silence_of_ours_is_written_on_the_call() -> None:
    journey = fold(event(ev.ServiceSilent, 1), event(ev.ServiceSilent, 2), journey=fold(event(ev.CallArrived, 0)))
    assert journey.silent


def test_a_call_known_only_by_its_end() -> None:
    journey = fold(event(ev.CallEnded, 5))
    assert (journey.t0, journey.ended_at, journey.outcome) == (at(5), at(5), Outcome.ABANDONED)


def test_while_it_lives_a_call_has_no_outcome() -> None:
    for journey in (waiting(), talking()):
        assert (journey.outcome, journey.abandon_phase, journey.lost_waiting) == (None, None, None)
    assert waiting().wait_ms is None
    assert talking().stages[0].talk_ms is None
    assert fold(event(ev.AgentOffered, 11), journey=waiting()).stages[0].ringing
    assert not talking().stages[0].ringing


@pytest.mark.parametrize(
    ("journey", "again"),
    [
        (talking(), event(ev.AgentOffered, 11)),
        (fold(event(ev.TransferAsked, 20), journey=talking()), event(ev.AgentAnswered, 15)),
        (fold(event(ev.TransferAsked, 20), journey=talking()), event(ev.AgentJoined, 15.1)),
        (_greeted(), event(ev.GreetingStarted, 1)),
        (_greeted(), event(ev.GreetingEnded, 9)),
        (fold(event(ev.CallEnded, 20), journey=waiting()), event(ev.QueueEntered, 10)),
        (fold(event(ev.QueueGaveUp, 20), event(ev.CallEnded, 21), journey=waiting()), event(ev.QueueGaveUp, 20)),
        (waiting(), event(ev.QueueEntered, 10.02)),
    ],
)
def test_what_was_told_already_is_no_surprise_later(journey: Journey, again: ev.CallEvent) -> None:
    assert apply(journey, again) == (journey, ())


# --- known defects of the fold: each says what it should do ---------------------------------------------------------


def test_a_repeated_check_states_its_fault_once() -> None:
    checked = event(ev.RecordingChecked, 70, problem="silence")
    _, facts = fold_all([checked, checked], fold(event(ev.CallEnded, 60), journey=talking()))
    assert facts == [RecordingFaulted(CALL, at(70), "silence")]


def test_a_caller_sent_back_at_once_to_the_same_queue_waits_there() -> None:
    journey = fold(
        event(ev.QueueGaveUp, 10.05, how=ev.QueueEnd.EMPTY),
        event(ev.QueueEntered, 10.1, filiere="amu"),
        event(ev.QueueGaveUp, 10.15, filiere="amu", how=ev.QueueEnd.EMPTY),
        event(ev.QueueEntered, 10.2),
        event(ev.AgentOffered, 11),
        event(ev.AgentAnswered, 15),
        journey=waiting(),
    )
    assert (journey.state, journey.answered_at, journey.anomalies) == (State.TALKING, at(15), ())


def test_a_transfer_told_again_after_the_next_queue_changes_nothing() -> None:
    asked = event(ev.TransferAsked, 60)
    moved = fold(asked, event(ev.QueueEntered, 61, filiere="mg"), journey=talking())
    again = fold(replace(asked, seen=ev.Seen.CEL), journey=moved)
    assert (again.state, again.stages) == (State.WAITING, moved.stages)


def test_an_answer_that_comes_too_late_leaves_a_trace() -> None:
    ended = fold(event(ev.AgentOffered, 11), event(ev.CallEnded, 14.9), journey=waiting())
    assert apply(ended, event(ev.AgentAnswered, 15))[0].anomalies


def test_an_arrival_told_after_the_end_is_kept() -> None:
    journey = fold(event(ev.CallEnded, 5), event(ev.CallArrived, 0, seen=ev.Seen.CEL))
    assert (journey.flux, journey.t0, journey.state) == ("15", at(0), State.ENDED)
