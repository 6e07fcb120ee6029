"""When a post may be offered calls: every fact that counts, alone; what is not known; who is kept as the last one."""

from dataclasses import replace
from datetime import date

import pytest

from cti.agents.duty import Hold, Standing
from cti.agents.membership import desired
from cti.agents.people import read_staff
from cti.agents.readiness import (
    NOT_READY,
    SHORT,
    TO_DO,
    Contact,
    Facts,
    Lack,
    PageWord,
    VoiceTry,
    kept_as_last,
    lacks,
    reason,
    tell,
)
from cti.agents.ready_rules import ReadyRules, read_ready, rules_at
from cti.agents.roster import RosterError
from cti.journey.around.duty import DutyKind
from cti.journey.events import Presence
from tests.fakes.room import STAFF, T0, S

RULES = ReadyRules()
GOOD = Contact(registered=True, reachable=True, round_trip_ms=20)
WORD = PageWord(T0, -30.0, False, VoiceTry("a", True, 0.0), 40)
BROWSER = Facts(browser=True, contact=GOOD, page=WORD)
HARD = Facts(browser=False)


def changed(**word: object) -> Facts:
    return replace(BROWSER, page=replace(WORD, **word))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (BROWSER, ()),
        (HARD, ()),  # the PBX has said nothing of it
        (replace(HARD, contact=Contact(registered=False)), (Lack.UNREGISTERED,)),
        (replace(HARD, contact=Contact(True, False)), (Lack.UNREACHABLE,)),
        (replace(HARD, contact=Contact(True, None)), ()),  # it is never asked
        (replace(HARD, contact=Contact(True, True, 500)), ()),
        (replace(HARD, contact=Contact(True, True, 500.1)), (Lack.SLOW,)),
        (replace(BROWSER, contact=Contact(registered=False)), (Lack.UNREGISTERED,)),
        (replace(BROWSER, page=None), (Lack.UNTRIED,)),
        (replace(BROWSER, page=None, believed_until=T0 + 1), ()),
        (replace(BROWSER, page=None, believed_until=T0), (Lack.UNTRIED,)),
        (changed(micro_dbfs=-70.0), ()),
        (changed(micro_dbfs=-70.1), (Lack.MICROPHONE,)),
        (changed(micro_cut=True), (Lack.MICROPHONE,)),
        (changed(voice=None), (Lack.UNTRIED,)),
        (changed(voice=VoiceTry("a", False, 1.0)), (Lack.VOICE,)),
        (changed(voice=VoiceTry("a", False, 1.0, refused=True)), ()),
        (changed(voice=VoiceTry("a", True, 0.05)), ()),
        (changed(voice=VoiceTry("a", True, 0.051)), (Lack.VOICE,)),
        (changed(ahead_ms=-2000), ()),
        (changed(ahead_ms=2001), (Lack.CLOCK,)),
        (changed(ahead_ms=-2001), (Lack.CLOCK,)),
        (changed(micro_cut=True, voice=None, ahead_ms=9_999), (Lack.MICROPHONE, Lack.UNTRIED, Lack.CLOCK)),
    ],
)
def test_each_fact(facts: Facts, expected: tuple[Lack, ...]) -> None:
    assert lacks(facts, RULES, T0) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(60, ()), (120, ()), (150, ()), (151, (Lack.STALE,))])
def test_a_tab_that_is_run_once_a_minute_stays_ready_while_the_pbx_s_own_facts_are_good(
    seconds: int, expected: tuple[Lack, ...]
) -> None:
    assert lacks(BROWSER, RULES, T0 + seconds * S) == expected
    dead = replace(BROWSER, contact=Contact(True, False))
    assert lacks(dead, RULES, T0 + seconds * S)[0] is Lack.UNREACHABLE, "a page that is dead is the PBX's to find"


def test_no_site_may_be_told_to_believe_a_page_for_less_than_a_throttled_tab_needs() -> None:
    problems: list[str] = []
    read_ready([{"depuis": date(2026, 1, 1), "nouvelles_seconds": 74}], "agents.toml", problems)
    assert problems == ["agents.toml: [[pret]] 1 nouvelles_seconds: a number from 75 to 3600 is expected, not 74"]


def test_everything_that_may_lack_has_words_for_the_board_and_for_the_person() -> None:
    assert set(SHORT) == set(TO_DO) == set(Lack)
    assert reason((Lack.MICROPHONE, Lack.CLOCK)) == f"{NOT_READY} : micro muet"
    told = tell((Lack.MICROPHONE,), T0, kept=False)
    assert told is not None
    assert told["since"] == "2026-12-16T08:00:00.000Z"
    assert told["manques"][0]["code"] == "micro_muet"
    assert told["manques"][0]["faire"].startswith("vérifiez la touche de coupure")
    assert tell((), T0, kept=False) is None


SEATS = {poste: Standing(poste, f"person-{poste}", ("n1",), T0) for poste in ("p01", "p02")}
SLOW, DEAF = (Lack.SLOW,), (Lack.MICROPHONE, Lack.SLOW)


def kept(found: dict[str, tuple[Lack, ...]], seats: dict[str, Standing] = SEATS, **seen: Presence) -> set[str]:
    return set(kept_as_last(found, seats, {(poste, "n1"): presence for poste, presence in seen.items()}, "n1"))


def test_the_last_one_of_the_last_resort_keeps_its_calls_as_long_as_a_voice_may_pass() -> None:
    assert kept({"p01": SLOW}, p01=Presence.FREE) == {"p01"}
    assert kept({"p01": SLOW}, p01=Presence.PAUSED) == {"p01"}, "paused by us a moment ago, when there was somebody else"
    assert kept({"p01": DEAF}, p01=Presence.FREE) == set(), "nobody would be heard"
    assert kept({"p01": ()}, p01=Presence.PAUSED) == set()
    assert kept({"p01": SLOW}, p01=Presence.FREE, p02=Presence.FREE) == set(), "there is somebody else"
    assert kept({"p01": SLOW}, p01=Presence.FREE, p02=Presence.UNREACHABLE) == {"p01"}
    assert kept({"p01": SLOW, "p02": SLOW}, p01=Presence.FREE, p02=Presence.FREE) == {"p01", "p02"}
    assert kept({"p01": SLOW, "p02": DEAF}, p01=Presence.FREE, p02=Presence.FREE) == {"p01"}
    assert kept({"p01": SLOW}) == set(), "the PBX is not seen: nobody knows who else is there"
    assert kept({"p03": SLOW}, p03=Presence.FREE) == set(), "nobody sits there"
    paused = {"p01": replace(SEATS["p01"], hold=Hold(DutyKind.PAUSE, "repas", T0))}
    assert kept({"p01": SLOW}, paused, p01=Presence.PAUSED) == set(), "she is at lunch"
    assert kept_as_last({"p01": SLOW}, SEATS, {("p01", "amu"): Presence.FREE}, "n1") == frozenset()


def test_whoever_is_not_ready_is_paused_with_the_reason_and_her_own_pause_goes_before() -> None:
    queues = {"n1": ("sas-n1",)}
    sits = Standing("p01", "helene", ("n1",), T0)
    unready = {"p01": reason((Lack.MICROPHONE,))}
    member = desired({"p01": sits}, STAFF, queues, T0, unready)["sas-n1", "p01"]
    assert (member.paused, member.reason) == (True, "pas prêt : micro muet")
    held = replace(sits, hold=Hold(DutyKind.PAUSE, "repas", T0))
    assert desired({"p01": held}, STAFF, queues, T0, unready)["sas-n1", "p01"].reason == "repas"
    assert not desired({"p01": sits}, STAFF, queues, T0)["sas-n1", "p01"].paused


def test_the_limits_are_dated() -> None:
    problems: list[str] = []
    blocks = read_ready(
        [
            {"depuis": date(2026, 12, 17), "aller_retour_max_ms": 300, "perte_max_pct": 2.5},
            {"depuis": date(2026, 1, 1), "micro_min_dbfs": -60},
        ],
        "agents.toml",
        problems,
    )
    assert problems == []
    now, next_week = rules_at(blocks, T0), rules_at(blocks, T0 + 7 * 86_400 * S)
    assert (now.micro_dbfs, now.round_trip_ms) == (-60, 500)
    assert (next_week.micro_dbfs, next_week.round_trip_ms, next_week.loss_max) == (-70, 300, 0.025)
    assert rules_at(blocks, 0) == now, "before the first day"
    assert rules_at(read_ready([], "agents.toml", problems), 0) == ReadyRules()


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ("words", "blocks [[pret]] are expected"),
        ({"depuis": date(2026, 1, 1)}, "blocks [[pret]] are expected"),
        (["words"], "a table is expected"),
        ([{}], "depuis: a date"),
        ([{"depuis": "2026-01-01"}], "depuis: a date"),
        ([{"depuis": date(2026, 1, 1), "micro": 1}], "micro: unknown field"),
        ([{"depuis": date(2026, 1, 1), "horloge_max_ms": 2.5}], "horloge_max_ms: a number"),
        ([{"depuis": date(2026, 1, 1), "horloge_max_ms": True}], "horloge_max_ms: a number"),
        ([{"depuis": date(2026, 1, 1), "perte_max_pct": 51}], "perte_max_pct: a number from 0 to 50"),
        ([{"depuis": date(2026, 1, 1)}, {"depuis": date(2026, 1, 1)}], "2026-01-01 stands twice"),
    ],
)
def test_faults_of_the_file(blocks: object, said: str) -> None:
    with pytest.raises(RosterError) as caught:
        read_staff({"pret": blocks}, "agents.toml")
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
