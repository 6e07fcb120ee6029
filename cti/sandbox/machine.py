"""The configuration that belongs to the machine and not to telephony: folders, log, modules, RTP ports, music.

It is laid out in a run folder, beside links to the telephony files:

    etc/    asterisk.conf and all that is written here, plus one link for each entry of the telephony folder
    data/   links to Asterisk's read-only data, and `sounds/<language>` as a package installation would have made them
    lib/ spool/ log/ run/   what Asterisk writes: its own database, recordings, `log/full`, its control socket
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.errors import TelephonyFolderInvalid
from cti.sandbox.install import Install

OWNED = ("asterisk.conf", "logger.conf", "rtp.conf")
"""Files that only the machine can write; a telephony folder that holds one is refused."""

_DEFAULTS = Path(__file__).with_name("defaults")
"""Files with something to say: modules.conf, logger.conf, musiconhold.conf, cel_custom.conf, indications.conf."""

_LONGEST_SOCKET = 107
"""Bytes of a UNIX socket's path, sun_path of unix(7) less its final NUL."""

_FOLDERS = (
    *("etc", "data", "agi", "run", "lib/keys", "log/cel-custom", "log/cdr-custom"),
    *("spool/monitor", "spool/outgoing", "spool/recording", "spool/tmp"),
)
"""What a package installation makes, and Asterisk does not make by itself."""

_MINIMAL = {
    "acl.conf": "; no named access list\n",
    "ccss.conf": "[general]\n",
    "cdr.conf": "[general]\nenable = no\n",
    "cel.conf": "[general]\nenable = no\n",
    "cli_aliases.conf": "[general]\n",
    "confbridge.conf": "[general]\n",
    "extensions.conf": "[general]\n",
    "features.conf": "[general]\n",
    "http.conf": "[general]\nenabled = no\n",
    "manager.conf": "[general]\nenabled = no\n",
    "pjproject.conf": "; nothing to change\n",
    "pjsip.conf": "; no endpoint\n",
    "queues.conf": "[general]\n",
    "res_parking.conf": "[general]\n",
    "stasis.conf": "; nothing to change\n",
    "udptl.conf": "[general]\n",
}
"""Files whose absence Asterisk logs as an ERROR or WARNING; written only where the telephony folder has none."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folders of one run. `base` may be long; `control` is short enough for a control socket."""

    base: Path
    control: Path

    @property
    def etc(self) -> Path:
        """Where Asterisk reads its configuration."""
        return self.base / "etc"

    @property
    def configuration(self) -> Path:
        """The file that every asterisk command of this run is given."""
        return self.etc / "asterisk.conf"

    @property
    def full_log(self) -> Path:
        """Every notice, warning, error and verbose line, with microseconds."""
        return self.base / "log" / "full"

    @property
    def socket(self) -> Path:
        """The control socket that `asterisk -r` talks to."""
        return self.control / "asterisk.ctl"

    def remove_control(self) -> None:
        """Remove the temporary folder of the control socket, when there is one."""
        if self.control.parent != self.base:
            shutil.rmtree(self.control, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """What the caller chooses for one run.

    `rtp_ports` is the first and the last UDP port of voice; `verbosity` is how much of the dialplan the log shows, 0 to 10.
    """

    rtp_ports: tuple[int, int] = (10000, 10999)
    agi_dir: Path | None = None
    verbosity: int = 3
    language: str = "fr"


def run_folder(base: Path) -> RunFolder:
    """The run folder at `base`, its control socket moved to a short temporary folder when the path is too long for one."""
    base = base.absolute()
    control = base / "run"
    if len(str(control / "asterisk.ctl").encode()) > _LONGEST_SOCKET:
        control = Path(tempfile.mkdtemp(prefix="cti-pbx-"))
    return RunFolder(base, control)


def lay_out(install: Install, telephony: Path, run: RunFolder, settings: MachineSettings) -> None:
    """Write all that belongs to the machine and link the telephony files beside it; safe to repeat before each start."""
    _check_telephony(telephony, run)
    for name in _FOLDERS:
        (run.base / name).mkdir(parents=True, exist_ok=True)
    run.control.mkdir(parents=True, exist_ok=True)
    run.socket.unlink(missing_ok=True)
    _link_data(install, run.base / "data")
    _clear(run.etc)
    given = sorted(entry for entry in telephony.iterdir() if not entry.name.startswith("."))
    for entry in given:
        (run.etc / entry.name).symlink_to(entry.absolute())
    ours = {
        **_MINIMAL,
        **{path.name: path.read_text(encoding="utf-8") for path in _DEFAULTS.glob("*.conf")},
        "asterisk.conf": asterisk_conf(install, run, settings),
        "rtp.conf": f"[general]\nrtpstart = {settings.rtp_ports[0]}\nrtpend = {settings.rtp_ports[1]}\n",
    }
    for name, text in ours.items():
        if not (run.etc / name).exists():
            (run.etc / name).write_text(text, encoding="utf-8")


def _check_telephony(telephony: Path, run: RunFolder) -> None:
    if not telephony.is_dir():
        raise TelephonyFolderInvalid(f"{telephony} is not a folder: render the telephony configuration first")
    if telephony.resolve() == run.etc.resolve():
        raise TelephonyFolderInvalid(f"{telephony} is the run folder's own etc: render somewhere else")
    for name in OWNED:
        if (telephony / name).exists():
            raise TelephonyFolderInvalid(f"{telephony / name} belongs to the machine: leave it out of the telephony folder")


def _clear(etc: Path) -> None:
    for entry in etc.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _link_data(install: Install, data: Path) -> None:
    """Link Asterisk's data, and its prompts under the short language names that package installation would give them."""
    sounds = data / "sounds"
    sounds.mkdir(parents=True, exist_ok=True)
    for entry in install.data.iterdir():
        if entry.name not in {"sounds", "agi-bin"}:
            _point(data / entry.name, entry)
    for language, folder in install.sounds:
        _point(sounds / language, folder)


def _point(link: Path, target: Path) -> None:
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target.absolute())


def asterisk_conf(install: Install, run: RunFolder, settings: MachineSettings) -> str:
    """The folders of this run: read-only parts in the install, everything written in the run folder."""
    folders = {
        "astetcdir": run.etc,
        "astmoddir": install.modules,
        "astvarlibdir": run.base / "lib",
        "astdbdir": run.base / "lib",
        "astkeydir": run.base / "lib",
        "astdatadir": run.base / "data",
        "astagidir": (settings.agi_dir or run.base / "agi").absolute(),
        "astspooldir": run.base / "spool",
        "astrundir": run.control,
        "astlogdir": run.base / "log",
        "astsbindir": Path(install.asterisk[-1]).parent,
    }
    lines = "".join(f"{name} => {folder}\n" for name, folder in folders.items())
    return (
        f"[directories]\n{lines}\n[options]\nverbose = {settings.verbosity}\ndefaultlanguage = {settings.language}\n"
        "documentation_language = en_US\nnocolor = yes\nhideconnect = yes\nlive_dangerously = no\n"
    )
