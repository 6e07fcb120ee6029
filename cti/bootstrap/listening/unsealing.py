"""One archived piece, opened: read from the store, checked against its row, deciphered in memory, decoded part by part.

Loaded when somebody first listens to an archived recording: ciphers and codecs cost a start time and memory.
"""

import io
from dataclasses import dataclass

import numpy as np
import soundfile

from cti.archive.sealing.keys import KeyTrouble, NotOurs, sha256
from cti.archive.sealing.manifest import names
from cti.bootstrap.keeping.opening import identity_of, shelf_of
from cti.journey.around.voice import Piece
from cti.listening.faults import OutOfReach, SoundDamaged
from cti.settings import Settings


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The sound of one piece as it was sealed: a FLAC."""

    flac: bytes
    rate: int
    frames: int

    def read(self, first: int, count: int) -> bytes:
        """So many frames from this one on, interleaved, little-endian."""
        with soundfile.SoundFile(io.BytesIO(self.flac)) as sound:
            sound.seek(first)
            pcm = sound.read(count, dtype="int16", always_2d=True)
        return bytes(pcm.astype(np.dtype("<i2"), copy=False).tobytes())


class Unsealer:
    """Opens pieces of a site's archive. Blocking; safe from any thread."""

    def __init__(self, settings: Settings) -> None:
        """Read the key, open the store.

        Raises:
            OutOfReach: not now.
        """
        try:
            self._opener = identity_of(settings)
        except KeyTrouble as trouble:
            raise OutOfReach(str(trouble)) from None
        self._shelf = shelf_of(settings)

    def __call__(self, piece: Piece) -> Unsealed:
        """The sound of an archived piece.

        Raises:
            SoundDamaged: it is not what was put there.
            OSError: the store does not answer.
        """
        sealed = piece.sealed
        if sealed is None:
            raise SoundDamaged("archivé selon la base, qui ne sait pas où")
        name = names(sealed.key)[0]
        lying = self._shelf.get(name)
        if lying is None:
            raise SoundDamaged(f"{name} : absent du magasin")
        if sha256(lying) != sealed.sealed_sha256:
            raise SoundDamaged(f"{name} : altéré, son empreinte n'est plus celle de la base")
        try:
            flac = self._opener(lying)
        except NotOurs as trouble:
            raise SoundDamaged(f"{name} : {trouble}") from None
        if sha256(flac) != sealed.flac_sha256:
            raise SoundDamaged(f"{name} : s'ouvre, et son contenu n'est pas celui qui a été scellé")
        try:
            with soundfile.SoundFile(io.BytesIO(flac)) as sound:
                return Unsealed(flac, int(sound.samplerate), int(sound.frames))
        except soundfile.LibsndfileError as trouble:
            raise SoundDamaged(f"{name} : FLAC illisible, {trouble}") from None
