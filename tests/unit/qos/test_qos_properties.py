"""What must hold whatever the calls."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from qos_calls import DAY, PARIS, SITE, UNHURRIED, call, then

from cti.journey import Journey, Quality
from cti.qos import Period, report
from cti.qos.figures import FigureUnit

_seconds = st.floats(min_value=-1, max_value=120).map(lambda value: round(value, 3))


@st.composite
def journeys(draw: st.DrawFn) -> Journey:
    t0 = DAY.since + draw(st.integers(-3600, 25 * 3600)) * 1_000_000
    wait = draw(_seconds)
    quality = draw(st.sampled_from(Quality))
    common = {
        "t0": t0,
        "caller": draw(st.sampled_from(["1", "2", None])),
        "flux": draw(st.sampled_from(["15", "116117"])),
        "public": draw(st.booleans()),
        "test": draw(st.sampled_from([False, False, False, True])),
        "quality": quality,
        "offer_seen": draw(st.booleans()),
    }
    match draw(st.sampled_from(["answered", "open", "waiting", "abandoned", "greeting", "refused", "passed_on", "lost"])):
        case "answered":
            return call(answered=wait, ended=wait + draw(_seconds), **common)
        case "open":
            return call(answered=wait, **common)
        case "waiting":
            return call(**common)
        case "greeting":
            return call(ended=wait, in_queue=False, **common)
        case "refused":
            return call(ended=wait, in_queue=False, cause=34, **common)
        case "passed_on":
            return then(call(answered=wait, **common), "mg", entered=wait + 5, answered=wait + 30, left=wait + 90)
        case "lost":
            return then(call(answered=wait, **common), "amu", entered=wait + 5, answered=None, left=wait + 90)
        case _:
            return call(ended=wait, **common)


_calls = st.lists(journeys(), max_size=25)
_profiles = st.sampled_from(list(SITE.profiles))


@UNHURRIED
@given(_calls, _profiles)
def test_rates_stay_between_0_and_1_or_are_not_computable(calls: list[Journey], profile: str) -> None:
    for figure in report(calls, SITE, profile, DAY).figures:
        if figure.unit is FigureUnit.RATIO:
            assert figure.denominator is not None
            assert (figure.value is None) is (figure.denominator == 0)
            assert figure.value is None or 0 <= figure.value <= 1
        assert figure.uncertain >= 0
        assert all(count > 0 for count in figure.excluded.values())


@UNHURRIED
@given(_calls, st.sampled_from(["sas_public", "public_24h", "tous_flux"]))
def test_every_entrant_has_one_issue(calls: list[Journey], profile: str) -> None:
    found = {figure.code: figure.value or 0 for figure in report(calls, SITE, profile, DAY).figures}
    assert found["entrants"] == sum(found[code] for code in ("decroches", "abandons", "en_attente", "issue_inconnue"))
    assert found["abandons"] == sum(found[f"abandons_{phase}"] for phase in ("accueil", "file", "sonnerie"))
    assert found["appelants_distincts"] + found["tentatives_repetees"] + found["sans_numero"] == found["entrants"]


@UNHURRIED
@given(_calls)
def test_every_call_presented_has_one_issue_in_the_sae_profile(calls: list[Journey]) -> None:
    shown = report(calls, SITE, "sae", DAY)
    found = {figure.code: figure.value or 0 for figure in shown.figures}
    waiting = shown.figure("taux_decroche").excluded.get("en_attente", 0)
    assert found["entrants"] == found["decroches"] + found["abandons"] + found["refuses"] + found["issue_inconnue"] + waiting


@UNHURRIED
@given(_calls, st.integers(0, 9_999), _profiles)
def test_a_short_abandon_never_moves_the_regulatory_rates(calls: list[Journey], wait_ms: int, profile: str) -> None:
    short = call(ended=wait_ms / 1000)
    before, after = report(calls, SITE, profile, DAY), report([*calls, short], SITE, profile, DAY)
    for code in {"taux_accueil", "qs30", "qs30_entrants"} & {figure.code for figure in before.figures}:
        if before.profile.short_abandons_excluded or code == "qs30":
            assert after.figure(code).value == before.figure(code).value


@UNHURRIED
@given(st.data(), _calls, _profiles)
def test_the_order_of_calls_does_not_matter(data: st.DataObject, calls: list[Journey], profile: str) -> None:
    shuffled = data.draw(st.permutations(calls))
    assert report(shuffled, SITE, profile, DAY).as_dict() == report(calls, SITE, profile, DAY).as_dict()


@UNHURRIED
@given(_calls, st.integers(1, 24 * 60 - 1), _profiles)
def test_two_halves_add_up_to_the_whole(calls: list[Journey], minute: int, profile: str) -> None:
    cut = DAY.since + minute * 60_000_000
    halves = [report(calls, SITE, profile, Period(*ends, PARIS)) for ends in ((DAY.since, cut), (cut, DAY.until))]
    whole = report(calls, SITE, profile, DAY)
    for figure in whole.figures:
        if figure.unit is FigureUnit.APPELS and figure.code != "tentatives_repetees":
            assert figure.value == sum(half.figure(figure.code).value or 0 for half in halves), figure.code
        if figure.unit is FigureUnit.RATIO:
            assert figure.denominator == sum(half.figure(figure.code).denominator or 0 for half in halves)


@UNHURRIED
@given(_calls)
def test_a_test_call_is_in_no_indicator(calls: list[Journey]) -> None:
    extra = replace(call(answered=3, ended=40), test=True)
    before, after = report(calls, SITE, "tous_flux", DAY), report([*calls, extra], SITE, "tous_flux", DAY)
    for figure in before.figures:
        if figure.code != "tests":
            assert after.figure(figure.code).value == figure.value
