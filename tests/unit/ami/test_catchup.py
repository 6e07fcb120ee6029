"""After a blind interval: which calls it concerns, what of them is told, who is gone."""

from test_cel_witness import ARRIVED, BORN, CALL, CALLER, LEG, T0, TALKING, WAITING, left, row

from cti.ami.translate.catchup import CatchUp, catch_up
from cti.ami.translate.cel import CelRow
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


def caught(rows: tuple[CelRow, ...], alive: tuple[str, ...], calls: tuple[Journey, ...], since: int, until: int) -> CatchUp:
    return catch_up(rows, alive, calls, T0 + since * MS, T0 + until * MS, "essai")


def kinds(told: CatchUp) -> list[str]:
    return [type(event).__name__ for event in told.events]


def test_a_call_born_in_the_interval_is_told_whole() -> None:
    told = caught((*TALKING, row("HANGUP", 5000, hangupcause=16)), (), (), -1000, 9000)
    assert kinds(told) == ["CallArrived", "CallRouted", "QueueEntered", "AgentOffered", "AgentAnswered", "CallEnded"]
    assert told.touched == {CALL}


def test_a_call_of_which_nothing_is_known_and_born_before_is_left_out() -> None:
    told = caught(TALKING, (), (), 1800, 9000)
    assert (kinds(told), told.touched) == ([], frozenset())


def test_an_open_call_gets_what_came_after_and_is_in_doubt() -> None:
    told = caught(TALKING, (CALLER, LEG), (OPEN,), 1900, 9000)
    assert kinds(told) == ["AgentAnswered", "ObservationLost"]
    lost = told.events[-1]
    assert lost == ev.ObservationLost(call_id=CALL, at=T0 + 9000 * MS, since=T0 + 1900 * MS, reason="essai")
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
    told = catch_up(TALKING, (CALLER,), (OPEN,), T0 + 1900 * MS, T0 + 9000 * MS, "essai", T0 + 8000 * MS)
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
    told = catch_up((BORN, ARRIVED, *later), (other,), (), T0 - 1000 * MS, T0 + 9000 * MS, "essai", T0 + 8000 * MS)
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
