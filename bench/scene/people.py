"""Callers and agents on SIPp, as plain as a bench needs them: every call the same, every third one passed on.

They speak the sandbox's own scenarios; voice runs both ways from the first answer on.
"""

import secrets
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.install import Install
from cti.sandbox.people import scenarios
from cti.sandbox.people.tones import write_tone
from cti.sandbox.sipp import SippProcess, SippRun


@dataclass(frozen=True, slots=True)
class Manner:
    """How calls go. A caller leaves after `stay_ms`, counted from the PBX's answer; agents would stay longer."""

    stay_ms: int = 9_000
    ring_ms: int = 400
    refer_every: int = 3  #: every third call to n1 is passed on to amu; 0 = none
    refer_after_ms: int = 2_500
    never: bool = False  #: no agent ever picks up


_FOREVER_MS = 600_000
_LINES = 10_000


def free_udp_port() -> int:
    """A UDP port that nobody holds now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def voice_ports() -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """UDP ports for callers, n1 and amu: below the ephemeral ports, above those that a site takes for its PBX."""
    first = 2 * (15_100 + secrets.randbelow(400))
    return (first, first + 799), (first + 800, first + 1_299), (first + 1_300, first + 1_699)


def agents(install: Install, folder: Path, port: int, manner: Manner, *, passes_on: bool, media: tuple[int, int]) -> SippProcess:
    """One SIPp that plays all phones of a filière."""
    folder.mkdir(parents=True, exist_ok=True)
    ring_ms = _FOREVER_MS if manner.never else manner.ring_ms
    stays = ("answers", ring_ms, _FOREVER_MS, "bye", "", "", "", "")
    refers = ("answers", ring_ms, manner.refer_after_ms, "refer", "801", "", "", "")
    every = manner.refer_every if passes_on else 0
    lines = (refers if every and number % every == 0 else stays for number in range(1, _LINES))
    script = _write(folder / "agent.xml", scenarios.agent(write_tone(folder / "agent.alaw", 600)))
    table = _table(folder / "agents.csv", lines)
    return SippProcess(install, SippRun(script, port, injections=(table,), media_ports=media), folder)


def callers(
    install: Install, folder: Path, remote: str, manner: Manner, *, calls: int, rate: float, media: tuple[int, int], did: str = "15"
) -> SippProcess:
    """So many callers, `rate` a second, each with a number of his own."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ((0, did, f"06{10_000_000 + n}", "Privacy: none", "bench", manner.stay_ms) for n in range(calls))
    script = _write(folder / "caller.xml", scenarios.caller(write_tone(folder / "caller.alaw", 440)))
    table = _table(folder / "callers.csv", lines)
    run = SippRun(
        script, free_udp_port(), remote=remote, rate=rate, calls=calls, injections=(table,), media_ports=media, service=did
    )
    return SippProcess(install, run, folder)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _table(path: Path, lines: Iterable[Sequence[object]]) -> Path:
    text = "".join(";".join(map(str, line)) + "\n" for line in lines)
    return _write(path, f"SEQUENTIAL\n{text}")
