"""Callers and agents on SIPp, as plain as a bench needs them: every call the same, those of some phones passed on.

They speak the scenarios of the dialplan's own tests; voice runs both ways from the first answer on.
"""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.sipp import SippProcess, SippRun
from tests.integration import dialplan_people as people
from tests.integration import dialplan_scripts as scripts


@dataclass(frozen=True, slots=True)
class Manner:
    """How calls go. A caller leaves `stay_ms` after the PBX's answer, from whatever he is in."""

    stay_ms: int = 9_000
    ring_ms: int | None = 400  #: None: nobody picks up
    refer_after_ms: int = 2_500


@dataclass(slots=True)
class Voices:
    """Hands out UDP ports below the ephemeral ones and above those that a site takes for its PBX."""

    _next: int = 0

    def take(self, width: int) -> tuple[int, int]:
        """The next so many ports."""
        first = self._next or 2 * (15_050 + secrets.randbelow(300))
        self._next = first + width
        return first, first + width - 1


def phones(
    install: Install, folder: Path, port: int, manner: Manner, voices: Voices, refer_to: str = "", *, traced: bool = False
) -> SippProcess:
    """One SIPp that plays every phone of that port; with `refer_to` they pass each caller on; `traced`: it keeps its messages."""
    folder.mkdir(parents=True, exist_ok=True)
    tone = people.write_tone(folder / "agent.alaw", 600.0)
    then = scripts.refer("poste", refer_to, manner.refer_after_ms) if refer_to else ""
    script = folder / "agent.xml"
    script.write_text(scripts.agent("poste", tone, manner.ring_ms, then), encoding="utf-8")
    return SippProcess(install, SippRun(script, port, media_ports=voices.take(400), trace_messages=traced), folder)


def callers(
    install: Install, folder: Path, remote: str, manner: Manner, voices: Voices, *, calls: int, rate: float, did: str = "15"
) -> SippProcess:
    """So many callers, `rate` a second, each with a number of his own."""
    folder.mkdir(parents=True, exist_ok=True)
    tone = people.write_tone(folder / "caller.alaw", 440.0)
    script, numbers = folder / "caller.xml", folder / "callers.csv"
    script.write_text(scripts.caller(tone, "[field0]", manner.stay_ms), encoding="utf-8")
    numbers.write_text("SEQUENTIAL\n" + "".join(f"06{10_000_000 + n}\n" for n in range(calls)), encoding="utf-8")
    run = SippRun(
        script, free_port(socket.SOCK_DGRAM), remote=remote, service=did, rate=rate, calls=calls,
        injections=(numbers,), media_ports=voices.take(800),
    )  # fmt: skip
    return SippProcess(install, run, folder)
