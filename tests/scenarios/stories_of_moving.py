"""Callers who are passed on from one filière to another."""

from tests.scenarios.people import answers, calls, keys, never_answers, transfers
from tests.scenarios.scene import Scene
from tests.scenarios.script import Truth, story


@story(Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed")), arm01="n1", amu01="amu")
async def arm_transfers_to_amu_by_refer(s: Scene) -> None:
    """The agent presses his phone's transfer key and dials 801."""
    await s.phone("arm01", transfers("arm01", s.tone, "801"))
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=6500))).wait(20)


@story(Truth("answered", ("n1 arm01 transferred touche", "mg osnp01 completed")), arm01="n1", osnp01="mg")
async def arm_transfers_to_mg_by_feature_code(s: Scene) -> None:
    """The agent types *803 during the call."""
    await s.phone("arm01", answers("arm01", s.tone, then=keys("arm01", "*803")))
    await s.phone("osnp01", answers("osnp01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=7000))).wait(20)


@story(Truth("answered", ("n1 arm01 transferred api", "amu amu01 completed")), arm01="n1", amu01="amu")
async def api_transfers_to_amu(s: Scene) -> None:
    """The agent passes the caller on from his screen."""
    await s.phone("arm01", answers("arm01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1500))
    caller = await s.caller("15", calls(s.tone))
    connect = await s.until("AgentConnect")
    await s.until("BridgeEnter", Channel=connect["Channel"])
    await s.transfer(connect["Channel"], "amu")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mru mru01 completed")),
    arm01="n1",
    amu01="amu",
    mru01="mru",
)
async def three_filieres_n1_amu_mru(s: Scene) -> None:
    """N1 passes him to AMU, AMU to the physician, who hangs up."""
    await s.phone("arm01", transfers("arm01", s.tone, "801"))
    await s.phone("amu01", answers("amu01", s.tone, then=keys("amu01", "*802")))
    await s.phone("mru01", answers("mru01", s.tone, talks_ms=1500))
    await (await s.caller("15", calls(s.tone))).wait(30)


@story(Truth("answered", ("n1 arm01 transferred refer", "n1 arm01 completed")), arm01="n1")
async def refer_to_unknown_number_returns(s: Scene) -> None:
    """The agent transfers to 899, which does not exist: the caller comes back to N1 and is answered again."""
    await s.phone("arm01", transfers("arm01", s.tone, "899", 600))
    caller = await s.caller("15", calls(s.tone))
    await s.until("SasRoute", Motif="numéro inconnu 899")
    second = await s.until("AgentConnect", nth=2)
    await s.until("BridgeEnter", Channel=second["DestChannel"])
    await s.hang_up(second["Channel"])
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "amu - abandoned"), lost_waiting="amu"),
    arm01="n1",
    amu01="amu",
)
async def caller_hangs_up_waiting_for_n2(s: Scene) -> None:
    """Answered by N1, he hangs up while AMU's phone rings: answered, and to be called back."""
    await s.phone("arm01", transfers("arm01", s.tone, "801"))
    await s.phone("amu01", never_answers("amu01"))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=4500))).wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred refer", "mg - overflowed", "amu amu01 completed")),
    arm01="n1",
    osnp01="mg",
    amu01="amu",
)
async def transfer_comes_back_nobody_answers(s: Scene) -> None:
    """Passed on to MG where nobody picks up: after its wait the queue gives him back and AMU takes him."""
    await s.phone("arm01", transfers("arm01", s.tone, "803"))
    await s.phone("osnp01", never_answers("osnp01"))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1000))
    await (await s.caller("15", calls(s.tone))).wait(30)


@story(Truth("answered", ("n1 arm01 transferred refer", "mg osnp01 transferred api", "amu amu01 completed")), arm01="n1",
       osnp01="mg", amu01="amu")  # fmt: skip
async def requalified_mg_to_amu(s: Scene) -> None:
    """What seemed a matter for a GP is an emergency: the OSNP passes him to AMU from the screen."""
    await s.phone("arm01", transfers("arm01", s.tone, "803"))
    await s.phone("osnp01", answers("osnp01", s.tone))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1200))
    caller = await s.caller("15", calls(s.tone))
    connect = await s.until("AgentConnect", Queue="sas-mg")
    await s.until("BridgeEnter", Channel=connect["DestChannel"])
    await s.transfer(connect["Channel"], "amu", by="osnp01")
    await caller.wait(30)


@story(Truth("answered", ("n1 - transferred api", "amu amu01 completed")), arm01="n1", amu01="amu")
async def supervisor_moves_a_waiting_caller(s: Scene) -> None:
    """N1's phone rings in vain; a supervisor sends the waiting caller to AMU."""
    await s.phone("arm01", never_answers("arm01"))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1000))
    caller = await s.caller("15", calls(s.tone))
    ringing = await s.until("DialState", DialStatus="RINGING")
    await s.transfer(ringing["Channel"], "amu", by="chef")
    await caller.wait(20)


@story(
    Truth("answered", ("n1 arm01 transferred touche", "amu - abandoned"), lost_waiting="amu"),
    arm01="n1",
)
async def transferred_to_a_filiere_without_agents(s: Scene) -> None:
    """Passed on to AMU, where nobody is: the last resort keeps him, and he gives up."""
    await s.phone("arm01", answers("arm01", s.tone, then=keys("arm01", "*801")))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=6000))).wait(20)


@story(Truth("answered", ("n1 arm01 transferred refer", "amu amu01 completed")), arm01="n1", amu01="amu")
async def hurried_phone_hangs_up_with_its_refer(s: Scene) -> None:
    """Many phones hang up as soon as their REFER was accepted, before the transfer is done: he is transferred all the same."""
    await s.phone("arm01", transfers("arm01", s.tone, "801", then_ms=0))
    await s.phone("amu01", answers("amu01", s.tone))
    await (await s.caller("15", calls(s.tone, hangs_up_after_ms=6000))).wait(20)


@story(Truth("answered", ("n1 arm01 transferred refer", "mg osnp01 transferred refer", "amu amu01 completed")), arm01="n1",
       osnp01="mg", amu01="amu")  # fmt: skip
async def requalified_mg_to_amu_by_refer(s: Scene) -> None:
    """The OSNP finds an emergency and presses his phone's transfer key."""
    await s.phone("arm01", transfers("arm01", s.tone, "803", after_ms=500))
    await s.phone("osnp01", transfers("osnp01", s.tone, "801", after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, talks_ms=1200))
    await (await s.caller("15", calls(s.tone))).wait(30)


@story(Truth("answered", ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mg osnp01 completed")), arm01="n1",
       osnp01="mg", amu01="amu")  # fmt: skip
async def requalified_amu_to_mg_by_feature_code(s: Scene) -> None:
    """No emergency after all: AMU types *803."""
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, then=keys("amu01", "*803", 500)))
    await s.phone("osnp01", answers("osnp01", s.tone, talks_ms=1200))
    await (await s.caller("15", calls(s.tone))).wait(30)


@story(
    Truth(
        "answered",
        ("n1 arm01 transferred refer", "amu amu01 transferred touche", "mru mru01 transferred refer", "mg osnp01 completed"),
    ),
    arm01="n1",
    amu01="amu",
    mru01="mru",
    osnp01="mg",
)
async def requalified_doctor_to_osnp_by_refer(s: Scene) -> None:
    """N1, AMU, the physician, and back to general practice: four filières, one call."""
    await s.phone("arm01", transfers("arm01", s.tone, "801", after_ms=500))
    await s.phone("amu01", answers("amu01", s.tone, then=keys("amu01", "*802", 500)))
    await s.phone("mru01", transfers("mru01", s.tone, "803", after_ms=500))
    await s.phone("osnp01", answers("osnp01", s.tone, talks_ms=1200))
    await (await s.caller("15", calls(s.tone))).wait(40)


@story(Truth("answered", ("amu amu01 transferred api", "mg osnp01 completed")), osnp01="mg", amu01="amu")
async def requalified_amu_to_mg_from_the_screen(s: Scene) -> None:
    """A caller of the fire service's line goes from AMU to general practice, from the screen."""
    await s.phone("amu01", answers("amu01", s.tone))
    await s.phone("osnp01", answers("osnp01", s.tone, talks_ms=1200))
    caller = await s.caller("9018", calls(s.tone, "0199001801"))
    connect = await s.until("AgentConnect", Queue="sas-amu")
    await s.until("BridgeEnter", Channel=connect["DestChannel"])
    await s.transfer(connect["Channel"], "mg", by="amu01")
    await caller.wait(30)
