"""Callers who wait, leave, or are led elsewhere because nobody takes them."""

from tests.scenarios.people import answers, calls, is_busy, never_answers, unwilling
from tests.scenarios.scene import Scene
from tests.scenarios.script import Truth, story


@story(Truth("abandoned", phase="greeting"), arm01="n1")
async def abandon_in_greeting(s: Scene) -> None:
    """He hangs up while the welcome message is played."""
    await s.phone("arm01", never_answers("arm01"))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=900))).wait(20)


@story(Truth("abandoned", phase="greeting"), arm01="n1")
async def pocket_call_under_one_second(s: Scene) -> None:
    """A telephone in a pocket: less than a second."""
    await s.phone("arm01", never_answers("arm01"))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=250))).wait(20)


@story(Truth("abandoned", ("n1 - abandoned",), phase="ringing"), arm01="n1")
async def abandon_while_ringing(s: Scene) -> None:
    """He hangs up while the only agent's phone rings."""
    await s.phone("arm01", never_answers("arm01"))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=2700))).wait(20)


@story(Truth("abandoned", ("n1 - abandoned",), phase="queue"), arm01="n1")
async def abandon_in_queue(s: Scene) -> None:
    """The phone rang in vain; he hangs up in the silence before it rings again."""
    await s.phone("arm01", never_answers("arm01"))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=7000))).wait(20)


@story(Truth("abandoned", ("n1 - abandoned",), phase="queue"), arm01="n1")
async def caller_leaves_as_the_phone_gives_up(s: Scene) -> None:
    """The phone has just stopped ringing in vain when he is hung up on, within a few milliseconds."""
    await s.phone("arm01", never_answers("arm01"))
    caller = await s.caller("15", calls(s.tone))
    await s.until("AgentRingNoAnswer")
    await s.hang_up((await s.until("SasArrived"))["Channel"])
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",)),
    Truth("abandoned", ("n1 - abandoned",), phase="queue"),
    arm01="n1",
)
async def abandon_while_the_only_agent_talks(s: Scene) -> None:
    """The second caller never hears a phone ring: the only agent talks with the first one."""
    await s.phone("arm01", answers("arm01", s.tone))
    first = await s.caller("15", calls(s.tone, "0639980001", hangs_up_after_ms=6500))
    await s.until("AgentConnect")
    second = await s.caller("15", calls(s.tone, "0639980002", hangs_up_after_ms=2800))
    await second.wait(20)
    await first.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",)),
    Truth("answered", ("n1 arm01 completed",)),
    arm01="n1",
)
async def caller_waits_for_busy_agent(s: Scene) -> None:
    """The second caller waits until the agent has finished with the first one."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=3500))
    first = await s.caller("15", calls(s.tone, "0639980001"))
    await s.until("AgentConnect")
    second = await s.caller("15", calls(s.tone, "0639980002"))
    await first.wait(20)
    await second.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",)),
    Truth("answered", ("n1 arm02 completed",)),
    arm01="n1",
    arm02="n1",
)
async def two_calls_at_once_two_agents(s: Scene) -> None:
    """Two callers within a moment, two agents: each has his own."""
    await s.phone("arm01", answers("arm01", s.tone, 400))
    await s.phone("arm02", answers("arm02", s.tone, 700))
    first = await s.caller("15", calls(s.tone, "0639980001", hangs_up_after_ms=4500))
    await s.until("SasArrived")
    second = await s.caller("116117", calls(s.tone, "0639980002", hangs_up_after_ms=3500))
    await first.wait(20)
    await second.wait(20)


@story(Truth("answered", ("n1 arm02 completed",)), arm01="n1", arm02="n1")
async def second_agent_answers_after_first_did_not(s: Scene) -> None:
    """The first phone rings in vain, the second one is picked up."""
    await s.phone("arm01", never_answers("arm01"))
    await s.phone("arm02", answers("arm02", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=10500))).wait(30)


@story(Truth("answered", ("n1 arm02 completed",)), arm01="n1", arm02="n1")
async def busy_agent_then_free_agent(s: Scene) -> None:
    """The first agent refuses the call, the second one takes it."""
    await s.phone("arm01", is_busy("arm01"))
    await s.phone("arm02", answers("arm02", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=6500))).wait(30)


@story(Truth("answered", ("n1 arm02 completed",)), arm01="n1", arm02="n1")
async def phone_out_of_order_then_free_agent(s: Scene) -> None:
    """The first phone is out of order and says so, the second one takes the call."""
    await s.phone("arm01", unwilling("arm01"))
    await s.phone("arm02", answers("arm02", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=6500))).wait(30)


@story(Truth("answered", ("amu amu01 completed",)), amu01="amu")
async def overflow_when_nobody_is_logged_in(s: Scene) -> None:
    """Nobody serves N1: the queue does not even take him, and he goes to AMU."""
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=4500))).wait(20)


@story(Truth("answered", ("amu amu01 completed",)), arm01="n1", amu01="amu")
async def overflow_when_everybody_is_paused(s: Scene) -> None:
    """The only N1 agent is at lunch: the caller goes to AMU at once."""
    await s.phone("arm01", never_answers("arm01"))
    await s.phone("amu01", answers("amu01", s.tone))
    await s.pause("arm01")
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=4500))).wait(20)


@story(Truth("answered", ("amu amu01 completed",)), service="silent", amu01="amu")
async def service_silent_pbx_routes_alone(s: Scene) -> None:
    """The service takes the question and says nothing: after its patience the PBX routes alone."""
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=5500))).wait(20)


@story(Truth("answered", ("amu amu01 completed",)), service="absent", amu01="amu")
async def service_refused_pbx_routes_alone(s: Scene) -> None:
    """Nobody listens where the service should: the PBX routes alone at once."""
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=4500))).wait(20)


@story(Truth("abandoned", ("n1 - overflowed", "amu - abandoned"), phase="queue"), arm01="n1")
async def queue_empties_under_the_caller(s: Scene) -> None:
    """The only agent takes a pause while he waits; the queue gives him back, AMU has nobody, he gives up."""
    await s.phone("arm01", never_answers("arm01"))
    caller = await s.caller("15", calls(s.tone))
    await s.until("AgentRingNoAnswer")
    await s.pause("arm01")
    await s.hang_up((await s.until("QueueCallerJoin", Queue="sas-amu"))["Channel"])
    await caller.wait(20)
