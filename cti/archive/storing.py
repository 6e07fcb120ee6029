"""Putting one sealed piece on the shelf: timeline, sound, manifest, in this order, then all of it read back.

Each object is put once and never replaced. What an earlier life put is opened and compared: the same sound, sealed for the same
people, is done; sealed for other people (the site's keys changed in between) the next generation of the name is taken; any other
sound is loud. (Two sealings of the same sound differ in their bytes, so it is what is sealed that is compared.)
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cti.archive.sealing.keys import NotOurs, Opener, Sealer, sha256
from cti.archive.sealing.manifest import BadManifest, Manifest, names, read_manifest
from cti.archive.stores import Shelf
from cti.archive.timeline import to_bytes
from cti.journey import Instant
from cti.journey.around.voice import Sealed


class Conflict(RuntimeError):
    """What lies in the store under this name is not what we are about to store; nothing was overwritten. In French."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is to be sealed of one piece."""

    piece_id: str
    flac: bytes
    timeline: dict[str, Any]
    duration_ms: int


def in_generation(key: str, generation: int) -> str:
    """The name of a later sealing of the same piece: ``...g2``, ``...g3``."""
    return key if generation == 1 else f"{key}.g{generation}"


def generation_of(key: str) -> tuple[str, int]:
    """Name of the first sealing, and the number of this one."""
    base, dot, number = key.rpartition(".g")
    return (base, int(number)) if dot and number.isdigit() else (key, 1)


class Storer:
    """Puts pieces on one shelf. Blocking."""

    def __init__(self, shelf: Shelf, sealer: Sealer, opener: Opener, clock: Callable[[], Instant]) -> None:
        self._shelf = shelf
        self._sealer = sealer
        self._opener = opener
        self._clock = clock

    def store(self, content: Content, key: str, first: int = 1, *, anew: bool = False) -> Sealed:
        """Put it under ``key`` or the next generation of it; what lies there afterwards, read back.

        ``anew``: a piece that was committed for other recipients is sealed once more, for those of now.

        Raises:
            Conflict: another object has its name.
            ShelfTrouble: the store does not answer.
        """
        generation = first
        while True:
            name = in_generation(key, generation)
            sealed = self._committed(content, name) or self._put(content, name)
            if sealed is not None and (not anew or set(sealed.recipients) == set(self._sealer.recipients)):
                return sealed
            generation += 1

    def _put(self, content: Content, key: str) -> Sealed | None:
        """The three objects; None when an earlier life began this name for other people."""
        flac_name, timeline_name, manifest_name = names(key)
        digest = sha256(content.flac)
        recipients = self._sealer.recipients
        beside, mine = self._once(timeline_name, to_bytes({**content.timeline, "recipients": list(recipients)}))
        if not mine:
            told = self._timeline(timeline_name, beside)
            if told.get("flac_sha256") != digest:
                raise Conflict(f"{timeline_name} existe déjà et décrit autre chose : rien n'a été remplacé")
            if told.get("recipients") != list(recipients):
                return None
        flac, mine = self._once(flac_name, content.flac)
        if not mine and sha256(self._open(flac_name, flac)) != digest:
            raise Conflict(f"{flac_name} existe déjà et contient autre chose : rien n'a été remplacé")
        sealed = Sealed(
            key=key,
            flac_sha256=digest,
            flac_bytes=len(content.flac),
            sealed_sha256=sha256(flac),
            sealed_bytes=len(flac),
            timeline_sha256=sha256(beside),
            duration_ms=content.duration_ms,
            sealed_at=self._clock(),
            recipients=recipients,
        )
        manifest = Manifest(piece_id=content.piece_id, sealed=sealed, timeline_bytes=len(beside))
        self._shelf.put(manifest_name, manifest.to_bytes())
        return self._committed(content, key)

    def _once(self, name: str, plain: bytes) -> tuple[bytes, bool]:
        """What lies there under this name, sealed, and whether it is ours of now."""
        sealed = self._sealer(plain)
        if self._shelf.put(name, sealed):
            return sealed, True
        return self._shelf.get(name) or b"", False

    def _committed(self, content: Content, key: str) -> Sealed | None:
        """What the manifest says, once every object it names was read back and is what it says; None without a manifest."""
        flac_name, timeline_name, manifest_name = names(key)
        text = self._shelf.get(manifest_name)
        if text is None:
            return None
        try:
            manifest = read_manifest(text)
        except BadManifest as trouble:
            raise Conflict(f"{manifest_name} : {trouble}") from None
        sealed = manifest.sealed
        if (manifest.piece_id, sealed.flac_sha256, sealed.key) != (content.piece_id, sha256(content.flac), key):
            raise Conflict(f"{manifest_name} existe déjà et décrit autre chose : rien n'a été remplacé")
        for name, expected in ((flac_name, sealed.sealed_sha256), (timeline_name, sealed.timeline_sha256)):
            lying = self._shelf.get(name)
            if lying is None or sha256(lying) != expected:
                raise Conflict(f"{name} : relu, et différent de ce qui a été écrit")
        return sealed

    def _timeline(self, name: str, sealed: bytes) -> dict[str, Any]:
        try:
            told = json.loads(self._open(name, sealed))
        except ValueError:
            told = None
        return told if isinstance(told, dict) else {}

    def _open(self, name: str, sealed: bytes) -> bytes:
        try:
            return self._opener(sealed)
        except NotOurs as trouble:
            raise Conflict(f"{name} existe déjà et {trouble} : rien n'a été remplacé") from None
