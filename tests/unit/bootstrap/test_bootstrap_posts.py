"""The desk and the keeper of members, against a PBX in memory that can refuse, forget and vanish."""

import asyncio
from pathlib import Path

import pytest

from cti.ami.connection import LinkState
from cti.ami.frames import Frame, parse
from cti.bootstrap.posts.members import ROUND_SECONDS
from cti.journey import events as ev
from cti.journey.around.duty import DutyKind, DutyTold
from cti.journey.around.telephone import LOST_PHONE
from cti.journey.ledger import StoreUnavailable
from tests.fakes.room import T0, S
from tests.unit.agents.duty_acts import act, take
from tests.unit.bootstrap.posts_house import House, at

K = DutyKind


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "cti-cel.csv", n1=30)


HELENE = {("n1", "p01"): None, ("amu", "p01"): None}
ARM01 = {("n1", "arm01"): None}


async def test_the_first_look_lists_and_the_next_acts_do_not(house: House) -> None:
    assert await house.follow()
    await house.wish(K.TAKE, personne="helene")
    assert await house.follow()
    assert house.pbx.held() == {**ARM01, **HELENE}
    await house.wish(K.PAUSE, reason="repas")
    assert await house.follow()
    assert house.pbx.held() == {**ARM01, **dict.fromkeys(HELENE, "repas")}
    assert house.pbx.steps() == ["QueueStatus", "QueueAdd", "QueueAdd", "QueuePause", "QueuePause"]
    assert await house.follow()
    assert house.pbx.steps()[5:] == [], "nothing is asked twice"


async def test_a_stale_member_of_the_pbx_s_own_memory_goes_and_ours_come(house: House) -> None:
    house.pbx.members["sas-mru", "PJSIP/p01"] = ("Dr Anne Petit", True, "formation", "dynamic")
    house.pbx.members["ventes", "PJSIP/p01"] = ("Dr Anne Petit", True, "", "dynamic")
    await house.wish(K.TAKE, personne="helene")
    assert await house.follow()
    assert house.pbx.held() == {**ARM01, **HELENE, ("es", "p01"): ""}
    assert house.keeper.last is not None
    assert house.keeper.last.found[0] == "retirer p01 dans sas-mru"


async def test_a_refusal_is_looked_into_and_not_repeated_blindly(house: House) -> None:
    assert await house.follow()
    await house.wish(K.TAKE, personne="helene")
    house.pbx.members["sas-n1", "PJSIP/p01"] = ("Hélène L'Hôpital", False, "", "dynamic")  # somebody else did it meanwhile
    assert not await house.follow()
    house.keeper.look("nouvel essai")
    assert await house.follow()
    assert house.pbx.held() == {**ARM01, **HELENE}
    assert house.pbx.steps() == ["QueueStatus", "QueueAdd", "QueueAdd", "QueueStatus"]


async def test_while_the_pbx_refuses_an_act_does_not_wait_for_the_next_try(house: House) -> None:
    loop = asyncio.create_task(house.keeper.run())
    assert await house.keeper.followed(5)
    house.pbx.refuses = {"QueueAdd"}
    await house.wish(K.TAKE, personne="helene")
    assert not await house.keeper.followed(5)
    await house.wish(K.PAUSE, "arm01", reason="repas")
    assert not await house.keeper.followed(5)
    assert house.pbx.held() == {("n1", "arm01"): "repas"}
    for _ in range(8):
        assert not await house.keeper.followed(5)
    retries = [seconds for seconds in house.waits if 0 < seconds < ROUND_SECONDS]
    assert retries[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0], "each try waits longer"
    loop.cancel()


async def test_a_pbx_that_is_still_loading_has_no_queue_yet(house: House) -> None:
    house.pbx.queues = ()
    assert not await house.follow()
    assert house.pbx.steps() == ["QueueStatus"]


async def test_fixed_posts_that_the_pbx_does_not_have_are_told(house: House) -> None:
    del house.pbx.members["sas-n1", "PJSIP/arm01"]
    assert await house.follow(), "trying again would not help"
    assert house.keeper.last is not None
    assert house.keeper.last.failed == ("arm01 manque dans sas-n1 (queues.conf à recharger)",)


def member_frame(event: str = "QueueMemberStatus", **headers: str) -> Frame:
    lines = {"Queue": "sas-n1", "Interface": "PJSIP/arm01", "MemberName": "Camille Durand", "Paused": "0", **headers}
    return parse("\r\n".join([f"Event: {event}", *(f"{k}: {v}" for k, v in lines.items())]).encode(), 0)


@pytest.mark.parametrize(
    ("frame", "looks"),
    [
        (member_frame(), False),
        (member_frame(Paused="1"), True),
        (member_frame("QueueMemberRemoved"), True),
        (member_frame(Interface="PJSIP/p01"), True),
        (member_frame(Interface="PJSIP/trunk", Paused="1"), False),
        (member_frame(Queue="ventes", Paused="1"), False),
        (member_frame("Reload", Module="app_queue.so"), True),
        (member_frame("Hangup"), False),
    ],
)
async def test_a_frame_that_disagrees_is_looked_at(house: House, frame: Frame, looks: bool) -> None:
    assert await house.follow()
    house.keeper.on_frame(frame)
    await house.follow()
    assert house.pbx.steps() == ["QueueStatus", *(["QueueStatus"] if looks else [])]


async def test_the_loop_waits_for_the_end_of_the_wrap_up_and_answers_who_waits(house: House) -> None:
    loop = asyncio.create_task(house.keeper.run())
    assert await house.keeper.followed(5)
    await house.wish(K.TAKE, personne="helene")
    house.tell(*house.call("c1", "p01", 1), ev.AgentAnswered(call_id="c1", at=T0 + 2 * S, agent="p01", leg="c1-leg"))
    house.clock.now = T0 + 10 * S
    house.tell(
        *house.call("c1", "p01", 1),
        ev.AgentAnswered(call_id="c1", at=T0 + 2 * S, agent="p01", leg="c1-leg"),
        ev.AgentJoined(call_id="c1", at=T0 + 2 * S, agent="p01", leg="c1-leg"),
        ev.AgentLeft(call_id="c1", at=T0 + 9 * S, agent="p01", leg="c1-leg"),
    )
    assert await house.keeper.followed(5)
    assert house.pbx.held() == {**ARM01, **dict.fromkeys(HELENE, "post-appel")}
    assert house.waits[-1] == 29.0
    house.clock.now = T0 + 39 * S
    assert await house.keeper.followed(5)
    assert house.pbx.held() == {**ARM01, **HELENE}
    assert house.waits[-1] == ROUND_SECONDS
    assert [h["Value"] for a, h in house.pbx.asked if a == "Setvar"] == [(T0 + 39 * S) // S]
    house.pbx.state = LinkState.BACKING_OFF
    assert not await house.keeper.followed(5)
    loop.cancel()


async def test_a_link_that_dies_in_the_middle_is_taken_up_by_the_next(house: House) -> None:
    loop = asyncio.create_task(house.keeper.run())
    assert await house.keeper.followed(5)
    house.pbx.dies_at = "QueueAdd"
    await house.wish(K.TAKE, personne="helene")
    assert not await house.keeper.followed(5)
    house.pbx.dies_at = ""
    house.keeper.link_up(None)
    async with asyncio.timeout(5):
        while not await house.keeper.followed(5):
            pass
    assert house.pbx.held() == {**ARM01, **HELENE}
    loop.cancel()


async def test_an_act_of_the_screen_is_written_first_and_one_of_a_phone_counts_at_once(house: House) -> None:
    house.shelf.down = True
    with pytest.raises(StoreUnavailable):
        await house.wish(K.TAKE, personne="helene")
    assert "p01" not in house.desk.standings
    told = at(1, take(1, "helene", "p01", "n1"))
    house.desk.seen(DutyTold(at=told.at, act=told))
    assert house.desk.standings["p01"].personne == "helene"
    await house.desk.flush()
    assert house.shelf.acts == {}
    house.shelf.down = False
    await house.desk.flush()
    assert list(house.shelf.acts) == [told.act_id]


async def test_a_new_run_knows_what_the_last_one_wrote_and_what_cel_tells(house: House, tmp_path: Path) -> None:
    await house.wish(K.TAKE, personne="helene")
    extra = '{""extra"":""u9|pause|p01|||repas""}'
    row = ["SAS_AGENT", "1797408020.000000", "1.1", "1.1", "PJSIP/p01-1", *[""] * 7, extra]
    house.cel.write_text(",".join(f'"{cell}"' for cell in row) + "\n", encoding="utf-8")
    house.clock.now = T0 + 60 * S
    house.open()
    await house.desk.restore(T0 + 30 * S)
    assert house.shelf.closed_at == T0 + 30 * S
    assert await house.follow()
    assert house.pbx.held() == {**ARM01, **dict.fromkeys(HELENE, "repas")}
    await house.desk.flush()
    assert house.shelf.acts["u9"].reason == "repas"
    await house.desk.learn()
    await house.desk.flush()
    assert len(house.shelf.acts) == 2, "told twice, one act"


async def test_a_late_act_takes_its_place_in_time(house: House) -> None:
    await house.wish(K.TAKE, personne="helene")
    house.clock.now = T0 + 50 * S
    await house.wish(K.PAUSE, reason="repas")
    late = at(20, act(K.LEAVE, 1, "p01"))
    house.desk.seen(DutyTold(at=late.at, act=late))
    assert "p01" not in house.desk.standings, "she had left before that pause"


async def test_no_wrap_up_where_the_filiere_has_none_or_when_it_would_be_over(house: House) -> None:
    await house.wish(K.TAKE, personne="helene")
    for name, filiere, now in (("c1", "amu", 10), ("c2", "n1", 100)):
        house.clock.now = T0 + now * S
        answered = ev.AgentAnswered(call_id=name, at=T0 + 2 * S, agent="p01", leg=f"{name}-leg")
        joined = ev.AgentJoined(call_id=name, at=T0 + 2 * S, agent="p01", leg=f"{name}-leg")
        left = ev.AgentLeft(call_id=name, at=T0 + 9 * S, agent="p01", leg=f"{name}-leg")
        house.tell(*house.call(name, "p01", 1, filiere), answered, joined, left)
    assert house.desk.standings["p01"].hold is None


async def test_of_two_who_pick_up_one_call_only_the_one_who_talked_wraps_up(house: House) -> None:
    """Complaint 8 of our peers; the call itself has one answer and an anomaly (journey's own tests)."""
    await house.wish(K.TAKE, personne="helene")
    house.clock.now = T0 + 10 * S
    ids = {"call_id": "c1"}
    house.tell(
        *house.call("c1", "p01", 1),
        ev.AgentOffered(**ids, at=T0 + S, filiere="n1", agent="arm01", leg="second"),
        ev.AgentAnswered(**ids, at=T0 + 2 * S, agent="p01", leg="c1-leg"),
        ev.AgentAnswered(**ids, at=T0 + 2 * S + 1, agent="arm01", leg="second"),
        ev.AgentJoined(**ids, at=T0 + 2 * S + 2, agent="p01", leg="c1-leg"),
        ev.AgentLeft(**ids, at=T0 + 2 * S + 3, agent="arm01", leg="second"),
        ev.AgentLeft(**ids, at=T0 + 9 * S, agent="p01", leg="c1-leg"),
    )
    assert house.desk.standings["arm01"].hold is None
    held = house.desk.standings["p01"].hold
    assert held is not None
    assert (held.kind, held.until) == (K.WRAPUP, T0 + 39 * S)


async def test_a_pause_asked_by_two_screens_is_one_pause(house: House) -> None:
    """Complaint 20 of our peers: pauses counted once for each open console."""
    assert await house.follow()
    for _ in range(2):
        await house.wish(K.PAUSE, "arm01", reason="repas")
        assert await house.follow()
    assert house.pbx.steps() == ["QueueStatus", "QueuePause"]
    hold = house.desk.standings["arm01"].hold
    assert hold is not None
    assert hold.since == T0 + S, "since the first"


async def test_withdrawn_with_her_name_on_the_board_until_she_does_something(house: House) -> None:
    await house.wish(K.TAKE, personne="helene", filieres=("n1",))
    house.clock.now = T0 + 60 * S
    for name in ("c1", "c2"):
        missed = ev.OfferEnded(call_id=name, at=T0 + 20 * S, agent="p01", leg=f"{name}-leg", how=ev.OfferEnd.NO_ANSWER)
        house.tell(*house.call(name, "p01", 10), missed, missed)
        alarms = dict(house.wall.alarms)
        assert bool(alarms) == (name == "c2")
    assert house.wall.alarms == {"ne_repond_pas:p01": "Poste retiré des files : Hélène L'Hôpital (p01) ne répond pas"}
    answered = ev.AgentAnswered(call_id="c3", at=T0 + 40 * S, agent="p01", leg="c3-leg")
    house.tell(*house.call("c3", "p01", 30), answered)
    assert house.wall.alarms == {}
    assert house.desk.standings["p01"].hold is None


async def test_spans_begin_and_end_with_what_is_seen(house: House) -> None:
    await house.wish(K.TAKE, personne="helene")

    def sees(seconds: int, presence: ev.Presence, reason: str = "", filiere: str = "n1") -> None:
        house.desk.seen(ev.AgentSeen(at=T0 + seconds * S, agent="p01", filiere=filiere, presence=presence, reason=reason))

    sees(10, ev.Presence.FREE)
    sees(10, ev.Presence.FREE, filiere="amu")
    sees(20, ev.Presence.PAUSED, "repas")
    sees(15, ev.Presence.FREE)  # older than what is known
    house.desk.seen(ev.AgentGone(at=T0 + 25 * S, agent="p01", filiere="n1"))
    house.desk.seen(ev.AgentGone(at=T0 + 30 * S, agent="p01", filiere="amu"))
    sees(40, ev.Presence.TALKING)
    house.desk.seen(ev.LinkDown(at=T0 + 50 * S, reason="test"))
    await house.desk.flush()
    spans = house.shelf.spans.values()
    assert [(s.state, s.reason, s.personne, (s.since - T0) // S, ((s.until or 0) - T0) // S) for s in spans] == [
        ("free", "", "helene", 10, 20),
        ("paused", "repas", "helene", 20, 30),
        ("talking", "", "helene", 40, 50),
    ]


async def test_what_was_seen_before_a_kill_counts_up_to_the_last_note_of_the_watch(house: House) -> None:
    writer = asyncio.create_task(house.desk.run())
    house.desk.seen(ev.LinkUp(at=T0))
    house.clock.now = T0 + 3600 * S
    async with asyncio.timeout(5):
        while house.shelf.last_watch() != T0 + 3600 * S:
            await asyncio.sleep(0)
    writer.cancel()
    house.open()
    await house.desk.restore(T0 + 300 * S)  # the last call was long before
    assert house.shelf.closed_at == T0 + 3600 * S


@pytest.mark.parametrize(("motif", "held"), [(LOST_PHONE, False), ("resté seul", True)])
async def test_she_whose_phone_vanished_has_nothing_to_write(house: House, motif: str, held: bool) -> None:
    await house.wish(K.TAKE, personne="helene", filieres=("n1",))
    house.clock.now = T0 + 10 * S
    house.tell(
        *house.call("c1", "p01", 1),
        ev.AgentAnswered(call_id="c1", at=T0 + 2 * S, agent="p01", leg="c1-leg"),
        ev.AgentJoined(call_id="c1", at=T0 + 2 * S, agent="p01", leg="c1-leg"),
        ev.AgentLeft(call_id="c1", at=T0 + 9 * S, agent="p01", leg="c1-leg"),
        ev.CallRouted(call_id="c1", at=T0 + 9 * S + 1, filiere="n1", source=ev.RouteSource.RETOUR, motif=motif),
    )
    assert (house.desk.standings["p01"].held(T0 + 10 * S) is not None) is held
