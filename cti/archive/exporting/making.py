"""Making a package from an order: each piece opened, compared with what the archive says of it, masked, put in with its timeline.

All in memory, one piece at a time. A piece that is not what it was sealed as stops everything: nothing is handed over that could
be doubted.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from cti.archive.exporting.asked import BadlyAsked, Candidate, ExportRefused, Order
from cti.archive.exporting.masks import Mask, faults, of_pieces
from cti.archive.exporting.package import Package
from cti.archive.exporting.page import page
from cti.archive.exporting.reader import reader_note
from cti.archive.exporting.receipt import Handed, canonical, receipt, told_masks
from cti.archive.exporting.silencing import masked
from cti.archive.sealing.keys import NotOurs, sha256
from cti.archive.sealing.manifest import names
from cti.archive.sealing.voices import NotJoined, from_flac
from cti.archive.timeline import to_bytes
from cti.journey.around.voice import Sealed
from cti.journey.words import Instant

#: Frames written at once.
_STEP: Final = 1 << 18


class Shelf(Protocol):
    """The store of the archive; OSError when it does not answer."""

    def get(self, name: str) -> bytes | None:
        """One object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Whose package it is: what a reader must know to reach us."""

    name: str
    contact: str
    day: Callable[[Instant], str]  #: an instant as people of the site write it, with its seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A package, not closed yet."""

    plain: bytes
    receipt: dict[str, Any]


def check_masks(masks: tuple[Mask, ...], given: tuple[Candidate, ...]) -> None:
    """Come back when every mask lies within a piece that is given, and over no other.

    Raises:
        BadlyAsked: every fault of them, in French.
    """
    durations = {one.piece_id: one.kept.piece.sealed.duration_ms for one in given if one.kept.piece.sealed is not None}
    if found := faults(masks, durations):
        raise BadlyAsked(" ; ".join(found))


def make(
    order: Order, shelf: Shelf, opener: Callable[[bytes], bytes], house: House, told: Callable[[], None] = lambda: None
) -> Made:
    """The package of this order; ``told`` is called after each piece.

    Raises:
        ExportRefused: a piece is absent from the store, altered, or does not open.
        OSError: the store does not answer.
    """
    package = Package(order.at)
    masks = of_pieces(order.wish.masks)
    handed, timelines = list[Handed](), list[dict[str, Any]]()
    for number, candidate in enumerate(order.given, start=1):
        one, timeline = _piece(package, order, candidate, number, masks.get(candidate.piece_id, ()), shelf, opener)
        handed.append(one)
        timelines.append(timeline)
        told()
    told_receipt = receipt(order, handed)
    package.put("chronologie.html", page(told_receipt, timelines, house.day, house.name).encode())
    package.put("recu.json", canonical(told_receipt))
    package.put("LISEZMOI.txt", reader_note(told_receipt, house.day(order.at), house.name, house.contact).encode())
    return Made(plain=package.finish(), receipt=told_receipt)


def _piece(
    package: Package,
    order: Order,
    candidate: Candidate,
    number: int,
    masks: tuple[Mask, ...],
    shelf: Shelf,
    opener: Callable[[bytes], bytes],
) -> tuple[Handed, dict[str, Any]]:
    sealed = candidate.kept.piece.sealed
    assert sealed is not None, "chosen among those that are"
    flac, timeline = _opened(candidate.piece_id, sealed, shelf, opener)
    try:
        pcm, rate = from_flac(flac)
    except NotJoined as trouble:
        raise ExportRefused(f"{candidate.piece_id} : {trouble}") from None
    if masks:
        pcm = masked(pcm, rate, masks)
        flac = _encoded(pcm, rate, "FLAC")
    name = f"{number:02d}-{candidate.piece_id}"
    flac_digest = package.put(f"audio/{name}.flac", flac)
    wav_digest = package.put(f"ecoute/{name}.wav", _encoded(pcm, rate, "WAV"))
    given = _told(order, timeline, masks, flac_digest)
    digest = package.put(f"chronologie/{name}.json", to_bytes(given))
    one = Handed(
        candidate=candidate,
        name=name,
        duration_ms=sealed.duration_ms,
        rate=rate,
        masks=masks,
        flac_sha256=flac_digest,
        wav_sha256=wav_digest,
        timeline_sha256=digest,
    )
    return one, given


def _opened(piece_id: str, sealed: Sealed, shelf: Shelf, opener: Callable[[bytes], bytes]) -> tuple[bytes, dict[str, Any]]:
    flac_name, timeline_name, _ = names(sealed.key)
    plain = []
    for name, digest in ((flac_name, sealed.sealed_sha256), (timeline_name, sealed.timeline_sha256)):
        data = shelf.get(name)
        if data is None:
            raise ExportRefused(f"{piece_id} : {name} est absent du magasin (cti archive verify)")
        if sha256(data) != digest:
            raise ExportRefused(f"{piece_id} : {name} est altéré, rien n'est remis (cti archive verify)")
        try:
            plain.append(opener(data))
        except NotOurs as trouble:
            raise ExportRefused(f"{piece_id} : {name} {trouble}") from None
    flac, timeline = plain
    if sha256(flac) != sealed.flac_sha256:
        raise ExportRefused(f"{piece_id} : {flac_name} s'ouvre, et son contenu n'est pas celui qui a été scellé")
    told: dict[str, Any] = json.loads(timeline)
    return flac, told


def _told(order: Order, timeline: Mapping[str, Any], masks: tuple[Mask, ...], flac_sha256: str) -> dict[str, Any]:
    """The timeline as it is given: the archive's, with the masks, the digest of what is given, and without whom it is not for."""
    told = {name: value for name, value in timeline.items() if name != "recipients"}
    if not order.for_an_authority:
        told["caller"] = None
        told["consults"] = [{**one, "target": None} for one in told["consults"]]
    return {**told, "archive_flac_sha256": told["flac_sha256"], "flac_sha256": flac_sha256, "masques": told_masks(masks)}


def _encoded(pcm: NDArray[np.int16], rate: int, kind: str) -> bytes:
    """The file, in memory; in steps of Python, between which other threads run."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, 2, subtype="PCM_16", format=kind) as file:
        for start in range(0, len(pcm), _STEP):
            file.write(pcm[start : start + _STEP])
    return out.getvalue()
