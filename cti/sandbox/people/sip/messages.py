"""The SIP that simulated people speak, as the pieces SIPp scenarios are made of.

Each function gives one scenario step as XML. The square brackets are SIPp's own keywords, filled in for each call.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias
from xml.sax.saxutils import quoteattr

Message: TypeAlias = str | int
"""A request by its name, or a response by its code."""

_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
_ECHOED = "[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n"
_SDP = """v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
"""
_NOTHING: Mapping[Message, str] = MappingProxyType({})
_NO_BODY = "Content-Length: 0\n\n"
_WITH_SDP = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP}"

AGENT_TAG = ";tag=[pid]a[call_number]"
"""What an agent's phone adds to To when it answers a new call."""


@dataclass(frozen=True, slots=True)
class Side:
    """Who speaks and to whom, in the requests of a conversation: its From and To. Only the tags matter to the PBX."""

    mine: str
    theirs: str


# A SIPp that only answers knows neither [remote_ip] nor [peer_tag_param].
_PBX = "<sip:pbx@pbx.invalid>"
CALLER = Side("<sip:[field2]@[local_ip]:[local_port]>;tag=[pid]c[call_number]", f"{_PBX}[peer_tag_param]")
AGENT = Side(f"<sip:people@[local_ip]:[local_port]>{AGENT_TAG}", f"{_PBX}[$their_tag]")


def send(text: str, retrans: bool = False, goto: str = "") -> str:
    """One message sent; `retrans` repeats it until it is answered, `goto` is the step that follows."""
    attributes = (' retrans="500"' if retrans else "") + _goto(goto)
    return f"  <send{attributes}><![CDATA[\n{text}]]></send>\n"


def waits(
    wanted: Message, within_ms: int | str, late: str, others: Mapping[Message, str] = _NOTHING, goto: str = "", more: str = ""
) -> str:
    """Wait for a request (its name) or a response (its code), at most `within_ms`.

    Args:
        wanted: what should come; the call goes on at `goto`, or at the next step.
        within_ms: milliseconds, or a field of the call's line.
        late: the step that follows when it did not come in time.
        others: what may come instead, with the step each leads to; with an empty one the wait goes on.
        goto: the step that follows when it came; the next one by default.
        more: further attributes of the wanted message.
    """
    # SIPp arms the timer of the first message of the group only.
    timer = f' timeout="{within_ms}" ontimeout={quoteattr(late)}'
    group = [f'  <recv {_which(one)} optional="true"{timer}{_goto(step)}/>\n' for one, step in others.items()]
    return "".join(group) + f"  <recv {_which(wanted)}{timer}{_goto(goto)}{more}/>\n"


def each(codes: Iterable[int], step: str) -> dict[Message, str]:
    """The same step for several response codes."""
    return dict.fromkeys(codes, step)


def label(name: str) -> str:
    """The name of the step that follows."""
    return f"  <label id={quoteattr(name)}/>\n"


def pause(variable: str) -> str:
    """Wait as many milliseconds as the variable says, before anything was sent."""
    return f'  <pause variable="{variable}"/>\n'


def jump(goto: str, test: str = "") -> str:
    """Go to a step; with `test` only when that variable is set."""
    return f"  <nop{_goto(goto)}{f' test={quoteattr(test)}' if test else ''}/>\n"


def actions(inner: str) -> str:
    """A step that only acts."""
    return f"  <nop><action>\n{inner}  </action></nop>\n"


def drawn(variable: str, number: int) -> str:
    """Action: read a drawn number of milliseconds from field `number` of this call's line."""
    return (
        f'    <assignstr assign_to="{variable}_text" value="[field{number}]"/>\n'
        f'    <todouble assign_to="{variable}" variable="{variable}_text"/>\n'
    )


def chosen(variable: str, number: int, value: str) -> str:
    """Action: set `variable` when field `number` of this call's line is `value`."""
    return (
        f'    <assignstr assign_to="{variable}_text" value="[field{number}]"/>\n'
        f'    <strcmp assign_to="{variable}_same" variable="{variable}_text" value="{value}"/>\n'
        f'    <test assign_to="{variable}" variable="{variable}_same" compare="equal" value="0"/>\n'
    )


def is_called(names: Iterable[str]) -> str:
    """Actions on an INVITE: `name` is the phone that is called, and `is_<name>` is set."""
    whose = '    <ereg regexp="INVITE sip:([a-z0-9_.-]+)@" search_in="msg" assign_to="named,name"/>\n'
    return whose + "".join(f'    <ereg regexp="INVITE sip:{name}@" search_in="msg" assign_to="is_{name}"/>\n' for name in names)


def talks(tone: str) -> str:
    """Speak from now to the end of the call: the tone, over and over, as A-law."""
    return f"  <nop><action><exec rtp_stream={quoteattr(f'{tone},-1,8,PCMA/8000')}/></action></nop>\n"


def voice(what: str) -> str:
    """`pause` or `resume` what this phone says."""
    return f"  <nop><action><exec rtp_stream={quoteattr(what)}/></action></nop>\n"


def one_of_tones(tones: Mapping[str, Path], then: str) -> tuple[str, ...]:
    """Speak with the voice whose variable `is_<name>` is set (the first one's, when none is), and go on at `then`."""
    jumps = [jump(f"says_{name}", f"is_{name}") for name in tones]
    voices = [(label(f"says_{name}"), talks(str(tone)), jump(then)) for name, tone in tones.items()]
    return (*jumps, *(step for steps in voices for step in steps))


def session(direction: str, version: int) -> str:
    """The body of a re-INVITE: which way the voice may go."""
    body = f"{_SDP.replace('o=- 1 1', f'o=- 1 {version}')}a={direction}\n"
    return f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}"


def ack_in_dialog(cseq: int, who: Side) -> str:
    """The ACK of a refused request inside the conversation: of its own transaction."""
    return (
        f"ACK [next_url] SIP/2.0\n[last_Via:]\nFrom: {who.mine}\n[last_To:]\nCall-ID: [call_id]\nCSeq: {cseq} ACK\n"
        f"Max-Forwards: 70\n{_NO_BODY}"
    )


def invite(number: str, identity: str, subject: str) -> str:
    """The caller's INVITE, as an operator passes it on."""
    return (
        f"INVITE sip:{number}@[remote_ip]:[remote_port] SIP/2.0\n{_VIA}\nFrom: {CALLER.mine}\n"
        f"To: <sip:{number}@[remote_ip]:[remote_port]>\nCall-ID: [call_id]\nCSeq: 1 INVITE\n"
        f"Contact: <sip:trunk@[local_ip]:[local_port]>\n{identity}\nSubject: {subject}\nMax-Forwards: 70\n{_WITH_SDP}"
    )


def ack(refused: bool = False) -> str:
    """The caller's ACK: of an answer, or of a refusal (same transaction as the INVITE)."""
    target, via = ("sip:[remote_ip]:[remote_port]", "[last_Via:]") if refused else ("[next_url]", _VIA)
    return f"ACK {target} SIP/2.0\n{via}\n[last_From:]\n[last_To:]\nCall-ID: [call_id]\nCSeq: 1 ACK\nMax-Forwards: 70\n{_NO_BODY}"


def request(method: str, cseq: int, who: Side, more: str = _NO_BODY) -> str:
    """A request inside the conversation; `more` is its own headers, then its body."""
    return (
        f"{method} [next_url] SIP/2.0\n{_VIA}\nFrom: {who.mine}\nTo: {who.theirs}\nCall-ID: [call_id]\nCSeq: {cseq} {method}\n"
        f"Contact: <sip:people@[local_ip]:[local_port]>\nMax-Forwards: 70\n{more}"
    )


def response(code: int, reason: str, tag: str = "", sdp: bool = False, cseq: str = "[last_CSeq:]") -> str:
    """The response to the request received last."""
    contact = "Contact: <sip:people@[local_ip]:[local_port]>\n" if code < 300 else ""
    return f"SIP/2.0 {code} {reason}\n{_ECHOED.format(tag=tag)}{cseq}\n{contact}{_WITH_SDP if sdp else _NO_BODY}"


def _which(message: Message) -> str:
    return f'response="{message}"' if isinstance(message, int) else f'request="{message}"'


def _goto(name: str) -> str:
    return f" next={quoteattr(name)}" if name else ""
