"""How well a leg was heard, in figures and in one word."""

import pytest

from cti.journey.around.quality import Heard, LegQuality, Witness, heard, mos_of, share_lost, tell_leg

LEG = LegQuality(leg="1.2", witness=Witness.PBX, call_id="c", poste="p01", at=0, over=True, received=95, lost=5)


def test_the_score_is_that_of_the_page() -> None:
    """The same values as the page's own (tests/browser/test_telephone.py)."""
    told = [mos_of(loss, delay) for loss, delay in ((0, 0), (0, 200), (0.05, 50), (0.3, 400))]
    assert told == pytest.approx([4.41, 4.23, 3.87, 1.01], abs=0.01)
    assert mos_of(1, 3000) == 1


@pytest.mark.parametrize(
    ("mos", "word"),
    [(4.4, Heard.GOOD), (4.03, Heard.GOOD), (4.02, Heard.FAIR), (3.6, Heard.FAIR), (3.5, Heard.BAD), (None, Heard.UNKNOWN)],
)
def test_one_word_for_it(mos: float | None, word: Heard) -> None:
    assert heard(mos) is word


def test_the_loss_is_that_of_the_worse_way_and_what_nobody_counted_is_unknown() -> None:
    more = {"leg": "1.2", "witness": Witness.PBX, "call_id": "c", "poste": "p01", "at": 0, "over": True}
    assert LEG.loss == 0.05
    assert LegQuality(**more, received=95, lost=5, remote_lost=20, sent=100).loss == 0.2  # type: ignore[arg-type]
    assert LegQuality(**more, received=95, lost=5, remote_lost=200, sent=100).loss == 1  # type: ignore[arg-type]
    assert LegQuality(**more, received=95, lost=5, remote_lost=0, sent=0).loss == 0.05  # type: ignore[arg-type]
    assert LegQuality(**more, received=0, lost=0).loss is None  # type: ignore[arg-type]
    assert share_lost(0, 0) is None


def test_told_outside() -> None:
    told = tell_leg(LEG)
    assert (told["perte"], told["mos"], told["mot"], told["at"]) == (0.05, None, "inconnue", "1970-01-01T00:00:00.000Z")
