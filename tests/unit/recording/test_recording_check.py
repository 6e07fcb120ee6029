from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_voices import CALL, T0, S, alaw, call, put, silence, tone, wav

from cti.journey import Journey, Seen, apply
from cti.journey import events as ev
from cti.journey.events import RecordingChecked
from cti.journey.facts import RecordingFaulted
from cti.recording.check import LegFiles, check, stems, still_writing
from cti.recording.passages import Passage, passages
from cti.recording.places import locate
from cti.recording.policy import RecordingSettings
from cti.recording.reading import measure

SETTINGS = RecordingSettings()
NOW = T0 + 60 * S
#: The call of these tests: recorded from 1 s, talk from 10 s to 20 s, so 19 s of file.
WHOLE = wav(silence(9_000) + tone(10_000))


def found(root: Path, journey: Journey) -> dict[str, LegFiles | None]:
    return {r.stem: measure(locate(r.stem, root), SETTINGS.silence_max_peak) for r in journey.recordings if r.stem}


def checked(root: Path, journey: Journey, settings: RecordingSettings = SETTINGS) -> list[RecordingChecked]:
    return check(journey, found(root, journey), settings, NOW)


def problem(
    root: Path, *, caller: bytes | None = WHOLE, agents: bytes | None = WHOLE, settings: RecordingSettings = SETTINGS
) -> str | None:
    (event,) = checked(root, call(put(root, "c", caller=caller, agents=agents)), settings)
    return event.problem


def test_two_whole_voices_are_sound(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=WHOLE, agents=WHOLE)
    assert checked(tmp_path, call(stem)) == [
        RecordingChecked(call_id=CALL, at=NOW, seen=Seen.OWN, stem=stem, caller_ms=19_000, agents_ms=19_000, bytes=2 * len(WHOLE))
    ]


def test_an_alaw_archive_is_judged_alike(tmp_path: Path) -> None:
    law = wav(alaw(silence(9_000) + tone(10_000)), codec=6)
    assert problem(tmp_path, caller=law, agents=law) is None


@pytest.mark.parametrize(
    ("caller", "told"),
    [
        (None, "c-caller.wav : fichier absent"),
        (b"", "c-caller.wav : illisible, fichier vide (0 octet)"),
        (b"x" * 100, "c-caller.wav : illisible, ce n'est pas un fichier WAV"),
        (wav(b""), "c-caller.wav : aucun son (plus de 44 octets attendus, 44 trouvés)"),
        (wav(tone(19_000), declared=0), "c-caller.wav : jamais refermé par le PBX, 19,0 s de son d'après sa taille"),
        (
            wav(tone(19_000), declared=400_000),
            "c-caller.wav : tronqué, 400000 octets de son annoncés, 304000 trouvés",
        ),
        (wav(tone(8_999)), "c-caller.wav : trop court, 10,0 s de conversation attendues, 8,9 s trouvées"),
        (
            wav(tone(15_999)),
            "c-caller.wav : s'arrête avant la fin de la conversation, 19,0 s attendues, 15,9 s trouvées",
        ),
        (
            wav(silence(19_000)),
            "c-caller.wav : appelant inaudible, au moins 0,2 s de voix attendues, 0,0 s trouvées (crête 0 sur 32767)",
        ),
    ],
)
def test_each_fault_of_the_callers_voice_is_told_in_french(tmp_path: Path, caller: bytes | None, told: str) -> None:
    assert problem(tmp_path, caller=caller) == told


def test_exactly_the_tolerance_is_accepted(tmp_path: Path) -> None:
    assert problem(tmp_path, caller=wav(tone(9_000)), settings=RecordingSettings(derive_ms=10_000)) is None
    assert problem(tmp_path, caller=wav(tone(16_000))) is None


def test_both_voices_are_looked_at(tmp_path: Path) -> None:
    told = problem(tmp_path, caller=None, agents=wav(b""))
    assert told == "c-caller.wav : fichier absent ; c-agents.wav : aucun son (plus de 44 octets attendus, 44 trouvés)"


def test_what_the_caller_hears_may_be_silent(tmp_path: Path) -> None:
    assert problem(tmp_path, agents=wav(silence(19_000))) is None


def test_a_crash_also_tells_what_is_missing(tmp_path: Path) -> None:
    told = problem(tmp_path, agents=wav(tone(5_000), declared=0))
    assert told == (
        "c-agents.wav : jamais refermé par le PBX, 5,0 s de son d'après sa taille ; "
        "c-agents.wav : trop court, 10,0 s de conversation attendues, 5,0 s trouvées"
    )


def test_a_file_that_may_not_be_read_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=None, agents=WHOLE)
    (tmp_path / "c-caller.wav").mkdir()
    (event,) = checked(tmp_path, call(stem))
    assert event.problem is not None
    assert event.problem.startswith("c-caller.wav : illisible, lecture impossible (")


def test_a_stem_out_of_the_folder_is_not_read() -> None:
    (event,) = check(call("/etc/passwd"), {"/etc/passwd": None}, SETTINGS, NOW)
    assert event.problem == "fichier hors du dossier des enregistrements : non lu"
    assert (event.caller_ms, event.agents_ms, event.bytes) == (None, None, 0)


def test_an_answered_call_without_any_recording_is_a_fault() -> None:
    (event,) = check(call(recording_at=()), {}, SETTINGS, NOW)
    assert (event.stem, event.problem) == ("", "aucun enregistrement pour un appel décroché (flux 15)")


def test_checking_again_says_the_same(tmp_path: Path) -> None:
    journey = call(recording_at=())
    (event,) = check(journey, {}, SETTINGS, NOW)
    after, facts = apply(journey, event)
    assert facts == (RecordingFaulted(CALL, NOW, event.problem or ""),)
    assert check(after, {}, SETTINGS, NOW) == [event]
    stem = put(tmp_path, "c", caller=WHOLE, agents=WHOLE)
    journey = call(stem)
    first = checked(tmp_path, journey)
    assert checked(tmp_path, apply(journey, first[0])[0]) == first


@pytest.mark.parametrize(
    ("journey", "settings"),
    [
        (call(talks=(), recording_at=()), SETTINGS),
        (call(test=True, recording_at=()), SETTINGS),
        (call(flux="VSAV", recording_at=()), RecordingSettings(exempt_flux=frozenset({"VSAV"}))),
    ],
)
def test_a_call_that_needs_no_audio_has_no_problem(journey: Journey, settings: RecordingSettings) -> None:
    assert check(journey, {}, settings, NOW) == []


def test_an_abandoned_call_is_measured_all_the_same(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(3_000)), agents=None)
    (event,) = checked(tmp_path, call(stem, talks=()))
    assert (event.caller_ms, event.agents_ms, event.problem) == (3_000, None, None)


def test_the_site_may_want_its_test_calls_judged() -> None:
    (event,) = check(call(test=True, recording_at=()), {}, RecordingSettings(test_calls=True), NOW)
    assert event.problem is not None


def test_an_unknown_flux_is_told_as_such() -> None:
    (event,) = check(call(flux="", recording_at=()), {}, SETTINGS, NOW)
    assert event.problem == "aucun enregistrement pour un appel décroché (flux inconnu)"


def test_two_talks_of_a_transferred_call_lie_in_one_file(tmp_path: Path) -> None:
    journey = call(str(tmp_path / "c"), talks=((5, 15), (21, 41)), ended=41)
    assert passages(journey, journey.recordings[0]) == (
        Passage(0, "n1", "arm01", 4_000, 14_000),
        Passage(1, "n1", "arm02", 20_000, 40_000),
    )
    put(tmp_path, "c", caller=wav(tone(28_999)), agents=wav(tone(40_000)))
    (event,) = checked(tmp_path, journey)
    assert event.problem == "c-caller.wav : trop court, 30,0 s de conversation attendues, 28,9 s trouvées"


def test_two_recordings_of_one_call_share_the_talk(tmp_path: Path) -> None:
    stems = [put(tmp_path, name, caller=wav(tone(ms)), agents=wav(tone(ms))) for name, ms in (("a", 14_000), ("b", 5_000))]
    journey = call(*stems, recording_at=(1, 15))
    assert [[p.talk_ms for p in passages(journey, r)] for r in journey.recordings] == [[5_000], [5_000]]
    assert [(e.stem, e.problem) for e in checked(tmp_path, journey)] == [(stem, None) for stem in stems]


def test_each_recording_is_judged_on_its_own(tmp_path: Path) -> None:
    stems = [put(tmp_path, name, caller=wav(tone(14_000)), agents=wav(tone(14_000))) for name in ("a", "b")]
    (tmp_path / "b-agents.wav").unlink()
    events = checked(tmp_path, call(*stems, recording_at=(1, 15)))
    assert [e.problem for e in events] == [None, "b-agents.wav : fichier absent"]


def test_a_recording_that_began_too_late_is_a_fault(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(5_000)), agents=wav(tone(5_000)))
    (event,) = checked(tmp_path, call(stem, recording_at=(15,)))
    assert event.problem == "enregistrement commencé trop tard : 10,0 s de conversation, 5,0 s couvertes"


def test_a_recording_that_began_after_the_talk_covers_nothing(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(5_000)), agents=wav(tone(5_000)))
    journey = call(stem, recording_at=(25,), ended=30)
    assert passages(journey, journey.recordings[0]) == ()
    assert checked(tmp_path, journey)[0].problem == "enregistrement commencé trop tard : 10,0 s de conversation, 0,0 s couvertes"


def test_a_wait_after_the_talk_is_no_talk(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=WHOLE, agents=WHOLE)
    journey = call(stem, end=False)
    for event in (
        ev.TransferAsked(call_id=CALL, at=T0 + 20 * S, target="mg", via=ev.TransferVia.REFER),
        ev.QueueEntered(call_id=CALL, at=T0 + 20 * S, filiere="mg"),
        ev.CallEnded(call_id=CALL, at=T0 + 90 * S),
    ):
        journey, _ = apply(journey, event)
    assert len(passages(journey, journey.recordings[0])) == 1
    assert checked(tmp_path, journey)[0].problem is None


def test_somebody_who_was_there_for_a_moment_may_have_said_nothing(tmp_path: Path) -> None:
    quiet = wav(silence(10_000))
    stem = put(tmp_path, "c", caller=quiet, agents=quiet)
    at = T0 + 10 * S
    journey = call(stem, talks=((10, 11),), end=False)
    for event in (ev.AgentLeft(call_id=CALL, at=at + S - 1, agent="arm01", leg="1.2"), ev.CallEnded(call_id=CALL, at=at + S)):
        journey, _ = apply(journey, event)
    assert checked(tmp_path, journey)[0].problem is None


def test_a_call_that_still_goes_on_is_judged_up_to_its_last_event(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=wav(tone(9_000)), agents=wav(tone(9_000)))
    assert checked(tmp_path, call(stem, end=False))[0].problem is None


@given(
    st.integers(0, 40),
    st.lists(st.integers(1, 30), min_size=2, max_size=6, unique=True).map(sorted),
    st.integers(30, 60),
)
def test_passages_lie_in_order_inside_the_recording(recorded_at: int, edges: list[int], ended: int) -> None:
    talks = tuple(zip(edges[::2], edges[1::2], strict=False))
    journey = call("s", talks=talks, ended=ended, recording_at=(min(recorded_at, ended),))
    recording = journey.recordings[0]
    found_ = passages(journey, recording)
    offsets = [edge for passage in found_ for edge in (passage.start_ms, passage.end_ms)]
    assert offsets == sorted(offsets)
    assert all(0 <= edge <= (ended * S + T0 - recording.started_at) // 1000 for edge in offsets)


# --- consultations ------------------------------------------------------------------------------------------------------

APART = wav(tone(5_000))


def consulted(stem: str, apart: str, how: ev.ConsultEnd = ev.ConsultEnd.RETURNED, answered: bool = True) -> Journey:
    """A call whose agent asked a colleague from 12 s to 17 s."""
    told: list[ev.CallEvent] = [
        ev.ConsultStarted(call_id=CALL, at=T0 + 11 * S, agent="arm01", line="9.1", target="801"),
        ev.ConsultRecorded(call_id=CALL, at=T0 + 12 * S, line="9.1", stem=apart),
    ]
    if answered:
        told.append(ev.ConsultAnswered(call_id=CALL, at=T0 + 12 * S, line="9.1", agent="amu01"))
    if how is not ev.ConsultEnd.CALLER_GONE:
        told.append(ev.ConsultEnded(call_id=CALL, at=T0 + 17 * S, line="9.1", how=how))
    journey = call(stem, end=False)
    for event in (*told, ev.CallEnded(call_id=CALL, at=T0 + 20 * S)):
        journey = apply(journey, event)[0]
    return journey


def apart_problem(root: Path, journey: Journey) -> str | None:
    files = {stem: measure(locate(stem, root), SETTINGS.silence_max_peak) for stem in stems(journey)}
    main, apart = check(journey, files, SETTINGS, NOW)
    assert main.problem is None
    after, facts = apply(journey, apart)
    (consult,) = after.consults
    assert consult.recording is not None
    assert consult.recording.problem == apart.problem
    assert [type(fact) for fact in facts] == ([RecordingFaulted] if apart.problem else [])
    return apart.problem


@pytest.mark.parametrize(
    ("caller", "agents", "answered", "how", "told"),
    [
        (APART, APART, True, ev.ConsultEnd.RETURNED, None),
        (APART, None, True, ev.ConsultEnd.TRANSFERRED, "consultation de arm01 : d-agents.wav : fichier absent"),
        (APART, wav(b""), True, ev.ConsultEnd.RETURNED,
         "consultation de arm01 : d-agents.wav : aucun son (plus de 44 octets attendus, 44 trouvés)"),
        (wav(b""), wav(b""), False, ev.ConsultEnd.NO_ANSWER, None),
        (wav(APART, declared=0), wav(APART, declared=0), True, ev.ConsultEnd.CALLER_GONE, None),
    ],
)  # fmt: skip
def test_the_recording_of_a_consultation_is_looked_at(
    tmp_path: Path, caller: bytes | None, agents: bytes | None, answered: bool, how: ev.ConsultEnd, told: str | None
) -> None:
    stem, apart = put(tmp_path, "c", caller=WHOLE, agents=WHOLE), put(tmp_path, "d", caller=caller, agents=agents)
    assert apart_problem(tmp_path, consulted(stem, apart, how, answered)) == told


def test_a_consultation_that_was_over_as_it_was_answered_need_hold_nothing(tmp_path: Path) -> None:
    stem, apart = put(tmp_path, "c", caller=WHOLE, agents=WHOLE), put(tmp_path, "d", caller=wav(b""), agents=wav(b""))
    journey = consulted(stem, apart)
    (consult,) = journey.consults
    for talk_ms, faulty in ((999, False), (1000, True)):
        short = replace(journey, consults=(replace(consult, ended_at=T0 + 12 * S + talk_ms * 1000),))
        assert (apart_problem(tmp_path, short) is not None) is faulty


def test_files_that_the_pbx_has_closed_are_at_rest_even_when_they_are_empty(tmp_path: Path) -> None:
    for name, data, final in (("full", WHOLE, True), ("hollow", wav(b""), True), ("open", wav(tone(100), declared=0), False)):
        stem = put(tmp_path, name, caller=data, agents=data)
        assert measure(locate(stem, tmp_path), SETTINGS.silence_max_peak).final is final


def test_agents_who_go_on_talking_when_the_caller_is_gone_are_not_waited_for(tmp_path: Path) -> None:
    stem, apart = put(tmp_path, "c", caller=WHOLE, agents=WHOLE), put(tmp_path, "d", caller=APART, agents=APART)
    assert still_writing(consulted(stem, apart, ev.ConsultEnd.CALLER_GONE)) == {apart}
    assert still_writing(consulted(stem, apart)) == frozenset()


def test_a_consultation_recorded_outside_the_folder_is_told(tmp_path: Path) -> None:
    stem = put(tmp_path, "c", caller=WHOLE, agents=WHOLE)
    journey = consulted(stem, "/elsewhere/d")
    (_, apart) = check(journey, {stem: measure(locate(stem, tmp_path), SETTINGS.silence_max_peak)}, SETTINGS, NOW)
    assert apart.problem == "consultation de arm01 : fichier hors du dossier des enregistrements : non lu"


def test_a_consultation_that_was_never_recorded_has_no_file_to_look_at(tmp_path: Path) -> None:
    journey = call(put(tmp_path, "c", caller=WHOLE, agents=WHOLE), end=False)
    asked = ev.ConsultStarted(call_id=CALL, at=T0 + 11 * S, agent="arm01", line="9.1", target="801")
    for event in (asked, ev.CallEnded(call_id=CALL, at=T0 + 20 * S)):
        journey = apply(journey, event)[0]
    assert [consult.recording for consult in journey.consults] == [None]
    assert [(event.stem, event.problem) for event in checked(tmp_path, journey)] == [(journey.recordings[0].stem, None)]
