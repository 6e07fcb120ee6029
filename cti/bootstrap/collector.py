"""Python's garbage collector, set for a process that lives for months and folds thousands of frames a second."""

import gc
from typing import Final

#: New containers between two looks at the young ones, and the looks between two at the older ones. Python's own 700, 10, 10 look
#: at every waiting event several times before it is on disk: a quarter of what a frame costs in a burst.
_THRESHOLDS: Final = (50_000, 20, 20)


def calm() -> None:
    """Look for garbage less often, and never in what was made so far (modules, settings): call it when all is imported.

    What an import throws away is not looked for either: some 2,000 objects, at the price of 0.07 s of a start.

    Nothing of the calls needs the collector: journeys and events hold no cycles, and are gone with the last who names them.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
