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
    "LEARNS", "answers", "at_the_key", "calls", "consults", "holds", "is_asked", "is_busy", "keys", "never_answers", "passes_on",
    "puts_on_hold", "refers", "refused", "rings_out", "takes_back", "transfers", "unwilling",
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
_REFUSED = """  <send><![CDATA[
{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
{via}
[last_From:]
{to}
Call-ID: [call_id]
CSeq: 1 {method}
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
_ACK_OF_A_REFUSAL = _REFUSED.format(method="ACK", via="[last_Via:]", to="[last_To:]")
#: Of the INVITE's own transaction: the same branch, and To without the tag of whoever rings.
_CANCEL = _REFUSED.format(method="CANCEL", via="[last_Via:]", to="To: <sip:[service]@[remote_ip]:[remote_port]>")
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


def dials_in_vain(name: str) -> str:
    """A phone that dials out and is told that nobody was reached."""
    return _dials(name) + f'  <recv response="[4-6][0-9][0-9]" regexp_match="true"/>\n{_ACK_OF_A_REFUSAL}</scenario>\n'


def gives_up(name: str, after_ms: int, *, rings: bool = True) -> str:
    """A phone that dials out and hangs up, while it rings or before."""
    told = '  <recv response="200"/>\n  <recv response="487"/>\n'
    heard = f'  <recv response="{180 if rings else 100}"/>\n  <pause milliseconds="{after_ms}"/>\n'
    head = _invites(name) if rings else _invites(name).partition('  <recv response="100"')[0]
    return f"{head}{heard}{_CANCEL}{told}{_ACK_OF_A_REFUSAL}</scenario>\n"


def _dials(name: str) -> str:
    rings = '  <recv response="180" optional="true"/>\n  <recv response="183" optional="true"/>\n'
    return _invites(name) + rings


def _invites(name: str) -> str:
    return CALLER_HEAD.format(number=name, tone="", extra="").partition('  <recv response="180"')[0]


def never_answers(name: str) -> str:
    """A phone that rings in an empty room."""
    return AGENT_HEAD.format(name=name) + NEVER_ANSWERS


def is_busy(name: str, after_ms: int = 0) -> str:
    """A phone that rings and says 486: its owner refuses the call."""
    rings = f'  <pause milliseconds="{after_ms}"/>\n' if after_ms else ""
    return AGENT_HEAD.format(name=name) + rings + _REFUSES.format(answer="486 Busy Here")


def unwilling(name: str) -> str:
    """A phone that is out of order: 503 without ringing."""
    head = AGENT_HEAD.format(name=name).partition("  <send>")[0]
    return head + _REFUSES.format(answer="503 Service Unavailable")


def transfers(name: str, tone: Path, target: str, after_ms: int = 1000, then_ms: int = 300, first: str = "") -> str:
    """An agent who picks up, presses his phone's transfer key, and hangs up when he is told that it is done."""
    asked = first + refer(name, target, after_ms).partition('  <recv request="NOTIFY"')[0]
    return agent(name, tone, 300, asked, talks_ms=then_ms)


def keys(name: str, pressed: str, after_ms: int = 1000, cseq: int = 20, *, dialled: bool = False) -> str:
    """A feature code; the second one of a call is numbered from another `cseq`. `dialled`: by the phone that placed the call."""
    return presses(name, pressed, after_ms, dialled, cseq)


def holds(name: str, after_ms: int = 700, for_ms: int = 900) -> str:
    """Puts the caller on hold, then takes him back (re-INVITE sendonly, then sendrecv)."""
    return _reinvite(name, "sendonly", 30, after_ms) + _reinvite(name, "sendrecv", 31, for_ms)


def puts_on_hold(name: str, after_ms: int = 500) -> str:
    """Puts the caller on hold, to dial on the other line."""
    return _reinvite(name, "sendonly", 30, after_ms)


def takes_back(name: str) -> str:
    """Waits for the key of the first line, and takes the caller off hold."""
    return at_the_key(_reinvite(name, "sendrecv", 31, 0))


def at_the_key(then: str) -> str:
    """Waits for a key of the first line, and does this."""
    return f'  <recv request="INFO"/>\n{then}'


#: What comes with the transfer key: the words that name the other line.
_OTHER_LINE = '<ereg regexp="[ ]*(.*)" search_in="hdr" header="Subject:" assign_to="all3,replaced"/>'
_OTHER_NAMED = '  <Reference variables="all3,replaced"/>\n'


def passes_on(name: str, number: str, after_ms: int = 700, refused: bool = False, heard: bool = True) -> str:
    """Waits for the transfer key: REFER on the caller's line, replacing the dialog of the other line (RFC 3891), and
    goes on when he is told that it is done. With `refused`, he is told that it failed and takes the caller back.
    Without `heard` the key was pressed already (`is_asked`)."""
    key = f'  <recv request="INFO"><action>\n    {_OTHER_LINE}\n  </action></recv>\n{_OTHER_NAMED}' if heard else ""
    body = f"Refer-To: <sip:{number}@[local_ip]?Replaces=[$replaced]>\nReferred-By: <sip:{name}@[local_ip]>\nContent-Length: 0\n"
    notified = f'  <recv request="NOTIFY"/>\n{REPLY}'
    talks = f'  <pause milliseconds="{after_ms}"/>\n'
    asked = IN_DIALOG.format(method="REFER", cseq=40, name=name, body=body)
    back = _reinvite(name, "sendrecv", 41, 300) if refused else ""
    return f'{key}{talks}{asked}  <recv response="202"/>\n{notified}{back}'


def consults(name: str, tone: Path, hangs_up_after_ms: int | None = None) -> str:
    """The other line of an agent's phone: dials, learns who rings and who answers, and is hung up on, or hangs up."""
    met = '<recv response="200" rtd="true" rrs="true"'
    head = CALLER_HEAD.format(number=name, tone=tone, extra="").replace(f"{met}/>", f"{met}>{_REMEMBERED}</recv>\n{_NAMED}")
    return head + _talks(name, hangs_up_after_ms)


def rings_out(name: str, tone: Path) -> str:
    """The other line of an agent's phone, which rings until the caller takes its place."""
    head = caller(tone, name).partition('  <recv response="180"')[0]
    rings = '  <recv response="180" optional="true"/>\n  <recv response="183" optional="true"/>\n'
    met = '<recv response="200" rtd="true" rrs="true"'
    _, _, rest = CALLER_HEAD.format(number=name, tone=tone, extra="").partition(f"{met}/>\n")
    return f"{head}{rings}  {met}>{_REMEMBERED}</recv>\n{_NAMED}{rest}{_talks(name, None)}"


def is_asked(name: str, tone: Path, after_ms: int = 300, talks_ms: int | None = None, then: str = "") -> str:
    """Whoever an agent asks for his caller: picks up, learns with whom he talks, and hangs up or is hung up on.

    At the key of his phone he does what `then` says, and goes on talking.
    """
    return agent(name, tone, after_ms).removesuffix(IS_HUNG_UP) + _talks(name, talks_ms, then)


def refers(name: str, number: str) -> str:
    """The phone's own blind transfer, at once; goes on when it is accepted."""
    asked = refer(name, number, after_ms=0).partition('  <recv request="NOTIFY"')[0]
    return asked.replace("CSeq: 10 REFER", "CSeq: 50 REFER")  # he may have held the caller before


def _talks(name: str, hangs_up_after_ms: int | None, then: str = "") -> str:
    over = "" if hangs_up_after_ms is None else f' timeout="{hangs_up_after_ms}" ontimeout="4"'
    bye = IN_DIALOG.format(method="BYE", cseq=90, name=name, body="Content-Length: 0\n") + '  <recv response="200"/>\n'
    # He looks at the screen of his phone before he acts: it may learn with whom he talks at that moment.
    learns = f'  <recv request="INVITE" timeout="600" ontimeout="7"/>\n{_OK}  <label id="7"/>\n'
    named = "[$replaced]" in then and _OTHER_LINE not in then
    caught = f"><action>{_OTHER_LINE}</action></recv>\n" if named else "/>\n"
    press = f'  <recv request="INFO" optional="true" next="6"{caught}' if then else ""
    key = f'  <label id="6"/>\n{_OTHER_NAMED if named else ""}{learns}{then}  <nop next="1"/>\n' if then else ""
    return (
        f'  <label id="1"/>\n  <recv request="INVITE" optional="true" next="2"{over}/>\n'
        f'{press}  <recv request="BYE" next="3"/>\n{key}'
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
