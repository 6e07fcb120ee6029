"""Silence where a mask is, on one side or on both, to the sample; every other sample is the one that was there."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cti.archive.exporting.masks import Mask


def masked(pcm: NDArray[np.int16], rate: int, masks: Iterable[Mask]) -> NDArray[np.int16]:
    """The sound with these passages silent."""
    out = pcm.copy()
    for mask in masks:
        first, end = mask.samples(rate, len(out))
        # A duration is cut to the millisecond: a mask up to the end takes the samples after it too.
        if mask.until_ms >= len(out) * 1000 // rate:
            end = len(out)
        for channel in mask.side.channels:
            out[first:end, channel] = 0
    return out
