"""Wishes and their refusals, offers that ring in vain, and times by person."""

import pytest

from cti.agents.duty import Standing, fold
from cti.agents.missed import Missed, Verdict
from cti.agents.times import times
from cti.agents.wishes import Refusal, Why, Wish, act_of
from cti.journey.around.duty import DutyAct, DutyKind, DutyVia, PresenceSpan
from cti.journey.events import Presence
from tests.fakes.room import STAFF
from tests.unit.agents.duty_acts import S, act, take

K = DutyKind


def asked(wish: Wish, *told: DutyAct, now: int = 50) -> DutyAct:
    return act_of(wish, fold(told, STAFF.fixed), STAFF, now * S, "new")


def wish(kind: DutyKind, poste: str = "p01", **more: object) -> Wish:
    return Wish(kind=kind, poste=poste, by="chef", **more)  # type: ignore[arg-type]


TAKEN = take(1, "helene", "p01", "n1", "amu")


def test_taking_a_post_gives_all_filieres_or_those_chosen() -> None:
    made = asked(wish(K.TAKE, personne="helene"))
    assert (made.personne, made.filieres, made.by, made.via, made.at) == ("helene", ("n1", "amu"), "chef", DutyVia.API, 50 * S)
    assert asked(wish(K.TAKE, personne="helene", filieres=("amu", "amu"))).filieres == ("amu",)


def test_later_acts_name_whoever_sits_there() -> None:
    assert asked(wish(K.QUEUES, filieres=("n1",)), TAKEN).personne == "helene"
    assert asked(wish(K.LEAVE), TAKEN).personne == "helene"
    assert asked(wish(K.PAUSE, reason="repas"), TAKEN).reason == "repas"
    assert asked(wish(K.PAUSE, reason="autre", text=" salle  de repos "), TAKEN).reason == "autre : salle de repos"
    assert asked(wish(K.PAUSE, "arm01", reason="autre")).personne == "arm01"
    assert asked(wish(K.RESUME), TAKEN, act(K.PAUSE, 2, "p01", reason="repas")).kind is K.RESUME


@pytest.mark.parametrize(
    ("refused", "told", "why"),
    [
        (wish(K.PAUSE, "p99", reason="repas"), (), Why.UNKNOWN),
        (wish(K.PAUSE, reason="repas"), (), Why.IMPOSSIBLE),
        (wish(K.LEAVE), (), Why.IMPOSSIBLE),
        (wish(K.TAKE, "arm01", personne="helene"), (), Why.IMPOSSIBLE),
        (wish(K.LEAVE, "arm01"), (), Why.IMPOSSIBLE),
        (wish(K.QUEUES, "arm01", filieres=("n1",)), (), Why.IMPOSSIBLE),
        (wish(K.RESUME), (TAKEN,), Why.IMPOSSIBLE),
        (wish(K.TAKE, personne="nobody"), (), Why.WRONG),
        (wish(K.TAKE, personne="helene", filieres=("mru",)), (), Why.WRONG),
        (wish(K.QUEUES, filieres=()), (TAKEN,), Why.WRONG),
        (wish(K.PAUSE, reason="café"), (TAKEN,), Why.WRONG),
        (wish(K.PAUSE, reason="repas", text="long"), (TAKEN,), Why.WRONG),
    ],
)
def test_a_refusal_says_why(refused: Wish, told: tuple[DutyAct, ...], why: Why) -> None:
    with pytest.raises(Refusal) as found:
        asked(refused, *told)
    assert found.value.why is why
    assert str(found.value).endswith(".")


# --- offers that ring in vain -----------------------------------------------------------------------------------------

N1 = Standing("p01", "helene", ("n1",), 0)
AMU = Standing("p01", "helene", ("n1", "amu"), 0)


def test_so_many_in_a_row_and_an_answer_begins_anew() -> None:
    rules = Missed(2)
    assert rules.missed(N1, "l1", {}, "amu") is Verdict.PATIENT
    assert rules.missed(N1, "l1", {}, "amu") is Verdict.PATIENT, "the same offer told twice"
    rules.heard("p01")
    assert rules.count("p01") == 0
    assert rules.missed(N1, "l2", {}, "amu") is Verdict.PATIENT
    assert rules.missed(N1, "l3", {}, "amu") is Verdict.WITHDRAW


def test_never_when_the_site_says_so() -> None:
    rules = Missed(0)
    assert {rules.missed(N1, f"l{n}", {}, "amu") for n in range(9)} == {Verdict.PATIENT}


@pytest.mark.parametrize(
    ("presence", "verdict"),
    [
        (Presence.FREE, Verdict.WITHDRAW),
        (Presence.TALKING, Verdict.WITHDRAW),
        (Presence.WRAPUP, Verdict.WITHDRAW),
        (Presence.PAUSED, Verdict.LAST),
        (Presence.UNREACHABLE, Verdict.LAST),
    ],
)
def test_the_last_one_who_can_be_reached_at_the_last_resort_stays(presence: Presence, verdict: Verdict) -> None:
    rules = Missed(1)
    seen = {("p01", "amu"): Presence.FREE, ("p02", "n1"): Presence.FREE, ("p03", "amu"): presence}
    assert rules.missed(AMU, "l1", seen, "amu") is verdict


def test_while_nothing_is_seen_nobody_is_said_to_be_the_last() -> None:
    assert Missed(1).missed(AMU, "l1", {}, "amu") is Verdict.PATIENT


# --- times --------------------------------------------------------------------------------------------------------------


def span(
    since: int, until: int | None, state: str, reason: str = "", poste: str = "p01", personne: str = "helene"
) -> PresenceSpan:
    end = None if until is None else until * S
    return PresenceSpan(poste=poste, since=since * S, until=end, personne=personne, state=state, reason=reason)


def test_times_of_a_morning() -> None:
    told = [take(0, "helene", "p01"), act(K.LEAVE, 100, "p01"), take(150, "helene", "p02")]
    spans = [
        span(0, 40, "free"), span(40, 60, "talking"), span(60, 70, "paused", "repas"), span(70, 80, "paused", "formation"),
        span(150, None, "free", poste="p02"), span(0, 20, "free", poste="arm01", personne="arm01"),
    ]  # fmt: skip
    found = times(told, spans, 10 * S, 200 * S, 180 * S)
    helene = found["helene"]
    assert helene.postes == ["p01", "p02"]
    assert helene.duty_ms == 90_000 + 30_000
    assert helene.states == {"free": 30_000 + 30_000, "talking": 20_000, "paused": 20_000}
    assert helene.reasons == {"repas": 10_000, "formation": 10_000}
    assert helene.unseen_ms == 20_000, "from 80 to 100 nobody looked"
    assert (found["arm01"].duty_ms, found["arm01"].unseen_ms, found["arm01"].states) == (None, None, {"free": 10_000})


def test_a_session_that_began_before_and_one_taken_over() -> None:
    told = [take(0, "helene", "p01"), take(50, "anne", "p01"), act(K.PAUSE, 60, "p01"), take(300, "anne", "p01")]
    found = times(told, [], 20 * S, 100 * S, 400 * S)
    assert {name: row.duty_ms for name, row in found.items()} == {"helene": 30_000, "anne": 50_000}


def test_nothing_outside_the_period() -> None:
    assert times([take(0), act(K.LEAVE, 5)], [span(0, 5, "free")], 10 * S, 20 * S, 30 * S) == {}
