"""Agents who call somebody: from their phone, and by a click on the screen."""

from tests.scenarios.people import (
    LEARNS,
    answers,
    calls,
    consults,
    dials_in_vain,
    gives_up,
    is_asked,
    is_busy,
    keys,
    never_answers,
    passes_on,
    puts_on_hold,
    transfers,
)
from tests.scenarios.scene import OUTSIDE, POSTS, Scene
from tests.scenarios.script import Truth, story

#: A patient's number, as an agent dials it on his phone: the prefix first.
PATIENT = "0639980007"
DIALLED = f"0{PATIENT}"


async def _reaches_the_patient(s: Scene) -> tuple[str, str]:
    """By a click; the patient's channel and the call, once the two talk."""
    await s.click("arm01", PATIENT)
    callee = await s.line("operateur-sortie")
    entered = await s.until("BridgeEnter", Channel=callee)
    await s.until("BridgeEnter", Channel=await s.line("arm01"))
    return callee, entered.assignments("ChanVariable")["SAS_CALL"]


@story(Truth("reached", ("sortant arm01 completed",)), arm01="n1", patient="")
async def outgoing_call_reached(s: Scene) -> None:
    """An agent dials a patient on his phone; the patient picks up, they talk, the patient hangs up."""
    await s.phone("patient", answers("patient", s.tone, after_ms=1200, talks_ms=2500))
    await (await s.caller(DIALLED, calls(s.tone, "arm01"), name="arm01")).wait(20)


@story(Truth("unreached", ("sortant - unreached",)), arm01="n1", patient="")
async def outgoing_call_not_answered(s: Scene) -> None:
    """It rings at the patient's until the PBX gives up."""
    await s.phone("patient", never_answers("patient"))
    await (await s.caller(DIALLED, dials_in_vain("arm01"), name="arm01")).wait(20)


@story(Truth("unreached", ("sortant - unreached",)), arm01="n1", patient="")
async def outgoing_call_busy(s: Scene) -> None:
    """The patient's line is busy."""
    await s.phone("patient", is_busy("patient"))
    await (await s.caller(DIALLED, dials_in_vain("arm01"), name="arm01")).wait(20)


@story(Truth("unreached", ("sortant - unreached",)), arm01="n1", patient="")
async def outgoing_call_given_up(s: Scene) -> None:
    """The agent hangs up while it still rings at the patient's."""
    await s.phone("patient", never_answers("patient"))
    await (await s.caller(DIALLED, gives_up("arm01", after_ms=1500), name="arm01")).wait(20)


@story(Truth("reached", ("sortant arm01 completed",)), arm01="n1", patient="")
async def click_to_call_reached(s: Scene) -> None:
    """A click: the agent's phone rings, he picks up, the patient is dialled and answers; the agent hangs up."""
    await s.phone("patient", answers("patient", s.tone, after_ms=900))
    await s.phone("arm01", answers("arm01", s.tone, after_ms=600, then=LEARNS, talks_ms=1500))
    await s.click("arm01", PATIENT)
    await s.until("BridgeLeave", Channel=await s.line("arm01"))


@story(Truth("unreached", ("sortant - unreached",)), arm01="n1", patient="")
async def click_to_call_agent_does_not_answer(s: Scene) -> None:
    """A click, and the agent does not pick up his own phone: nobody is dialled."""
    await s.phone("patient", answers("patient", s.tone))
    await s.phone("arm01", never_answers("arm01"))
    await s.click("arm01", PATIENT)
    await s.until("Hangup", Channel=await s.line("arm01"))


@story(Truth("unreached", ("sortant - unreached",)), arm01="n1", patient="")
async def click_to_call_busy(s: Scene) -> None:
    """A click; the agent picks up, and hears that the patient's line is busy."""
    await s.phone("patient", is_busy("patient"))
    await s.phone("arm01", answers("arm01", s.tone, after_ms=300))
    await s.click("arm01", PATIENT)
    await s.until("Hangup", Channel=await s.line("arm01"))


@story(Truth("reached", ("sortant arm01 transferred refer", "mru mru01 completed")), arm01="n1", mru01="mru", patient="")
async def outgoing_call_transferred_to_mru(s: Scene) -> None:
    """The patient whom the agent called is passed on to the physician by the phone's transfer key: the same call."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500))
    await s.phone("mru01", answers("mru01", s.tone, talks_ms=1500))
    await s.phone("arm01", transfers("arm01", s.tone, "802", first=LEARNS))
    await s.click("arm01", PATIENT)
    await s.until("AgentConnect", Queue="sas-mru")
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(Truth("reached", ("sortant arm01 transferred touche", "amu amu01 completed")), arm01="n1", amu01="amu", patient="")
async def outgoing_call_transferred_by_feature_code(s: Scene) -> None:
    """The agent types *801 while he talks with the patient whom he called."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1500))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS + keys("arm01", "*801")))
    await s.click("arm01", PATIENT)
    await s.until("AgentConnect", Queue="sas-amu")
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(Truth("reached", ("sortant arm01 completed",), guests=("cta released",)), arm01="n1", patient="")
async def outgoing_call_conference_by_code(s: Scene) -> None:
    """The agent types the fire service's code while he talks with the patient whom he called; the patient hangs up."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500, talks_ms=6000))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=300))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS + keys("arm01", "*9718")))
    await s.click("arm01", PATIENT)
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(
    Truth("reached", ("sortant arm01 transferred touche", "amu amu01 completed"), held=1, consults=("amu01 transferred",)),
    arm01="n1",
    amu01="amu",
    patient="",
)
async def outgoing_call_passed_on_after_a_consultation_by_code(s: Scene) -> None:
    """The agent dials a patient on his phone, types *7801, talks with AMU apart, types *92."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=4500))
    typed = keys("arm01", "*7801", 700, dialled=True) + keys("arm01", "*92", 2000, cseq=40, dialled=True)
    await (await s.caller(DIALLED, calls(s.tone, "arm01", then=typed), name="arm01")).wait(40)
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(Truth("reached", ("sortant arm01 transferred touche", "mru mru01 completed")), arm01="n1", mru01="mru", patient="")
async def outgoing_call_p0_by_code(s: Scene) -> None:
    """The agent types *90 while he talks with the patient whom he called: the physician joins, the agent leaves."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS + keys("arm01", "*90", 700), talks_ms=3000))
    await s.phone("mru01", answers("mru01", s.tone, after_ms=800, talks_ms=4000))
    await s.click("arm01", PATIENT)
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(
    Truth("reached", ("sortant arm01 completed",), held=1, consults=("amu01 returned",)), arm01="n1", amu01="amu", patient=""
)
async def outgoing_call_consult_given_up_by_code(s: Scene) -> None:
    """The agent asks AMU apart by *7801, types *94, and is with the patient whom he called again, who hangs up."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500, talks_ms=9000))
    await s.phone("amu01", answers("amu01", s.tone))
    typed = keys("arm01", "*7801", 700) + keys("arm01", "*94", 2000, cseq=40)
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS + typed))
    await s.click("arm01", PATIENT)
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(Truth("reached", ("sortant arm01 completed",), guests=("cta released",)), arm01="n1", patient="")
async def outgoing_call_conference_from_the_screen(s: Scene) -> None:
    """The fire service is called in to the patient whom the agent called; the patient hangs up."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500, talks_ms=5000))
    await s.guest(answers(OUTSIDE, s.tone, after_ms=300))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS))
    callee, call_id = await _reaches_the_patient(s)
    await s.rooms.guest(call_id, "cta", "arm01")
    await s.until("Hangup", Channel=callee)


@story(
    Truth("reached", ("sortant arm01 completed",), held=1, consults=("- no_answer",)), arm01="n1", amu01="amu", patient=""
)
async def outgoing_call_consult_given_up_from_the_screen(s: Scene) -> None:
    """The agent asks AMU apart, who do not answer, and goes back to the patient whom he called."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500, talks_ms=7000))
    await s.phone("amu01", never_answers("amu01"))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS))
    callee, call_id = await _reaches_the_patient(s)
    await s.rooms.consult(call_id, "amu@sas-renfort", "arm01")
    await s.until("DialState", DialStatus="RINGING", DestChannel=await s.line("amu01"))
    await s.rooms.give_up(call_id, "arm01")
    await s.until("Hangup", Channel=callee)


@story(Truth("reached", ("sortant arm01 completed",), held=1, consults=("- busy",)), arm01="n1", amu01="amu", patient="")
async def outgoing_call_consult_of_a_busy_post_from_the_screen(s: Scene) -> None:
    """The agent asks a colleague apart, who is busy, and is with the patient whom he called again by himself."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500, talks_ms=7000))
    await s.phone("amu01", is_busy("amu01", after_ms=500))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS))
    callee, call_id = await _reaches_the_patient(s)
    await s.rooms.consult(call_id, f"{POSTS['amu01']}@sas-invites", "arm01")
    await s.until("Hangup", Channel=callee)


@story(Truth("reached", ("sortant arm01 transferred api", "amu amu01 completed")), arm01="n1", amu01="amu", patient="")
async def outgoing_call_transferred_from_the_screen(s: Scene) -> None:
    """The agent passes the patient on from his screen."""
    await s.phone("patient", answers("patient", s.tone, after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1500))
    await s.phone("arm01", answers("arm01", s.tone, then=LEARNS))
    await s.click("arm01", PATIENT)
    callee = await s.line("operateur-sortie")
    await s.until("BridgeEnter", Channel=callee)
    await s.until("BridgeEnter", Channel=await s.line("arm01"))
    await s.transfer(callee, "amu", by="arm01")
    await s.until("AgentConnect", Queue="sas-amu")
    await s.until("Hangup", Channel=callee)


@story(
    Truth("abandoned", (), phase="greeting"),
    Truth("reached", ("sortant arm01 completed",)),
    arm01="n1",
    patient="",
)
async def callback_by_click(s: Scene) -> None:
    """A caller hangs up in the greeting; an agent clicks on his entry of the call-back list and reaches him."""
    await (await s.caller("15", calls(s.tone, PATIENT, hangs_up_after_ms=900))).wait(20)
    lost = await s.until("SasArrived")
    await s.phone("patient", answers("patient", s.tone, after_ms=700))
    await s.phone("arm01", answers("arm01", s.tone, after_ms=400, then=LEARNS, talks_ms=2500))
    await s.click("arm01", PATIENT, callback=lost["CallId"])
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))


@story(
    Truth("answered", ("n1 arm01 completed",), held=1, consults=("operateur-sortie returned",)),
    arm01="n1",
    patient="",
)
async def agent_consults_somebody_outside(s: Scene) -> None:
    """An agent with a caller dials out on his second line: a consultation of that call, and no call of its own."""
    await s.phone("patient", answers("patient", s.tone, after_ms=300, talks_ms=1200))
    await s.phone("arm01", answers("arm01", s.tone, then=puts_on_hold("arm01")))
    caller = await s.caller("15", calls(s.tone, hangs_up_after_ms=9000))
    await s.until("Hold")
    await (await s.consult("arm01", DIALLED, consults("arm01", s.tone))).wait(20)
    await caller.wait(20)


@story(
    Truth("reached", ("sortant arm01 transferred refer", "mru mru01 completed"), held=1, consults=("mru01 transferred",)),
    arm01="n1",
    mru01="mru",
    patient="",
)
async def outgoing_call_passed_on_after_a_consultation(s: Scene) -> None:
    """The agent holds the patient whom he called, asks the physician on his second line, and joins the two."""
    await s.phone("patient", answers("patient", s.tone, after_ms=300))
    await s.phone("mru01", is_asked("mru01", s.tone, talks_ms=3500))
    then = LEARNS + puts_on_hold("arm01", 1200) + passes_on("arm01", "802")
    await s.phone("arm01", answers("arm01", s.tone, then=then, talks_ms=0))
    await s.click("arm01", PATIENT)
    line = await s.line("arm01")
    await s.until("Hold", Channel=line)
    await s.consult("arm01", "802", consults("arm01", s.tone))
    other = await s.line("arm01", 2)
    await s.until("BridgeEnter", Channel=other)
    await s.press("arm01", line, other)
    await s.until("Hangup", Channel=await s.line("operateur-sortie"))
