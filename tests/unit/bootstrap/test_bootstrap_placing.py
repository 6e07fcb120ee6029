"""Click to call: who may, when not, and what the PBX is asked."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import pytest

from cti.ami.actions import PbxActions
from cti.ami.answers import Answer
from cti.ami.dialplan import SortieSpec
from cti.ami.frames import AmiError, parse
from cti.ami.translate.outgoing import Click
from cti.api.calling_port import PlaceResult, PlaceVerdict, PlaceWish
from cti.api.ports import CallbackRefused
from cti.bootstrap.answering.placing import Calling
from cti.journey import CallEvent, Journey, apply
from cti.journey import events as ev
from cti.journey.callbacks import ActKind, CallbackEntry, EntryState, TraceKind
from cti.journey.events import Presence

T0 = 1_797_408_000_000_000
S = 1_000_000
SORTIE = SortieSpec("operateur", "0199001500", "0", ("0[1-9]XXXXXXXX",), ("17",))
ENTRY = CallbackEntry(
    id="c1", group="0639980007", rank=1, rank_code="r", kind=TraceKind.ABANDON, flux="15", filiere=None, phase=None, priority=0,
    number="+33639980007", dossier_ref=None, first_lost_at=T0, last_lost_at=T0, call_ids=("c1", "c2"),
)  # fmt: skip


class Pbx:
    """Notes what is asked, and answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.trouble: Exception | None = None

    async def __call__(self, action: str, headers: Any, *, deadline_seconds: float) -> Answer:
        self.asked.append((action, dict(headers)))
        if self.trouble is not None:
            raise self.trouble
        return Answer(parse(b"Response: Success\r\nActionID: 1\r\n\r\n", 0))


class FakeDesk:
    """One entry."""

    def __init__(self) -> None:
        self.entry: CallbackEntry | None = ENTRY
        self.acts: list[tuple[ActKind, str, int]] = []
        self.refuses = False

    async def standing(self, call_id: str) -> CallbackEntry | None:
        return self.entry if self.entry is not None and call_id in self.entry.call_ids else None

    async def act(self, call_id: str, kind: ActKind, *, by: str, version: int, result: Any, reason: str) -> dict[str, Any]:
        if self.refuses:
            raise CallbackRefused("Cette fiche a changé entre-temps.")
        self.acts.append((kind, by, version))
        return {}


class Room:
    """A service without the rest."""

    def __init__(self, sortie: SortieSpec | None = SORTIE) -> None:
        self.pbx, self.desk, self.now = Pbx(), FakeDesk(), T0
        self.live: list[Journey] = []
        self.presences: dict[str, tuple[Presence, ...]] = {"arm01": (Presence.FREE,)}
        self.ids = iter(f"out-{n}" for n in range(9))
        self.calling = Calling(
            sortie,
            {"arm01": "arm01", "1001": "arm01", "arm02": "arm02"},
            PbxActions(self.pbx),
            self.desk,
            live=lambda: self.live,
            presences=lambda agent: self.presences.get(agent, ()),
            call_of=self.call_of,
            clock=lambda: self.now,
            new_id=lambda: next(self.ids),
        )

    async def call_of(self, dossier_id: str) -> str | None:
        return {"d1": "c7"}.get(dossier_id)

    async def place(self, **wish: Any) -> PlaceResult:
        return await self.calling.place(PlaceWish(**{"poste": "arm01", "by": "Anne", "numero": "0639980007", **wish}))


def told(events: Iterable[CallEvent]) -> Journey:
    return reduce(lambda journey, event: apply(journey, event)[0], events, Journey(call_id="x"))


def talking(caller: str | None = "+33612345678", *more: CallEvent) -> Journey:
    return told(
        [
            ev.CallArrived(call_id="x", at=T0, channel="1", did="15", flux="15", caller=caller),
            ev.QueueEntered(call_id="x", at=T0, filiere="n1"),
            ev.AgentOffered(call_id="x", at=T0, filiere="n1", agent="arm01", leg="2"),
            ev.AgentAnswered(call_id="x", at=T0, agent="arm01", leg="2"),
            *more,
        ]
    )


async def test_the_pbx_is_asked_for_the_agents_own_phone_and_nothing_else() -> None:
    room = Room()
    result = await room.place(numero="+33 6 39 98 00 07", about="c9")
    assert (result.verdict, result.call_id) == (PlaceVerdict.ASKED, "out-0")
    ((action, headers),) = room.pbx.asked
    assert action == "Originate"
    assert (headers["Channel"], headers["Context"], headers["Exten"]) == ("PJSIP/arm01", "sas-sortie", "0639980007")
    assert Click.read(headers["ChannelId"]) == Click("out-0", "0639980007", None, "c9")
    assert headers["Variable"] == ["__SAS_CALL=out-0", "SAS_CLIC=ecran"]
    assert "Application" not in headers


async def test_the_phone_picks_up_by_itself_when_the_site_wants_it() -> None:
    room = Room(SortieSpec("operateur", "0199001500", "0", ("0[1-9]XXXXXXXX",), decroche_auto=True))
    await room.place()
    assert "PJSIP_HEADER(add,Call-Info)=<sip:cti>;answer-after=0" in room.pbx.asked[0][1]["Variable"]


@pytest.mark.parametrize(
    ("wish", "verdict", "why"),
    [
        ({"poste": "arm99"}, PlaceVerdict.NOT_FOUND, "Le poste arm99 n'est pas connu."),
        ({"numero": "0899"}, PlaceVerdict.NOT_ALLOWED, "formes permises"),
        ({"numero": "15"}, PlaceVerdict.NOT_ALLOWED, "formes permises"),
        ({"dossier_id": "d9"}, PlaceVerdict.NOT_FOUND, "Ce dossier n'est pas connu."),
        ({"numero": None, "callback": "c9"}, PlaceVerdict.NOT_FOUND, "fiche de rappel n'est pas connue"),
    ],
)
async def test_what_cannot_be_placed(wish: dict[str, Any], verdict: PlaceVerdict, why: str) -> None:
    room = Room()
    result = await room.place(**wish)
    assert (result.verdict, room.pbx.asked) == (verdict, [])
    assert why in result.detail


async def test_without_a_way_out_nothing_goes_out() -> None:
    assert (await Room(None).place()).verdict is PlaceVerdict.NOT_ALLOWED


async def test_a_dossier_names_its_call() -> None:
    room = Room()
    await room.place(dossier_id="d1")
    click = Click.read(room.pbx.asked[0][1]["ChannelId"])
    assert click is not None
    assert click.about == "c7"


@pytest.mark.parametrize(
    ("journey", "verdict", "why"),
    [
        (talking(), PlaceVerdict.NOT_NOW, "nous ne pouvons pas mettre son correspondant en garde"),
        (talking("+33639980007"), PlaceVerdict.IGNORED, "déjà en ligne avec ce numéro"),
        (talking(None), PlaceVerdict.NOT_NOW, "en ligne"),
        (talking(None, ev.CallerHeld(call_id="x", at=T0 + S)), PlaceVerdict.NOT_NOW, "en garde ou une consultation"),
        (
            talking(None, ev.ConsultStarted(call_id="x", at=T0 + S, agent="arm01", line="3", target="801")),
            PlaceVerdict.NOT_NOW,
            "en garde ou une consultation",
        ),
    ],
)
async def test_an_agent_on_the_phone(journey: Journey, verdict: PlaceVerdict, why: str) -> None:
    room = Room()
    room.live = [journey]
    result = await room.place()
    assert (result.verdict, room.pbx.asked) == (verdict, [])
    assert why in result.detail
    assert (await room.place(poste="arm02")).verdict is PlaceVerdict.ASKED, "somebody else's call is not his"


@pytest.mark.parametrize(
    ("presences", "verdict"),
    [
        ((Presence.UNREACHABLE,), PlaceVerdict.NOT_NOW),
        ((Presence.TALKING,), PlaceVerdict.NOT_NOW),
        ((Presence.RINGING, Presence.RINGING), PlaceVerdict.NOT_NOW),
        ((Presence.PAUSED,), PlaceVerdict.ASKED),
        ((), PlaceVerdict.ASKED),
    ],
)
async def test_his_phone(presences: tuple[Presence, ...], verdict: PlaceVerdict) -> None:
    room = Room()
    room.presences["arm01"] = presences
    assert (await room.place()).verdict is verdict


async def test_a_double_click_is_one_call() -> None:
    room = Room()
    first, again, other = await room.place(), await room.place(poste="1001"), await room.place(numero="17")
    assert (again.verdict, again.call_id, other.verdict) == (PlaceVerdict.IGNORED, first.call_id, PlaceVerdict.NOT_NOW)
    assert len(room.pbx.asked) == 1
    room.now += 4 * S
    assert (await room.place()).verdict is PlaceVerdict.ASKED


async def test_a_pbx_that_is_gone_is_said_and_may_be_asked_again() -> None:
    room = Room()
    room.pbx.trouble = AmiError("no link")
    assert (await room.place()).verdict is PlaceVerdict.PBX_UNREACHABLE
    room.pbx.trouble = None
    assert (await room.place()).verdict is PlaceVerdict.ASKED


async def test_an_entry_is_taken_before_the_phone_rings() -> None:
    room = Room()
    result = await room.place(numero=None, callback="c2", version=4)
    assert result.verdict is PlaceVerdict.ASKED
    assert room.desk.acts == [(ActKind.TAKE, "Anne", 4)]
    click = Click.read(room.pbx.asked[0][1]["ChannelId"])
    assert click is not None
    assert (click.number, click.callback) == ("0639980007", "c1")


async def test_somebody_was_quicker() -> None:
    room = Room()
    room.desk.refuses = True
    assert (await room.place(numero=None, callback="c1")).verdict is PlaceVerdict.NOT_NOW
    assert room.pbx.asked == []
    room.desk.refuses = False
    assert (await room.place(numero=None, callback="c1")).verdict is PlaceVerdict.ASKED, "nothing was asked, so nothing stands"


@pytest.mark.parametrize(("taken_by", "verdict"), [("Anne", PlaceVerdict.ASKED), ("Bruno", PlaceVerdict.NOT_NOW)])
async def test_an_entry_that_is_taken(taken_by: str, verdict: PlaceVerdict) -> None:
    room = Room()
    values = {name: getattr(ENTRY, name) for name in CallbackEntry.__dataclass_fields__}
    room.desk.entry = CallbackEntry(**{**values, "state": EntryState.TAKEN, "taken_by": taken_by})
    assert (await room.place(numero=None, callback="c1")).verdict is verdict
    assert room.desk.acts == []


async def test_a_masked_caller_cannot_be_called() -> None:
    room = Room()
    values = {name: getattr(ENTRY, name) for name in CallbackEntry.__dataclass_fields__}
    room.desk.entry = CallbackEntry(**{**values, "number": None})
    assert "pas laissé de numéro" in (await room.place(numero=None, callback="c1")).detail
