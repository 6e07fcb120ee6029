"""What the archive needs of the others: the recorder's disk, the rows of the pieces. Wired in ``bootstrap``."""

from dataclasses import dataclass
from typing import Protocol

from cti.archive.sealing.voices import Voice
from cti.journey import Instant, Journey
from cti.journey.around.voice import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the recorder's disk holds for one piece, and what the check of the recordings says of it."""

    at_rest: bool  #: nobody writes in it any more
    sound: bool  #: at least one voice has a sample
    problem: str | None  #: in French; None when it covers what it must cover
    needed: bool  #: a call that must have audio
    repaired: bool  #: a header told no size and was taken to the end of its file
    hollow: bool = False  #: both files were closed by the PBX without a sample in them


@dataclass(frozen=True, slots=True)
class Hearing:
    """What counts as heard, as the recording room has it."""

    silence_max_peak: int = 64
    voice_min_ms: int = 200


class Recorder(Protocol):
    """The recorder's own folder: the only place where plain sound lies. Its methods raise OSError when it is out of reach."""

    def look(self, journey: Journey, piece: Piece) -> Look:
        """Look at the two files."""

    def read(self, stem: str) -> tuple[Voice, Voice]:
        """Both voices, the caller's first.

        Raises:
            NotJoined: a file holds something that is no sound we can read.
        """

    def remove(self, stem: str) -> None:
        """Remove the two files; one that is not there is removed."""


class Books(Protocol):
    """The rows. Its methods raise StoreUnavailable when the database is out of reach."""

    def find(self, piece_id: str) -> Piece | None:
        """One piece."""

    def save(self, piece: Piece, tried_at: Instant) -> None:
        """Write what is known of it now."""

    def cleared(self, piece_id: str, at: Instant) -> None:
        """Its plain files are gone."""
