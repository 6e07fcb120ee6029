"""A change of keys: each piece is sealed once more for the people of now; the old sealing goes once the new one was read.

Opened in memory, checked against its digests, sealed under a new name (generation), read back, written in its row; only then are
the objects of older generations removed. Killed anywhere, it goes on from there.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import structlog

from cti.archive.ports import Books
from cti.archive.sealing.keys import Opener, Sealer, sha256
from cti.archive.sealing.manifest import MANIFEST, names, split
from cti.archive.stores import Shelf
from cti.archive.storing import Conflict, Content, Storer, generation_of
from cti.journey import Instant
from cti.journey.around.voice import Piece, Sealed, VoiceState

log = structlog.get_logger(__name__)

_KEPT = frozenset({VoiceState.ARCHIVED, VoiceState.HELD})


class Rewrapper:
    """Seals pieces anew. Blocking."""

    def __init__(self, books: Books, shelf: Shelf, sealer: Sealer, opener: Opener, clock: Callable[[], Instant]) -> None:
        self._books = books
        self._shelf = shelf
        self._sealer = sealer
        self._opener = opener
        self._clock = clock
        self._storer = Storer(shelf, sealer, opener, clock)

    def __call__(self, piece: Piece) -> bool:
        """Bring one piece to the recipients of now; False when it was there already.

        Raises:
            Conflict: what lies in the store is not what the row says: it is left alone.
        """
        if piece.sealed is None or piece.state not in _KEPT:
            return False
        changed = set(piece.sealed.recipients) != set(self._sealer.recipients)
        sealed = self._anew(piece, piece.sealed) if changed else piece.sealed
        if changed:
            self._books.save(replace(piece, sealed=sealed), self._clock())
            log.info("piece_rewrapped", piece_id=piece.piece_id, old=piece.sealed.key, new=sealed.key)
        self._remove_older(sealed.key)
        return changed

    def _anew(self, piece: Piece, old: Sealed) -> Sealed:
        flac_name, timeline_name, _ = names(old.key)
        flac = self._opened(flac_name, old.sealed_sha256)
        if sha256(flac) != old.flac_sha256:
            raise Conflict(f"{flac_name} : son contenu n'est pas celui de la base")
        told = json.loads(self._opened(timeline_name, old.timeline_sha256))
        base, generation = generation_of(old.key)
        content = Content(piece_id=piece.piece_id, flac=flac, timeline=told, duration_ms=old.duration_ms)
        return self._storer.store(content, base, generation + 1, anew=True)

    def _opened(self, name: str, digest: str) -> bytes:
        data = self._shelf.get(name)
        if data is None or sha256(data) != digest:
            raise Conflict(f"{name} : absent ou altéré, laissé tel quel")
        return self._opener(data)

    def _remove_older(self, key: str) -> None:
        """The manifest first: a sealing without a manifest is none."""
        base, generation = generation_of(key)
        folder = base.rpartition("/")[0]
        lying = [one.name for one in self._shelf.list(folder)]
        older = []
        for name in lying:
            found = split(name)
            if found is not None and generation_of(found[0])[0] == base and generation_of(found[0])[1] < generation:
                older.append(name)
        for name in sorted(older, key=lambda one: not one.endswith(MANIFEST)):
            self._shelf.remove(name)
            log.info("old_sealing_removed", object=name)
