"""Callers with several people: P0, conferences, and consultations from the screen or by a feature code."""

from tests.scenarios.people import answers, calls, is_busy, keys, never_answers, transfers
from tests.scenarios.scene import OUTSIDE, Scene
from tests.scenarios.script import Truth, story


async def talking(s: Scene, name: str, nth: int = 1) -> str:
    """The call of whoever talks with that phone."""
    line = await s.line(name, nth)
    first = await s.until("BridgeEnter", Channel=line)
    entered = await s.until("BridgeEnter", BridgeUniqueid=first["BridgeUniqueid"], BridgeNumChannels="2")
    return entered.assignments("ChanVariable")["SAS_CALL"]


async def _apart_with_amu(s: Scene) -> str:
    """From the screen the ARM asks AMU about the caller he talks with, and AMU answers; the caller's call."""
    call_id = await talking(s, "arm01")
    await s.rooms.consult(call_id, "amu@sas-renfort", "arm01")
    await talking(s, "amu01")
    return call_id


async def _arm_asks_for_a_physician(s: Scene) -> None:
    """From the screen, for the caller he talks with."""
    await s.rooms.p0(await talking(s, "arm01"), "mru", "arm01")


async def _arm_invites_the_fire_service(s: Scene) -> None:
    """From the screen, into the conversation with his caller."""
    await s.rooms.guest(await talking(s, "arm01"), "cta", "arm01")


@story(
    Truth("answered", ("n1 arm01 transferred touche", "mru mru01 completed")),
    arm01="n1",
    mru01="mru",
    mru02="mru",
)
async def feature_code_p0(s: Scene) -> None:
    """The ARM types *90: both physicians ring, one joins, the three talk, the ARM hangs up, then the physician."""
    await s.phone("arm01", answers("arm01", s.tone, then=keys("arm01", "*90", 700), talks_ms=3000))
    await s.phone("mru01", answers("mru01", s.tone, after_ms=800, talks_ms=4000))
    await s.phone("mru02", never_answers("mru02"))
    await (await s.caller("15", calls(s.tone))).wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred api", "mru mru01 completed")),
    arm01="n1",
    mru01="mru",
    mru02="mru",
)
async def p0_mru_joins_and_arm_leaves(s: Scene) -> None:
    """From the screen: both physicians ring, one joins, the ARM leaves, the caller hangs up."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=4000))
    await s.phone("mru01", answers("mru01", s.tone, after_ms=800))
    await s.phone("mru02", never_answers("mru02"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8000))
    await _arm_asks_for_a_physician(s)
    await caller.wait(30)


@story(
    Truth("answered", ("mru mru01 completed",)),
    Truth("answered", ("n1 arm01 completed", "mru mru01 completed")),
    arm01="n1",
    mru01="mru",
)
async def p0_all_mru_busy_then_one_free(s: Scene) -> None:
    """The only physician talks with a professional; he is asked as soon as he is free, and joins ARM and caller."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("mru01", answers("mru01", s.tone, after_ms=300, talks_ms=3500))
    first = await s.caller("9118", calls(s.tone, "0199001801"))
    await talking(s, "mru01")
    second = await s.caller("15", calls(s.tone, "0639980002", hangs_up_after_ms=9000), name="second")
    await _arm_asks_for_a_physician(s)
    await first.wait(30)
    await second.wait(30)


@story(Truth("answered", ("n1 arm01 completed", "mru - withdrawn")), arm01="n1", mru01="mru")
async def p0_caller_hangs_up_while_ringing(s: Scene) -> None:
    """The caller hangs up while the physician's phone rings: the ARM was with him."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("mru01", never_answers("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=5000))
    await _arm_asks_for_a_physician(s)
    await caller.wait(30)


@story(Truth("answered", ("n1 arm01 completed", "mru - withdrawn")), arm01="n1", mru01="mru")
async def p0_cancelled(s: Scene) -> None:
    """The ARM gives the physician up and goes on alone with his caller."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("mru01", never_answers("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=6000))
    call_id = await talking(s, "arm01")
    await s.rooms.p0(call_id, "mru", "arm01")
    await s.until("DialState", DialStatus="RINGING", DestChannel=await s.line("mru01"))
    await s.rooms.withdraw(call_id)
    await caller.wait(30)


@story(Truth("answered", ("n1 arm01 completed",), guests=("cta left",)), arm01="n1")
async def conference_guest_leaves(s: Scene) -> None:
    """The fire service is called in and hangs up; ARM and caller go on."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=500, talks_ms=1500))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=7000))
    await _arm_invites_the_fire_service(s)
    await caller.wait(30)


@story(Truth("answered", ("n1 arm01 completed",), guests=("cta released",)), arm01="n1")
async def conference_with_the_fire_service(s: Scene) -> None:
    """The fire service is called in; the caller hangs up and everybody is released."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=500))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=6000))
    await _arm_invites_the_fire_service(s)
    await caller.wait(30)


@story(Truth("answered", ("n1 arm01 completed", "n1 arm01 completed"), guests=("cta released",)), arm01="n1")
async def conference_last_agent_leaves(s: Scene) -> None:
    """The ARM hangs up on caller and fire service: the caller goes back to N1, first, and is answered again."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=3000))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=300))
    caller = await s.caller("15", calls(s.tone))
    await _arm_invites_the_fire_service(s)
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred api", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
)
async def api_consult_completed(s: Scene) -> None:
    """From the screen the ARM asks AMU apart, then passes the caller on."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=3000))
    caller = await s.caller("15", calls(s.tone))
    call_id = await _apart_with_amu(s)
    await s.rooms.complete(call_id, "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 returned",)),
    arm01="n1",
    amu01="amu",
)
async def api_consult_cancelled(s: Scene) -> None:
    """AMU answers; the ARM goes back to his caller."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=6500))
    call_id = await _apart_with_amu(s)
    await s.rooms.give_up(call_id, "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred api", "amu - abandoned"), held=1, lost_waiting="amu",
          consults=("- transferred",)),
    arm01="n1",
    amu01="amu",
)  # fmt: skip
async def api_consult_completed_while_ringing(s: Scene) -> None:
    """The ARM passes the caller on while AMU's phone still rings: the caller waits there by himself, and gives up."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", never_answers("amu01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    call_id = await talking(s, "arm01")
    await s.rooms.consult(call_id, "amu@sas-renfort", "arm01")
    await s.until("DialState", DialStatus="RINGING", DestChannel=await s.line("amu01"))
    await s.rooms.complete(call_id, "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("- busy",)),
    arm01="n1",
    mru01="mru",
)
async def api_consult_target_busy(s: Scene) -> None:
    """The physician refuses at his post: the ARM is back with his caller without doing anything."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("mru01", is_busy("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=6000))
    await s.rooms.consult(await talking(s, "arm01"), "1021@sas-invites", "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("amu01 caller_gone",)),
    arm01="n1",
    amu01="amu",
)
async def api_consult_caller_hangs_up(s: Scene) -> None:
    """The caller hangs up while he hears music; ARM and AMU go on for a moment."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=3500))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=4500))
    await _apart_with_amu(s)
    await caller.wait(30)


@story(
    Truth(
        "answered",
        ("n1 arm01 transferred api", "amu amu01 transferred api", "mru mru01 completed"),
        held=2,
        consults=("amu01 transferred", "mru01 joined"),
    ),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)
async def api_consult_n2_and_doctor_all_together(s: Scene) -> None:
    """N1 passes the caller on to AMU, who consults the physician, brings all together, and leaves."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=5000))
    await s.phone("mru01", answers("mru01", s.tone, talks_ms=5500))
    caller = await s.caller("15", calls(s.tone))
    call_id = await _apart_with_amu(s)
    await s.rooms.complete(call_id, "arm01")
    await s.until("UserEvent", UserEvent="SasSalle", Motif="complet")
    await s.rooms.consult(call_id, "mru@sas-renfort", "amu01")
    await talking(s, "mru01")
    await s.rooms.join(call_id, "amu01")
    await caller.wait(40)


@story(
    Truth("answered", ("n1 arm01 transferred touche", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)
async def consulted_by_code_asks_a_third_in_vain(s: Scene) -> None:
    """AMU, asked apart by the ARM's *7801, types *7802 and *90: he has no caller yet. The ARM types *92."""
    typed = keys("arm01", "*7801", 700) + keys("arm01", "*92", 5000, cseq=40)
    in_vain = keys("amu01", "*7802", 600) + keys("amu01", "*90", 700, cseq=40)
    await s.phone("arm01", answers("arm01", s.tone, then=typed))
    await s.phone("amu01", answers("amu01", s.tone, then=in_vain, talks_ms=4500))
    await s.phone("mru01", answers("mru01", s.tone))
    await (await s.caller("15", calls(s.tone))).wait(40)


@story(
    Truth("answered", ("n1 arm01 transferred touche", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
)
async def feature_code_consult_completed(s: Scene) -> None:
    """The ARM types *7801, talks with AMU apart, types *92: the caller is passed on, all by the PBX alone."""
    typed = keys("arm01", "*7801", 700) + keys("arm01", "*92", 2000, cseq=40)
    await s.phone("arm01", answers("arm01", s.tone, then=typed))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=4500))
    await (await s.caller("15", calls(s.tone))).wait(40)


@story(
    Truth("answered", ("n1 arm01 completed", "mru - withdrawn", "mru - abandoned"), lost_waiting="mru"),
    arm01="n1",
    mru01="mru",
)
async def p0_arm_leaves_while_ringing(s: Scene) -> None:
    """The ARM hangs up too soon: the caller waits for the physician by himself, ahead of others, and gives up."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=2500))
    await s.phone("mru01", never_answers("mru01"))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=8000))
    await _arm_asks_for_a_physician(s)
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred api", "amu amu01 completed"), guests=("cta released",)),
    arm01="n1",
    amu01="amu",
)
async def conference_ends_by_a_transfer(s: Scene) -> None:
    """With the fire service on the line, the ARM passes the caller on to AMU: everybody else is released."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=2000))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=300))
    caller = await s.caller("15", calls(s.tone))
    await _arm_invites_the_fire_service(s)
    joined = await s.until("UserEvent", UserEvent="SasDemande")
    await s.until("BridgeEnter", Channel=joined["Channel"])
    await s.transfer((await s.until("SasArrived"))["Channel"], "amu", by="arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 completed",), guests=("1021 left",)),
    arm01="n1",
    mru01="mru",
)
async def conference_with_a_colleague_who_stays(s: Scene) -> None:
    """A physician is called at his post; the ARM leaves, the physician goes on and hangs up: the call is over."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=2500))
    await s.phone("mru01", answers("mru01", s.tone, talks_ms=4000))
    caller = await s.caller("15", calls(s.tone))
    await s.rooms.colleague(await talking(s, "arm01"), "1021", "arm01")
    await caller.wait(30)


@story(
    Truth("answered", ("mru mru01 completed",)),
    Truth("answered", ("mru mru01 completed",)),
    Truth("answered", ("n1 arm01 completed", "mru mru01 completed")),
    arm01="n1",
    mru01="mru",
)
async def p0_goes_before_who_waited(s: Scene) -> None:
    """The physician talks, a professional waits for him, then a P0 is asked: the P0 has him first, the other after it."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("mru01", answers("mru01", s.tone, after_ms=200, talks_ms=4000))
    first = await s.caller("9118", calls(s.tone, "0199001801"))
    await talking(s, "mru01")
    second = await s.caller("9118", calls(s.tone, "0199001802"), name="second")
    await s.until("QueueCallerJoin", nth=2, Queue="sas-mru")
    third = await s.caller("15", calls(s.tone, "0639980002", hangs_up_after_ms=11000), name="third")
    await _arm_asks_for_a_physician(s)
    for caller in (first, third, second):
        await caller.wait(30)


@story(
    Truth("answered", ("n1 arm01 transferred api", "mru mru01 transferred refer", "mg osnp01 completed")),
    arm01="n1",
    mru01="mru",
    osnp01="mg",
)
async def p0_mru_passes_on_by_refer(s: Scene) -> None:
    """After a P0 the physician passes the caller on to general practice by his phone's own key."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=3000))
    await s.phone("mru01", transfers("mru01", s.tone, "803", after_ms=4500))
    await s.phone("osnp01", answers("osnp01", s.tone, talks_ms=1500))
    caller = await s.caller("15", calls(s.tone))
    await _arm_asks_for_a_physician(s)
    await caller.wait(40)


@story(
    Truth("answered", ("n1 arm01 transferred api", "mru mru01 transferred refer", "mru mru01 completed")),
    arm01="n1",
    mru01="mru",
)
async def p0_mru_mistypes_and_has_him_again(s: Scene) -> None:
    """After a P0 the physician sends the caller to 899, which does not exist: he comes back to the physicians."""
    await s.phone("arm01", answers("arm01", s.tone, talks_ms=2500))
    await s.phone("mru01", transfers("mru01", s.tone, "899", after_ms=4000))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9500))
    await _arm_asks_for_a_physician(s)
    await caller.wait(40)
