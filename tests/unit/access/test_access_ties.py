"""What ties a person to a recording, read off real journeys."""

from functools import reduce

from cti.access.ties import ties
from cti.journey import CallEvent, Journey, apply
from cti.journey import events as ev
from cti.journey.around.access import Relation, Tie

T0, S = 1_797_408_000_000_000, 1_000_000
R = Relation


def told(*events: CallEvent) -> Journey:
    return reduce(lambda journey, event: apply(journey, event)[0], events, Journey(call_id=events[0].call_id))


def begun(call_id: str, agent: str = "arm01", t0: int = T0) -> list[CallEvent]:
    leg = {"agent": agent, "leg": f"{call_id}.2"}
    return [
        ev.CallArrived(call_id=call_id, at=t0, channel=f"{call_id}.1", did="15", flux="15", caller="0612345678"),
        ev.QueueEntered(call_id=call_id, at=t0 + 5 * S, filiere="n1"),
        ev.AgentOffered(call_id=call_id, at=t0 + 6 * S, filiere="n1", **leg),
        ev.AgentAnswered(call_id=call_id, at=t0 + 9 * S, **leg),
    ]


def passed_on(call_id: str = "c1") -> list[CallEvent]:
    leg = {"agent": "mrg01", "leg": f"{call_id}.3"}
    return [
        *begun(call_id),
        ev.TransferAsked(call_id=call_id, at=T0 + 60 * S, by="arm01", target="mrg", via=ev.TransferVia.API),
        ev.QueueEntered(call_id=call_id, at=T0 + 61 * S, filiere="mrg"),
        ev.AgentOffered(call_id=call_id, at=T0 + 62 * S, filiere="mrg", **leg),
        ev.AgentAnswered(call_id=call_id, at=T0 + 70 * S, **leg),
    ]


def kinds(journey: Journey, who: str, *others: Journey, seats: dict[str, str] | None = None) -> dict[Relation, int | None]:
    found = ties(journey, others, who, lambda agent, _at: (seats or {}).get(agent, agent))
    return {tie.relation: tie.since for tie in found}


def test_whoever_spoke_has_it_among_her_calls_until_the_end_of_her_part() -> None:
    assert kinds(told(*begun("c1")), "arm01") == {R.SALLE: None, R.SES_APPELS: None, R.DOSSIER: None}
    over = told(*begun("c1"), ev.CallEnded(call_id="c1", at=T0 + 99 * S, cause=16))
    assert kinds(over, "arm01") == {R.SALLE: None, R.SES_APPELS: T0 + 99 * S, R.DOSSIER: T0 + 99 * S}
    assert kinds(over, "arm02") == {R.SALLE: None}


def test_a_phone_that_only_rings_gives_nothing() -> None:
    assert kinds(told(*passed_on()[:-1]), "mrg01") == {R.SALLE: None}
    assert kinds(told(*passed_on()), "mrg01") == {R.SALLE: None, R.SES_APPELS: None, R.DOSSIER: None}


def test_the_other_calls_of_a_dossier_that_she_regulates() -> None:
    first = told(*begun("c1"), ev.CallEnded(call_id="c1", at=T0 + 99 * S, cause=16))
    second = told(*begun("c2", "mru01", T0 + 200 * S))
    assert kinds(first, "mru01") == {R.SALLE: None}
    assert kinds(first, "mru01", second) == {R.SALLE: None, R.DOSSIER: None}
    ended = told(*begun("c2", "mru01", T0 + 200 * S), ev.CallEnded(call_id="c2", at=T0 + 300 * S, cause=16))
    assert kinds(first, "mru01", ended) == {R.SALLE: None, R.DOSSIER: T0 + 300 * S}


def test_a_post_is_whoever_sat_there() -> None:
    journey = told(*begun("c1", "p01"))
    assert R.SES_APPELS in kinds(journey, "helene", seats={"p01": "helene"})
    assert kinds(journey, "p01", seats={"p01": "helene"}) == {R.SALLE: None}


def test_both_ends_of_a_consultation_and_only_once_it_was_answered() -> None:
    asked = [
        *begun("c1"),
        ev.ConsultStarted(call_id="c1", line="9.1", at=T0 + 20 * S, agent="arm01", target="801"),
    ]
    assert R.SES_APPELS not in kinds(told(*asked), "mru01")
    answered = [*asked, ev.ConsultAnswered(call_id="c1", line="9.1", at=T0 + 22 * S, agent="mru01")]
    assert kinds(told(*answered), "mru01") == {R.SALLE: None, R.SES_APPELS: None}
    over = told(*answered, ev.ConsultEnded(call_id="c1", line="9.1", at=T0 + 30 * S, how=ev.ConsultEnd.RETURNED))
    assert kinds(over, "mru01") == {R.SALLE: None, R.SES_APPELS: T0 + 30 * S}


def test_whoever_placed_a_call() -> None:
    placed = ev.CallPlaced(call_id="c3", at=T0, channel="c3.1", agent="arm01", number="0612345678", via=ev.PlacedVia.POSTE)
    assert kinds(told(placed), "arm01") == {R.SALLE: None, R.SES_APPELS: None, R.DOSSIER: None}
    assert kinds(told(placed), "arm02") == {R.SALLE: None}


def test_draws_and_requisitions_are_given_and_nobody_of_the_room_has_no_call() -> None:
    given = Tie(relation=R.REQUISITION, until=T0 + 9)
    found = ties(told(*begun("c1", "")), (), "", lambda agent, _at: agent, [given])
    assert found == (Tie(relation=R.SALLE), given)
