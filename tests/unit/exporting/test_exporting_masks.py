"""What is masked is silent, everything else is the sample that was there, and a mask that cannot be is named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.archive.exporting.masks import Mask, Side, faults, of_pieces
from cti.archive.exporting.silencing import masked

RATES = (8000, 11025, 16000)


@st.composite
def sounds(draw: st.DrawFn) -> tuple[np.ndarray, int, list[Mask]]:
    """Loud sound, and masks that do not overlap on a side."""
    rate, length = draw(st.sampled_from(RATES)), draw(st.integers(20, 4000))
    pcm = np.full((length, 2), 1, np.int16) * draw(st.integers(1, 32767))
    duration = length * 1000 // rate
    edges = sorted(draw(st.sets(st.integers(0, duration), max_size=8)))
    masks = [
        Mask(piece_id="p", since_ms=a, until_ms=b, side=draw(st.sampled_from(Side)), reason="r")
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]
    return pcm, rate, masks


@given(sounds())
def test_the_masked_is_silent_and_the_rest_identical(sound: tuple[np.ndarray, int, list[Mask]]) -> None:
    pcm, rate, masks = sound
    before = pcm.copy()
    duration = len(pcm) * 1000 // rate
    assert faults(masks, {"p": duration}) == []
    out = masked(pcm, rate, masks)
    assert (pcm == before).all(), "the sound that came in is left alone"
    assert out.shape == pcm.shape
    assert out.dtype == pcm.dtype
    for sample in range(len(pcm)):
        for channel in (0, 1):
            # By time, not by the arithmetic of the code: sample n sounds from n/rate to (n+1)/rate.
            inside = any(
                channel in mask.side.channels
                and (sample + 1) * 1000 > mask.since_ms * rate
                and (sample * 1000 < mask.until_ms * rate or mask.until_ms == duration)
                for mask in masks
            )
            assert out[sample, channel] == (0 if inside else pcm[sample, channel])


def mask(since: int, until: int, side: Side = Side.CALLER, piece_id: str = "p") -> Mask:
    return Mask(piece_id=piece_id, since_ms=since, until_ms=until, side=side, reason="tiers")


@pytest.mark.parametrize(
    ("masks", "told"),
    [
        ([mask(5, 5)], ["masque p de 5 à 5 ms (caller) : passage vide"]),
        ([mask(9, 5)], ["masque p de 9 à 5 ms (caller) : passage vide"]),
        ([mask(-1, 5)], ["masque p de -1 à 5 ms (caller) : passage vide"]),
        ([mask(0, 1001)], ["masque p de 0 à 1001 ms (caller) : au-delà du son, qui dure 1000 ms"]),
        ([mask(0, 5, piece_id="x")], ["masque x de 0 à 5 ms (caller) : cette pièce n'est pas parmi celles qui sont remises"]),
        ([mask(0, 10), mask(9, 20)], ["masque p de 9 à 20 ms (caller) : recouvre celui de 0 à 10 ms (caller)"]),
        ([mask(9, 20, Side.BOTH), mask(0, 10)], ["masque p de 9 à 20 ms (both) : recouvre celui de 0 à 10 ms (caller)"]),
        ([mask(0, 10, Side.BOTH), mask(0, 10, Side.BOTH)], ["masque p de 0 à 10 ms (both) : recouvre celui de 0 à 10 ms (both)"]),
        ([mask(0, 10), mask(10, 20), mask(0, 20, Side.AGENTS)], []),
        ([mask(0, 1000, Side.BOTH), mask(0, 1000, Side.BOTH, "q")], []),
        ([mask(3, 3), mask(0, 5, piece_id="x")], None),
    ],
)
def test_a_mask_that_cannot_be_is_named(masks: list[Mask], told: list[str] | None) -> None:
    found = faults(masks, {"p": 1000, "q": 1000})
    assert len(found) == 2 if told is None else found == told


def test_masks_of_each_piece_are_in_order_of_time() -> None:
    found = of_pieces([mask(50, 60), mask(1, 2, piece_id="q"), mask(0, 10)])
    assert {name: [one.since_ms for one in several] for name, several in found.items()} == {"p": [0, 50], "q": [1]}
    assert [side.told for side in Side] == ["l'appelant", "les agents", "les deux voix"]
