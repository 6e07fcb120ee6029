"""Posts, people and times as the screens read them."""

from cti.agents.duty import fold
from cti.agents.telling import tell_people, tell_post, tell_posts, tell_times
from cti.agents.times import PersonTimes
from cti.journey.around.duty import DutyKind
from cti.journey.events import Presence
from cti.journey.words import iso
from tests.fakes.room import STAFF
from tests.unit.agents.duty_acts import S, act, take

#: Hélène is at p01 and in a pause; nobody is at p02.
STANDINGS = fold([take(1, "helene", "p01", "n1", "amu"), act(DutyKind.PAUSE, 5, "p01", reason="repas", by="chef")], STAFF.fixed)
SIGHTS = {("p01", "n1"): Presence.PAUSED, ("p01", "amu"): Presence.PAUSED, ("arm01", "n1"): Presence.FREE}


def test_a_post_says_who_sits_there_what_holds_it_and_what_the_pbx_shows() -> None:
    told = tell_post("p01", STANDINGS["p01"], STAFF, SIGHTS, 10 * S)
    assert (told["poste"], told["numero"], told["fixe"]) == ("p01", "1101", False)
    assert (told["personne"], told["nom"], told["role"]) == ("helene", "Hélène L'Hôpital", "arm_n1")
    assert (told["filieres"], told["since"]) == (["n1", "amu"], iso(1 * S))
    assert (told["hold"], told["reason"], told["hold_since"], told["by"]) == ("pause", "repas", iso(5 * S), "chef")
    assert told["hold_until"] is None, "a pause has no end of its own"
    assert told["presence"] == {"amu": "paused", "n1": "paused"}, "its own sights alone"


def test_an_empty_post_and_one_that_nobody_declared_say_so() -> None:
    empty = tell_post("p02", None, STAFF, SIGHTS, 10 * S)
    assert (empty["numero"], empty["personne"], empty["nom"], empty["role"], empty["filieres"]) == ("1102", None, "", None, [])
    assert (empty["since"], empty["hold"], empty["by"], empty["presence"]) == (None, None, "", {})
    unknown = tell_post("x99", None, STAFF, {}, 10 * S)
    assert (unknown["numero"], unknown["fixe"]) == ("", False)


def test_every_declared_post_is_told_in_the_order_of_the_file() -> None:
    told = tell_posts(STANDINGS, STAFF, SIGHTS, 10 * S)
    assert [(post["poste"], post["personne"]) for post in told] == [("p01", "helene"), ("p02", None), ("arm01", "arm01")]
    assert (told[2]["fixe"], told[2]["since"]) == (True, None), "a fixed post was never taken"


def test_people_are_told_with_what_they_may_serve_and_never_with_their_code() -> None:
    helene, anne = tell_people(STAFF)
    assert helene == {
        "personne": "helene", "nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": "201",
    }  # fmt: skip
    assert anne["role"] == "mru"


def test_times_say_what_nobody_saw() -> None:
    row = PersonTimes("anne", ["p02", "p01"], 60_000, {"talking": 20_000, "free": 10_000}, {"repas": 5_000})
    assert tell_times(row, STAFF) == {
        "personne": "anne", "nom": "Dr Anne Petit", "postes": ["p01", "p02"], "duty_ms": 60_000, "unseen_ms": 30_000,
        "states": {"free": 10_000, "talking": 20_000}, "reasons": {"repas": 5_000},
    }  # fmt: skip
