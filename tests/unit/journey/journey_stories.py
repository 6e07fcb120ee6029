"""Events of one call, written in seconds after its arrival, and strategies that draw any of them."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, get_type_hints

from hypothesis import settings as settings_of
from hypothesis import strategies as st

from cti.journey import CallEvent, Fact, Journey, apply
from cti.journey import events as ev
from cti.journey.events import OfferEnd, RouteSource

#: A busy machine is no defect: properties have no time limit of their own.
UNHURRIED = settings_of(deadline=None)
T0 = 1_795_000_000_000_000
CALL = "call-1"


def at(seconds: float) -> int:
    return T0 + round(seconds * 1_000_000)


def event(kind: type[CallEvent], seconds: float, **given: Any) -> CallEvent:
    """An event with plausible values for what the test does not say."""
    values: dict[str, Any] = {**_PLAIN.get(kind, {}), **given}
    return kind(call_id=CALL, at=at(seconds), **values)


_N1 = {"filiere": "n1"}
_LEG = {"agent": "arm01", "leg": "leg-1"}
_PLAIN: dict[type[CallEvent], dict[str, Any]] = {
    ev.CallArrived: {"channel": "1.1", "did": "15", "flux": "15", "caller": "0299000001"},
    ev.CallPlaced: {"channel": "1.1", "agent": "arm01", "number": "0639980007", "via": ev.PlacedVia.ECRAN},
    ev.PlacerReady: {"agent": "arm01", "leg": "1.1"},
    ev.CalleeDialled: {"line": "1.2"},
    ev.CalleeRinging: {"line": "1.2"},
    ev.CalleeReached: {"line": "1.2"},
    ev.CalleeMissed: {"line": "1.2", "how": OfferEnd.BUSY},
    ev.CallRouted: {**_N1, "source": RouteSource.CTI, "motif": "flux 15"},
    ev.QueueEntered: _N1,
    ev.AgentOffered: {**_N1, **_LEG},
    ev.OfferEnded: {**_LEG, "how": OfferEnd.NO_ANSWER},
    ev.AgentAnswered: _LEG,
    ev.AgentJoined: _LEG,
    ev.AgentLeft: _LEG,
    ev.QueueGaveUp: {**_N1, "how": ev.QueueEnd.TIMEOUT},
    ev.TransferAsked: {"target": "mg", "via": ev.TransferVia.REFER},
    ev.ConsultStarted: {"agent": "arm01", "line": "line-1", "target": "801"},
    ev.ConsultAnswered: {"agent": "amu01", "line": "line-1"},
    ev.ConsultRecorded: {"line": "line-1", "stem": "a/c"},
    ev.ConsultEnded: {"line": "line-1", "how": ev.ConsultEnd.RETURNED},
    ev.ReinforcementAsked: {"filiere": "mru", "via": ev.TransferVia.API},
    ev.ReinforcementEnded: {"filiere": "mru"},
    ev.GuestAsked: {"guest": "guest-1", "code": "cta"},
    ev.GuestAnswered: {"guest": "guest-1"},
    ev.GuestLeft: {"guest": "guest-1", "how": ev.GuestEnd.LEFT},
    ev.RecordingStarted: {"stem": "a/b"},
    ev.RecordingChecked: {"stem": "a/b", "caller_ms": 1000, "agents_ms": 1000, "bytes": 64},
    ev.DossierOpened: {"dossier_id": "d1", "ref": "2026-326-0000001"},
    ev.ObservationLost: {"since": T0, "reason": "link lost"},
    ev.PbxSurprised: {"kind": "odd", "detail": "odd thing"},
}


def fold(*events: CallEvent, journey: Journey | None = None) -> Journey:
    return fold_all(events, journey)[0]


def fold_all(events: Iterable[CallEvent], journey: Journey | None = None) -> tuple[Journey, list[Fact]]:
    """The journey after all the events, and every fact on the way."""
    journey = journey or Journey(call_id=CALL)
    facts: list[Fact] = []
    for one in events:
        journey, more = apply(journey, one)
        facts += more
    return journey, facts


def waiting() -> Journey:
    return fold(event(ev.CallArrived, 0), event(ev.QueueEntered, 10))


def talking() -> Journey:
    return fold(event(ev.AgentOffered, 11), event(ev.AgentAnswered, 15), event(ev.AgentJoined, 15.1), journey=waiting())


def dialling() -> Journey:
    """An outgoing call asked on the screen: the agent is on the line, the number is being dialled."""
    return fold(event(ev.CallPlaced, 0), event(ev.PlacerReady, 2), event(ev.CalleeDialled, 2.1))


_BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "call_id": st.just(CALL),
    "leg": st.sampled_from(["leg-1", "leg-2", "leg-3"]),
    "agent": st.sampled_from(["arm01", "arm02"]),
    "filiere": st.sampled_from(["n1", "amu", "mg"]),
    "guest": st.sampled_from(["guest-1", "guest-2"]),
    "stem": st.sampled_from(["a", "b"]),
    "dossier_id": st.sampled_from(["d1", "d2"]),
    "at": st.integers(0, 600_000).map(lambda ms: T0 + ms * 1000),
    "since": st.integers(0, 600_000).map(lambda ms: T0 + ms * 1000),
    "cause": st.sampled_from([0, 16, 34, 41]),
    "channel": st.sampled_from(["1.1", "1.2"]),
}


def _drawn(kind: type[CallEvent]) -> st.SearchStrategy[CallEvent]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: _BY_NAME.get(f.name, st.from_type(hints[f.name])) for f in fields(kind)})


#: Any event of one call, with few enough names that legs and filières meet.
ANY_EVENT: st.SearchStrategy[CallEvent] = st.one_of(*map(_drawn, ev.CALL_EVENTS))
#: Events in any order, times too.
ANY_STORY = st.lists(ANY_EVENT, max_size=40)
#: Events in the order of their times, after an arrival.
TIMELY_STORY = ANY_STORY.map(lambda story: [event(ev.CallArrived, 0), *sorted(story, key=lambda one: one.at)])
