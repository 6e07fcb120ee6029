"""The sound of one recording wherever it lies now: on the recorder's disk, perhaps still growing, or in the archive.

Both hold the same samples, so whoever listens does not notice that the archiver has taken the plain files away: where a file is
missing, the row of the piece is asked before anything is taken for silence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.bootstrap.keeping.mounts import astray
from cti.bootstrap.listening.memory import Opened, OpenedVoices
from cti.journey.around.voice import Piece, VoiceState
from cti.listening.faults import NoSound
from cti.listening.pieces import Found
from cti.listening.sound import Sound
from cti.listening.stereo import interleaved
from cti.recording.parts import Lying, lying
from cti.recording.places import StemOutside, locate
from cti.recording.wav import BadWav

#: While a recorder runs, a voice that lags behind the other is waited for at most so long (milliseconds): it may never come.
_LAG_MS: Final = 3_000
_RATE: Final = 8_000


@dataclass(frozen=True, slots=True)
class Archived:
    """In the archive: it will never change."""

    opened: Opened

    @property
    def rate(self) -> int:
        """Samples per second."""
        return self.opened.rate

    @property
    def frames(self) -> int:
        """All of it."""
        return self.opened.frames

    @property
    def solid(self) -> int:
        """All of it."""
        return self.opened.frames

    @property
    def flac(self) -> bytes | None:
        """As it was sealed."""
        return self.opened.flac

    def read(self, first: int, count: int) -> bytes:
        """Decoded."""
        return self.opened.read(first, count)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Two voices on the recorder's disk; where they went meanwhile, ``elsewhere`` says."""

    caller: Lying | None
    agents: Lying | None
    running: bool
    elsewhere: Callable[[], Sound]
    flac: bytes | None = None

    @property
    def rate(self) -> int:
        """Samples per second."""
        return next((voice.rate for voice in (self.caller, self.agents) if voice is not None), _RATE)

    @property
    def frames(self) -> int:
        """Up to where both voices are there, while the recorder runs; afterwards the longer one."""
        longest, shortest = max(self._lengths), min(self._lengths)
        return max(shortest, longest - self.rate * _LAG_MS // 1000) if self.running else longest

    @property
    def solid(self) -> int:
        """Where both voices are there; all of it once the recorder has stopped."""
        return min(self._lengths) if self.running else max(self._lengths)

    @property
    def _lengths(self) -> tuple[int, int]:
        return tuple(0 if voice is None else voice.samples for voice in (self.caller, self.agents))  # type: ignore[return-value]

    def read(self, first: int, count: int) -> bytes:
        """From the two files, or from wherever the archiver has taken them in between."""
        try:
            voices = [b"" if voice is None else voice.read(first, count) for voice in (self.caller, self.agents)]
        except FileNotFoundError:
            return self.elsewhere().read(first, count)
        return interleaved(voices[0], voices[1], count)


class Sounds:
    """Opens recordings. Blocking; safe from any thread."""

    def __init__(self, root: Path, pbx_root: str, mount: str, opened: OpenedVoices, row: Callable[[str], Piece | None]) -> None:
        """``row``: a piece as the archive knows it now."""
        self._root = root
        self._pbx_root = pbx_root
        self._mount = mount
        self._opened = opened
        self._row = row

    def open(self, found: Found) -> Sound:
        """The recording as it stands now.

        Raises:
            NoSound: there is nothing to hear.
            SoundDamaged: what lies in the archive is not what was put there.
            KeyTrouble, OSError: the archive, or the recorder's disk, is out of reach.
        """
        if found.piece.sealed is not None and found.piece.state is not VoiceState.DESTROYED:
            return Archived(self._opened.of(found.piece))
        caller, agents = self._lying(found.piece.stem)
        if caller is None or agents is None:
            row = self._row(found.piece.piece_id)
            if row is not None and row.state is VoiceState.DESTROYED:
                raise NoSound("Cet enregistrement a été éliminé.", gone=True)
            if row is not None and row.sealed is not None:
                return Archived(self._opened.of(row))
            if caller is agents and not found.running:
                raise NoSound("Il n'y a aucun son pour cet enregistrement.")
        return OnDisk(caller, agents, found.running, lambda: self._archived(found.piece.piece_id))

    def _archived(self, piece_id: str) -> Sound:
        row = self._row(piece_id)
        if row is None or row.sealed is None or row.state is VoiceState.DESTROYED:
            raise NoSound("Cet enregistrement n'est plus sur le disque, et n'est pas dans l'archive.", gone=True)
        return Archived(self._opened.of(row))

    def _lying(self, stem: str) -> tuple[Lying | None, Lying | None]:
        if (why := astray(self._root, self._mount)) is not None:
            raise NotADirectoryError(why)
        try:
            legs = locate(stem, self._root, self._pbx_root)
            return lying(legs.caller), lying(legs.agents)
        except StemOutside as outside:
            raise NoSound(f"Cet enregistrement est hors du dossier des enregistrements : {outside}") from None
        except BadWav as bad:
            raise NoSound(f"Le fichier de cet enregistrement n'est pas lisible : {bad}") from None
