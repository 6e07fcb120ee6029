"""Callers who hang up, wait, are answered: told to the real core."""

from functools import reduce

from cti.journey import CallEvent, Journey, apply
from cti.journey import events as ev

#: 2026-12-16T08:00:00Z
T0 = 1_797_408_000_000_000
S = 1_000_000
NUMBER = "+33612345678"


def told(*events: CallEvent) -> Journey:
    return reduce(lambda journey, event: apply(journey, event)[0], events, Journey(call_id=events[0].call_id))


def arrived(
    call: str, at: int, caller: str | None, *, flux: str = "15", public: bool = True, test: bool = False
) -> ev.CallArrived:
    return ev.CallArrived(
        call_id=call, at=T0 + at * S, channel=call, did="15", flux=flux, caller=caller, public=public, test=test
    )


def queued(call: str, at: int, filiere: str, priority: int = 20) -> list[CallEvent]:
    routed = ev.CallRouted(call_id=call, at=T0 + at * S, filiere=filiere, source=ev.RouteSource.CTI, priority=priority)
    return [routed, ev.QueueEntered(call_id=call, at=T0 + at * S, filiere=filiere)]


def taken(call: str, at: int, agent: str, filiere: str) -> list[CallEvent]:
    leg = f"{call}-{agent}"
    return [
        ev.AgentOffered(call_id=call, at=T0 + at * S, filiere=filiere, agent=agent, leg=leg),
        ev.AgentAnswered(call_id=call, at=T0 + at * S, agent=agent, leg=leg),
    ]


def ended(call: str, at: int, cause: int = 16) -> ev.CallEnded:
    return ev.CallEnded(call_id=call, at=T0 + at * S, cause=cause)


def abandon(
    call: str,
    at: int = 0,
    caller: str | None = NUMBER,
    *,
    wait: int = 5,
    flux: str = "15",
    priority: int = 20,
    public: bool = True,
) -> Journey:
    """Left N1's queue."""
    return told(arrived(call, at, caller, flux=flux, public=public), *queued(call, at, "n1", priority), ended(call, at + wait))


def greeting(call: str, at: int = 0, caller: str | None = NUMBER) -> Journey:
    """Left before any queue."""
    return told(arrived(call, at, caller), ended(call, at + 2))


def answered(call: str, at: int = 0, caller: str | None = NUMBER) -> Journey:
    """Helped by an ARM."""
    return told(arrived(call, at, caller), *queued(call, at, "n1"), *taken(call, at + 4, "arm01", "n1"), ended(call, at + 60))


def lost_n2(
    call: str, at: int = 0, caller: str | None = NUMBER, *, filiere: str = "mg", priority: int = 10, first_priority: int = 20
) -> Journey:
    """Answered by an ARM, passed on, gone before the next human."""
    leg = f"{call}-arm01"
    return told(
        arrived(call, at, caller),
        *queued(call, at, "n1", first_priority),
        *taken(call, at + 4, "arm01", "n1"),
        ev.DossierOpened(call_id=call, at=T0 + (at + 5) * S, dossier_id="d", ref=f"2026-350-{call}"),
        ev.TransferAsked(call_id=call, at=T0 + (at + 30) * S, target=filiere, via=ev.TransferVia.API),
        ev.AgentLeft(call_id=call, at=T0 + (at + 30) * S, agent="arm01", leg=leg),
        *queued(call, at + 31, filiere, priority),
        ended(call, at + 90),
    )
