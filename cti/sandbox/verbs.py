"""The verbs `cti pbx fetch | up | down | console`, as plain functions: the sandbox PBX left running, and found again.

`up` leaves a state file in the run folder; `down` and `console` act on the process it names, and only when that process is
still the Asterisk of that folder.
"""

import asyncio
import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.debian.progress import shown
from cti.sandbox.errors import AsteriskNotRunning
from cti.sandbox.host.ports import claims
from cti.sandbox.install import Install
from cti.sandbox.machine import MachineSettings, RunFolder
from cti.sandbox.packages import FetchSettings, fetch

STATE = "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """One Asterisk left running: its process, the file it was configured by, and where it listens."""

    pid: int
    configuration: str
    control: str
    """Folder of its control socket."""
    asterisk: tuple[str, ...]
    listens: tuple[str, ...]


def fetch_shown(environ: Mapping[str, str]) -> Install:
    """`cti pbx fetch`: a PBX ready to start, with what is going on shown on standard error."""
    with shown() as report:
        return fetch(FetchSettings.from_environ(environ), report)


async def up(install: Install, telephony: Path, run_dir: Path, settings: MachineSettings | None = None) -> State:
    """`cti pbx up`: start an Asterisk that outlives this process. One that runs there already is left as it is."""
    try:
        return running(run_dir)
    except AsteriskNotRunning:
        pass
    pbx = SandboxAsterisk(install, telephony, run_dir, settings)
    await pbx.start()
    listens = tuple(f"{claim.address()} ({claim.file})" for claim in claims(telephony))
    state = State(pbx.pid, str(pbx.run.configuration), str(pbx.run.control), install.asterisk, listens)
    (run_dir / STATE).write_text(json.dumps(asdict(state), indent=1) + "\n", encoding="utf-8")
    pbx.let_go()
    return state


def running(run_dir: Path) -> State:
    """The Asterisk that runs in `run_dir`; `AsteriskNotRunning` when none does, or when its pid is another process now."""
    try:
        kept = json.loads((run_dir / STATE).read_text(encoding="utf-8"))
        words, listens = tuple(kept["asterisk"]), tuple(kept["listens"])
        state = State(int(kept["pid"]), str(kept["configuration"]), str(kept["control"]), words, listens)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AsteriskNotRunning(f"no Asterisk was left running in {run_dir}") from error
    if not _is_ours(state):
        raise AsteriskNotRunning(f"the Asterisk left running in {run_dir} (pid {state.pid}) is gone")
    return state


def _is_ours(state: State) -> bool:
    """Whether the process of that number is an Asterisk started with that very configuration file."""
    try:
        words = Path(f"/proc/{state.pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        dead = Path(f"/proc/{state.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return False
    return not dead and state.configuration in words and state.asterisk[-1] in words


async def down(run_dir: Path, deadline_seconds: float = 15.0) -> State:
    """`cti pbx down`: stop that Asterisk, by force after the deadline. Returns what was stopped."""
    state = running(run_dir)
    watched = os.pidfd_open(state.pid)
    try:
        if not _is_ours(state):
            raise AsteriskNotRunning(f"the Asterisk left running in {run_dir} (pid {state.pid}) is gone")
        signal.pidfd_send_signal(watched, signal.SIGCONT)
        signal.pidfd_send_signal(watched, signal.SIGTERM)
        if not await asyncio.to_thread(_ends, watched, deadline_seconds):
            signal.pidfd_send_signal(watched, signal.SIGKILL)
            await asyncio.to_thread(_ends, watched, deadline_seconds)
    finally:
        os.close(watched)
    _forget(run_dir, state)
    return state


def _forget(run_dir: Path, state: State) -> None:
    RunFolder(run_dir.absolute(), Path(state.control)).remove_control()
    (run_dir / STATE).unlink(missing_ok=True)


def _ends(pidfd: int, deadline_seconds: float) -> bool:
    """Whether a process ends within the deadline; its file descriptor becomes readable when it does."""
    readable, _, _ = select.select([pidfd], [], [], deadline_seconds)
    return bool(readable)


def console(run_dir: Path) -> NoReturn:
    """`cti pbx console`: become Asterisk's own console on that PBX; leaving it leaves the PBX running."""
    state = running(run_dir)
    sys.stdout.flush()
    words = [*state.asterisk, "-C", state.configuration, "-rvvv"]
    os.execv(words[0], words)  # noqa: S606
