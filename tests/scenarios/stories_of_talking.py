"""Callers who are answered where they came in."""

from tests.scenarios.people import LEARNS, answers, calls, holds
from tests.scenarios.scene import Scene
from tests.scenarios.script import Truth, story


@story(Truth("answered", ("n1 arm01 completed",)), arm01="n1")
async def answered_agent_hangs_up(s: Scene) -> None:
    """Answered; the agent hangs up first."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=1500))
    await (await s.caller("15", calls(s.tone))).wait(20)


@story(Truth("answered", ("n1 arm01 completed",)), arm01="n1")
async def answered_caller_hangs_up(s: Scene) -> None:
    """Answered; the caller hangs up first."""
    await s.phone("arm01", answers("arm01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=4000))).wait(20)


@story(Truth("answered", ("n1 arm01 completed",)), arm01="n1")
async def masked_caller(s: Scene) -> None:
    """A caller without a number is a caller."""
    await s.phone("arm01", answers("arm01", s.tone))
    await (await s.caller("15", calls(s.tone, "anonymous", hangs_up_after_ms=3500))).wait(20)


@story(Truth("answered", ("n1 arm01 completed",)), arm01="n1")
async def number_hidden_by_the_caller(s: Scene) -> None:
    """The network gives the number, the caller asked that it be hidden: we do not keep it."""
    await s.phone("arm01", answers("arm01", s.tone))
    extra = "P-Asserted-Identity: <sip:0639980003@operateur.example>\nPrivacy: id\n"
    await (await s.caller("15", calls(s.tone, "anonymous", hangs_up_after_ms=3500, extra=extra))).wait(20)


@story(Truth("answered", ("amu amu01 completed",)), amu01="amu")
async def fire_service_direct_to_amu(s: Scene) -> None:
    """The fire service dials its own line: no message, straight to AMU."""
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("9018", calls(s.tone, "0199001801", hangs_up_after_ms=2500))).wait(20)


@story(Truth("test", ("n1 arm01 completed",)), arm01="n1")
async def test_call(s: Scene) -> None:
    """The line for tests: routed and answered like the others, counted nowhere."""
    await s.phone("arm01", answers("arm01", s.tone))
    await (await s.caller("9099", calls(s.tone, hangs_up_after_ms=2500))).wait(20)


@story(Truth("answered", ("n1 arm01 completed",)), arm01="n1")
async def unknown_number_dialled(s: Scene) -> None:
    """A number that nobody declared reaches somebody all the same."""
    await s.phone("arm01", answers("arm01", s.tone))
    await (await s.caller("0199000000", calls(s.tone, hangs_up_after_ms=2500))).wait(20)


@story(Truth("answered", ("n1 arm01 completed",), held=1), arm01="n1")
async def held_and_resumed(s: Scene) -> None:
    """The agent puts him on hold and takes him back."""
    await s.phone("arm01", answers("arm01", s.tone, then=holds("arm01")))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=5500))).wait(20)


@story(Truth("answered", ("amu amu01 completed",)), arm01="n1", amu01="amu")
async def agent_consults_a_filiere_from_his_phone(s: Scene) -> None:
    """An agent calls a filière from his own phone: no caller from outside, no message."""
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1200))
    await (await s.caller("801", calls(s.tone, "arm01", then=LEARNS), name="arm01")).wait(20)


@story(Truth("answered", ("n1 arm01 completed",)), arm01="n1")
async def operator_ends_the_call(s: Scene) -> None:
    """The PBX itself ends a conversation."""
    await s.phone("arm01", answers("arm01", s.tone))
    caller = await s.caller("15", calls(s.tone))
    connect = await s.until("AgentConnect")
    await s.until("BridgeEnter", Channel=connect["Channel"])
    await s.hang_up(connect["Channel"])
    await caller.wait(20)
