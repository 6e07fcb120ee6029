"""Outgoing calls stand beside the figures and in none of them."""

from functools import reduce

from qos_calls import DAY, SITE, T0, ten_calls

from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.events import OfferEnd
from cti.qos import report
from cti.qos.text import reasons

S = 1_000_000


def out(call: str, *, reached: bool = True, callback: str | None = None, over: bool = True, at: int = T0) -> Journey:
    told: list[ev.CallEvent] = [
        ev.CallPlaced(
            call_id=call, at=at, channel="a", agent="arm01", number="0639980007", via=ev.PlacedVia.POSTE, callback=callback
        ),
        ev.CalleeDialled(call_id=call, at=at + S, line="b"),
    ]
    if reached:
        told.append(ev.CalleeReached(call_id=call, at=at + 10 * S, line="b"))
    else:
        told.append(ev.CalleeMissed(call_id=call, at=at + 10 * S, line="b", how=OfferEnd.BUSY))
    if over:
        told.append(ev.CallEnded(call_id=call, at=at + 70 * S))
    return reduce(lambda journey, event: apply(journey, event)[0], told, Journey(call_id=call))


OURS = [
    out("o1"),
    out("o2", reached=False),
    out("o3", callback="c1"),
    out("o4", reached=False, callback="c2"),
    out("o5", over=False),
]


def test_no_figure_moves_under_any_profile() -> None:
    for profile in SITE.profiles:
        alone, with_ours = report(ten_calls(), SITE, profile, DAY), report([*ten_calls(), *OURS], SITE, profile, DAY)
        assert [(f.code, f.value, f.numerator, f.denominator) for f in with_ours.figures] == [
            (f.code, f.value, f.numerator, f.denominator) for f in alone.figures
        ]
        assert (with_ours.hours, with_ours.stages) == (alone.hours, alone.stages)
        assert with_ours.by_flux.keys() == alone.by_flux.keys()
        assert with_ours.excluded == {**alone.excluded, "sortant": len(OURS)}


def test_their_own_figures() -> None:
    found = report([*ten_calls(), *OURS, out("later", at=DAY.until)], SITE, "sae", DAY).as_dict()["outgoing"]
    assert found == {
        "count": 5, "reached": 3, "unreached": 2, "under_way": 1, "callbacks": 2, "callbacks_reached": 1, "transferred": 0,
        "uncertain": 0, "talk_ms": 120_000,
    }  # fmt: skip


def test_they_are_said_in_words() -> None:
    told = report([*ten_calls(), *OURS], SITE, "sae", DAY)
    said = "Appels sortants (hors de tous les indicateurs) : 5, joints : 3, non joints : 2 ; rappels : 2, joints : 1"
    assert f"{said} ; conversation : 2,0 min" in told.as_text()
    assert reasons({"sortant": 5}) == "appels sortants : 5"
