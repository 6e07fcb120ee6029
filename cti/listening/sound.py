"""The sound of one recording as it stands at one instant, wherever it lies."""

from typing import Protocol


class Sound(Protocol):
    """What can be heard of it; blocking."""

    @property
    def rate(self) -> int:
        """Samples per second of either voice."""
        ...

    @property
    def frames(self) -> int:
        """How many instants can be heard."""
        ...

    @property
    def solid(self) -> int:
        """So many of them will never change."""
        ...

    @property
    def flac(self) -> bytes | None:
        """The whole of it compressed, of an archived one."""
        ...

    def read(self, first: int, count: int) -> bytes:
        """So many frames from this one on, caller then agents, 16 bits, little-endian.

        Raises:
            NoSound, SoundDamaged, OutOfReach: it cannot be had any more, or not now.
        """
        ...
