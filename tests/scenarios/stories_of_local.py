"""Agents whose member of the queue is a Local channel: a number outside, not a phone of the house.

Our configuration cannot write such a member, and CEL tells his phone instead of him; so these stories stand apart from the
repertoire, and `test_complaints` reads them.
"""

from collections.abc import Callable

from tests.scenarios.people import answers, calls, transfers
from tests.scenarios.scene import Scene
from tests.scenarios.script import Play, Story, Truth

LOCAL_STORIES: dict[str, Story] = {}
AGENT = "1001@sas-postes"


def local(via: str) -> Callable[[Play], Play]:
    """Enter a script: N1 is a Local member, who passes the caller on to AMU."""

    def enter(play: Play) -> Play:
        name = f"local_members/{play.__name__}"  # type: ignore[attr-defined]
        truth = Truth("answered", (f"n1 {AGENT} transferred {via}", "amu amu01 completed"))
        phones = {"arm01": ("mg",), "amu01": ("amu",)}
        LOCAL_STORIES[name] = Story(name, " ".join((play.__doc__ or "").split()), phones, (truth,), play)
        return play

    return enter


async def _local(s: Scene, options: str) -> None:
    """N1 has one member: a Local channel that dials the phone."""
    assert s._actions is not None
    await s._actions.queue_add("sas-n1", f"Local/{AGENT}{options}", name="Camille Durand")


@local("refer")
async def transfers_by_refer(s: Scene) -> None:
    """The Local channel is optimised away after the answer; the agent presses his phone's transfer key."""
    await _local(s, "")
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=2500))
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))).wait(20)


@local("refer")
async def that_stays_transfers_by_refer(s: Scene) -> None:
    """The Local channel stays (/n)."""
    await _local(s, "/n")
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=2500))
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))).wait(20)


@local("api")
async def that_stays_is_left_by_api(s: Scene) -> None:
    """The screen moves the caller away from an agent behind a Local channel that stays (/n)."""
    await _local(s, "/n")
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1500))
    caller = await s.caller("15", calls(s.tone))
    connect = await s.until("AgentConnect")
    await s.until("BridgeEnter", Channel=connect["Channel"])
    await s.transfer(connect["Channel"], "amu")
    await caller.wait(20)
