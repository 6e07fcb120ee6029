"""More attended transfers: the moment a phone joins its caller to somebody, what comes after it, and what goes wrong."""

import asyncio

from cti.sandbox.sipp import SippProcess
from tests.scenarios.people import (
    answers,
    at_the_key,
    calls,
    consults,
    is_asked,
    is_busy,
    keys,
    never_answers,
    passes_on,
    puts_on_hold,
    refers,
    rings_out,
    takes_back,
    transfers,
)
from tests.scenarios.scene import Scene
from tests.scenarios.script import Truth, story
from tests.scenarios.second_line import (
    acts_once_joined,
    held_by,
    is_taken_back,
    joins,
    joins_while_it_rings,
    passing_on,
)

#: What a supervisor takes to see the alarm and to act.
_READS_THE_ALARM_S = 2.5


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred refer", "mru mru01 completed"), held=1,
          consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def consulted_agent_passes_the_caller_on_by_refer(s: Scene) -> None:
    """The ARM joins his caller and AMU, who passes him on to the physician by his phone's transfer key."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, then=refers("amu01", "802")))
    await s.phone("mru01", answers("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await acts_once_joined(s, "amu01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mg osnp01 completed"), held=1,
          consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
    osnp01="mg",
)  # fmt: skip
async def consulted_agent_passes_the_caller_on_by_feature_code(s: Scene) -> None:
    """The ARM joins his caller and AMU, who types *803."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, then=keys("amu01", "*803", after_ms=0)))
    await s.phone("osnp01", answers("osnp01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=10500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await acts_once_joined(s, "amu01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred refer", "mru mru01 completed"), held=2,
          consults=("amu01 transferred", "mru01 transferred")),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def consulted_agent_consults_in_turn(s: Scene) -> None:
    """AMU, joined to the ARM's caller, holds him, asks the physician and joins the two."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone, then=puts_on_hold("amu01", 0) + passes_on("amu01", "802")))
    await s.phone("mru01", is_asked("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=11500))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    colleague = await acts_once_joined(s, "amu01")
    await s.until("Hold", Channel=colleague)
    await joins(s, "amu01", colleague, "802")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("- busy",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)
async def consult_n2_to_doctor_who_is_busy(s: Scene) -> None:
    """AMU asks the physician, who refuses and refuses again; AMU takes the caller back."""
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, then=puts_on_hold("amu01") + takes_back("amu01")))
    await s.phone("mru01", is_busy("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8500))
    line = await held_by(s, "amu01")
    await (await s.consult("amu01", "802", consults("amu01", s.tone, 1500))).wait(20)
    await is_taken_back(s, "amu01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("- no_answer",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)
async def consult_n2_to_doctor_who_does_not_answer(s: Scene) -> None:
    """AMU asks the physician, whose phone rings in vain; AMU takes the caller back."""
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, then=puts_on_hold("amu01") + takes_back("amu01")))
    await s.phone("mru01", never_answers("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8500))
    line = await held_by(s, "amu01")
    await (await s.consult("amu01", "802", consults("amu01", s.tone, 1500))).wait(20)
    await is_taken_back(s, "amu01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "mru mru01 completed"), held=1, consults=("amu01 returned",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)
async def consult_then_passed_on_by_refer(s: Scene) -> None:
    """The ARM asks AMU, hangs up that line, and passes his caller on to the physician without asking him."""
    then = puts_on_hold("arm01") + at_the_key(refers("arm01", "802"))
    await s.phone("arm01", answers("arm01", s.tone, then=then, talks_ms=300))
    await s.phone("amu01", answers("amu01", s.tone))
    await s.phone("mru01", answers("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8000))
    line = await held_by(s, "arm01")
    await (await s.consult("arm01", "801", consults("arm01", s.tone, hangs_up_after_ms=1000))).wait(20)
    await s.press("arm01", line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "mru mru01 completed"), held=1,
          consults=("amu01 returned", "mru01 transferred")),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)  # fmt: skip
async def two_consults_for_one_caller(s: Scene) -> None:
    """AMU cannot help; the ARM asks the physician next, and joins him to the caller."""
    await s.phone("arm01", passing_on(s, "arm01", "802"))
    await s.phone("amu01", answers("amu01", s.tone))
    await s.phone("mru01", is_asked("mru01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9500))
    line = await held_by(s, "arm01")
    await (await s.consult("arm01", "801", consults("arm01", s.tone, hangs_up_after_ms=1000))).wait(20)
    await joins(s, "arm01", line, "802", nth=3)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
)
async def caller_hangs_up_as_he_is_joined(s: Scene) -> None:
    """The ARM joins the two; the caller hangs up before he hears AMU."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone))
    caller = await s.caller("15", calls(s.tone))
    line = await held_by(s, "arm01")
    await joins(s, "arm01", line, "801")
    await s.until("SasJonction")
    await s.hang_up(await s.line("operateur"))
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "n1 mru01 completed"), held=1, consults=("- transferred",)),
    arm01="n1",
    mru01="mru",
)
async def consult_of_a_post_completed_while_it_rings(s: Scene) -> None:
    """The ARM joins his caller to the physician's post, 1021, which still rings; the physician answers."""
    await s.phone("arm01", passing_on(s, "arm01", "1021"))
    await s.phone("mru01", is_asked("mru01", s.tone, after_ms=2000))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8000))
    line = await held_by(s, "arm01")
    await s.consult("arm01", "1021", rings_out("arm01", s.tone))
    await joins_while_it_rings(s, "arm01", line, "mru01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "n1 - overflowed", "n1 arm02 completed"), held=1,
          consults=("- transferred",)),
    arm01="n1",
    arm02="n1",
    mru01="mru",
)  # fmt: skip
async def consult_of_a_post_completed_and_refused(s: Scene) -> None:
    """Joined to the physician's post while it rings, and the physician refuses: the caller goes back to N1."""
    await s.phone("arm01", passing_on(s, "arm01", "1021"))
    await s.phone("arm02", answers("arm02", s.tone))
    await s.phone("mru01", is_busy("mru01", after_ms=2500))
    await s.pause("arm02")
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    line = await held_by(s, "arm01")
    await s.pause("arm02", False)
    await s.consult("arm01", "1021", rings_out("arm01", s.tone))
    await joins_while_it_rings(s, "arm01", line, "mru01")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 returned",)),
    arm01="n1",
    amu01="amu",
)
async def transfer_to_a_line_that_is_gone(s: Scene) -> None:
    """AMU hangs up as the ARM presses the transfer key: the transfer fails, and the ARM goes on with his caller."""
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01") + passes_on("arm01", "801", refused=True)))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1200))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    line = await held_by(s, "arm01")
    consulting = await s.consult("arm01", "801", consults("arm01", s.tone))
    other = await s.line("arm01", 2)
    await s.until("BridgeEnter", Channel=other)
    words = await s.dialog(other)
    await consulting.wait(20)
    await s.press("arm01", line, words)
    await s.until("Unhold", Channel=line)
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 caller_gone",)),
    arm01="n1",
    amu01="amu",
)
async def caller_hangs_up_at_the_completion(s: Scene) -> None:
    """The caller hangs up in the half second that Asterisk takes to join the two."""
    await s.phone("arm01", passing_on(s, "arm01", "801"))
    await s.phone("amu01", is_asked("amu01", s.tone))
    caller = await s.caller("15", calls(s.tone))
    line = await held_by(s, "arm01")
    other = await joins(s, "arm01", line, "801")
    await s.until("Unhold", Channel=other)
    await s.hang_up(await s.line("operateur"))
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed", "n1 arm01 completed"), anomalies=("callers_joined",)),
    Truth("answered", ("n1 arm02 transferred refer", "n1 arm01 completed"), held=1, consults=("arm01 transferred",),
          anomalies=("callers_joined",)),
    arm01="n1",
    arm02="n1",
)  # fmt: skip
async def agent_joins_two_callers_to_each_other(s: Scene) -> None:
    """An ARM with a caller on each line joins the two by mistake; when one of them hangs up, the other goes back to N1."""
    first, second = await _joined(s, 14000, 9000)
    await second.wait(20)
    await first.wait(20)


async def _joined(s: Scene, first_ms: int, second_ms: int) -> tuple[SippProcess, SippProcess]:
    """Two callers whom the ARM joins by mistake, and when each of them hangs up."""
    await s.pause("arm02")
    await s.phone("arm01", is_asked("arm01", s.tone, then=passes_on("arm01", "801", heard=False)))
    await s.phone("arm02", passing_on(s, "arm02", "1001"))
    first = await s.caller("15", calls(s.tone, hangs_up_after_ms=first_ms))
    one = await s.line("arm01")
    await s.until("BridgeEnter", Channel=one)
    await s.pause("arm02", False)
    second = await s.caller("15", calls(s.tone, number="0639980002", hangs_up_after_ms=second_ms), name="other caller")
    line = await s.line("arm02")
    await s.until("Hold", Channel=line)
    await joins(s, "arm02", line, "1001")
    two = await s.line("arm01", 2)
    await s.until("BridgeEnter", nth=3, Channel=two)
    await s.press("arm01", one, two)
    return first, second


@story(
    Truth("answered", ("n1 arm01 transferred api", "amu amu01 completed"), anomalies=("callers_joined",)),
    Truth("answered", ("n1 arm02 transferred refer", "n1 arm01 completed", "n1 arm01 completed"), held=1,
          consults=("arm01 transferred",), anomalies=("callers_joined",)),
    arm01="n1",
    arm02="n1",
    amu01="amu",
)  # fmt: skip
async def supervisor_parts_two_joined_callers(s: Scene) -> None:
    """Two callers whom an ARM joined by mistake: one is transferred to AMU from the screen, the other goes back to N1."""
    await s.phone("amu01", answers("amu01", s.tone))
    first, second = await _joined(s, 14500, 12500)
    await s.until("Hangup", Channel=await s.line("arm01", 2))
    await asyncio.sleep(_READS_THE_ALARM_S)
    await s.transfer(await s.line("operateur"), "amu", by="jean")
    await second.wait(20)
    await first.wait(20)


@story(
    Truth("answered", ("n1 arm01 completed",), anomalies=("callers_joined",)),
    Truth("answered", ("n1 arm02 transferred refer", "n1 arm01 completed", "n1 arm01 completed"), held=1,
          consults=("arm01 transferred",), anomalies=("callers_joined",)),
    arm01="n1",
    arm02="n1",
)  # fmt: skip
async def two_joined_callers_and_the_first_leaves(s: Scene) -> None:
    """Two callers whom an ARM joined by mistake; the first hangs up, and the one who had been passed on goes back to N1."""
    first, second = await _joined(s, 11000, 12500)
    await first.wait(20)
    await second.wait(20)
