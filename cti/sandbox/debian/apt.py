"""A private apt: its own indexes, its own empty package database, its own downloads, and no root.

The machine's settings in `/etc/apt/apt.conf.d` (proxies, certificates, time-outs) and its credentials still apply, because
our file is read after them; only what would touch the machine, such as hooks that clean its cache, is cleared.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from cti.sandbox.debian.record import Deb, parse_print_uris, total_bytes
from cti.sandbox.debian.sources import Archive
from cti.sandbox.errors import ArchiveUnknown, DiskFull, NetworkDown, PackagesRefused, SandboxError, ToolMissing

SUITE = "sid"
"""The Debian suite that carries Asterisk 22; the stable suites have none."""

_POLL_SECONDS = 0.25
_NETWORK = re.compile(
    r"Could not resolve|Temporary failure resolving|Could not connect|Cannot initiate the connection|Unable to connect"
    r"|Connection (failed|timed out|refused)|Network is unreachable|Could not handshake|Certificate verification failed"
)
_UNSIGNED = re.compile(r"NO_PUBKEY|EXPKEYSIG|is not signed|couldn't be verified|Sub-process \S*(gpgv|sqv) returned")
_NO_ROOM = re.compile(r"No space left on device|don't have enough free space|Disk quota exceeded")

_CONFIGURATION = """\
Dir "{root}";
Dir::State "state";
Dir::State::status "{root}/status";
Dir::Cache "cache";
Dir::Log "log";
Dir::Etc "etc";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::ForceHash "SHA256";
Acquire::Retries "3";
Acquire::IndexTargets::deb::Packages::KeepCompressed "true";
"""


class PrivateApt:
    """apt-get with everything it writes under one folder of the cache."""

    def __init__(self, root: Path, archive: Archive, architecture: str, held: tuple[int, ...] = ()) -> None:
        """`held` are descriptors of locks: an apt-get that outlives a killed fetch keeps them until it ends."""
        self._root = root
        self._archive = archive
        self._architecture = architecture
        self._held = held
        self._configuration = root / "apt.conf"
        self.downloads = root / "cache" / "archives"

    def prepare(self) -> None:
        """Lay out the private folders and write the configuration; `ToolMissing` when this machine has no apt."""
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise ToolMissing(
                    f"{tool} is not on this machine: run the sandbox on a Debian or Ubuntu, or install Asterisk 22 and SIPp"
                )
        for folder in ("etc", "log", "state/lists/partial", "cache/archives/partial"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        (self._root / "status").touch()
        self._configuration.write_text(_CONFIGURATION.format(root=self._root, architecture=self._architecture), encoding="utf-8")
        source = f"deb [signed-by={self._archive.keyring}] {self._archive.uri} {SUITE} main\n"
        (self._root / "etc" / "sources.list").write_text(source, encoding="utf-8")

    def update(self) -> None:
        """Fetch the signed index of the suite."""
        self._run("update")

    def wanted(self, packages: Sequence[str]) -> tuple[Deb, ...]:
        """Every package file needed by `packages` and all they depend on, with the index's own size and SHA-256."""
        # Packages that are downloaded already would be left out of the list: ask as if the cache were empty.
        elsewhere = self._root / "cache" / "none"
        (elsewhere / "partial").mkdir(parents=True, exist_ok=True)
        told = self._run("install", "--print-uris", "-o", f"Dir::Cache::archives={elsewhere}", *packages)
        return parse_print_uris(told)

    def download(self, packages: Sequence[str], debs: Sequence[Deb], progress: Callable[[int], None]) -> None:
        """Fetch the files of `debs`, continuing those cut short; `progress` gets the bytes on disk so far."""
        total = total_bytes(debs)

        def on_disk() -> None:
            progress(min(total, sum(self._bytes_of(deb) for deb in debs)))

        self._run("install", "--download-only", *packages, while_waiting=on_disk)
        on_disk()

    def _bytes_of(self, deb: Deb) -> int:
        for path in (self.downloads / deb.file, self.downloads / "partial" / deb.file):
            try:
                return path.stat().st_size
            except OSError:
                continue
        return 0

    def _run(self, *words: str, while_waiting: Callable[[], None] = lambda: None) -> str:
        """Run apt-get and return what it says; on failure, raise the error that tells what to do."""
        command = ["apt-get", "-c", str(self._configuration), "-q", "-q", "-y", *words]
        environ = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        log = self._root / "log"
        with (log / "apt.out").open("wb") as out, (log / "apt.err").open("wb") as err:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environ, pass_fds=self._held
            )
            with process:
                try:
                    _watch(process, while_waiting)
                except BaseException:
                    process.terminate()
                    raise
        said = (log / "apt.out").read_text(encoding="utf-8", errors="replace")
        complained = (log / "apt.err").read_text(encoding="utf-8", errors="replace")
        # Older apt-get calls an index it could not fetch a warning, and goes on with what it had.
        if process.returncode != 0 or "Failed to fetch" in complained:
            raise explain(words[0], complained or said, self._archive)
        return said


def _watch(process: "subprocess.Popen[bytes]", while_waiting: Callable[[], None]) -> None:
    while process.poll() is None:
        try:
            process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            while_waiting()


def explain(verb: str, complaint: str, archive: Archive) -> SandboxError:
    """The typed error behind apt's complaint, in one line that says what to do."""
    lines = [line for line in complaint.splitlines() if line[:2] in {"E:", "W:"} or line.startswith("Err")]
    first = lines[0] if lines else (complaint.strip().splitlines() or ["no message"])[-1]
    if _NO_ROOM.search(complaint):
        return DiskFull(f"no room left while fetching packages: free some, or set CTI_CACHE_DIR elsewhere ({first})")
    if _NETWORK.search(complaint):
        return NetworkDown(
            f"{archive.uri} does not answer: check the network and apt's proxy settings, then run again "
            f"(what is fetched is kept) ({first})"
        )
    if _UNSIGNED.search(complaint):
        return ArchiveUnknown(
            f"{archive.keyring} does not hold the key of {archive.uri}: set CTI_DEBIAN_KEYRING to a newer keyring ({first})"
        )
    return PackagesRefused(f"apt-get {verb} failed, run again later or set CTI_DEBIAN_MIRROR: {first}")
