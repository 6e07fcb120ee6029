"""After a blind interval: which calls it concerns, what of them is told, who is gone."""

from test_cel_witness import ARRIVED, BORN, CALL, CALLER, LEG, T0, TALKING, WAITING, left, row

from cti.ami.translate.catchup import Blind, CatchUp, catch_up, outlived
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import Role
from cti.ami.translate.coverage import Shown, Snapshot
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.model import Outcome, Quality

MS = 1000


def seen(*events: ev.CallEvent) -> Journey:
    journey = Journey(call_id=events[0].call_id)
    for event in events:
        journey, _ = apply(journey, event)
    return journey


OPEN = seen(
    ev.CallArrived(call_id=CALL, at=T0, channel=CALLER, did="15", flux="15", caller=None),
    ev.QueueEntered(call_id=CALL, at=T0 + 1502 * MS, filiere="n1"),
)


def caught(
    rows: tuple[CelRow, ...],
    alive: tuple[str, ...],
    calls: tuple[Journey, ...],
    since: int,
    until: int,
    started: int | None = None,
) -> CatchUp:
    started_at = None if started is None else T0 + started * MS
    shown = Snapshot({uniqueid: Shown(f"PJSIP/x-{uniqueid}", uniqueid) for uniqueid in alive})
    return catch_up(rows, calls, Blind(T0 + since * MS, T0 + until * MS, "essai", shown, started_at=started_at))


def kinds(told: CatchUp) -> list[str]:
    return [type(event).__name__ for event in told.events]


def test_a_call_born_in_the_interval_is_told_whole() -> None:
    told = caught((*TALKING, row("HANGUP", 5000, hangupcause=16)), (), (), -1000, 9000)
    assert kinds(told)[:-1] == ["CallArrived", "CallRouted", "QueueEntered", "AgentOffered", "AgentAnswered", "CallEnded"]
    assert told.touched == {CALL}
    doubt = "essai ; CEL incomplet (PJSIP/operateur-00000000 : fin de file non écrite)"
    assert told.events[-1] == ev.ObservationLost(call_id=CALL, at=T0 + 9000 * MS, since=T0, reason=doubt)


def test_a_call_of_which_nothing_is_known_and_born_before_is_left_out() -> None:
    told = caught(TALKING, (), (), 1800, 9000)
    assert (kinds(told), told.touched) == ([], frozenset())


def test_an_open_call_gets_what_came_after_and_is_in_doubt() -> None:
    told = caught(TALKING, (CALLER, LEG), (OPEN,), 1900, 9000)
    assert kinds(told) == ["AgentAnswered", "ObservationLost"]
    lost = told.events[-1]
    doubt = "essai ; CEL incomplet (plan de numérotation d'une version antérieure)"
    assert lost == ev.ObservationLost(call_id=CALL, at=T0 + 9000 * MS, since=T0 + 1900 * MS, reason=doubt)
    leg = told.book.get(LEG)
    assert leg is not None
    assert (leg.agent, leg.answered) == ("arm01", True), "live frames go on from there"


def test_what_ami_may_not_have_told_yet_is_told() -> None:
    assert "AgentAnswered" in kinds(caught(TALKING, (CALLER, LEG), (OPEN,), 2150, 9000))


def test_an_open_call_that_cel_does_not_end_is_ended_when_its_channel_is_gone() -> None:
    told = caught(WAITING, (), (OPEN,), 2000, 9000)
    assert kinds(told) == ["ObservationLost", "CallEnded"]
    assert told.events[-1].at == T0 + 9000 * MS
    assert told.book.channels == {}


def test_a_call_ended_by_cel_is_ended_once() -> None:
    told = caught((*WAITING, left(4999), row("HANGUP", 5000)), (), (OPEN,), 2000, 9000)
    assert kinds(told) == ["CallEnded", "ObservationLost"]
    assert told.events[0].at == T0 + 5000 * MS


def test_a_call_born_blind_whose_end_was_not_written_is_ended() -> None:
    """The PBX was killed: its last rows are missing, so nobody knows when he left."""
    told = caught((BORN, ARRIVED), (), (), -1000, 9000)
    assert kinds(told) == ["CallArrived", "ObservationLost", "CallEnded"]
    assert told.events[-1].at == T0 + 9000 * MS


def test_a_pbx_started_anew_holds_nothing_of_before() -> None:
    """Even a channel of the same uniqueid: the new PBX counts from the beginning."""
    told = caught(TALKING, (CALLER,), (OPEN,), 1900, 9000, started=8000)
    assert kinds(told) == ["AgentAnswered", "ObservationLost", "CallEnded"]
    assert told.events[-1].at == TALKING[-1].at, "the latest sign of the PBX that died"
    journey = OPEN
    for event in told.events:
        journey, _ = apply(journey, event)
    assert (journey.outcome, journey.quality) == (Outcome.ANSWERED, Quality.UNCERTAIN)


def test_a_call_of_the_new_pbx_goes_on() -> None:
    """A call of before and one of after the restart, both born blind."""
    other = "99.0"
    later = (
        row("CHAN_START", 8500, other, linkedid=other, context="sas-entree"),
        row("SAS_ARRIVED", 8501, other, linkedid=other, extra="u-2|15|15||1|0"),
    )
    told = caught((BORN, ARRIVED, *later), (other,), (), -1000, 9000, started=8000)
    ended = [event for event in told.events if isinstance(event, ev.CallEnded)]
    assert [(event.call_id, event.at) for event in ended] == [(CALL, ARRIVED.at)]
    assert told.book.caller_of("u-2") is not None


def test_what_comes_after_the_snapshot_is_left_to_live_frames() -> None:
    later = (row("HANGUP", 9500), *(row("CHAN_START", 9600, "7.0"), row("HANGUP", 9700, "7.0")))
    told = caught((*WAITING, *later), ("7.0",), (OPEN,), 2000, 9000)
    assert kinds(told) == ["ObservationLost"], "he hangs up after the interval: the live frame will say so"
    assert told.book.get(CALLER) is not None
    born_later = (row("CHAN_START", 9100, context="sas-entree"), row("SAS_ARRIVED", 9101, extra="u-2|15|15||1|0"))
    assert kinds(caught(born_later, (), (), 2000, 9000)) == []


def test_nothing_happened() -> None:
    assert caught((), (), (), 0, 1) == CatchUp((), caught((), (), (), 0, 1).book, frozenset())


def test_a_live_call_that_only_its_channels_know_is_in_doubt_from_the_first_frame_on() -> None:
    """CEL is switched off: who is on the line is known all the same, and whose the phones are."""
    shown = Snapshot({"7.0": Shown("PJSIP/op-1", "7.0", "", "u-7"), "7.1": Shown("PJSIP/arm01-00000001", "7.0", "", "u-7")})
    told = catch_up((), (), Blind(T0, T0 + MS, "essai", shown))
    (lost,) = told.events
    assert isinstance(lost, ev.ObservationLost)
    assert (lost.call_id, lost.covered, lost.reason) == ("u-7", False, "essai ; CEL ne connaît pas cet appel")
    caller = told.book.caller_of("u-7")
    assert caller is not None
    assert [c.agent for c in told.book.channels.values()] == ["", "arm01"]


def test_a_live_channel_of_a_call_that_we_hold_is_his() -> None:
    """After an attended transfer the channel says the second line's identity; CEL has been rotated away."""
    shown = Snapshot({CALLER: Shown("PJSIP/op-1", CALLER, "", "u-99")})
    told = catch_up((), (OPEN,), Blind(T0 + 2000 * MS, T0 + 9000 * MS, "essai", shown))
    assert kinds(told) == ["ObservationLost"]
    assert told.book.caller_of(CALL) is not None


def test_one_that_begins_as_the_pbx_is_asked_is_told_by_live_frames() -> None:
    younger = row("CHAN_START", 9001, "7.0", linkedid="7.0", context="sas-entree")
    shown = Snapshot({"7.0": Shown("PJSIP/op-1", "7.0", "", "u-7")})
    told = catch_up((younger,), (), Blind(T0, T0 + 9000 * MS, "essai", shown))
    assert (told.events, told.book.channels) == ((), {})


# --- a call that was over, and agents who went on -----------------------------------------------------------------------

LINE, ASKED = "5.0", "5.1"
OVER = seen(
    ev.CallArrived(call_id=CALL, at=T0, channel=CALLER, did="15", flux="15", caller=None),
    ev.AgentAnswered(call_id=CALL, at=T0 + 2000 * MS, agent="arm01", leg=LEG, filiere="n1"),
    ev.ConsultStarted(call_id=CALL, at=T0 + 3000 * MS, agent="arm01", line=LINE, target="801"),
    ev.CallEnded(call_id=CALL, at=T0 + 4000 * MS, cause=16),
)
PICKED_UP = apply(OVER, ev.ConsultAnswered(call_id=CALL, at=T0 + 5000 * MS, line=LINE, agent="amu01"))[0]
#: The second line has a name of its own; nothing in these rows says whose caller it was for.
SECOND_LINE = (
    row("CHAN_START", 3000, LINE, linkedid=LINE, context="sas-postes", exten="801"),
    row("SAS_ARRIVED", 3001, LINE, linkedid=LINE, extra="u-2|801|POSTE|1001|0|0|20|"),
    row("CHAN_START", 3002, ASKED, linkedid=LINE, channel="PJSIP/amu01-00000002", context="sas-postes", exten="s"),
    row("ANSWER", 5000, ASKED, linkedid=LINE, channel="PJSIP/amu01-00000002"),
)
HUNG_UP = row("HANGUP", 8000, LINE, linkedid=LINE)


def after_all(rows: tuple[CelRow, ...], alive: tuple[str, ...], over: Journey, since: int, until: int) -> CatchUp:
    shown = Snapshot({uniqueid: Shown(f"PJSIP/x-{uniqueid}", LINE, call_id="u-2") for uniqueid in alive})
    return catch_up(rows, (), Blind(T0 + since * MS, T0 + until * MS, "essai", shown), (over,))


def test_what_agents_did_when_their_caller_was_gone_is_told_of_his_call_and_of_no_other() -> None:
    told = after_all((*SECOND_LINE, HUNG_UP), (), OVER, 4500, 9000)
    assert kinds(told) == ["ConsultAnswered", "ConsultEnded"]
    assert {event.call_id for event in told.events} == {CALL}
    assert (told.touched, told.book.channels) == (frozenset(), {})
    assert kinds(after_all((*SECOND_LINE, HUNG_UP), (), PICKED_UP, 5500, 9000)) == ["ConsultEnded"], "the rest was known"


def test_a_recorder_of_a_consultation_that_was_started_anew_is_the_same_recording() -> None:
    first = row("SAS_RECORDING", 5001, ASKED, linkedid=LINE, extra="u-2/1|/voix/x")
    anew = row("SAS_RECORDING", 5600, ASKED, linkedid=LINE, extra="u-2/2|/voix/x|100")
    told = after_all((*SECOND_LINE, first, anew, HUNG_UP), (), OVER, 4500, 9000)
    assert kinds(told) == ["ConsultAnswered", "ConsultRecorded", "ConsultEnded"]


def test_live_frames_go_on_with_a_second_line_that_lives() -> None:
    told = after_all(SECOND_LINE, (LINE, ASKED), OVER, 4500, 6000)
    assert kinds(told) == ["ConsultAnswered"]
    line = told.book.get(LINE)
    assert line is not None
    assert (line.role, line.call_id, line.agent, line.answered) == (Role.CONSULT, CALL, "arm01", True)


def test_cel_was_off_and_the_channels_are_still_no_call_of_their_own() -> None:
    told = after_all((), (LINE, ASKED), OVER, 4500, 6000)
    assert kinds(told) == []
    assert {channel.call_id for channel in told.book.channels.values()} == {CALL}


def test_a_second_line_that_died_with_the_pbx_ends_where_it_was_seen_last() -> None:
    told = after_all(SECOND_LINE, (), OVER, 4500, 9000)
    assert kinds(told) == ["ConsultAnswered", "ConsultEnded"]
    assert told.events[-1].at == T0 + 9000 * MS
    assert kinds(after_all(SECOND_LINE[:-1], (), OVER, 4500, 9000)) == [], "nobody had picked up: nothing is new"
    ended_live = after_all((*SECOND_LINE[:-1], row("HANGUP", 4200, LINE, linkedid=LINE)), (), OVER, 7000, 9000)
    assert kinds(ended_live) == []


def test_which_calls_that_are_over_are_looked_at() -> None:
    minutes = 60_000 * MS
    assert outlived([OVER], T0 + 4000 * MS + 10 * minutes, ()) == [OVER]
    assert outlived([OVER], T0 + 4001 * MS + 10 * minutes, ()) == []
    assert outlived([OVER], T0 + 60 * minutes, {LINE}) == [OVER]
