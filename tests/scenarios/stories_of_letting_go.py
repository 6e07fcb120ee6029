"""Who hangs up first: a guest who is let go, an agent who leaves while he consults."""

from tests.scenarios.people import answers, calls, is_busy, keys, never_answers
from tests.scenarios.scene import OUTSIDE, Scene
from tests.scenarios.script import Truth, story
from tests.scenarios.stories_of_rooms import talking


@story(Truth("answered", ("n1 arm01 completed",), guests=("cta released",)), arm01="n1")
async def conference_caller_hangs_up_while_a_guest_is_rung(s: Scene) -> None:
    """The fire service's phone rings; the caller hangs up and it is rung no more."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.guest(never_answers(OUTSIDE))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=5000))
    await s.rooms.guest(await talking(s, "arm01"), "cta", "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred touche", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
)
async def agent_hangs_up_while_he_consults(s: Scene) -> None:
    """The ARM talks with AMU apart and hangs up: AMU has the caller, as if he had been passed on."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=2500))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=4500))
    caller = await s.caller("15", calls(s.tone))
    await s.rooms.consult(await talking(s, "arm01"), "amu@sas-renfort", "arm01")
    await caller.wait(40)


@story(
    Truth("answered", ("n1 arm01 transferred touche", "amu - abandoned"), held=1, lost_waiting="amu",
          consults=("- transferred",)),
    arm01="n1",
    amu01="amu",
)  # fmt: skip
async def agent_hangs_up_while_his_consultation_rings(s: Scene) -> None:
    """The ARM hangs up while AMU's phone rings: the caller waits there by himself, as if he had been passed on."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=2500))
    await s.phone("amu01", never_answers("amu01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    await s.rooms.consult(await talking(s, "arm01"), "amu@sas-renfort", "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred touche", "amu - abandoned"), held=1, lost_waiting="amu",
          consults=("- transferred",)),
    arm01="n1",
    amu01="amu",
)  # fmt: skip
async def feature_code_consult_completed_while_ringing(s: Scene) -> None:
    """The ARM types *7801, then *92 while AMU's phone rings: the caller waits there by himself."""
    typed = keys("arm01", "*7801", 700) + keys("arm01", "*92", 1500, cseq=40)
    await s.phone("arm01", answers("arm01", s.tone, then=typed))
    await s.phone("amu01", never_answers("amu01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=12000))
    await caller.wait(40)


@story(
    Truth("answered", ("n1 arm01 completed", "n1 arm01 completed"), held=1, consults=("- no_answer",)),
    arm01="n1",
    mru01="mru",
)
async def agent_hangs_up_while_a_post_is_consulted(s: Scene) -> None:
    """The ARM hangs up while the physician's post rings: nobody can wait at a post, the caller goes back to N1, first."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=2500))
    await s.phone("mru01", never_answers("mru01"))
    caller = await s.caller("15", calls(s.tone))
    await s.rooms.consult(await talking(s, "arm01"), "1021@sas-invites", "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("- busy",)),
    arm01="n1",
    mru01="mru",
)
async def feature_code_consult_of_a_post_cannot_be_completed_while_it_rings(s: Scene) -> None:
    """The ARM consults the physician's post and types *92 while it rings: nothing happens; refused, he has his caller again."""
    await s.phone("arm01", answers("arm01", s.tone, then=keys("arm01", "*92", 1500, cseq=40)))
    await s.phone("mru01", is_busy("mru01", after_ms=4000))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    await s.rooms.consult(await talking(s, "arm01"), "1021@sas-invites", "arm01")
    await caller.wait(30)
