"""Where a call can be, and how it gets from one place to another: one table.

Theory. A caller is first *expected* (we know the call exists before we saw it arrive), then *greeted*; then he *waits* in a
filière's queue, *talks* with a human, is *held* by one, or is *moving* between two filières (transferred by a person, or
given back by a queue). He can leave from anywhere: *ended* is final. "Ringing" is no state: it is waiting while at least one
offer is open, which the journey knows by its legs.

Rules of the table. A row absent from it is a surprise: the fold notes an Anomaly and the state stays. An event whose row
leads to the same state changes no state but is welcome there. ``AgentLeft`` leads away from a talk only when the last human
has left (a P0 or a conference goes on), and ``OfferEnded`` never moves the caller. A consultation moves him
neither, until the agent joins the two: then its story is told again as his.

An outgoing call is first *placed* (the agent who clicked is being rung), then it is *dialling* (he is on the line, the number is
dialled or rings), and from the moment that somebody was reached it goes the ways of a caller. "Ringing there" is no state either.
What arrives after the end (a late check of a recording, a dossier number) is welcome when it tells of the past; it never
reopens a call.

The drawing in ``docs/`` is made from this table by ``cti.journey.drawing`` and a test keeps it current.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from cti.journey import events as ev


class State(StrEnum):
    """Where the caller is."""

    EXPECTED = "expected"  #: known only by something that came before its arrival
    PLACED = "placed"  #: outgoing: the phone of the agent who clicked is asked
    DIALLING = "dialling"  #: outgoing: the agent is on the line, nobody was reached yet
    GREETING = "greeting"  #: on the line, greeted or being routed
    WAITING = "waiting"  #: in a filière's queue
    TALKING = "talking"  #: with at least one human
    HELD = "held"  #: with a human who put him on hold
    MOVING = "moving"  #: between two filières
    ENDED = "ended"  #: gone


def _same(state: State, *kinds: type[ev.CallEvent]) -> dict[type[ev.CallEvent], State]:
    return dict.fromkeys(kinds, state)


#: Welcome everywhere, moving nobody.
_NOTES = (
    ev.RecordingStarted,
    ev.RecordingChecked,
    ev.DossierOpened,
    ev.ObservationLost,
    ev.PbxSurprised,
    ev.ServiceSilent,
    ev.ConsultStarted,
    ev.ConsultAnswered,
    ev.ConsultRecorded,
    ev.ConsultEnded,
    ev.ReinforcementAsked,
    ev.ReinforcementEnded,
    ev.GuestAsked,
    ev.GuestAnswered,
    ev.GuestLeft,
)

_E, _P, _D, _G, _W, _T, _H, _M, _X = (
    State.EXPECTED,
    State.PLACED,
    State.DIALLING,
    State.GREETING,
    State.WAITING,
    State.TALKING,
    State.HELD,
    State.MOVING,
    State.ENDED,
)

TRANSITIONS: Mapping[State, Mapping[type[ev.CallEvent], State]] = MappingProxyType(
    {
        _E: {
            ev.CallArrived: _G,
            ev.CallPlaced: _P,
            ev.CallEnded: _X,
            **_same(_E, *_NOTES),
        },
        _P: {
            ev.PlacerReady: _D,
            ev.OfferEnded: _P,  # the agent's own phone was refused or rang in vain
            ev.CalleeDialled: _D,
            ev.CalleeReached: _T,
            ev.CallEnded: _X,
            **_same(_P, *_NOTES),
        },
        _D: {
            ev.PlacerReady: _D,
            ev.CalleeDialled: _D,
            ev.CalleeRinging: _D,
            ev.CalleeMissed: _D,
            ev.CalleeReached: _T,
            ev.CallEnded: _X,
            **_same(_D, *_NOTES),
        },
        _G: {
            ev.GreetingStarted: _G,
            ev.GreetingEnded: _G,
            ev.CallRouted: _G,
            ev.QueueEntered: _W,
            ev.AgentOffered: _G,  # his entry in the queue was not seen
            ev.AgentAnswered: _T,
            ev.QueueGaveUp: _G,  # nobody logged in: the queue would not even take him
            ev.CallEnded: _X,
            **_same(_G, *_NOTES),
        },
        _W: {
            ev.QueueEntered: _W,  # moved from one queue to another while waiting
            ev.AgentOffered: _W,
            ev.OfferEnded: _W,
            ev.AgentAnswered: _T,
            ev.QueueGaveUp: _M,
            ev.TransferAsked: _M,  # a supervisor moves a waiting caller
            ev.CallRouted: _W,
            ev.CallEnded: _X,
            **_same(_W, *_NOTES),
        },
        _T: {
            ev.AgentJoined: _T,
            ev.AgentAnswered: _T,  # a second human joins
            ev.AgentOffered: _T,
            ev.OfferEnded: _T,
            ev.AgentLeft: _M,
            ev.CallerHeld: _H,
            ev.CallerUnheld: _T,
            ev.TransferAsked: _M,
            ev.QueueEntered: _W,
            ev.CallRouted: _T,
            ev.CallEnded: _X,
            **_same(_T, *_NOTES),
        },
        _H: {
            ev.CallerUnheld: _T,
            ev.CallerHeld: _H,
            ev.AgentOffered: _H,
            ev.AgentAnswered: _H,
            ev.AgentJoined: _H,
            ev.OfferEnded: _H,
            ev.AgentLeft: _M,
            ev.TransferAsked: _M,
            ev.QueueEntered: _W,
            ev.CallRouted: _H,
            ev.CallEnded: _X,
            **_same(_H, *_NOTES),
        },
        _M: {
            ev.TransferAsked: _M,
            ev.CallRouted: _M,
            ev.QueueEntered: _W,
            ev.AgentOffered: _M,
            ev.AgentAnswered: _T,
            ev.QueueGaveUp: _M,
            ev.AgentLeft: _M,
            ev.OfferEnded: _M,
            ev.CallerUnheld: _M,
            ev.GreetingStarted: _M,
            ev.GreetingEnded: _M,
            ev.CallEnded: _X,
            **_same(_M, *_NOTES),
        },
        _X: {
            ev.CallArrived: _X,  # known first by its end: its beginning is told afterwards
            ev.CallPlaced: _X,
            ev.CalleeMissed: _X,  # the trunk's line is hung up a moment after the agent
            ev.OfferEnded: _X,  # phones stop ringing a moment after the caller is gone
            ev.AgentLeft: _X,
            **_same(_X, *_NOTES),
        },
    }
)


def next_state(state: State, kind: type[ev.CallEvent]) -> State | None:
    """The state after an event of this kind, or None when the table has no such row."""
    return TRANSITIONS[state].get(kind)
