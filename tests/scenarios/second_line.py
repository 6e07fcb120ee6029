"""Attended transfers as agents do them: a caller on hold, a colleague on the phone's second line, and the keys in between."""

from tests.scenarios.people import answers, consults, passes_on, puts_on_hold
from tests.scenarios.scene import Scene


async def held_by(s: Scene, name: str) -> str:
    """The caller's line on that phone, once he is on hold."""
    line = await s.line(name)
    await s.until("Hold", Channel=line)
    return line


def passing_on(s: Scene, name: str, number: str) -> str:
    """An agent who holds his caller, and joins him at the transfer key to whoever answers at this number."""
    return answers(name, s.tone, then=puts_on_hold(name) + passes_on(name, number), talks_ms=0)


async def asks(s: Scene, name: str, number: str, nth: int = 2) -> str:
    """The agent dials on another line, his phone's `nth` in the story: that line, once somebody talks with him there."""
    await s.consult(name, number, consults(name, s.tone))
    other = await s.line(name, nth)
    await s.until("BridgeEnter", Channel=other)
    return other


async def joins(s: Scene, name: str, line: str, number: str, nth: int = 2) -> str:
    """The agent asks at this number, then joins his caller to whoever answered there; the line he asked on."""
    other = await asks(s, name, number, nth)
    await s.press(name, line, other)
    return other


async def joins_while_it_rings(s: Scene, name: str, line: str, asked: str) -> None:
    """The agent joins his caller to a phone that still rings for his second line."""
    await s.until("DialState", DialStatus="RINGING", DestChannel=await s.line(asked))
    await s.press(name, line, await s.line(name, 2))


async def acts_once_joined(s: Scene, name: str) -> str:
    """Whoever was asked talks with the caller now, and does what his key says; his line."""
    line = await s.line(name)
    await s.until("BridgeEnter", nth=2, Channel=line)
    await s.press(name, line)
    return line


async def is_taken_back(s: Scene, name: str, line: str) -> None:
    """The agent takes his caller off hold."""
    await s.press(name, line)
    await s.until("Unhold", Channel=line)
