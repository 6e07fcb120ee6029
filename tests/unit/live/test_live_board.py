"""The board: one place per call, last known figures while blind, numbered changes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.journey import Journey, State, apply
from cti.journey import events as ev
from cti.live import Board, FiliereSpec
from cti.live.views import mask
from tests.fakes.room import FILIERES, T0, Clock, Room, S, day_count


def a_board(*specs: FiliereSpec, history: int = 4096, up: bool = True) -> tuple[Board, Room, Clock]:
    clock = Clock()
    board = Board(specs or FILIERES, clock=clock, history=history)
    if up:
        board.seen(ev.LinkUp(at=T0))
    return board, Room(board), clock


def card(board: Board, code: str) -> dict[str, Any]:
    found: dict[str, Any] = board.snapshot()["filieres"][code]
    return found


def numbers(board: Board, code: str) -> tuple[int, int, int, int]:
    told = card(board, code)
    return told["waiting"], told["ringing"], told["talking"], told["held"]


class TestCounts:
    def test_a_caller_goes_from_waiting_to_ringing_to_talking_to_held(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        assert board.snapshot()["totals"]["greeting"] == 1
        room.wait("c", "n1", T0 + S)
        assert numbers(board, "n1") == (1, 0, 0, 0)
        room.ring("c", "arm01", T0 + 2 * S)
        assert numbers(board, "n1") == (1, 1, 0, 0)
        room.answer("c", "arm01", T0 + 5 * S)
        assert numbers(board, "n1") == (0, 0, 1, 0)
        room.tell(ev.CallerHeld(call_id="c", at=T0 + 8 * S))
        assert numbers(board, "n1") == (0, 0, 0, 1)
        assert board.snapshot()["calls"]["c"]["since"] == "2026-12-16T08:00:08.000Z"
        room.end("c", T0 + 9 * S)
        assert numbers(board, "n1") == (0, 0, 0, 0)
        assert board.snapshot()["calls"] == {}

    def test_a_caller_sent_through_three_queues_is_counted_once(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        for i, code in enumerate(("n1", "amu", "mru")):
            room.wait("c", code, T0 + (i + 1) * 10 * S)
        assert [card(board, code)["waiting"] for code in ("n1", "amu", "mru")] == [0, 0, 1]
        assert board.snapshot()["totals"]["waiting"] == 1
        assert board.snapshot()["calls"]["c"]["stages"] == 3

    def test_a_second_stage_after_a_talk_is_counted_once_and_waits_anew(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        room.answer("c", "arm01", T0 + 5 * S)
        room.tell(ev.TransferAsked(call_id="c", at=T0 + 60 * S, target="amu", via=ev.TransferVia.TOUCHE))
        assert board.snapshot()["totals"]["moving"] == 1
        room.wait("c", "amu", T0 + 61 * S)
        assert numbers(board, "n1") == (0, 0, 0, 0)
        assert numbers(board, "amu") == (1, 0, 0, 0)
        assert card(board, "amu")["oldest_since"] == "2026-12-16T08:01:01.000Z"

    def test_an_overflow_does_not_start_the_wait_again(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        room.tell(ev.QueueGaveUp(call_id="c", at=T0 + 40 * S, filiere="n1", how=ev.QueueEnd.TIMEOUT))
        room.wait("c", "amu", T0 + 41 * S)
        assert card(board, "amu")["oldest_since"] == "2026-12-16T08:00:00.000Z"

    def test_queues_10_100_and_1000_are_three_queues(self) -> None:
        specs = [FiliereSpec(code=code, libelle=code, ordre=i, couleur="#000000") for i, code in enumerate(("10", "100", "1000"))]
        board, room, _ = a_board(*specs)
        for call, code in (("a", "100"), ("b", "100"), ("c", "1000")):
            room.arrive(call, T0)
            room.wait(call, code, T0 + S)
        room.agent("arm01", "100", ev.Presence.FREE, T0)
        assert [card(board, code)["waiting"] for code in ("10", "100", "1000")] == [0, 2, 1]
        assert [card(board, code)["agents"]["free"] for code in ("10", "100", "1000")] == [0, 1, 0]

    def test_a_call_in_a_filiere_nobody_configured_is_shown_all_the_same(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        room.wait("c", "crise", T0 + S)
        assert card(board, "crise")["waiting"] == 1
        assert card(board, "crise")["inconnue"] is True
        assert card(board, "crise")["ordre"] > card(board, "dentaire")["ordre"]

    def test_what_comes_after_the_end_brings_nobody_back(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        room.end("c", T0 + S)
        before = board.seq
        room.tell(ev.DossierOpened(call_id="c", at=T0 + 2 * S, dossier_id="d", ref="2026-350-0000001"))
        assert board.snapshot()["calls"] == {}
        assert board.seq == before

    def test_a_call_known_only_by_its_dossier_is_not_on_the_line_yet(self) -> None:
        board, room, _ = a_board()
        room.tell(ev.DossierOpened(call_id="c", at=T0, dossier_id="d", ref="2026-350-0000001"))
        assert board.snapshot()["calls"] == {}

    def test_an_uncertain_call_is_counted_as_such(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        room.tell(ev.ObservationLost(call_id="c", at=T0 + 9 * S, since=T0 + S, reason="liaison"))
        assert board.snapshot()["totals"]["uncertain"] == 1
        assert board.snapshot()["calls"]["c"]["uncertain"] is True

    def test_open_calls_are_taken_over_at_start(self) -> None:
        _, room, _ = a_board()
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        board, _, _ = a_board()
        board.adopt([room.journeys["c"]])
        assert numbers(board, "n1") == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+33612345678", "••5678"), ("0612345678", "••5678"), ("18", "••••"), ("1234567", "••••"), ("***", "••••"), (None, None)],
)
def test_a_wall_shows_four_digits_at_most(number: str | None, shown: str | None) -> None:
    assert mask(number) == shown


class TestLink:
    def test_before_the_first_sight_nothing_is_known_which_is_not_zero(self) -> None:
        board, _, _ = a_board(up=False)
        told = board.snapshot()
        assert told["link"]["state"] == "down"
        assert told["link"]["ever_up"] is False
        assert told["filieres"]["n1"]["waiting"] is None
        assert set(told["filieres"]["n1"]["agents"].values()) == {None}
        assert set(told["totals"].values()) == {None}

    def test_the_first_sight_makes_every_figure_known(self) -> None:
        board, _, _ = a_board(up=False)
        before = board.seq
        board.seen(ev.LinkUp(at=T0))
        change = board.changes_since(before)
        assert change is not None
        assert set(change["filieres"]) == {spec.code for spec in FILIERES}
        assert change["filieres"]["n1"]["waiting"] == 0
        assert change["totals"]["calls"] == 0

    def test_a_lost_link_keeps_the_last_known_figures(self) -> None:
        board, room, _ = a_board()
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        board.seen(ev.LinkDown(at=T0 + 5 * S, reason="aucune réponse"))
        told = board.snapshot()
        assert told["link"] == {
            "state": "down", "since": "2026-12-16T08:00:05.000Z", "reason": "aucune réponse", "ever_up": True,
        }  # fmt: skip
        assert told["filieres"]["n1"]["waiting"] == 1

    def test_a_link_that_stays_down_is_down_since_the_first_time(self) -> None:
        board, _, _ = a_board()
        board.seen(ev.LinkDown(at=T0 + 5 * S, reason="aucune réponse"))
        board.seen(ev.LinkDown(at=T0 + 9 * S, reason="connexion refusée"))
        assert board.snapshot()["link"]["since"] == "2026-12-16T08:00:05.000Z"
        assert board.snapshot()["link"]["reason"] == "connexion refusée"


class TestAgents:
    def test_an_agent_of_two_filieres_is_counted_in_both_by_what_he_does_there(self) -> None:
        board, room, _ = a_board()
        room.agent("arm01", "n1", ev.Presence.FREE, T0, "Dupont")
        room.agent("arm01", "amu", ev.Presence.PAUSED, T0)
        assert card(board, "n1")["agents"]["free"] == 1
        assert card(board, "amu")["agents"] == {
            "free": 0, "ringing": 0, "talking": 0, "paused": 1, "wrapup": 0, "unreachable": 0,
        }  # fmt: skip
        assert board.snapshot()["agents"]["arm01"]["nom"] == "Dupont"

    def test_reading_the_same_presence_again_changes_nothing(self) -> None:
        board, room, _ = a_board()
        room.agent("arm01", "n1", ev.Presence.FREE, T0)
        before = board.seq
        room.agent("arm01", "n1", ev.Presence.FREE, T0 + 60 * S)
        assert board.seq == before
        assert board.snapshot()["agents"]["arm01"]["filieres"]["n1"]["since"] == "2026-12-16T08:00:00.000Z"

    def test_an_older_reading_is_refused(self) -> None:
        board, room, _ = a_board()
        room.agent("arm01", "n1", ev.Presence.TALKING, T0 + 5 * S)
        room.agent("arm01", "n1", ev.Presence.FREE, T0)
        assert card(board, "n1")["agents"]["talking"] == 1

    def test_an_agent_who_leaves_is_gone_from_that_filiere_alone(self) -> None:
        board, room, _ = a_board()
        for code in ("n1", "amu"):
            room.agent("arm01", code, ev.Presence.FREE, T0)
        board.seen(ev.AgentGone(at=T0 + S, agent="arm01", filiere="n1"))
        assert card(board, "n1")["agents"]["free"] == 0
        assert card(board, "amu")["agents"]["free"] == 1
        before = board.seq
        board.seen(ev.AgentGone(at=T0 + 2 * S, agent="arm01", filiere="amu"))
        change = board.changes_since(before)
        assert change is not None
        assert change["agents"] == {"arm01": None}

    def test_a_logged_out_agent_is_in_no_count(self) -> None:
        board, room, _ = a_board()
        room.agent("arm01", "n1", ev.Presence.LOGGED_OUT, T0)
        assert sum(card(board, "n1")["agents"].values()) == 0


class TestLoads:
    def test_routing_is_told_who_is_there_and_who_waits(self) -> None:
        board, room, _ = a_board()
        states = (ev.Presence.FREE, ev.Presence.PAUSED, ev.Presence.UNREACHABLE, ev.Presence.TALKING, ev.Presence.LOGGED_OUT)
        for i, presence in enumerate(states):
            room.agent(f"arm0{i}", "n1", presence, T0)
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        loads = board.loads()
        assert loads is not None
        assert loads["n1"] == (3, 1, 1, T0, 1)
        assert loads["amu"] == (0, 0, 0, None, 0)

    def test_routing_is_told_nothing_while_the_pbx_is_out_of_sight(self) -> None:
        board, _, _ = a_board()
        board.seen(ev.LinkDown(at=T0 + S, reason="coupure"))
        assert board.loads() is None


class TestChanges:
    def test_nothing_changed_is_an_empty_change(self) -> None:
        board, _, _ = a_board()
        change = board.changes_since(board.seq)
        assert change is not None
        assert set(change) == {"epoch", "seq", "at"}

    def test_many_changes_of_one_call_are_told_as_one_present_value(self) -> None:
        board, room, _ = a_board()
        before = board.seq
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        room.answer("c", "arm01", T0 + 5 * S)
        change = board.changes_since(before)
        assert change is not None
        assert set(change["calls"]) == {"c"}
        assert change["calls"]["c"]["state"] == "talking"
        assert set(change["filieres"]) == {"n1"}
        assert change["waits"][0]["worst_ms"] == 5000

    def test_a_call_that_came_and_went_is_told_as_gone(self) -> None:
        board, room, _ = a_board()
        before = board.seq
        room.arrive("c", T0)
        room.end("c", T0 + S)
        change = board.changes_since(before)
        assert change is not None
        assert change["calls"] == {"c": None}

    @pytest.mark.parametrize("seq", [-1, 10_000])
    def test_a_number_we_never_gave_needs_a_snapshot(self, seq: int) -> None:
        board, _, _ = a_board()
        assert board.changes_since(seq) is None

    def test_a_screen_older_than_the_memory_needs_a_snapshot(self) -> None:
        board, room, _ = a_board(history=2)
        start = board.seq
        for i in range(3):
            room.arrive(f"c{i}", T0)
        assert board.changes_since(start) is None
        assert board.changes_since(start + 1) is not None

    def test_watchers_hear_of_changes_and_of_nothing_else(self) -> None:
        board, room, _ = a_board()
        heard: list[int] = []
        board.watch(lambda: heard.append(board.seq))
        room.arrive("c", T0)
        room.arrive("c", T0)
        assert heard == [board.seq]

    def test_the_day_is_told_once_per_change(self) -> None:
        board, _, _ = a_board()
        board.count_day(day_count())
        before = board.seq
        board.count_day(day_count())
        assert board.seq == before
        board.count_day(day_count(qs30=None))
        change = board.changes_since(before)
        assert change is not None
        assert change["day"]["qs30"] is None


def test_the_curve_keeps_the_worst_wait_of_each_of_the_last_thirty_minutes() -> None:
    board, room, _ = a_board()
    for i, (start, waited) in enumerate(((0, 5), (1, 50), (2, 8), (35 * 60, 3))):
        call, t0 = f"c{i}", T0 + start * S
        room.arrive(call, t0)
        room.wait(call, "n1", t0)
        if i == 2:
            room.end(call, t0 + waited * S)
        else:
            room.answer(call, "arm01", t0 + waited * S)
        if i == 2:
            assert board.snapshot()["waits"] == [
                {"at": "2026-12-16T08:00:00.000Z", "worst_ms": 50000, "answered": 2, "abandoned": 1}
            ]
    assert [minute["at"] for minute in board.snapshot()["waits"]] == ["2026-12-16T08:35:00.000Z"]


# --- the property: live counters equal a recount -----------------------------------------------------------------------

CALLS = ("a", "b", "c")
CODES = ("10", "100", "1000")
AGENTS = ("x", "y")


@st.composite
def a_call_event(draw: st.DrawFn) -> ev.CallEvent:
    call, code, agent = draw(st.sampled_from(CALLS)), draw(st.sampled_from(CODES)), draw(st.sampled_from(AGENTS))
    at = T0 + draw(st.integers(0, 600)) * S
    leg = f"{call}-{agent}-{draw(st.integers(0, 1))}"
    makers = (
        lambda: ev.CallArrived(call_id=call, at=at, channel="", did="15", flux="15", caller=None),
        lambda: ev.QueueEntered(call_id=call, at=at, filiere=code),
        lambda: ev.AgentOffered(call_id=call, at=at, filiere=code, agent=agent, leg=leg),
        lambda: ev.OfferEnded(call_id=call, at=at, agent=agent, leg=leg, how=ev.OfferEnd.NO_ANSWER),
        lambda: ev.AgentAnswered(call_id=call, at=at, agent=agent, leg=leg),
        lambda: ev.AgentLeft(call_id=call, at=at, agent=agent, leg=leg),
        lambda: ev.QueueGaveUp(call_id=call, at=at, filiere=code, how=ev.QueueEnd.TIMEOUT),
        lambda: ev.TransferAsked(call_id=call, at=at, target=code, via=ev.TransferVia.API),
        lambda: ev.CallerHeld(call_id=call, at=at),
        lambda: ev.CallerUnheld(call_id=call, at=at),
        lambda: ev.ObservationLost(call_id=call, at=at, since=T0, reason=""),
        lambda: ev.CallEnded(call_id=call, at=at),
    )
    return draw(st.sampled_from(makers))()


def recount(journeys: dict[str, Journey], code: str) -> tuple[int, int, int, int]:
    here = [j for j in journeys.values() if j.stage is not None and j.stage.filiere == code]
    waiting = [j for j in here if j.state is State.WAITING]
    return (
        len(waiting),
        sum(any(leg.ringing for leg in j.stages[-1].legs) for j in waiting),
        sum(j.state is State.TALKING for j in here),
        sum(j.state is State.HELD for j in here),
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(a_call_event(), max_size=60), st.integers(0, 60), st.integers(2, 100))
def test_live_counters_equal_a_recount_and_changes_rebuild_the_picture(
    events: list[ev.CallEvent], cut: int, history: int
) -> None:
    """Whatever happens, in whatever order; and a screen that resumes anywhere ends with the same picture."""
    board, room, _ = a_board(history=history)
    screen, seen = board.snapshot(), board.seq
    for i, event in enumerate(events):
        room.tell(event)
        if i == cut:
            screen, seen = board.snapshot(), board.seq
    live = {key: j for key, j in room.journeys.items() if j.state not in (State.EXPECTED, State.ENDED)}
    told = board.snapshot()
    for code in CODES:
        expected = recount(live, code)
        shown = told["filieres"].get(code)
        assert (tuple(shown[k] for k in ("waiting", "ringing", "talking", "held")) if shown else (0, 0, 0, 0)) == expected
    assert set(told["calls"]) == set(live)
    assert told["totals"]["calls"] == len(live)
    assert sum(told["totals"][place] for place in ("greeting", "waiting", "talking", "held", "moving")) == len(live)

    change = board.changes_since(seen)
    if change is None:
        assert board.seq - seen > history
        return
    for section, value in change.items():
        if section in ("calls", "filieres", "agents"):
            screen[section] = {k: v for k, v in {**screen[section], **value}.items() if v is not None}
        else:
            screen[section] = value
    assert screen == told


def test_the_recount_can_fail() -> None:
    """The property above is not vacuous: a caller who talks is not counted as waiting by it."""
    journey, _ = apply(Journey(call_id="a"), ev.CallArrived(call_id="a", at=T0, channel="", did="15", flux="15", caller=None))
    journey, _ = apply(journey, ev.QueueEntered(call_id="a", at=T0, filiere="10"))
    assert recount({"a": journey}, "10") == (1, 0, 0, 0)
    assert recount({"a": journey}, "100") == (0, 0, 0, 0)
