"""Stories to write down: a full one by hand, and any that hypothesis can think of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from cti.journey import Journey, apply
from cti.journey.events import (
    CALL_EVENTS,
    AgentAnswered,
    AgentJoined,
    AgentLeft,
    AgentOffered,
    CallArrived,
    CallEnded,
    CallEvent,
    CallRouted,
    DossierOpened,
    GreetingEnded,
    GreetingStarted,
    OfferEnd,
    OfferEnded,
    PbxSurprised,
    QueueEntered,
    RecordingChecked,
    RecordingStarted,
    RouteSource,
    TransferAsked,
    TransferVia,
)
from cti.journey.ledger import Batch, Entry

T0 = 1_797_408_000_000_000  #: 2026-12-16T08:00:00Z
SECOND = 1_000_000


@dataclass(frozen=True)
class Told:
    """What ``DossierSummary`` offers to the store."""

    words: dict[str, Any] = field(default_factory=lambda: {"motif": "appel décroché"})

    def told(self) -> dict[str, Any]:
        return self.words


def full_story(call_id: str, t0: int = T0, *, flux: str = "15", caller: str | None = "0612345678") -> list[CallEvent]:
    """Greeted, offered to two phones, answered, passed on to another filière, recorded, with one surprise and a dossier."""
    at = iter(range(t0, t0 + 100 * SECOND, SECOND))
    ids: dict[str, Any] = {"call_id": call_id}
    return [
        CallArrived(**ids, at=next(at), channel=f"{call_id}.1", did="0388000015", flux=flux, caller=caller, priority=2),
        GreetingStarted(**ids, at=next(at)),
        RecordingStarted(**ids, at=next(at), stem=f"2026/12/{call_id}"),
        GreetingEnded(**ids, at=next(at)),
        CallRouted(**ids, at=next(at), filiere="n1", source=RouteSource.CTI, motif="première réponse — été", priority=1),
        QueueEntered(**ids, at=next(at), filiere="n1"),
        AgentOffered(**ids, at=next(at), filiere="n1", agent="arm01", leg=f"{call_id}.2"),
        AgentOffered(**ids, at=next(at), filiere="n1", agent="arm02", leg=f"{call_id}.3"),
        AgentAnswered(**ids, at=next(at), agent="arm01", leg=f"{call_id}.2"),
        OfferEnded(**ids, at=next(at), agent="arm02", leg=f"{call_id}.3", how=OfferEnd.CANCELLED),
        AgentJoined(**ids, at=next(at), agent="arm01", leg=f"{call_id}.2"),
        PbxSurprised(**ids, at=next(at), kind="unknown_bridge", detail="pont « b42 » ☎"),
        DossierOpened(**ids, at=next(at), dossier_id=f"d-{call_id}", ref="2026-350-0000001"),
        RecordingStarted(**ids, at=next(at), stem=f"2026/12/{call_id}", gap_ms=103),
        TransferAsked(**ids, at=next(at), target="mru", via=TransferVia.API, by="arm01"),
        AgentLeft(**ids, at=next(at), agent="arm01", leg=f"{call_id}.2"),
        CallRouted(**ids, at=next(at), filiere="mru", source=RouteSource.TRANSFERT, motif="douleur thoracique"),
        QueueEntered(**ids, at=next(at), filiere="mru"),
        AgentOffered(**ids, at=next(at), filiere="mru", agent="mru01", leg=f"{call_id}.4"),
        AgentAnswered(**ids, at=next(at), agent="mru01", leg=f"{call_id}.4"),
        CallEnded(**ids, at=next(at), cause=16),
        RecordingChecked(
            **ids,
            at=next(at),
            stem=f"2026/12/{call_id}",
            caller_ms=19_000,
            agents_ms=None,
            bytes=5_000_000_000,
            problem="voie agent illisible",
        ),
    ]


def folded(events: Iterable[CallEvent], journey: Journey | None = None) -> Journey:
    """The journey these events of one call lead to."""
    for event in events:
        journey, _ = apply(journey or Journey(call_id=event.call_id), event)
    assert journey is not None
    return journey


def batch(events: Sequence[CallEvent], *, session: str = "s", first: int = 0, before: dict[str, Journey] | None = None) -> Batch:
    """The commit of these events, of any number of calls, each a frame of its own; ``before`` is brought up to date."""
    journeys = {} if before is None else before
    for event in events:
        journeys[event.call_id] = folded([event], journeys.get(event.call_id))
    touched = dict.fromkeys(event.call_id for event in events)
    return Batch(
        entries=tuple(Entry(event, session, first + n) for n, event in enumerate(events)),
        journeys=tuple(journeys[call_id] for call_id in touched),
    )


def histories(call_ids: Sequence[str]) -> st.SearchStrategy[list[CallEvent]]:
    """Any events of these calls, in any order, sensible or not."""
    #: No NUL and no half surrogate: no database takes them as text; a test of its own covers them.
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
    instants = st.integers(T0, T0 + 10 * SECOND)
    numbers = st.integers(-(2**63), 2**63 - 1)
    few = st.sampled_from(["a", "b", "c"])
    known: dict[str, st.SearchStrategy[Any]] = {
        "call_id": st.sampled_from(call_ids),
        "at": instants,
        "since": instants,
        "leg": few,
        "agent": few,
        "filiere": few,
        "stem": few,
        "dossier_id": few,
        "caller": st.none() | text,
        "priority": st.integers(0, 9),
        "cause": st.sampled_from([0, 3, 16, 34]),
        "bytes": st.integers(0, 2**40),
        "position": st.none() | numbers,
        "caller_ms": st.none() | numbers,
        "agents_ms": st.none() | numbers,
    }

    def one(kind: type[CallEvent]) -> st.SearchStrategy[CallEvent]:
        names = kind.__dataclass_fields__
        given = {name: known[name] if name in known else _by_type(names[name].type, text) for name in names}
        return st.builds(kind, **given)

    return st.lists(st.one_of([one(kind) for kind in CALL_EVENTS]), min_size=1, max_size=40)


def _by_type(hint: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if hint is str:
        return text
    if hint == str | None:
        return st.none() | text
    return st.from_type(hint)
