"""Whoever got a caller by a colleague's own attended transfer, and what he may do with him: all that any other agent may."""

from tests.scenarios.people import answers, calls, is_asked, keys, rings_out
from tests.scenarios.scene import OUTSIDE, Scene
from tests.scenarios.script import Truth, story
from tests.scenarios.second_line import acts_once_joined, held_by, joins, joins_while_it_rings, passing_on


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mru mru01 completed"), held=2,
          consults=("amu01 transferred", "mru01 transferred")),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def consulted_agent_consults_in_turn_by_code(s: Scene) -> None:
    """AMU, joined to the ARM's caller, types *7802, talks with the physician apart, types *92."""
    typed = keys("amu01", "*7802", 0) + keys("amu01", "*92", 2000, cseq=40)
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, then=typed))
    await s.phone("mru01", answers("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=12500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await acts_once_joined(s, "amu01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mru mru01 completed"), held=2,
          consults=("- transferred", "mru01 transferred")),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def agent_of_a_line_that_rang_consults_by_code(s: Scene) -> None:
    """The ARM joins his caller to AMU's phone while it rings; AMU picks up, types *7802, talks with the physician, types *92."""
    typed = keys("amu01", "*7802", 700) + keys("amu01", "*92", 2000, cseq=40)
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, after_ms=2000, then=typed))
    await s.phone("mru01", answers("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=13000))
    line = await held_by(s, "arm01")
    await s.consult("arm01", "801", rings_out("arm01", s.tone))
    await joins_while_it_rings(s, "arm01", line, "amu01")
    amu = await s.line("amu01")
    await s.until("BridgeEnter", Channel=amu)
    await s.press("amu01", amu)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mru mru01 completed"), held=1,
          consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def consulted_agent_asks_for_the_physician_by_p0(s: Scene) -> None:
    """AMU, joined to the ARM's caller, types *90: the physician comes, AMU leaves."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, then=keys("amu01", "*90", 0), talks_ms=4500))
    await s.phone("mru01", answers("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=15000))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await acts_once_joined(s, "amu01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("amu01 transferred",),
          guests=("cta released",)),
    arm01="n1",
    amu01="amu",
)  # fmt: skip
async def consulted_agent_invites_from_the_screen(s: Scene) -> None:
    """AMU, joined to the ARM's caller, calls the fire service in from the screen; the caller hangs up."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=300))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await s.until("BridgeEnter", nth=2, Channel=await s.line("amu01"))
    arrived = await s.until("SasArrived")
    await s.rooms.guest(arrived["CallId"], "cta", "amu01")
    await caller.wait(20)
