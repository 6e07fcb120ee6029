"""One desk: which calls are hers and how, what she may do about them, how they are told, and the picture by numbers."""

from typing import Any

import pytest

from cti.journey import Instant, Journey
from cti.journey import events as ev
from cti.journey.around.callers import Repeat
from cti.journey.around.notes import CallNote
from cti.live import Board
from cti.live.desk import DeskAct, Ground, Picture, Place, Words, acts_of, places_of, tell_call, tell_last
from tests.fakes.room import FILIERES, T0, Clock, Room, S

NUMBERS = {"1001": "arm01", "1021": "mru01"}
SEEN = Ground(seen=True, p0="mru")


@pytest.fixture
def room() -> Room:
    return Room(Board(FILIERES, clock=Clock()))


def talk(room: Room, call: str = "c", agent: str = "arm01", filiere: str = "n1") -> Journey:
    """A caller with an agent since T0 + 5 s."""
    room.arrive(call, T0)
    room.wait(call, filiere, T0 + S)
    room.answer(call, agent, T0 + 5 * S)
    return room.journeys[call]


def consult(room: Room, target: str = "mru", *, answered: bool = False) -> None:
    """Her consultation at T0 + 10 s, answered at T0 + 12 s."""
    talk(room)
    room.tell(ev.CallerHeld(call_id="c", at=T0 + 10 * S))
    room.tell(ev.ConsultStarted(call_id="c", at=T0 + 10 * S, agent="arm01", line="l", target=target))
    if answered:
        room.tell(ev.ConsultAnswered(call_id="c", at=T0 + 12 * S, agent="mru01", line="l"))


def p0(room: Room, *, offered: bool = False, answered: bool = False) -> None:
    talk(room)
    room.tell(ev.ReinforcementAsked(call_id="c", at=T0 + 8 * S, filiere="mru", via=ev.TransferVia.API, p0=True, by="Camille"))
    if offered:
        room.tell(ev.AgentOffered(call_id="c", at=T0 + 9 * S, filiere="mru", agent="mru01", leg="m"))
    if answered:
        room.tell(ev.AgentAnswered(call_id="c", at=T0 + 11 * S, agent="mru01", leg="m", filiere="mru"))


def guest(room: Room, code: str = "cta", *, answered: bool = False) -> None:
    talk(room)
    room.tell(ev.GuestAsked(call_id="c", at=T0 + 8 * S, guest="g", code=code, libelle="CTA" if code == "cta" else "", by="arm01"))
    if answered:
        room.tell(ev.GuestAnswered(call_id="c", at=T0 + 9 * S, guest="g"))


def here(room: Room, agent: str = "arm01", since: Instant = T0) -> Any:
    return places_of(room.journeys["c"], NUMBERS, since)[agent]


def acts(room: Room, agent: str = "arm01", ground: Ground = SEEN) -> dict[DeskAct, str | None]:
    return dict(acts_of(room.journeys["c"], here(room, agent), ground))


def told(room: Room, agent: str = "arm01", **more: Any) -> dict[str, Any]:
    words = Words(**{"names": {"arm01": "Camille", "mru01": "Dr Petit"}.__getitem__, "numbers": NUMBERS, **more})
    place = here(room, agent)
    return tell_call(room.journeys["c"], agent, place, acts_of(room.journeys["c"], place, SEEN), words)


def possible(room: Room, agent: str = "arm01") -> set[DeskAct]:
    return {act for act, why in acts(room, agent).items() if why is None}


class TestPlaces:
    def test_a_caller_who_waits_is_nobodys(self, room: Room) -> None:
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        assert places_of(room.journeys["c"], NUMBERS, T0) == {}

    def test_a_phone_that_rings_has_the_call_since_it_rings(self, room: Room) -> None:
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        room.ring("c", "arm01", T0 + 3 * S)
        found = here(room)
        assert (found.place, found.since, found.filiere, found.leg) == (Place.RINGING, T0 + 3 * S, "n1", "c-arm01")

    def test_talking_then_held_then_talking(self, room: Room) -> None:
        talk(room)
        assert (here(room).place, here(room).since) == (Place.TALKING, T0 + 5 * S)
        room.tell(ev.CallerHeld(call_id="c", at=T0 + 7 * S))
        held = here(room, since=T0 + 7 * S)
        assert (held.place, held.since) == (Place.HELD, T0 + 7 * S)
        room.tell(ev.CallerUnheld(call_id="c", at=T0 + 9 * S))
        assert here(room).place is Place.TALKING

    def test_a_call_that_has_ended_is_nobodys(self, room: Room) -> None:
        talk(room)
        room.end("c", T0 + 9 * S)
        assert places_of(room.journeys["c"], NUMBERS, T0) == {}

    def test_who_consults_and_who_is_consulted(self, room: Room) -> None:
        consult(room, answered=True)
        assert (here(room).place, here(room).since) == (Place.CONSULTING, T0 + 10 * S)
        assert (here(room, "mru01").place, here(room, "mru01").since) == (Place.CONSULTED, T0 + 12 * S)

    def test_a_post_that_is_consulted_rings_with_the_call(self, room: Room) -> None:
        consult(room, "1021")
        assert here(room, "mru01").place is Place.RINGING
        assert here(room, "mru01").consult.target == "1021"

    def test_a_consultation_in_a_queue_names_nobody_yet(self, room: Room) -> None:
        consult(room)
        assert set(places_of(room.journeys["c"], NUMBERS, T0)) == {"arm01"}

    def test_a_consultation_that_is_over_is_a_talk_again(self, room: Room) -> None:
        consult(room, answered=True)
        room.tell(ev.ConsultEnded(call_id="c", at=T0 + 20 * S, line="l", how=ev.ConsultEnd.RETURNED))
        room.tell(ev.CallerUnheld(call_id="c", at=T0 + 20 * S))
        assert {agent: one.place for agent, one in places_of(room.journeys["c"], NUMBERS, T0).items()} == {"arm01": Place.TALKING}

    def test_several_with_the_caller_are_a_room(self, room: Room) -> None:
        p0(room, offered=True)
        assert {a: h.place for a, h in places_of(room.journeys["c"], NUMBERS, T0).items()} == {
            "arm01": Place.ROOM,
            "mru01": Place.RINGING,
        }
        room.tell(ev.AgentAnswered(call_id="c", at=T0 + 11 * S, agent="mru01", leg="m", filiere="mru"))
        assert here(room, "mru01").place is Place.ROOM

    def test_a_colleague_called_at_her_post_rings_then_is_in_the_room(self, room: Room) -> None:
        guest(room, "1021")
        assert here(room, "mru01").place is Place.RINGING
        room.tell(ev.GuestAnswered(call_id="c", at=T0 + 9 * S, guest="g"))
        assert (here(room, "mru01").place, here(room, "mru01").since) == (Place.ROOM, T0 + 9 * S)
        room.tell(ev.GuestLeft(call_id="c", at=T0 + 10 * S, guest="g", how=ev.GuestEnd.LEFT))
        assert "mru01" not in places_of(room.journeys["c"], NUMBERS, T0)

    def test_a_guest_from_outside_has_no_desk(self, room: Room) -> None:
        guest(room, answered=True)
        assert set(places_of(room.journeys["c"], NUMBERS, T0)) == {"arm01"}

    def test_an_outgoing_call_is_placed_then_talked_in(self, room: Room) -> None:
        room.tell(ev.CallPlaced(call_id="c", at=T0, channel="ch", agent="arm01", number="0612345678", via=ev.PlacedVia.ECRAN))
        assert (here(room).place, here(room).since) == (Place.PLACING, T0)
        room.tell(ev.PlacerReady(call_id="c", at=T0 + 2 * S, agent="arm01", leg="ch"))
        room.tell(ev.CalleeDialled(call_id="c", at=T0 + 2 * S, line="t"))
        assert here(room).place is Place.PLACING
        room.tell(ev.CalleeReached(call_id="c", at=T0 + 6 * S, line="t"))
        assert here(room).place is Place.TALKING


class TestActs:
    def test_a_call_that_rings_is_answered_first(self, room: Room) -> None:
        room.arrive("c", T0)
        room.wait("c", "n1", T0 + S)
        room.ring("c", "arm01", T0 + 3 * S)
        assert possible(room) == set()
        assert acts(room)[DeskAct.TRANSFER] == "Décrochez d'abord."

    def test_with_one_caller_all_but_the_end_of_what_is_not(self, room: Room) -> None:
        talk(room)
        assert possible(room) == {DeskAct.TRANSFER, DeskAct.HANG_UP, DeskAct.P0, DeskAct.CONSULT, DeskAct.INVITE, DeskAct.NOTE}

    def test_while_she_consults_she_ends_that_first(self, room: Room) -> None:
        consult(room)
        assert possible(room) == {DeskAct.COMPLETE, DeskAct.GIVE_UP, DeskAct.NOTE}
        assert acts(room)[DeskAct.JOIN] == "Personne n'a encore décroché."
        room.tell(ev.ConsultAnswered(call_id="c", at=T0 + 12 * S, agent="mru01", line="l"))
        assert possible(room) == {DeskAct.COMPLETE, DeskAct.GIVE_UP, DeskAct.JOIN, DeskAct.NOTE}

    def test_a_post_that_still_rings_cannot_be_given_the_caller(self, room: Room) -> None:
        consult(room, "1021")
        assert "pas encore décroché" in (acts(room)[DeskAct.COMPLETE] or "")

    def test_who_is_consulted_has_no_caller(self, room: Room) -> None:
        consult(room, answered=True)
        assert possible(room, "mru01") == {DeskAct.NOTE}
        assert acts(room, "mru01")[DeskAct.HANG_UP] == "Raccrochez sur le téléphone."

    def test_a_p0_is_asked_once_and_may_be_withdrawn_until_somebody_comes(self, room: Room) -> None:
        p0(room)
        assert acts(room)[DeskAct.P0] == "Le P0 est déjà demandé."
        assert acts(room)[DeskAct.WITHDRAW] is None
        room.tell(ev.AgentOffered(call_id="c", at=T0 + 9 * S, filiere="mru", agent="mru01", leg="m"))
        room.tell(ev.AgentAnswered(call_id="c", at=T0 + 11 * S, agent="mru01", leg="m", filiere="mru"))
        assert acts(room)[DeskAct.P0] == "Le médecin est déjà là."
        assert acts(room)[DeskAct.WITHDRAW] == "Personne n'est demandé pour cet appel."
        assert "conférence" in (acts(room)[DeskAct.CONSULT] or "")

    def test_a_site_without_p0_says_so(self, room: Room) -> None:
        talk(room)
        assert acts(room, ground=Ground(seen=True))[DeskAct.P0] == "Aucune filière du site ne répond aux P0."

    def test_an_invited_colleague_leads_nothing(self, room: Room) -> None:
        guest(room, "1021", answered=True)
        assert possible(room, "mru01") == {DeskAct.NOTE}

    def test_while_the_number_rings_there_is_nothing_but_to_hang_up(self, room: Room) -> None:
        room.tell(ev.CallPlaced(call_id="c", at=T0, channel="ch", agent="arm01", number="0612345678", via=ev.PlacedVia.ECRAN))
        assert possible(room) == {DeskAct.HANG_UP, DeskAct.NOTE}

    def test_without_the_pbx_only_a_note_can_be_written(self, room: Room) -> None:
        talk(room)
        blind = acts(room, ground=Ground(seen=False, p0="mru"))
        assert {act for act, why in blind.items() if why is None} == {DeskAct.NOTE}
        assert "perdue" in (blind[DeskAct.TRANSFER] or "")


class TestTelling:
    def test_the_number_of_her_caller_is_whole(self, room: Room) -> None:
        talk(room)
        call = told(room, repeat=Repeat(2, "b", "2026-350-7"))
        assert (call["number"], call["flux"], call["place"]) == ("+33612345678", "15", "en_ligne")
        assert (call["repeat_count"], call["previous_call_id"], call["previous_dossier_ref"]) == (2, "b", "2026-350-7")
        assert call["stages"][0]["nom"] == "Camille"
        assert call["actes"]["transferer"] is None

    def test_what_was_noted_goes_with_the_caller(self, room: Room) -> None:
        talk(room)
        note = CallNote(note_id="n", call_id="c", at=T0 + 6 * S, by="Camille", poste="arm01", texte="Douleur thoracique")
        assert told(room, notes=(note,))["notes"] == [
            {"note_id": "n", "at": "2026-12-16T08:00:06.000Z", "by": "Camille", "poste": "arm01", "texte": "Douleur thoracique"}
        ]

    def test_who_is_with_the_caller_and_who_is_asked(self, room: Room) -> None:
        p0(room)
        assert [(one["kind"], one["nom"], one["there"], one["moi"]) for one in told(room)["people"]] == [
            ("agent", "Camille", True, True),
            ("filiere", "mru", False, False),
        ]
        room.tell(ev.AgentOffered(call_id="c", at=T0 + 9 * S, filiere="mru", agent="mru01", leg="m"))
        assert [(one["nom"], one["there"]) for one in told(room)["people"]] == [("Camille", True), ("Dr Petit", False)]
        assert told(room)["room"] == "p0"

    def test_a_guest_can_be_named_to_be_shown_out(self, room: Room) -> None:
        guest(room)
        assert told(room)["people"][1] == {
            "kind": "invite", "nom": "CTA", "since": "2026-12-16T08:00:08.000Z", "there": False, "guest": "g", "moi": False
        }  # fmt: skip

    def test_a_guest_who_left_is_not_told(self, room: Room) -> None:
        guest(room, answered=True)
        room.tell(ev.GuestLeft(call_id="c", at=T0 + 10 * S, guest="g", how=ev.GuestEnd.LEFT))
        assert len(told(room)["people"]) == 1

    def test_who_asks_for_her(self, room: Room) -> None:
        consult(room, "1021")
        asked = told(room, "mru01")
        assert asked["asked_by"] == "Camille"
        assert (asked["consult"]["target_nom"], asked["consult"]["answered_nom"]) == ("Dr Petit", None)

    def test_who_invited_her(self, room: Room) -> None:
        guest(room, "1021")
        assert told(room, "mru01")["asked_by"] == "Camille"
        assert told(room)["asked_by"] is None

    def test_the_consulted_is_named(self, room: Room) -> None:
        consult(room, answered=True)
        assert told(room)["consult"]["answered_nom"] == "Dr Petit"
        assert told(room)["consult"]["target_nom"] is None

    def test_an_outgoing_call_tells_the_number_dialled_and_no_filiere(self, room: Room) -> None:
        room.tell(ev.CallPlaced(call_id="c", at=T0, channel="ch", agent="arm01", number="0612345678", via=ev.PlacedVia.ECRAN))
        call = told(room)
        assert (call["number"], call["stages"][0]["filiere"]) == ("0612345678", None)

    def test_the_last_call_says_where_the_caller_went(self, room: Room) -> None:
        talk(room)
        place = here(room)
        room.tell(ev.TransferAsked(call_id="c", at=T0 + 20 * S, target="amu", via=ev.TransferVia.API))
        room.wait("c", "amu", T0 + 20 * S)
        words = Words(names=lambda agent: agent, numbers=NUMBERS)
        last = tell_last(room.journeys["c"], place, T0 + 20 * S, words)
        assert (last["end"], last["then"], last["until"]) == ("transferred", "amu", "2026-12-16T08:00:20.000Z")

    def test_the_last_call_that_was_hung_up_went_nowhere(self, room: Room) -> None:
        talk(room)
        place = here(room)
        room.end("c", T0 + 20 * S)
        last = tell_last(room.journeys["c"], place, T0 + 20 * S, Words(names=lambda agent: agent, numbers=NUMBERS))
        assert (last["end"], last["then"]) == ("completed", None)


class TestPicture:
    def test_a_page_is_given_what_changed_as_it_is_now(self) -> None:
        values: dict[tuple[str, str], Any] = {("poste", ""): 1, ("calls", "a"): {"x": 1}}
        picture = Picture("e", values.get, lambda: list(values), lambda: {"at": "now"}, history=2)
        assert picture.snapshot() == {"epoch": "e", "seq": 0, "at": "now", "poste": 1, "files": {}, "calls": {"a": {"x": 1}}}
        rung: list[int] = []
        picture.watch(lambda: rung.append(picture.seq))
        picture.touch([("calls", "a")])
        del values["calls", "a"]
        picture.touch([("calls", "a"), ("poste", "")])
        picture.touch([])
        assert rung == [1, 2]
        assert picture.changes_since(0) == {"epoch": "e", "seq": 2, "at": "now", "calls": {"a": None}, "poste": 1}
        assert picture.changes_since(2) == {"epoch": "e", "seq": 2, "at": "now"}
        picture.touch([("poste", "")])
        assert picture.changes_since(0) is None
