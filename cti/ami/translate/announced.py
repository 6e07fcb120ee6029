"""What our own dialplan announces about a call, by ``UserEvent(Sas...)``.

The names and headers are one contract with ``dialplans/extensions.conf``; both sides are tested on a real Asterisk.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from cti.ami.frames import Frame
from cti.ami.translate import consults, outgoing, salle
from cti.ami.translate.channels import TWO_WITNESSES, Channel, ChannelBook, Role
from cti.ami.translate.telephony import caller_number
from cti.journey import events as ev
from cti.journey.around.duty import PERSONAL, DutyAct, DutyKind, DutyTold, DutyVia
from cti.journey.words import Instant

QUEUE_ENDS = {
    "TIMEOUT": ev.QueueEnd.TIMEOUT,
    "FULL": ev.QueueEnd.FULL,
    "JOINEMPTY": ev.QueueEnd.EMPTY,
    "LEAVEEMPTY": ev.QueueEnd.EMPTY,
    "JOINUNAVAIL": ev.QueueEnd.EMPTY,
    "LEAVEUNAVAIL": ev.QueueEnd.EMPTY,
    "WITHDRAW": ev.QueueEnd.WITHDRAWN,
}
_SOURCES = {source.value: source for source in ev.RouteSource}
VIAS = {via.value: via for via in ev.TransferVia}
_KINDS = frozenset(kind.value for kind in PERSONAL)


def user_event(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """A UserEvent of ours is read by its name; any other is somebody else's."""
    reader = _ANNOUNCED.get(frame.get("UserEvent", ""))
    if reader is None:
        return iter(())
    channel = book.get(frame.get("Uniqueid", ""))
    if channel is not None and channel.role is Role.CONSULT and reader not in _OF_SECOND_LINES:
        return iter(())
    return reader(book, frame, at)


def _arrived(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    call_id, uniqueid = frame.require("CallId"), frame.require("Uniqueid")
    channel = book.open(Channel(uniqueid, frame.get("Channel", ""), at))
    if channel.role is Role.CONSULT:
        return consults.named(book, channel, call_id)
    channel.role, channel.call_id = Role.CALLER, call_id
    yield ev.CallArrived(
        call_id=call_id,
        at=min(channel.created_at, at),
        channel=uniqueid,
        did=frame.get("Did", ""),
        flux=frame.get("Flux", ""),
        caller=caller_number(frame.get("Caller", "")),
        public=frame.get("Public", "1") != "0",
        test=frame.get("Test", "0") == "1",
        priority=priority_of(frame.get("Prio", "0")),
    )


def _greeting(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    call_id = book.call_named(frame.require("CallId"))
    if frame.get("Step", "") == "start":
        yield ev.GreetingStarted(call_id=call_id, at=at, sound=frame.get("Sound", ""))
    else:
        yield ev.GreetingEnded(call_id=call_id, at=at)


def _route(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    yield ev.CallRouted(
        call_id=book.call_named(frame.require("CallId")),
        at=at,
        filiere=frame.require("Filiere"),
        source=source_of(frame.get("Source", "")),
        motif=frame.get("Motif", ""),
        priority=priority_of(frame.get("Prio", "0")),
    )


def _transfer(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    call_id, target = book.call_named(frame.require("CallId")), frame.require("Filiere")
    channel = book.get(frame.get("Uniqueid", ""))
    if channel is not None and channel.filiere == target and 0 <= at - channel.entered_at < TWO_WITNESSES:
        return  # CEL told it already, and the entry in the queue it led to
    yield ev.TransferAsked(
        call_id=call_id,
        at=at,
        target=target,
        via=VIAS.get(frame.get("Via", ""), ev.TransferVia.OTHER),
        by=frame.get("By", "") or None,
    )


def _queue_end(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    yield ev.QueueGaveUp(
        call_id=book.call_named(frame.require("CallId")),
        at=at,
        filiere=frame.require("Filiere"),
        how=QUEUE_ENDS.get(frame.get("Status", ""), ev.QueueEnd.OTHER),
    )


def _recording(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    call_id, stem = book.call_named(frame.require("CallId")), frame.require("File")
    line = consults.second_line(book, frame.get("Uniqueid", ""))
    if line is not None:
        if frame.get("Gap", ""):
            return
        yield ev.ConsultRecorded(call_id=line.call_id or call_id, at=at, line=line.uniqueid, stem=stem)
        return
    yield ev.RecordingStarted(call_id=call_id, at=at, stem=stem, gap_ms=gap_of(frame.get("Gap", "")))


def _demande(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    uniqueid = frame.require("Uniqueid")
    request = book.open(Channel(uniqueid, frame.get("Channel", ""), at))
    demand = salle.Demand(
        frame.require("CallId"),
        frame.require("Genre"),
        frame.require("Cible"),
        frame.get("By", ""),
        frame.get("Via", ""),
        frame.get("Numero", ""),
        frame.get("Libelle", ""),
        frame.get("Piece", ""),
    )
    yield from salle.demanded(book, request, demand, at)


def _salle(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    caller = book.get(frame.require("Uniqueid"))
    if caller is not None and caller.role is Role.CALLER:
        yield from salle.entered(book, caller, frame.get("Piece", ""), frame.get("Motif", ""), frame.get("Via", ""), at)


def _attente(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    salle.waits(book, frame.get("Uniqueid", ""))
    yield ev.CallerHeld(call_id=book.call_named(frame.require("CallId")), at=at)


def _secours(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    yield ev.ServiceSilent(call_id=book.call_named(frame.require("CallId")), at=at, reason=frame.get("Reason", ""))


def _fetched(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    return consults.fetched(book, frame.require("Leg"), at)


def _duty(_book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """Somebody took a post, paused, came back or left, by her phone."""
    words = [frame.get(name, "") for name in ("Acte", "Kind", "Poste", "Personne", "Filieres", "Motif")]
    act = duty_act(at, words)
    if act is not None:
        yield DutyTold(at=at, act=act)


def duty_act(at: Instant, words: Sequence[str]) -> DutyAct | None:
    """The act that the dialplan tells by ``SasAgent`` (AMI) and ``SAS_AGENT`` (CEL); None when it is not legible."""
    act_id, kind, poste, personne, filieres, motif = words
    if not act_id or not poste or kind not in _KINDS:
        return None
    return DutyAct(
        act_id=act_id,
        at=at,
        kind=DutyKind(kind),
        poste=poste,
        personne=personne,
        filieres=tuple(filieres.split()),
        reason=motif,
        by=personne or poste,
        via=DutyVia.PHONE,
    )


def gap_of(text: str) -> int:
    """How long the recorder did not write (ms); 0 where nothing legible is told."""
    return int(text) if text.isdigit() else 0


def source_of(text: str) -> ev.RouteSource:
    """Who decided; what the dialplan does not name is its own static route."""
    return _SOURCES.get(text, ev.RouteSource.SECOURS)


def priority_of(text: str) -> int:
    """A queue priority; anything that is no number is none."""
    return int(text) if text.lstrip("-").isdigit() else 0


_ANNOUNCED: Mapping[str, Callable[[ChannelBook, Frame, Instant], Iterator[ev.Event]]] = MappingProxyType(
    {
        "SasArrived": _arrived,
        "SasPlaced": outgoing.announced,
        "SasDialled": outgoing.announced_callee,
        "SasGreeting": _greeting,
        "SasRoute": _route,
        "SasTransfer": _transfer,
        "SasQueueEnd": _queue_end,
        "SasRecording": _recording,
        "SasSecours": _secours,
        "SasJonction": _fetched,
        "SasAgent": _duty,
        "SasDemande": _demande,
        "SasSalle": _salle,
        "SasAttente": _attente,
    }
)
#: What the dialplan says on a second line and we listen to; routes and overflows of it are no caller's.
_OF_SECOND_LINES = (_arrived, _recording, _duty, outgoing.announced)
