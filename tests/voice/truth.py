"""What the people's own telephones say: who picked up, held, typed, transferred and hung up, to the microsecond of SIPp's logs.

Nothing here asks the service or the PBX.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cti.journey import Instant
from cti.sandbox.people.trace import Message, read_trace, user_of
from cti.sandbox.people.truth import MESSAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One call of one phone, as that phone lived it."""

    person: str  #: the phone that was called, or that called
    number: str  #: whom it was told to have on the line; of a second line, the number it dialled
    dialog: str
    offered_at: Instant
    answered_at: Instant
    voice_at: Instant  #: it began to speak
    ended_at: Instant | None
    silent_at: Instant | None = None  #: who hangs up sends his voice until the PBX has answered
    hung_up: bool = False  #: by this phone, not by the other side
    holds: tuple[tuple[Instant, Instant | None], ...] = ()
    keys: tuple[tuple[Instant, str], ...] = ()
    referred_at: Instant | None = None
    replaces: bool = False  #: the REFER was an attended transfer
    refused: bool = False  #: the REFER was refused
    taken: tuple[tuple[Instant, Instant], ...] = ()  #: when it asked for something, and when the PBX said that it is done

    def typed(self, code: str) -> Instant | None:
        """When the last key of this feature code was pressed; `?` stands for any key."""
        text = "".join(key for _, key in self.keys)
        for at in range(len(text) - len(code) + 1):
            if all(want in ("?", has) for want, has in zip(code, text[at:], strict=False)):
                return self.keys[at + len(code) - 1][0]
        return None


def talks(folder: Path, which: str) -> list[Talk]:
    """The answered calls of the phones whose logs lie in these folders, by instant."""
    found: list[Talk] = []
    for log in sorted(folder.glob(f"{which}/{MESSAGES}")):
        calls: dict[str, list[Message]] = {}
        for message in read_trace(log):
            calls.setdefault(message.call, []).append(message)
        found += [talk for messages in calls.values() if (talk := _talk(messages)) is not None]
    return sorted(found, key=lambda talk: talk.answered_at)


def _talk(messages: Iterable[Message]) -> Talk | None:
    told = list(_once(messages))
    invite = next((one for one in told if one.start.startswith("INVITE ")), None)
    if invite is None:
        return None
    mine = invite.sent
    answer = next((one for one in told if one.sent is not mine and one.code == 200 and one.method == "INVITE"), None)
    ack = next((one for one in told if one.start.startswith("ACK ") and one.sent is mine), None)
    if answer is None or ack is None:
        return None
    bye = next((one for one in told if one.start.startswith("BYE ")), None)
    taken = next((one for one in told if not one.sent and one.code is not None and one.method == "BYE"), None)
    refer = next((one for one in told if one.sent and one.start.startswith("REFER ")), None)
    refusal = next((one for one in told if not one.sent and one.method == "REFER" and (one.code or 0) >= 300), None)
    who = user_of(invite.headers.get("from", ""))
    other = user_of(invite.headers.get("p-asserted-identity", "")) or who
    return Talk(
        person=who if mine else invite.dialled,
        number=invite.dialled if mine else other,
        dialog=invite.call,
        offered_at=invite.at,
        answered_at=answer.at,
        voice_at=ack.at,
        ended_at=bye.at if bye is not None else None,
        silent_at=taken.at if taken is not None else None,
        hung_up=bye is not None and bye.sent,
        holds=tuple(_holds(told, invite)),
        keys=tuple(_keys(told)),
        referred_at=refer.at if refer is not None else None,
        replaces=refer is not None and "Replaces" in refer.headers.get("refer-to", ""),
        refused=refusal is not None,
        taken=tuple(_taken(told)),
    )


def _taken(told: list[Message]) -> Iterator[tuple[Instant, Instant]]:
    """What a phone asks for happens somewhere between its request and the PBX's answer."""
    answers = {one.headers.get("cseq", ""): one.at for one in reversed(told) if not one.sent and (one.code or 0) >= 200}
    for one in told:
        if one.sent and one.code is None and one.headers.get("cseq", "") in answers:
            yield one.at, answers[one.headers["cseq"]]


def _holds(told: list[Message], invite: Message) -> Iterator[tuple[Instant, Instant | None]]:
    held: Instant | None = None
    for one in told:
        if one is invite or not one.sent or not one.start.startswith("INVITE "):
            continue
        if "a=sendonly" in one.body:
            held = one.at
        elif held is not None:
            yield held, one.at
            held = None
    if held is not None:
        yield held, None


def _keys(told: list[Message]) -> Iterator[tuple[Instant, str]]:
    for one in told:
        if one.sent and one.start.startswith("INFO ") and "Signal=" in one.body:
            yield one.at, one.body.partition("Signal=")[2].split("\n", 1)[0].strip()


def _once(messages: Iterable[Message]) -> Iterator[Message]:
    """In order of time, each once: a repetition is no second event."""
    seen = set()
    for message in sorted(messages, key=lambda message: message.at):
        mark = (message.retransmitted, message.headers.get("via", ""))
        if mark not in seen:
            seen.add(mark)
            yield message
