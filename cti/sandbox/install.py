"""Where an Asterisk and a SIPp that we can start are found on this machine.

Two kinds exist: the machine's own packages, when recent enough, or a Debian root unpacked into the cache, whose programs
run through that root's own loader. The loader is given its library folder as an argument, never by LD_LIBRARY_PATH: the
scripts that Asterisk starts must find the machine's libraries, not Debian's.
"""

import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.errors import AsteriskDied, AsteriskTooOld, EdgeUnusable, UnsupportedMachine

OLDEST_SUPPORTED = (22, 1)
"""The first Asterisk with the AMI event filters that the service relies on."""

_NEEDED_MODULES = ("chan_pjsip.so", "app_queue.so", "app_mixmonitor.so", "res_agi.so", "cel_custom.so", "func_uuid.so")
_VOICES = {"fr": ("fr", "fr_CA_f_June"), "en": ("en", "en_US_f_Allison")}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A processor family, in Debian's words: its name, its library triplet and the name of its loader."""

    debian: str
    triplet: str
    loader: str


_ARCHITECTURES = {
    "x86_64": Architecture("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "amd64": Architecture("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": Architecture("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
    "arm64": Architecture("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


@dataclass(frozen=True, slots=True)
class Install:
    """A startable Asterisk: how to run it, and where its parts lie."""

    asterisk: tuple[str, ...]
    """First words of the command line that runs Asterisk."""
    sipp: tuple[str, ...]
    """First words of the command line that runs SIPp."""
    modules: Path
    data: Path
    """Asterisk's read-only data: documentation, music on hold."""
    sounds: tuple[tuple[str, Path], ...]
    """Language and folder of its recorded prompts."""


@dataclass(frozen=True, slots=True)
class EdgeInstall:
    """What stands before a PBX that people reach from outside: first words of the command line of each program."""

    nginx: tuple[str, ...]
    stream_module: Path
    """nginx's module that shares one port between HTTPS and TURN."""
    turnserver: tuple[str, ...]
    uclient: tuple[str, ...]
    """coturn's own client."""


def this_architecture(machine: str | None = None, system: str | None = None) -> Architecture:
    """The processor family of this machine; `UnsupportedMachine` when Debian's Asterisk cannot run on it."""
    machine = platform.machine() if machine is None else machine
    system = sys.platform if system is None else system
    found = _ARCHITECTURES.get(machine.lower())
    if found is None or not system.startswith("linux"):
        raise UnsupportedMachine(
            f"the sandbox PBX runs on Linux, amd64 or arm64, not on {system} {machine}: use such a machine or a container"
        )
    return found


def unpacked_install(root: Path, architecture: Architecture) -> Install:
    """The programs of a Debian root unpacked under `root`, each run through that root's own loader."""
    libraries = root / "usr" / "lib" / architecture.triplet
    loader = (str(libraries / architecture.loader), "--library-path", str(libraries))
    data = root / "usr" / "share" / "asterisk"
    return Install(
        asterisk=(*loader, str(root / "usr" / "sbin" / "asterisk")),
        sipp=(*loader, str(root / "usr" / "bin" / "sipp")),
        modules=libraries / "asterisk" / "modules",
        data=data,
        sounds=_voices_in(data / "sounds"),
    )


def unpacked_edge(root: Path, architecture: Architecture) -> EdgeInstall:
    """The reverse proxy and the TURN server of a Debian root unpacked under `root`, run through that root's own loader."""
    libraries = root / "usr" / "lib" / architecture.triplet
    loader = (str(libraries / architecture.loader), "--library-path", str(libraries))
    return EdgeInstall(
        nginx=(*loader, str(root / "usr" / "sbin" / "nginx")),
        stream_module=root / "usr" / "lib" / "nginx" / "modules" / "ngx_stream_module.so",
        turnserver=(*loader, str(root / "usr" / "bin" / "turnserver")),
        uclient=(*loader, str(root / "usr" / "bin" / "turnutils_uclient")),
    )


def check_edge(install: EdgeInstall) -> None:
    """`EdgeUnusable` when one of the programs does not run, or the module is not there."""
    for words in ((*install.nginx, "-v"), (*install.turnserver, "--version")):
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EdgeUnusable(f"{words[-2]} does not start: {error}") from error
        if done.returncode != 0:
            raise EdgeUnusable(f"{words[-2]} does not start: {done.stderr.strip() or done.returncode}")
    if not install.stream_module.is_file():
        raise EdgeUnusable(f"{install.stream_module} is missing: the package libnginx-mod-stream has another layout")


def machine_install(prefix: Path = Path("/usr")) -> Install | None:
    """The machine's own Asterisk and SIPp, or None when one is absent, too old or lacks what the service needs."""
    asterisk, sipp = shutil.which("asterisk"), shutil.which("sipp")
    if asterisk is None or sipp is None:
        return None
    folders = [prefix / "lib" / "asterisk" / "modules", *sorted(prefix.glob("lib/*/asterisk/modules"))]
    modules = next((f for f in folders if all((f / name).exists() for name in _NEEDED_MODULES)), None)
    data = prefix / "share" / "asterisk"
    sounds = _voices_in(data / "sounds")
    if modules is None or len(sounds) < len(_VOICES) or not (data / "moh").is_dir():
        return None
    install = Install((asterisk,), (sipp,), modules, data, sounds)
    try:
        check_version(install)
    except (AsteriskTooOld, AsteriskDied):
        return None
    return install


def _voices_in(sounds: Path) -> tuple[tuple[str, Path], ...]:
    """The languages found under a sounds folder; Debian names a folder after language, country and speaker."""
    found = []
    for language, names in _VOICES.items():
        folder = next((sounds / name for name in names if (sounds / name).is_dir()), None)
        if folder is not None:
            found.append((language, folder))
    return tuple(found)


def asterisk_version(install: Install) -> str:
    """What `asterisk -V` says, such as `Asterisk 22.10.1+dfsg`; `AsteriskDied` when it does not run at all."""
    try:
        done = subprocess.run([*install.asterisk, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AsteriskDied(f"{install.asterisk[-1]} does not start: {error}") from error
    if done.returncode != 0:
        raise AsteriskDied(f"{install.asterisk[-1]} does not start: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def check_version(install: Install) -> str:
    """The version text of an install, or `AsteriskTooOld` when it is older than 22.1."""
    text = asterisk_version(install)
    match = re.search(r"\b(\d+)\.(\d+)", text)
    if match is None or (int(match[1]), int(match[2])) < OLDEST_SUPPORTED:
        raise AsteriskTooOld(f"Asterisk 22.1 or later is needed, this one says {text!r}")
    return text
