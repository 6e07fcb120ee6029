"""What people around the PBX do in a story, as SIPp scenarios: the acts that the dialplan's tests do not already have."""

from pathlib import Path

from tests.integration.dialplan_scripts import (
    AGENT_HEAD,
    CALLER_HEAD,
    IN_DIALOG,
    IS_HUNG_UP,
    NEVER_ANSWERS,
    REPLY,
    agent,
    caller,
    presses,
    refer,
)

__all__ = [
    "LEARNS", "answers", "calls", "consults", "holds", "is_asked", "is_busy", "keys", "never_answers", "passes_on",
    "puts_on_hold", "refused", "takes_back", "transfers", "unwilling",
]  # fmt: skip

_REFUSES = """  <send retrans="500"><![CDATA[
SIP/2.0 {answer}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]a[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <recv request="ACK"/>
</scenario>
"""
_SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=agent 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a={direction}
"""
_OK = """  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:phone@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=caller 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv request="ACK"/>
"""
_ACKED = '  <recv request="ACK"/>'
_ACKED_AGAIN = '  <recv request="ACK" next="1"/>'
_REMEMBERED = """<action>
    <ereg regexp="[ ]*(.*)" search_in="hdr" header="From:" assign_to="all1,mine"/>
    <ereg regexp="[ ]*(.*)" search_in="hdr" header="To:" assign_to="all2,theirs"/>
  </action>"""
_NAMED = '  <Reference variables="all1,all2,mine,theirs"/>'
#: A phone that called a filière is told, within the call, who has answered.
LEARNS = f'  <recv request="INVITE"/>\n{_OK}'


def calls(tone: Path, number: str = "0639980001", hangs_up_after_ms: int | None = None, extra: str = "", then: str = "") -> str:
    """A caller: talks, does something, hangs up after a while or waits to be hung up on."""
    return caller(tone, number, hangs_up_after_ms, extra, then)


def answers(name: str, tone: Path, after_ms: int = 300, then: str = "", talks_ms: int | None = None) -> str:
    """An agent who picks up, does something, and hangs up after a while or waits to be hung up on."""
    return agent(name, tone, after_ms, then, talks_ms)


def never_answers(name: str) -> str:
    """A phone that rings in an empty room."""
    return AGENT_HEAD.format(name=name) + NEVER_ANSWERS


def is_busy(name: str) -> str:
    """A phone that rings and says 486: its owner refuses the call."""
    return AGENT_HEAD.format(name=name) + _REFUSES.format(answer="486 Busy Here")


def unwilling(name: str) -> str:
    """A phone that is out of order: 503 without ringing."""
    head = AGENT_HEAD.format(name=name).partition("  <send>")[0]
    return head + _REFUSES.format(answer="503 Service Unavailable")


def transfers(name: str, tone: Path, target: str, after_ms: int = 1000, then_ms: int = 300) -> str:
    """An agent who picks up, presses his phone's transfer key, and hangs up when he is told that it is done."""
    asked = refer(name, target, after_ms).partition('  <recv request="NOTIFY"')[0]
    return agent(name, tone, 300, asked, talks_ms=then_ms)


def keys(name: str, pressed: str, after_ms: int = 1000) -> str:
    """A feature code."""
    return presses(name, pressed, after_ms)


def holds(name: str, after_ms: int = 700, for_ms: int = 900) -> str:
    """Puts the caller on hold, then takes him back (re-INVITE sendonly, then sendrecv)."""
    return _reinvite(name, "sendonly", 30, after_ms) + _reinvite(name, "sendrecv", 31, for_ms)


def puts_on_hold(name: str, after_ms: int = 500) -> str:
    """Puts the caller on hold, to dial on the other line."""
    return _reinvite(name, "sendonly", 30, after_ms)


def takes_back(name: str) -> str:
    """Waits for the key of the first line, and takes the caller off hold."""
    return f'  <recv request="INFO"/>\n{_reinvite(name, "sendrecv", 31, 0)}'


def passes_on(name: str, number: str, after_ms: int = 700) -> str:
    """Waits for the transfer key: REFER on the caller's line, replacing the dialog of the other line (RFC 3891), and
    goes on when he is told that it is done."""
    heard = (
        '  <recv request="INFO"><action>\n'
        '    <ereg regexp="[ ]*(.*)" search_in="hdr" header="Subject:" assign_to="all3,replaced"/>\n'
        '  </action></recv>\n  <Reference variables="all3,replaced"/>\n'
    )
    body = f"Refer-To: <sip:{number}@[local_ip]?Replaces=[$replaced]>\nReferred-By: <sip:{name}@[local_ip]>\nContent-Length: 0\n"
    notified = f'  <recv request="NOTIFY"/>\n{REPLY}'
    talks = f"  <pause milliseconds=\"{after_ms}\"/>\n"
    asked = IN_DIALOG.format(method="REFER", cseq=40, name=name, body=body)
    return f'{heard}{talks}{asked}  <recv response="202"/>\n{notified}'


def consults(name: str, tone: Path, hangs_up_after_ms: int | None = None) -> str:
    """The other line of an agent's phone: dials, learns who rings and who answers, and is hung up on, or hangs up."""
    met = '<recv response="200" rtd="true" rrs="true"'
    head = CALLER_HEAD.format(number=name, tone=tone, extra="").replace(f"{met}/>", f"{met}>{_REMEMBERED}</recv>\n{_NAMED}")
    return head + _talks(name, hangs_up_after_ms)


def is_asked(name: str, tone: Path, after_ms: int = 300, talks_ms: int | None = None) -> str:
    """Whoever an agent asks for his caller: picks up, learns with whom he talks, and hangs up or is hung up on."""
    return agent(name, tone, after_ms).removesuffix(IS_HUNG_UP) + _talks(name, talks_ms)


def _talks(name: str, hangs_up_after_ms: int | None) -> str:
    over = "" if hangs_up_after_ms is None else f' timeout="{hangs_up_after_ms}" ontimeout="4"'
    bye = IN_DIALOG.format(method="BYE", cseq=90, name=name, body="Content-Length: 0\n") + '  <recv response="200"/>\n'
    return (
        f'  <label id="1"/>\n  <recv request="INVITE" optional="true" next="2"{over}/>\n  <recv request="BYE" next="3"/>\n'
        f'  <label id="2"/>\n{_OK.replace(_ACKED, _ACKED_AGAIN)}  <label id="3"/>\n{REPLY}'
        f'  <nop next="5"/>\n  <label id="4"/>\n{bye}  <label id="5"/>\n</scenario>\n'
    )


def refused(name: str, tone: Path) -> str:
    """The other line, refused by whoever was called."""
    head = caller(tone, name).partition('  <recv response="180"')[0]
    acked = IN_DIALOG.format(method="ACK", cseq=1, name=name, body="Content-Length: 0\n").replace(' retrans="500"', "")
    acked = acked.replace("ACK [next_url]", "ACK sip:[service]@[remote_ip]:[remote_port]").replace("[$mine]", "[last_From:]")
    acked = acked.replace("From: [last_From:]", "[last_From:]").replace("To: [$theirs]", "[last_To:]")
    rings = '  <recv response="180" optional="true"/>\n  <recv response="183" optional="true"/>\n'
    return f'{head}{rings}  <recv response="486"/>\n{acked}</scenario>\n'


def _reinvite(name: str, direction: str, cseq: int, after_ms: int) -> str:
    asked = IN_DIALOG.format(method="INVITE", cseq=cseq, name=name, body=_SDP.format(version=cseq, direction=direction))
    acked = IN_DIALOG.format(method="ACK", cseq=cseq, name=name, body="Content-Length: 0\n").replace(' retrans="500"', "")
    return (
        f'  <pause milliseconds="{after_ms}"/>\n{asked}'
        f'  <recv response="100" optional="true"/>\n  <recv response="200"/>\n{acked}'
    )
