"""The record of what was fetched: every `.deb` with its version, size and SHA-256, as the signed index promised it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from cti.sandbox.errors import PackagesRefused

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Deb:
    """One package file. `size` in bytes, `sha256` in hexadecimal."""

    name: str
    version: str
    architecture: str
    file: str
    size: int
    sha256: str

    def is_whole_in(self, folder: Path) -> bool:
        """Whether the file in `folder` is exactly what the index promised."""
        path = folder / self.file
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Record:
    """One complete fetch: what was asked, of which archive, and what came."""

    archive: str
    suite: str
    architecture: str
    requested: tuple[str, ...]
    debs: tuple[Deb, ...]

    def damaged_in(self, folder: Path) -> tuple[Deb, ...]:
        """The packages whose file in `folder` is absent, cut short or altered."""
        return tuple(deb for deb in self.debs if not deb.is_whole_in(folder))

    def to_json(self) -> str:
        """The record as kept beside the packages and inside the unpacked root."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"


def read_record(path: Path) -> Record | None:
    """The record kept at `path`; None when there is none or when it is damaged, which means: fetch again."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept.pop("format") != FORMAT:
            return None
        debs = tuple(Deb(**deb) for deb in kept.pop("debs"))
        return Record(requested=tuple(kept.pop("requested")), debs=debs, **kept)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def parse_print_uris(text: str) -> tuple[Deb, ...]:
    """The packages that `apt-get --print-uris` says it would fetch: `'uri' file size SHA256:hex`, one a line."""
    return tuple(_deb_of(line.split()) for line in text.splitlines() if line.startswith("'"))


def _deb_of(words: list[str]) -> Deb:
    if len(words) != 4 or not words[2].isdigit() or not words[3].startswith("SHA256:"):
        raise PackagesRefused(f"apt names a package without size or SHA-256: {' '.join(words)}")
    stem = words[1].removesuffix(".deb")
    name, version, architecture = stem.split("_")
    return Deb(name, unquote(version), architecture, words[1], int(words[2]), words[3].removeprefix("SHA256:"))


def total_bytes(debs: Iterable[Deb]) -> int:
    """The size of all these package files together."""
    return sum(deb.size for deb in debs)
