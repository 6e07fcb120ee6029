"""Which Debian archive this machine fetches from, read from its own apt configuration.

apt knows two styles: one line a source (`/etc/apt/sources.list`, `*.list`) and deb822 stanzas (`*.sources`). Both are read
as sources.list(5) describes them. No address is built in: a machine that is not a Debian names its mirror in
CTI_DEBIAN_MIRROR and the keyring to check it with in CTI_DEBIAN_KEYRING.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.errors import ArchiveUnknown, SourcesUnreadable

_ONE_LINE = re.compile(
    r"(?P<kind>deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s*)?"
    r"(?P<uri>cdrom:\[[^\]]*\]\S*|[^\s\[]\S*)\s+(?P<suite>\S+)(?P<components>(?:\s+\S+)*)"
)
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_KEYRING_FOLDERS = (Path("/usr/share/keyrings"), Path("/etc/apt/keyrings"), Path("/etc/apt/trusted.gpg.d"))
_ADVICE = "set CTI_DEBIAN_MIRROR to a Debian archive and CTI_DEBIAN_KEYRING to its keyring file"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of packages as apt knows it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """The Debian archive to fetch from, and the keyring that proves what it sends."""

    uri: str
    keyring: Path


def read_one_line(text: str, name: str) -> Iterator[Source]:
    """Sources in the one-line style; commented lines and `deb-src` are passed over."""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        match = _ONE_LINE.fullmatch(line)
        if match is None:
            raise SourcesUnreadable(f"{name}:{number}: not a source of packages: {raw.strip()!r}")
        if match["kind"] == "deb":
            options = dict(pair.partition("=")[::2] for pair in (match["options"] or "").split())
            components = tuple(match["components"].split())
            yield Source(match["uri"], (match["suite"],), components, options.get("signed-by", ""))


def read_deb822(text: str, name: str) -> Iterator[Source]:
    """Sources in the deb822 style; stanzas that are disabled or hold no binary packages are passed over."""
    for number, stanza in _stanzas(text, name):
        if stanza.get("enabled", "yes").lower() in {"no", "false", "without", "off", "disable", "0"}:
            continue
        if "deb" not in stanza.get("types", "").split():
            continue
        uris, suites = stanza.get("uris", "").split(), tuple(stanza.get("suites", "").split())
        if not uris or not suites:
            raise SourcesUnreadable(f"{name}:{number}: stanza without URIs or Suites")
        for uri in uris:
            yield Source(uri, suites, tuple(stanza.get("components", "").split()), stanza.get("signed-by", ""))


def _stanzas(text: str, name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each stanza with the number of its first line; field names are lower-cased, folded lines are joined."""
    fields: dict[str, str] = {}
    start, last = 1, ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield start, fields
            fields, last = {}, ""
        elif line[0] in " \t":
            if not last:
                raise SourcesUnreadable(f"{name}:{number}: folded line without a field before it")
            fields[last] += "\n" + line.strip()
        else:
            field, colon, value = line.partition(":")
            if not colon or " " in field.strip():
                raise SourcesUnreadable(f"{name}:{number}: expected 'Field: value', got {line!r}")
            start = start if fields else number
            last = field.strip().lower()
            fields[last] = value.strip()


def machine_sources(etc: Path = Path("/etc/apt")) -> tuple[Source, ...]:
    """Every enabled source of binary packages of this machine, in apt's own reading order."""
    found: list[Source] = []
    parts = sorted((etc / "sources.list.d").glob("*")) if (etc / "sources.list.d").is_dir() else []
    for path in (etc / "sources.list", *parts):
        if not path.is_file() or path.suffix not in {".list", ".sources"}:
            continue
        reader = read_deb822 if path.suffix == ".sources" else read_one_line
        found.extend(reader(path.read_text(encoding="utf-8", errors="replace"), str(path)))
    return tuple(found)


def debian_archive(
    sources: Iterable[Source],
    mirror: str | None = None,
    keyring: Path | None = None,
    keyring_folders: Iterable[Path] = _KEYRING_FOLDERS,
) -> Archive:
    """The archive to fetch from: `mirror` when given, else the machine's own Debian archive.

    `ArchiveUnknown` when the machine names none (an Ubuntu, for instance) or when no Debian keyring is there to check it.
    """
    chosen = None if mirror else _main_archive(sources)
    uri = mirror or (chosen.uri if chosen else None)
    if uri is None:
        raise ArchiveUnknown(f"this machine's apt sources name no Debian archive: {_ADVICE}")
    candidates = [keyring] if keyring else []
    if keyring is None:
        if chosen and chosen.signed_by.startswith("/"):
            candidates.append(Path(chosen.signed_by.split()[0].rstrip(",")))
        candidates.extend(folder / name for folder in keyring_folders for name in _KEYRINGS)
    found = next((path for path in candidates if path.is_file()), None)
    if found is None and keyring is not None:
        raise ArchiveUnknown(f"CTI_DEBIAN_KEYRING names {keyring}, which is not a file")
    if found is None:
        raise ArchiveUnknown(
            "no Debian keyring on this machine: install the package debian-archive-keyring, "
            "or set CTI_DEBIAN_KEYRING to a keyring file"
        )
    return Archive(uri.rstrip("/"), found)


def _main_archive(sources: Iterable[Source]) -> Source | None:
    """The source that looks most like Debian's own main archive; security archives and third parties do not."""
    candidates = [source for source in sources if "main" in source.components and not _is_elsewhere(source)]
    likely = [source for source in candidates if _likeness(source) > 0]
    return max(likely, key=_likeness, default=None)


def _is_elsewhere(source: Source) -> bool:
    """Whether a source is a disc or the security archive, neither of which carries the suite we need."""
    return source.uri.startswith("cdrom:") or "security" in source.uri or all("security" in suite for suite in source.suites)


def _likeness(source: Source) -> int:
    """How surely a source is Debian itself: its keyring says most, then the last word of its address."""
    by_keyring = 2 if "debian-archive" in source.signed_by else 0
    by_address = 1 if source.uri.rstrip("/").rsplit("/", 1)[-1] in {"debian", "debian.list"} else 0
    return by_keyring + by_address
