"""Callers in a crisis: another greeting, and doctors who answer for each other."""

from tests.scenarios.people import answers, calls, transfers
from tests.scenarios.scene import Scene
from tests.scenarios.script import Truth, story


@story(
    Truth("answered", ("n1 arm01 transferred refer", "mru mru01 completed")),
    service="crisis",
    arm01="n1",
    mru01="mru",
)
async def crisis_arm_transfers_to_swamped_doctors(s: Scene) -> None:
    """The ARM dials 804 (liberal doctors); in a crisis the caller goes straight to the emergency doctor, who is free."""
    await s.say_crisis()
    await s.phone("arm01", transfers("arm01", s.tone, "804"))
    await s.phone("mru01", answers("mru01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=15000))).wait(25)


@story(
    Truth("answered", ("mru mru01 completed",)),
    service="crisis",
    mru01="mru",
)
async def crisis_line_of_the_liberal_doctors(s: Scene) -> None:
    """SOS Médecins calls for the liberal doctors, who are swamped: the emergency doctor answers."""
    await s.say_crisis()
    await s.phone("mru01", answers("mru01", s.tone))
    await (await s.caller("9026", calls(s.tone, hangs_up_after_ms=5000))).wait(20)


@story(
    Truth("answered", ("amu amu01 completed",)),
    service="absent",
    amu01="amu",
)
async def crisis_service_gone_pbx_greets_alone(s: Scene) -> None:
    """The service said that there is a crisis, and is gone: the greeting is that of a crisis, and the PBX routes alone."""
    await s.say_crisis()
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=12000))).wait(30)
