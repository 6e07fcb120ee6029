"""What people around the PBX do in a story, as SIPp scenarios: the acts that the dialplan's tests do not already have."""

from pathlib import Path

from tests.integration.dialplan_scripts import AGENT_HEAD, IN_DIALOG, NEVER_ANSWERS, agent, caller, presses, refer

__all__ = [
    "LEARNS", "answers", "calls", "holds", "is_busy", "keys", "never_answers", "transfers", "unwilling",
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


def _reinvite(name: str, direction: str, cseq: int, after_ms: int) -> str:
    asked = IN_DIALOG.format(method="INVITE", cseq=cseq, name=name, body=_SDP.format(version=cseq, direction=direction))
    acked = IN_DIALOG.format(method="ACK", cseq=cseq, name=name, body="Content-Length: 0\n").replace(' retrans="500"', "")
    return (
        f'  <pause milliseconds="{after_ms}"/>\n{asked}'
        f'  <recv response="100" optional="true"/>\n  <recv response="200"/>\n{acked}'
    )
