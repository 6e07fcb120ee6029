"""The manifest: what lies in the store for one piece, in clear, written last. While it is not there, nothing is.

It holds digests, sizes and public keys, and no word about a person. Its bytes are canonical: any byte changed in it shows.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final

from cti.journey.around.voice import Sealed

FORMAT: Final = "cti-archive/1"
FLAC: Final = ".flac.age"
TIMELINE: Final = ".json.age"
MANIFEST: Final = ".manifest.json"


class BadManifest(ValueError):
    """These bytes are no manifest of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The commit point of one piece."""

    piece_id: str
    sealed: Sealed
    timeline_bytes: int

    def to_bytes(self) -> bytes:
        """Canonical."""
        body = {"format": FORMAT, "piece_id": self.piece_id, "timeline_bytes": self.timeline_bytes, **asdict(self.sealed)}
        return json.dumps(body, sort_keys=True, indent=1, ensure_ascii=True).encode() + b"\n"


def read_manifest(data: bytes) -> Manifest:
    """The manifest of these bytes.

    Raises:
        BadManifest: not written by us, or altered since.
    """
    try:
        body = json.loads(data)
        known = body.pop("format") == FORMAT
        piece_id, timeline_bytes = body.pop("piece_id"), body.pop("timeline_bytes")
        body["recipients"] = tuple(body["recipients"])
        found = Manifest(piece_id=piece_id, sealed=Sealed(**body), timeline_bytes=timeline_bytes)
    except (ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise BadManifest(f"manifeste illisible : {trouble}") from None
    if not known or found.to_bytes() != data:
        raise BadManifest("manifeste altéré, ou d'un autre format")
    return found


def names(key: str) -> tuple[str, str, str]:
    """The objects of one piece, in the order in which they are written."""
    return key + FLAC, key + TIMELINE, key + MANIFEST


def split(name: str) -> tuple[str, str] | None:
    """Key and ending of the name of an object; None when it is not one of ours."""
    for ending in (FLAC, TIMELINE, MANIFEST):
        if name.endswith(ending):
            return name.removesuffix(ending), ending
    return None
