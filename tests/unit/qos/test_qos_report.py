"""The report: hours, flux, gaps, JSON and text."""

import json
from dataclasses import replace
from datetime import date

import pytest
from qos_calls import DAY, PARIS, SITE, T0, call, paris, ten_calls, then, us

from cti.journey import Quality
from cti.journey.around.crisis import CrisisSpan
from cti.journey.ledger import Gap
from cti.qos import NoValueYet, Period, UnknownProfile, report, text
from cti.qos.period import local_day


def test_the_night_of_25_hours_has_two_different_two_o_clocks() -> None:
    night = Period(paris("2026-10-25"), paris("2026-10-26"), PARIS)
    calls = [call(answered=5, ended=60, t0=paris("2026-10-25T02:10:00", fold=fold)) for fold in (0, 1, 1)]
    rows = report(calls, SITE, "public_24h", night).hours
    assert len(rows) == 25
    assert len({row.label for row in rows}) == 25
    assert {row.label: row.values["entrants"] for row in rows if row.values["entrants"]} == {
        "2026-10-25 02:00+02:00": 1,
        "2026-10-25 02:00+01:00": 2,
    }


def test_the_night_of_23_hours_has_no_two_o_clock() -> None:
    day = local_day(date(2026, 3, 29), PARIS)
    labels = [row.label for row in report((), SITE, "public_24h", day).hours]
    assert len(labels) == 23
    assert not any(" 02:" in label for label in labels)


def test_hours_know_the_profile_s_hours_and_empty_ones_are_not_computable() -> None:
    rows = report([call(answered=5, ended=60)], SITE, "sas_public", DAY).hours
    assert [row.in_hours for row in rows] == [8 <= hour < 20 for hour in range(24)]
    assert (rows[9].values["entrants"], rows[9].values["taux_accueil"]) == (0, None)
    assert (rows[10].values["entrants"], rows[10].values["qs30"]) == (1, 1.0)
    assert all(row.in_hours for row in report((), SITE, "public_24h", DAY).hours)


def test_hours_add_up_to_the_whole() -> None:
    calls = [journey for hour in range(24) for journey in ten_calls(paris(f"2026-11-18T{hour:02d}:00:00"))]
    found = report(calls, SITE, "public_24h", DAY)
    for code in ("entrants", "decroches", "abandons", "abandons_courts"):
        assert sum(row.values[code] or 0 for row in found.hours) == found.figure(code).value


def test_figures_by_flux() -> None:
    calls = [call(answered=5, ended=60), call(ended=60, flux="116117"), call(ended=60, flux="18", public=False)]
    found = report(calls, SITE, "sas_public", DAY)
    by_flux = {flux: {figure.code: figure.value for figure in figures} for flux, figures in found.by_flux.items()}
    assert {flux: values["taux_accueil"] for flux, values in by_flux.items()} == {"116117": 0.0, "15": 1.0}
    assert found.figure("taux_accueil").value == 0.5


def test_gaps_are_cut_to_the_period() -> None:
    gaps = [Gap(T0, T0 + us(60), "link lost"), Gap(DAY.since - us(99), DAY.since + us(1), "restart"), Gap(0, 5, "old")]
    found = report((), SITE, "sas_public", DAY, gaps)
    assert [(gap.since, gap.reason) for gap in found.gaps] == [(DAY.since, "restart"), (T0, "link lost")]
    assert found.blind_ms == 61_000
    assert "Sans vue sur l'autocommutateur : 1 min 01 s en 2 intervalle(s)" in found.as_text()


def test_json_is_plain_and_its_instants_are_iso() -> None:
    found = json.loads(json.dumps(report(ten_calls(), SITE, "sas_public", DAY, [Gap(T0, T0 + 1000, "x")]).as_dict()))
    assert (found["profile"], found["since"], found["until"]) == (
        "sas_public",
        "2026-11-17T23:00:00.000Z",
        "2026-11-18T23:00:00.000Z",
    )
    assert found["figures"][2]["value"] == 0.625
    assert found["hours"][10] | {"at": found["hours"][10]["at"]} == found["hours"][10]
    assert found["hours"][10]["at"] == "2026-11-18T09:00:00.000Z"
    assert found["stages"][0]["filiere"] == "n1"
    assert found["gaps"][0]["since"] == "2026-11-18T09:00:00.000Z"
    assert "seuil_qs30@2019-01-01" in found["rule_version"]


def test_text_shows_the_formula_beside_the_figure_and_columns_align() -> None:
    calls = [*ten_calls(), call(ended=45, quality=Quality.UNCERTAIN), call(ended=20, test=True), call(ended=20, flux="116117")]
    calls.append(then(call(answered=5), "mg", entered=60, answered=90, left=400))
    shown = report(calls, SITE, "sas_public", DAY).as_text()
    lines = shown.splitlines()
    rate, of_flux_116117, of_flux_15 = (line for line in lines if line.startswith("Taux d'accueil"))
    assert "0 / 1 " in of_flux_116117
    assert "6 / 9 " in of_flux_15
    assert "60,0 %" in rate
    assert "6 / 10" in rate
    assert "décrochés / (entrants − abandonnés < 10 s)" in rate
    assert "sans abandons courts : 2, issue inconnue : 1" in rate
    assert "Hors périmètre : appels de test : 1" in shown
    assert "Flux 116117" in shown
    head = next(i for i, line in enumerate(lines) if line.startswith("indicateur"))
    column = lines[head].index("formule")
    for line in lines[head + 1 : lines.index("", head)]:
        assert line[column - 2 : column] == "  "
        assert line[column] != " "


def test_text_of_an_empty_period_says_not_computable() -> None:
    shown = report((), SITE, "sas_public", DAY).as_text()
    assert "non calculable" in shown
    assert "Par heure" not in shown
    assert "Par filière" not in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "non calculable"), (1.0, "100,0 %"), (0.29, "29,0 %"), (0.8996, "89,9 %"), (0.07, "7,0 %"), (9999 / 10000, "99,9 %")],
)
def test_a_rate_is_cut_and_never_rounded_up(value: float | None, shown: str) -> None:
    assert text.ratio(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (29_999, "29,9 s"), (60_000, "1 min 00 s"), (3_599_999, "59 min 59 s"), (3_660_000, "1 h 01 min")],
)
def test_durations(value: float | None, shown: str) -> None:
    assert text.duration(value) == shown


def test_every_convention_and_reason_has_its_words() -> None:
    for profile in SITE.profiles.values():
        assert text.convention(profile)
    shown = report(ten_calls(), SITE, "asterisk_compatible", DAY).as_text()
    assert "seuils inclus (<=), à la seconde entière" in shown


def test_clear_errors() -> None:
    with pytest.raises(UnknownProfile):
        report((), SITE, "x", DAY)
    with pytest.raises(NoValueYet):
        report((), SITE, "sas_public", Period(paris("2018-01-01"), paris("2018-01-02"), PARIS))
    with pytest.raises(KeyError):
        report((), SITE, "sae", DAY).figure("qs30")


CRISIS = (
    CrisisSpan(since=T0 - us(600), until=T0 + us(60), by="Dr Martin", reason="accident de car"),
    CrisisSpan(since=DAY.until - us(60), until=None, by="Dr Petit", reason="canicule"),
)


def test_every_figure_of_a_period_that_holds_crisis_time_says_so() -> None:
    calls = [call(answered=5, ended=60), call(ended=60, flux="116117"), call(answered=5, ended=8)]
    found = report(calls, SITE, "public_24h", DAY, (), CRISIS)
    told = found.as_dict()
    assert found.crisis_ms == told["crisis_ms"] == 720_000
    assert [one["by"] for one in told["crises"]] == ["Dr Martin", "Dr Petit"]
    assert {figure["crise"] for figure in told["figures"]} == {True}
    assert {figure["crise"] for figures in told["by_flux"].values() for figure in figures} == {True}
    assert [row["label"][11:16] for row in told["hours"] if row["crise"]] == ["09:00", "10:00", "23:00"]
    text_of = found.as_text()
    assert "Crise du 18/11 09:50:00 au 18/11 10:01:00, par Dr Martin : accident de car" in text_of
    shown = ("QS30", "Taux d'accueil", "Décrochés puis raccrochés aussitôt")
    lines = [line for line in text_of.splitlines() if line.startswith(shown)]
    assert len(lines) >= 3
    assert all("dont 12 min 00 s de crise" in line for line in lines), lines
    assert "2026-11-18 10:00+01:00 (crise)" in text_of


def test_a_period_without_a_crisis_says_nothing_of_it() -> None:
    found = report([call(answered=5, ended=60)], SITE, "public_24h", DAY, (), [replace(CRISIS[0], since=0, until=DAY.since)])
    assert (found.crisis_ms, found.crises) == (0, ())
    assert not any(figure["crise"] for figure in found.as_dict()["figures"])
    assert "crise" not in found.as_text()


def test_short_talks_are_shown_apart() -> None:
    told = report([call(answered=5, ended=8), call(answered=5, ended=60)], SITE, "sas_public", DAY).as_text()
    (line,) = [line for line in told.splitlines() if line.startswith("Décrochés puis raccrochés aussitôt")]
    assert "décrochés dont toute la conversation dure < 10 s" in line
