"""What really happened to every caller, read from the SIPps that played the callers and the agents.

Nothing here asks the service or the PBX: an instant is when a person's own telephone sent or received a message. A phone's
200 is the décroché. All instants are microseconds UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from cti.journey import AgentId, Instant
from cti.sandbox.people.trace import Message, read_trace, user_of

MESSAGES = "messages.log"
"""SIPp's message log in the folder of each process."""


class Side(StrEnum):
    """Who ended something."""

    CALLER = "caller"
    AGENT = "agent"
    PBX = "pbx"


class Expected(StrEnum):
    """What a service that saw everything would say of a call."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    REFUSED = "refused"  #: the PBX answered with a failure
    UNHEARD = "unheard"  #: the PBX never said a word: for it there was no call
    UNDER_WAY = "under_way"  #: not ended when the log stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One ringing of one phone for one caller."""

    agent: AgentId
    number: str
    """The caller as the phone was told."""
    offered_at: Instant
    rang_at: Instant | None = None
    answered_at: Instant | None = None
    refused: int | None = None
    """486, 480, or 487 after a CANCEL."""
    cancelled_at: Instant | None = None
    transferred_at: Instant | None = None
    transferred_to: str = ""
    """What was dialled: `801` by REFER, `*801` by keys."""
    ended_at: Instant | None = None
    ended_by: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTruth:
    """One caller's call. `number` names him even when the PBX was not shown it (`shown` says whether it was)."""

    number: str
    did: str
    shown: bool
    invited_at: Instant
    answered_by_pbx_at: Instant | None = None
    refused: int | None = None
    heard: bool = False
    """The PBX said anything at all."""
    ended_at: Instant | None = None
    ended_by: Side | None = None
    silent_at: Instant | None = None
    """Until the PBX answers his BYE a telephone goes on sending its voice: half a second where the PBX is busy."""
    offers: tuple[Offer, ...] = ()

    @property
    def first_human_at(self) -> Instant | None:
        """The first décroché while the caller was there."""
        return min((talk.answered_at for talk in self.talks if talk.answered_at is not None), default=None)

    @property
    def talks(self) -> tuple[Offer, ...]:
        """The phones that picked up before the caller was gone, in order."""
        return tuple(
            offer
            for offer in self.offers
            if offer.answered_at is not None and (self.ended_at is None or offer.answered_at <= self.ended_at)
        )

    @property
    def outcome(self) -> Expected:
        """What should be said of this call."""
        if not self.heard:
            return Expected.UNHEARD
        if self.refused is not None:
            return Expected.REFUSED
        if self.first_human_at is not None:
            return Expected.ANSWERED
        return Expected.ABANDONED if self.ended_at is not None else Expected.UNDER_WAY

    def at_the_edge(self, within_us: int) -> bool:
        """Whether the only décroché and the caller's end are so close that no witness can say which came first."""
        answers = [offer.answered_at for offer in self.offers if offer.answered_at is not None]
        return bool(answers) and self.ended_at is not None and abs(min(answers) - self.ended_at) <= within_us


def read_truth(folder: Path) -> tuple[CallerTruth, ...]:
    """The truth of a town from the folder of its logs, callers by order of arrival; what is not written yet is not known."""
    callers: list[Message] = []
    agents: list[Message] = []
    for log in sorted(folder.glob(f"*/{MESSAGES}")):
        (agents if log.parent.name.startswith("postes-") else callers).extend(read_trace(log))
    return truth_of(callers, agents)


def truth_of(callers: Iterable[Message], agents: Iterable[Message]) -> tuple[CallerTruth, ...]:
    """The truth from the messages of both sides."""
    offers: dict[str, list[Offer]] = {}
    for messages in _by_call(agents).values():
        offer = offer_of(messages)
        if offer is not None:
            offers.setdefault(offer.number, []).append(offer)
    told = [truth for messages in _by_call(callers).values() if (truth := caller_of(messages)) is not None]
    return tuple(
        replace(truth, offers=tuple(sorted(offers.get(truth.number, ()), key=lambda offer: offer.offered_at)))
        for truth in sorted(told, key=lambda truth: truth.invited_at)
    )


def unclaimed(callers: Iterable[CallerTruth], agents: Iterable[Message]) -> tuple[Offer, ...]:
    """Phones that rang for nobody we know."""
    known = {truth.number for truth in callers}
    offers = (offer_of(messages) for messages in _by_call(agents).values())
    return tuple(offer for offer in offers if offer is not None and offer.number not in known)


def caller_of(messages: Iterable[Message]) -> CallerTruth | None:
    """One caller's call from his own messages; None when it has no INVITE."""
    truth: CallerTruth | None = None
    for message in _once(messages):
        if truth is None:
            if message.sent and message.start.startswith("INVITE "):
                truth = CallerTruth(number=_who(message), did=message.dialled, shown=_is_shown(message), invited_at=message.at)
            continue
        truth = _caller_step(truth, message)
    return truth


def _caller_step(truth: CallerTruth, message: Message) -> CallerTruth:
    code = message.code
    if not message.sent:
        truth = replace(truth, heard=True)
    if code is not None and not message.sent and message.method == "INVITE":
        if 200 <= code < 300 and truth.answered_by_pbx_at is None:
            return replace(truth, answered_by_pbx_at=message.at)
        if code >= 300 and truth.answered_by_pbx_at is None:
            return replace(truth, refused=code, ended_at=message.at, ended_by=Side.PBX)
    if code is not None and not message.sent and message.method == "BYE":
        return replace(truth, silent_at=truth.silent_at or message.at)
    if message.start.startswith("BYE ") and truth.ended_at is None:
        return replace(truth, ended_at=message.at, ended_by=Side.CALLER if message.sent else Side.PBX)
    return truth


def offer_of(messages: Iterable[Message]) -> Offer | None:
    """One ringing from the phone's messages; None when it has no INVITE."""
    offer: Offer | None = None
    for message in _once(messages):
        if offer is None:
            if not message.sent and message.start.startswith("INVITE "):
                offer = Offer(agent=message.dialled, number=_who(message), offered_at=message.at)
        elif message.sent and message.method == "INVITE" and message.code is not None:
            offer = _phone_says(offer, message.at, message.code)
        elif message.code is None:
            offer = _phone_request(offer, message)
    return offer


def _phone_says(offer: Offer, at: Instant, code: int) -> Offer:
    if code == 180:
        return replace(offer, rang_at=at)
    if code == 200 and offer.answered_at is None:
        return replace(offer, answered_at=at)
    if code >= 300 and offer.answered_at is None:
        return replace(offer, refused=code, ended_at=at, ended_by=Side.PBX if offer.cancelled_at is not None else Side.AGENT)
    return offer


def _phone_request(offer: Offer, message: Message) -> Offer:
    method = message.start.split(" ", 1)[0]
    if method == "CANCEL" and offer.cancelled_at is None:
        return replace(offer, cancelled_at=message.at)
    if method == "REFER":
        return replace(offer, transferred_at=message.at, transferred_to=user_of(message.headers.get("refer-to", "")))
    if method == "INFO" and message.sent and "Signal=" in message.body:
        key = message.body.partition("Signal=")[2].split("\n", 1)[0].strip()
        return replace(offer, transferred_at=message.at, transferred_to=offer.transferred_to + key)
    if method == "BYE" and offer.ended_at is None:
        return replace(offer, ended_at=message.at, ended_by=Side.AGENT if message.sent else Side.PBX)
    return offer


def _who(invite: Message) -> str:
    """The caller's own name: the network's assertion when there is one, else the user of From."""
    return user_of(invite.headers.get("p-asserted-identity", "")) or user_of(invite.headers.get("from", ""))


def _is_shown(invite: Message) -> bool:
    private = invite.headers.get("privacy", "none") != "none"
    return not private and user_of(invite.headers.get("from", "")).lstrip("+").isdigit()


def _by_call(messages: Iterable[Message]) -> Mapping[str, list[Message]]:
    calls: dict[str, list[Message]] = {}
    for message in messages:
        calls.setdefault(message.call, []).append(message)
    return calls


def _once(messages: Iterable[Message]) -> Iterable[Message]:
    """Messages in order of time, each once: a repetition is no second event."""
    seen = set()
    for message in sorted(messages, key=lambda message: message.at):
        if message.retransmitted not in seen:
            seen.add(message.retransmitted)
            yield message
