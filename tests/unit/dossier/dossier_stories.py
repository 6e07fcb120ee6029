"""Calls told by their events, folded by the real core."""

from cti.journey import CallEvent, Fact, Journey, apply
from cti.journey import events as ev

CALL = "0b0e6f0e-8d5c-4c8e-9a53-5a4f1a2d9c01"
#: 2026-12-16T08:00:00Z, day 350.
T0 = 1_797_408_000_000_000
S = 1_000_000


def answered(
    *,
    flux: str = "15",
    caller: str | None = "+33612345678",
    test: bool = False,
    filiere: str = "n1",
    agent: str = "arm01",
    t0: int = T0,
    wait_seconds: int = 10,
) -> tuple[Journey, Fact]:
    """A call that has just been picked up, and the fact that says so."""
    at = t0 + wait_seconds * S
    story: list[CallEvent] = [
        ev.CallArrived(call_id=CALL, at=t0, channel="1.1", did=flux, flux=flux, caller=caller, test=test),
        ev.QueueEntered(call_id=CALL, at=t0 + S, filiere=filiere),
        ev.AgentOffered(call_id=CALL, at=t0 + 2 * S, filiere=filiere, agent=agent, leg="1.2"),
        ev.AgentAnswered(call_id=CALL, at=at, agent=agent, leg="1.2"),
    ]
    journey, facts = Journey(call_id=CALL), ()
    for event in story:
        journey, facts = apply(journey, event)
    return journey, facts[0]
