"""Whether the archive is whole: every row against the store, every object of the store against the rows. Each fault is named.

Every object is read back. A piece that is still on its way (no manifest yet) is no fault: the worker answers for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cti.archive.sealing.keys import NotOurs, Opener, sha256
from cti.archive.sealing.manifest import BadManifest, names, read_manifest, split
from cti.archive.stores import Shelf
from cti.archive.storing import generation_of
from cti.journey.around.voice import Piece, Sealed, VoiceState

_KEPT = frozenset({VoiceState.ARCHIVED, VoiceState.HELD})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was left."""

    name: str  #: of the object, or of the piece
    words: str  #: in French

    @property
    def line(self) -> str:
        """One line."""
        return f"{self.name} : {self.words}"


def verify(
    pieces: Sequence[Piece], shelf: Shelf, opener: Opener | None = None, told: Callable[[], None] = lambda: None
) -> Iterator[Fault]:
    """Every fault, as it is found; ``told`` is called once a piece. With ``opener`` what is sealed is opened too."""
    lying = {one.name: one.size for one in shelf.list()}
    kept = {piece.sealed.key: piece for piece in pieces if piece.sealed is not None and piece.state in _KEPT}
    for piece in pieces:
        if piece.state in _KEPT:
            yield from _piece(piece, lying, shelf, opener)
        told()
    yield from _unknown(lying, kept, {piece.piece_id: piece for piece in pieces})


def _piece(piece: Piece, lying: Mapping[str, int], shelf: Shelf, opener: Opener | None) -> Iterator[Fault]:
    sealed = piece.sealed
    if sealed is None:
        yield Fault(piece.piece_id, "archivée selon la base, qui ne sait pas où")
        return
    flac, timeline, manifest = names(sealed.key)
    yield from _manifest(piece, sealed, manifest, lying.get(timeline), shelf.get(manifest))
    for name, digest in ((flac, sealed.sealed_sha256), (timeline, sealed.timeline_sha256)):
        data = shelf.get(name)
        if data is None:
            yield Fault(name, "absent du magasin")
        elif sha256(data) != digest:
            yield Fault(name, "altéré : son empreinte n'est plus celle de la base")
        elif opener is not None:
            yield from _opened(name, data, opener, sealed.flac_sha256 if name == flac else None)


def _manifest(piece: Piece, sealed: Sealed, name: str, timeline_bytes: int | None, data: bytes | None) -> Iterator[Fault]:
    if data is None:
        yield Fault(name, "absent du magasin")
        return
    try:
        manifest = read_manifest(data)
    except BadManifest as bad:
        yield Fault(name, str(bad))
        return
    if (manifest.piece_id, manifest.sealed) != (piece.piece_id, sealed):
        yield Fault(name, "altéré : ne dit pas ce que dit la base")
    elif timeline_bytes is not None and manifest.timeline_bytes != timeline_bytes:
        yield Fault(name, "altéré : la taille de la chronologie n'est pas celle de l'objet")


def _opened(name: str, data: bytes, opener: Opener, digest: str | None) -> Iterator[Fault]:
    try:
        plain = opener(data)
    except NotOurs as trouble:
        yield Fault(name, str(trouble))
        return
    if digest is not None and sha256(plain) != digest:
        yield Fault(name, "s'ouvre, et son contenu n'est pas celui qui a été scellé")


def _unknown(lying: Mapping[str, int], kept: Mapping[str, Piece], known: Mapping[str, Piece]) -> Iterator[Fault]:
    for name in lying:
        found = split(name)
        if found is None:
            yield Fault(name, "objet que personne ne connaît")
            continue
        key, _ = found
        if key in kept:
            continue
        piece = known.get(generation_of(key)[0].rpartition("/")[2])
        if piece is None:
            yield Fault(name, "objet sans pièce dans la base : ligne effacée, ou objet étranger")
        elif piece.state is VoiceState.DESTROYED and name == names(key)[-1]:
            continue  # the manifest stays beside the record of the destruction
        elif piece.state is VoiceState.DESTROYED:
            yield Fault(name, "pièce détruite selon la base, objet encore là")
        elif piece.state is VoiceState.MISSING:
            yield Fault(name, "pièce sans son selon la base, et scellée ici : ligne effacée puis refaite ?")
        elif piece.state in _KEPT:
            yield Fault(name, "scellement ancien, remplacé et resté là : cti archive rewrap le retire")
