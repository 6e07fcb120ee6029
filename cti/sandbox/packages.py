"""Getting an Asterisk without root: fetch Debian's packages into the cache, check them, unpack them into a folder.

What stands before a PBX that people reach from outside (nginx, coturn) is got in the same way, when a test asks for it.

- `<cache>/pbx/lock`: held by the one process that fetches;
- `<cache>/pbx/apt/`: the private apt; its downloads survive a killed fetch and are checked before reuse;
- `<cache>/pbx/record.json`, `record-edge.json`: what the last complete download of each set of packages holds;
- `<cache>/pbx/root-<print>/`: an unpacked root, named after what was asked for; it appears whole or not at all.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.debian import progress
from cti.sandbox.debian.apt import SUITE, PrivateApt
from cti.sandbox.debian.progress import Reporter, Silence
from cti.sandbox.debian.record import Deb, Record, read_record, total_bytes
from cti.sandbox.debian.sources import debian_archive, machine_sources
from cti.sandbox.errors import DiskFull, PackagesRefused
from cti.sandbox.install import (
    Architecture,
    EdgeInstall,
    Install,
    check_edge,
    check_version,
    machine_install,
    this_architecture,
    unpacked_edge,
    unpacked_install,
)

PACKAGES = (
    "asterisk",
    "asterisk-moh-opsound-wav",
    "asterisk-core-sounds-fr-wav",
    "asterisk-core-sounds-en-wav",
    "sip-tester",
)
RECORD = "record.json"


@dataclass(frozen=True, slots=True)
class _PackageSet:
    """What is fetched together, into a root of its own."""

    packages: tuple[str, ...]
    record: str
    """Name of the record of its last complete download."""
    try_out: Callable[[Path, Architecture], object]
    """Runs what was unpacked; an error is raised when it cannot be used."""


_PBX = _PackageSet(PACKAGES, RECORD, lambda root, architecture: check_version(unpacked_install(root, architecture)))
_EDGE = _PackageSet(
    ("coturn", "nginx", "libnginx-mod-stream"),
    "record-edge.json",
    lambda root, architecture: check_edge(unpacked_edge(root, architecture)),
)

_INDEX_BYTES = 100_000_000
_UNPACKED_PER_PACKED = 3
"""Measured 2.6 on these packages; compressed differently, they may come out larger."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Where packages come from and where they are kept."""

    cache: Path
    mirror: str | None = None
    keyring: Path | None = None
    force: bool = False
    """Fetch even when the machine has a good Asterisk of its own."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "FetchSettings":
        """Read CTI_CACHE_DIR, CTI_DEBIAN_MIRROR, CTI_DEBIAN_KEYRING and CTI_SANDBOX_FORCE_FETCH."""
        keyring = environ.get("CTI_DEBIAN_KEYRING")
        return cls(
            cache=cache_folder(environ),
            mirror=environ.get("CTI_DEBIAN_MIRROR") or None,
            keyring=Path(keyring).expanduser() if keyring else None,
            force=environ.get("CTI_SANDBOX_FORCE_FETCH", "0") not in {"", "0"},
        )


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The cache folder: CTI_CACHE_DIR, else `cti` in XDG_CACHE_HOME, else `~/.cache/cti`."""
    own = environ.get("CTI_CACHE_DIR")
    if own:
        return Path(own).expanduser().absolute()
    shared = environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared and Path(shared).is_absolute() else Path.home() / ".cache") / "cti"


def fetched_install(settings: FetchSettings) -> Install | None:
    """The PBX that is ready to start without any fetch; None when there is none yet."""
    if not settings.force and (own := machine_install()) is not None:
        return own
    architecture = this_architecture()
    root = _root_folder(settings.cache / "pbx", architecture, _PBX)
    return unpacked_install(root, architecture) if root.is_dir() else None


def fetch(settings: FetchSettings, report: Reporter | None = None) -> Install:
    """A PBX that is ready to start, fetched if need be. A killed fetch goes on where it stopped.

    Raises one of the `SandboxError`s, each saying what to do.
    """
    ready = fetched_install(settings)
    if ready is not None:
        return ready
    architecture = this_architecture()
    return unpacked_install(_fetched_root(settings, architecture, _PBX, report or Silence()), architecture)


def fetch_edge(settings: FetchSettings, report: Reporter | None = None) -> EdgeInstall:
    """The reverse proxy and the TURN server that stand before a PBX, fetched if need be.

    Raises one of the `SandboxError`s, each saying what to do.
    """
    architecture = this_architecture()
    return unpacked_edge(_fetched_root(settings, architecture, _EDGE, report or Silence()), architecture)


def _fetched_root(settings: FetchSettings, architecture: Architecture, wanted: _PackageSet, report: Reporter) -> Path:
    base = settings.cache / "pbx"
    root = _root_folder(base, architecture, wanted)
    if root.is_dir():
        return root
    with _disk_errors(base):
        base.mkdir(parents=True, exist_ok=True)
        with _only_one(base / "lock", report) as lock:
            if not root.is_dir():
                record = _download(settings, base, architecture, wanted, report, lock)
                _unpack(record, root, architecture, wanted, report, lock)
    return root


def _root_folder(base: Path, architecture: Architecture, wanted: _PackageSet) -> Path:
    asked = "\n".join((SUITE, architecture.debian, *wanted.packages))
    return base / f"root-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def _download(
    settings: FetchSettings, base: Path, architecture: Architecture, wanted: _PackageSet, report: Reporter, lock: int
) -> Record:
    """All package files, checked against the index; without any network when they are all here already."""
    archive = debian_archive(() if settings.mirror else machine_sources(), mirror=settings.mirror, keyring=settings.keyring)
    apt = PrivateApt(base / "apt", archive, architecture.debian, held=(lock,))
    apt.prepare()
    kept = read_record(base / wanted.record)
    if (
        kept is not None
        and (kept.archive, kept.suite, kept.architecture) == (archive.uri, SUITE, architecture.debian)
        and kept.requested == wanted.packages
        and not kept.damaged_in(apt.downloads)
    ):
        return kept
    report.step(progress.INDEX)
    _require_room(base, _INDEX_BYTES)
    apt.update()
    debs = apt.wanted(wanted.packages)
    record = Record(archive.uri, SUITE, architecture.debian, wanted.packages, debs)
    missing = record.damaged_in(apt.downloads)
    for deb in missing:
        # apt trusts a file of the right size: one that is altered must go before it is asked again.
        (apt.downloads / deb.file).unlink(missing_ok=True)
    _require_room(base, total_bytes(missing) + _UNPACKED_PER_PACKED * total_bytes(debs))
    report.step(progress.DOWNLOAD, total_bytes(debs))
    apt.download(wanted.packages, debs, report.done)
    damaged = record.damaged_in(apt.downloads)
    if damaged:
        names = ", ".join(deb.name for deb in damaged)
        raise PackagesRefused(f"not what the index of {archive.uri} promised, run again: {names}")
    _write_whole(base / wanted.record, record.to_json())
    return record


def _unpack(record: Record, root: Path, architecture: Architecture, wanted: _PackageSet, report: Reporter, lock: int) -> None:
    """Unpack every package aside, try the result, then give it its name: no one ever sees a half-made root."""
    base = root.parent
    for left_over in base.glob("root-*.partial"):
        shutil.rmtree(left_over)
    _require_room(base, _UNPACKED_PER_PACKED * total_bytes(record.debs))
    report.step(progress.UNPACK, total_bytes(record.debs))
    partial = root.with_name(root.name + ".partial")
    partial.mkdir()
    downloads = base / "apt" / "cache" / "archives"
    unpacked = 0
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for deb in pool.map(lambda deb: _unpack_one(deb, downloads, partial, lock), record.debs):
            unpacked += deb.size
            report.done(unpacked)
    (partial / RECORD).write_text(record.to_json(), encoding="utf-8")
    wanted.try_out(partial, architecture)
    partial.rename(root)


def _unpack_one(deb: Deb, downloads: Path, target: Path, lock: int) -> Deb:
    done = subprocess.run(
        ["dpkg-deb", "-x", str(downloads / deb.file), str(target)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=(lock,),
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if "No space left on device" in done.stderr:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))
    if done.returncode != 0:
        raise PackagesRefused(f"{deb.file} cannot be unpacked: {done.stderr.strip()}")
    return deb


@contextmanager
def _only_one(lock: Path, report: Reporter) -> Iterator[int]:
    """Let one process fetch at a time. Yields the lock's descriptor: it is held until all who have it end, however they do."""
    with lock.open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.step(progress.WAITING)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream.fileno()


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Say a full disk as what it is, wherever in the work it shows."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"no room left in {folder}: free some, or set CTI_CACHE_DIR elsewhere") from error
        raise


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"{folder} has {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB are needed: free some, or set CTI_CACHE_DIR elsewhere"
        )


def _write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, so that a killed write leaves the old one."""
    aside = path.with_name(path.name + ".new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
