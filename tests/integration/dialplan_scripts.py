"""SIPp's words for the people of the dialplan's tests: callers and phones, and what they do during a call."""

from pathlib import Path

CALLER_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:{number}@[local_ip]:[local_port]>
{extra}Max-Forwards: 70
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
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rtd="true" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <nop><action><exec rtp_stream="{tone},-1,8,PCMA/8000"/></action></nop>
"""

HANGS_UP = """  <pause milliseconds="{after_ms}"/>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 99 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"""

REPLY = """  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""

IS_HUNG_UP = f"""  <recv request="BYE"/>
{REPLY}</scenario>
"""

AGENT_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="agent">
  <recv request="INVITE" rrs="true"/>
  <send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]a[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:{name}@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
"""

AGENT_ANSWERS = """  <pause milliseconds="{after_ms}"/>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]a[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:{name}@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=agent 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv request="ACK"/>
  <nop><action><exec rtp_stream="{tone},-1,8,PCMA/8000"/></action></nop>
"""

NEVER_ANSWERS = """  <recv request="CANCEL"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[pid]a[call_number]
[last_Call-ID:]
CSeq: 1 INVITE
Content-Length: 0

]]></send>
  <recv request="ACK"/>
</scenario>
"""

IN_DIALOG = """  <send retrans="500"><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$mine]
To: [$theirs]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:{name}@[local_ip]:[local_port]>
Max-Forwards: 70
{body}
]]></send>
"""

#: Asterisk tells a phone who has answered (connected line) by asking again within the call.
LEARNS_WHO_ANSWERED = """  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[
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


def caller(tone: Path, number: str = "0612345678", hangs_up_after_ms: int | None = None, extra: str = "", then: str = "") -> str:
    """A caller: does something, then hangs up after a while, or waits to be hung up on."""
    head = CALLER_HEAD.format(number=number, tone=tone, extra=extra) + then
    return head + (IS_HUNG_UP if hangs_up_after_ms is None else HANGS_UP.format(after_ms=hangs_up_after_ms))


def agent(name: str, tone: Path, answers_after_ms: int | None = 300, then: str = "", talks_ms: int | None = None) -> str:
    """A phone: never answers, or answers, does something, and waits to be hung up on (or hangs up after `talks_ms`)."""
    head = AGENT_HEAD.format(name=name)
    if answers_after_ms is None:
        return head + NEVER_ANSWERS
    head += AGENT_ANSWERS.format(name=name, tone=tone, after_ms=answers_after_ms)
    head = head.replace('<recv request="ACK"/>', _ack_that_remembers())
    if talks_ms is not None:
        bye = IN_DIALOG.format(method="BYE", cseq=90, name=name, body="Content-Length: 0\n")
        return f'{head}{then}  <pause milliseconds="{talks_ms}"/>\n{bye}  <recv response="200"/>\n</scenario>\n'
    return head + then + IS_HUNG_UP


def _ack_that_remembers() -> str:
    return (
        '<recv request="ACK"><action>\n'
        '    <ereg regexp="[ ]*(.*)" search_in="hdr" header="From:" assign_to="all1,theirs"/>\n'
        '    <ereg regexp="[ ]*(.*)" search_in="hdr" header="To:" assign_to="all2,mine"/>\n'
        "  </action></recv>\n"
        '  <Reference variables="all1,all2,mine,theirs"/>'
    )


def refer(name: str, target: str, after_ms: int = 1500) -> str:
    """The phone's own blind transfer."""
    body = f"Refer-To: <sip:{target}@[local_ip]>\nReferred-By: <sip:{name}@[local_ip]>\nContent-Length: 0\n"
    request = IN_DIALOG.format(method="REFER", cseq=10, name=name, body=body)
    notified = f'  <recv request="NOTIFY" crlf="true"/>\n{REPLY}'
    return f'  <pause milliseconds="{after_ms}"/>\n{request}  <recv response="202"/>\n{notified}{notified}'


def presses(name: str, keys: str, after_ms: int = 1500, is_caller: bool = False, cseq: int = 20) -> str:
    """Keys sent as SIP INFO, numbered from `cseq` on: a second series within one call needs higher numbers."""
    text = f'  <pause milliseconds="{after_ms}"/>\n'
    for number, key in enumerate(keys):
        body = f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\nDuration=160\n"
        request = IN_DIALOG.format(method="INFO", cseq=cseq + number, name=name, body=body)
        text += request.replace("From: [$mine]", "[last_From:]").replace("To: [$theirs]", "[last_To:]") if is_caller else request
        text += '  <recv response="200"/>\n  <pause milliseconds="100"/>\n'
    return text
