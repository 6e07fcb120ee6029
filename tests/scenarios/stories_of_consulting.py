"""Agents who ask a colleague or a filière before they pass their caller on: attended transfers by the phone's own keys."""

from tests.scenarios.people import (
    answers,
    calls,
    consults,
    is_asked,
    is_busy,
    never_answers,
    puts_on_hold,
    refused,
    takes_back,
    transfers,
)
from tests.scenarios.scene import Scene
from tests.scenarios.script import Truth, story
from tests.scenarios.second_line import (
    held_by,
    is_taken_back,
    joins,
    joins_while_it_rings,
    passing_on,
)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
)
async def consult_n1_to_amu_completed(s: Scene) -> None:
    """The ARM holds his caller, asks AMU on his second line, and joins the two; the caller hangs up."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=7500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
)
async def consult_completed_and_n2_hangs_up(s: Scene) -> None:
    """As before, and AMU hangs up first."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, talks_ms=2500))
    caller = await s.caller("15", calls(s.tone))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 returned",)),
    arm01="n1",
    amu01="amu",
)
async def consult_cancelled_back_to_caller(s: Scene) -> None:
    """AMU answers and needs nothing; the ARM hangs up his second line and takes his caller back."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01") + takes_back("arm01")))
    await s.phone("amu01", answers("amu01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=7500))
    line = await held_by(s, "arm01")
    await (await s.consult("arm01", "801", consults("arm01", s.tone, hangs_up_after_ms=1000))).wait(20)
    await is_taken_back(s, "arm01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("- transferred",)),
    arm01="n1",
    amu01="amu",
)
async def consult_completed_while_n2_still_rings(s: Scene) -> None:
    """The ARM joins the two before AMU has answered: his caller takes his place in the queue."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, after_ms=2000))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8000))
    line = await held_by(s, "arm01")
    await s.consult("arm01", "801", consults("arm01", s.tone))
    await joins_while_it_rings(s, "arm01", line, "amu01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred refer", "mru mru01 completed"), held=1,
          consults=("mru01 transferred",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def consult_n2_to_doctor_completed(s: Scene) -> None:
    """N1 passes the caller on to AMU, who asks the physician and joins the two."""
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=500))
    await s.phone("amu01", passing_on(s, "amu01", "802"))
    await s.phone("mru01", is_asked("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    line = await held_by(s, "amu01")
    await joins(s, "amu01", line, "802")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("- no_answer",)),
    arm01="n1",
    amu01="amu",
)
async def consult_nobody_answers(s: Scene) -> None:
    """AMU's phone rings in vain; the ARM gives up and takes his caller back."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01") + takes_back("arm01")))
    await s.phone("amu01", never_answers("amu01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=7500))
    line = await held_by(s, "arm01")
    await (await s.consult("arm01", "801", consults("arm01", s.tone, 1500))).wait(20)
    await is_taken_back(s, "arm01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("- busy",)),
    arm01="n1",
    mru01="mru",
)
async def consult_colleague_is_busy(s: Scene) -> None:
    """The physician refuses the ARM's second line; the ARM takes his caller back."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01") + takes_back("arm01")))
    await s.phone("mru01", is_busy("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=6500))
    line = await held_by(s, "arm01")
    await s.consult("arm01", "1021", refused("arm01", s.tone))
    await s.until("Hangup", Channel=await s.line("arm01", 2))
    await is_taken_back(s, "arm01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("mru01 returned",)),
    arm01="n1",
    mru01="mru",
)
async def consult_colleague_by_his_post_returned(s: Scene) -> None:
    """The ARM asks the physician at his post, 1021: what they say is kept with the call. He takes his caller back."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01") + takes_back("arm01")))
    await s.phone("mru01", answers("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8500))
    line = await held_by(s, "arm01")
    await (await s.consult("arm01", "1021", consults("arm01", s.tone, 2500))).wait(20)
    await is_taken_back(s, "arm01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "n1 mru01 completed"), held=1, consults=("mru01 transferred",)),
    arm01="n1",
    mru01="mru",
)
async def consult_colleague_by_his_post_completed(s: Scene) -> None:
    """The ARM asks the physician at his post, 1021, and joins the two."""
    await s.phone("arm01", passing_on(s, "arm01", "1021"))
    await s.phone("mru01", is_asked("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=7500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "1021")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 caller_gone",)),
    arm01="n1",
    amu01="amu",
)
async def caller_hangs_up_during_the_consult(s: Scene) -> None:
    """He hangs up on hold, while the ARM speaks with AMU, who go on for a moment."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01")))
    await s.phone("amu01", answers("amu01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=5000))
    await held_by(s, "arm01")
    consulting = await s.consult("arm01", "801", consults("arm01", s.tone, hangs_up_after_ms=3500))
    await caller.wait(20)
    await consulting.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 caller_gone",)),
    arm01="n1",
    amu01="amu",
)
async def consult_picked_up_when_its_caller_is_gone(s: Scene) -> None:
    """He hangs up on hold while AMU still rings; AMU picks up, and the two agents speak of him who is gone."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01")))
    await s.phone("amu01", answers("amu01", s.tone, after_ms=3000))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=3000))
    await held_by(s, "arm01")
    consulting = await s.consult("arm01", "801", consults("arm01", s.tone, hangs_up_after_ms=5500))
    await caller.wait(20)
    await consulting.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu - abandoned"), held=1, lost_waiting="amu",
          consults=("- transferred",)),
    arm01="n1",
    amu01="amu",
)  # fmt: skip
async def consult_completed_while_ringing_and_caller_gives_up(s: Scene) -> None:
    """Joined to AMU's queue before anybody answered, he hangs up: answered, and to be called back."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", never_answers("amu01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=6000))
    line = await held_by(s, "arm01")
    await s.consult("arm01", "801", consults("arm01", s.tone))
    await joins_while_it_rings(s, "arm01", line, "amu01")
    await caller.wait(20)
