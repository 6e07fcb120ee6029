"""What the tests of the verbs share: how a verb is asked, what it leaves behind, two calls."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cti.journey import events as ev

HOUSE = Path(__file__).parents[3]
T0 = 1_797_408_000_000_000  #: 2026-12-16T08:00:00Z, 09:00 in Paris
S = 1_000_000
DAY = ("--since", "2026-12-16", "--until", "2026-12-16")


@dataclass
class Done:
    """What a verb left behind."""

    returncode: int
    stdout: str
    stderr: str


Cti = Callable[..., Done]


def answered(call_id: str, t0: int) -> list[ev.CallEvent]:
    leg = {"agent": "arm01", "leg": f"{call_id}.2"}
    return [
        ev.CallArrived(call_id=call_id, at=t0, channel=f"{call_id}.1", did="15", flux="15", caller="0612345678"),
        ev.QueueEntered(call_id=call_id, at=t0 + 5 * S, filiere="n1"),
        ev.AgentOffered(call_id=call_id, at=t0 + 6 * S, filiere="n1", **leg),
        ev.AgentAnswered(call_id=call_id, at=t0 + 9 * S + 500_000, **leg),
        ev.CallEnded(call_id=call_id, at=t0 + 60 * S, cause=16),
    ]


def abandoned(call_id: str, t0: int) -> list[ev.CallEvent]:
    return [answered(call_id, t0)[0], answered(call_id, t0)[1], ev.CallEnded(call_id=call_id, at=t0 + 40 * S, cause=16)]


def refused(done: Done) -> str:
    """The message of a verb that refused, which is no stack trace."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr
