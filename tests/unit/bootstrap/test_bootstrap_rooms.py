"""From a wish of the API to the PBX's room: what is unknown, impossible or unreachable is said in French."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cti.ami.answers import ActionTimeout
from cti.ami.rooms import RoomRefused
from cti.api.ports import RoomAct, RoomWish, TransferVerdict
from cti.bootstrap.answering.rooms import Rooms
from cti.journey import Journey, State
from cti.settings import load

SETTINGS = load(Path(__file__).parents[3] / "config", {})


class FakeActions:
    """Remembers what was called; fails as told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: str) -> None:
            if self.failure is not None:
                raise self.failure
            self.asked.append((name, *arguments))

        return call


def rooms(actions: FakeActions, state: State | None = State.TALKING) -> Rooms:
    journey = None if state is None else Journey(call_id="c", state=state, t0=1, ended_at=9 if state is State.ENDED else None)
    pipeline = SimpleNamespace(journey=lambda call_id: journey)
    return Rooms(SETTINGS, pipeline, actions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "called"),
    [
        (RoomWish(RoomAct.P0, "arm01"), ("p0", "c", "mru", "arm01")),
        (RoomWish(RoomAct.WITHDRAW, "arm01"), ("withdraw", "c")),
        (RoomWish(RoomAct.INVITE, "arm01", filiere="psy"), ("reinforce", "c", "psy", "arm01")),
        (RoomWish(RoomAct.INVITE, "arm01", poste="1021"), ("colleague", "c", "1021", "arm01")),
        (RoomWish(RoomAct.INVITE, "arm01", effecteur="cta"), ("guest", "c", "cta", "arm01")),
        (RoomWish(RoomAct.INVITE, "arm01", numero="0639980001"), ("number", "c", "0639980001", "arm01")),
        (RoomWish(RoomAct.SHOW_OUT, "arm01", guest="7"), ("show_out", "c", "7")),
        (RoomWish(RoomAct.CONSULT, "arm01", filiere="amu"), ("consult", "c", "amu@sas-renfort", "arm01")),
        (RoomWish(RoomAct.CONSULT, "arm01", poste="1021"), ("consult", "c", "1021@sas-invites", "arm01")),
        (RoomWish(RoomAct.COMPLETE, "arm01"), ("complete", "c", "arm01")),
        (RoomWish(RoomAct.GIVE_UP, "arm01"), ("give_up", "c", "arm01")),
        (RoomWish(RoomAct.JOIN, "arm01"), ("join", "c", "arm01")),
    ],
)
async def test_each_wish_is_one_action(wish: RoomWish, called: tuple[str, ...]) -> None:
    actions = FakeActions()
    result = await rooms(actions).act("c", wish)
    assert (result.verdict, bool(result.detail)) == (TransferVerdict.ASKED, True)
    assert actions.asked == [called]


@pytest.mark.parametrize(
    "wish",
    [
        RoomWish(RoomAct.P0, "arm01", filiere="psy"),
        RoomWish(RoomAct.CONSULT, "arm01", filiere="cardio"),
        RoomWish(RoomAct.CONSULT, "arm01", poste="9999"),
        RoomWish(RoomAct.INVITE, "arm01", effecteur="gendarmerie"),
    ],
)
async def test_what_the_site_does_not_have_is_named(wish: RoomWish) -> None:
    actions = FakeActions()
    result = await rooms(actions).act("c", wish)
    assert result.verdict is TransferVerdict.UNKNOWN_FILIERE
    assert result.detail
    assert actions.asked == []


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (None, TransferVerdict.UNKNOWN_CALL),
        (State.WAITING, TransferVerdict.NOT_POSSIBLE),
        (State.ENDED, TransferVerdict.NOT_POSSIBLE),
        (State.HELD, TransferVerdict.ASKED),
    ],
)
async def test_only_a_caller_who_has_somebody_gets_more_people(state: State | None, verdict: TransferVerdict) -> None:
    assert (await rooms(FakeActions(), state).act("c", RoomWish(RoomAct.P0, "arm01"))).verdict is verdict


async def test_a_refusal_and_a_silent_pbx_are_told_apart() -> None:
    wish = RoomWish(RoomAct.P0, "arm01")
    refused = await rooms(FakeActions(RoomRefused("Déjà là."))).act("c", wish)
    assert (refused.verdict, refused.detail) == (TransferVerdict.NOT_POSSIBLE, "Déjà là.")
    silent = await rooms(FakeActions(ActionTimeout("Originate"))).act("c", wish)
    assert silent.verdict is TransferVerdict.PBX_UNREACHABLE
