"""The two scenarios of a town, as SIPp XML: somebody who calls, and a phone of the room.

Everything that differs from call to call (when, who, how long, what then) is drawn beforehand and comes from the lines of an
injection file, so each scenario is one text. A step `hears` what may come during the pause after it: SIPp 3.8 takes an
optional message that stands just before the current pause, and leaves the pause when that message leads elsewhere.
What the PBX may do at any moment (hang up, cancel, ask again) is a step here, never a failed call.
"""

from pathlib import Path

from cti.sandbox.people import messages as sip

CALLER_FIELDS = ("delay_ms", "did", "user", "identity", "subject", "stay_ms")
"""Columns of a caller's line: [field0] to [field5]."""
AGENT_FIELDS = ("fate", "ring_ms", "talk_ms", "then", "target", "digit1", "digit2", "digit3")
"""Columns of an agent's line: [field0] to [field7]."""

_PATIENCE_MS = 60_000
"""A caller to whom the PBX says nothing at all gives up after this."""
_ANSWER_MS = 8_000
"""Longest wait for the PBX's answer to a request inside a call."""
_REFUSALS = (400, 403, 404, 408, 480, 486, 487, 488, 500, 502, 503, 504, 600, 603)
_NAMES = '  <Reference variables="{}"/>\n'


def caller(tone: Path) -> str:
    """Somebody who calls: waits for his hour, dials, then hangs up when his time is over or is hung up on."""
    return _scenario(
        "caller",
        sip.actions(sip.drawn("delay", 0) + sip.drawn("stay", 5)),
        sip.pause("delay"),
        sip.send(sip.invite("[field1]", "[field3]", "[field2]", "[field4]"), retrans=True),
        *(sip.hears_code(code) for code in (100, 180, 183)),
        *(sip.hears_code(code, "refused") for code in _REFUSALS),
        sip.needs_code(200, _PATIENCE_MS, "end", ' rrs="true" rtd="true"'),
        sip.send(sip.ack()),
        sip.talks(str(tone)),
        sip.label("talking"),
        sip.hears("BYE", "hung_up_on"),
        sip.hears("INVITE", "asked_again"),
        sip.pause("stay"),
        *_hangs_up("[last_From:]", "[last_To:]", cseq=2),
        sip.label("refused"),
        sip.send(sip.ack(refused=True), goto="end"),
    )


def agent(tone: Path) -> str:
    """A phone of the room: rings, answers or not, talks, then hangs up, passes the caller on, or waits."""
    return _scenario(
        "agent",
        sip.hears("OPTIONS", "reply_and_end"),
        f'  <recv request="INVITE" rrs="true"><action>\n{_captures("CSeq:", "[0-9]+", "cseq")}  </action></recv>\n',
        sip.actions(
            sip.drawn("ring", 1)
            + sip.drawn("talk", 2)
            + sip.chosen("busy", 0, "busy")
            + sip.chosen("declines", 0, "declines")
            + sip.chosen("refers", 3, "refer")
            + sip.chosen("dials", 3, "keys")
        ),
        sip.jump("is_busy", "busy"),
        sip.send(sip.response(180, "Ringing", sip.AGENT_TAG)),
        sip.hears("CANCEL", "cancelled"),
        sip.pause("ring"),
        sip.jump("does_not_come", "declines"),
        sip.send(sip.response(200, "OK", sip.AGENT_TAG, sdp=True), retrans=True),
        sip.label("picked_up"),
        sip.hears("CANCEL", "cancelled_late"),
        sip.needs("ACK", _ANSWER_MS, "end", f"<action>\n{_captures_dialog()}  </action>"),
        sip.talks(str(tone)),
        sip.label("talking"),
        sip.hears("BYE", "hung_up_on"),
        sip.hears("INVITE", "asked_again"),
        sip.pause("talk"),
        sip.jump("refers", "refers"),
        sip.jump("dials", "dials"),
        *_hangs_up("[$mine]", "[$theirs]", cseq=90),
        *_passes_on(),
        *_does_not_answer(),
    )


def _scenario(name: str, *steps: str) -> str:
    """The scenario, with the steps that every conversation may need and the end to which all of them lead."""
    common = (
        sip.label("asked_again"),
        sip.send(sip.response(200, "OK", sdp=True), retrans=True),
        sip.hears("BYE", "hung_up_on"),
        sip.needs("ACK", _ANSWER_MS, "talking"),
        sip.jump("talking"),
        sip.label("hung_up_on"),
        sip.label("reply_and_end"),
        sip.send(sip.response(200, "OK"), goto="end"),
        sip.label("end"),
        "  <nop/>\n",
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">\n{"".join((*steps, *common))}</scenario>\n'


def _hangs_up(mine: str, theirs: str, cseq: int) -> tuple[str, ...]:
    """This side hangs up; the other side may do so at the very same moment."""
    return (
        sip.label("hangs_up"),
        sip.send(sip.request("BYE", cseq, mine, theirs), retrans=True),
        sip.label("bye_sent"),
        sip.hears("BYE", "both_hang_up"),
        *(sip.hears_code(code, "end") for code in (408, 481, 487)),
        sip.needs_code(200, _ANSWER_MS, "end"),
        sip.jump("end"),
        sip.label("both_hang_up"),
        sip.send(sip.response(200, "OK"), goto="bye_sent"),
    )


def _passes_on() -> tuple[str, ...]:
    """Transfers the caller: by the phone's own REFER, or by the keys of a feature code; then the PBX hangs up on us."""
    refer_to = "Refer-To: <sip:[field4]@[remote_ip]>\nReferred-By: <sip:people@[local_ip]>\nContent-Length: 0\n\n"
    steps = [
        sip.label("refers"),
        sip.send(sip.request("REFER", 10, "[$mine]", "[$theirs]", refer_to), retrans=True),
        sip.label("referred"),
        sip.hears_code(202),
        sip.hears("NOTIFY", "notified"),
        *(sip.hears_code(code, "hangs_up") for code in (400, 403, 404, 481, 488, 501, 503, 603)),
        sip.needs("BYE", _ANSWER_MS, "hangs_up"),
        sip.jump("hung_up_on"),
        sip.label("notified"),
        sip.send(sip.response(200, "OK"), goto="referred"),
        sip.label("dials"),
    ]
    for number, key in enumerate(("*", "[field5]", "[field6]", "[field7]")):
        body = f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\nDuration=160\n"
        steps += [
            sip.send(sip.request("INFO", 20 + number, "[$mine]", "[$theirs]", body), retrans=True),
            sip.hears("BYE", "hung_up_on"),
            sip.hears_code(481, "hangs_up"),
            sip.needs_code(200, _ANSWER_MS, "hangs_up"),
            sip.hears("BYE", "hung_up_on"),
            '  <pause milliseconds="120"/>\n',
        ]
    return (*steps, sip.needs("BYE", _ANSWER_MS, "hangs_up"), sip.jump("hung_up_on"))


def _does_not_answer() -> tuple[str, ...]:
    """Cancelled while ringing, cancelled an instant too late, busy, or never there."""
    of_the_call = "CSeq: [$cseq] INVITE"
    refusal_acked = (sip.needs("ACK", _ANSWER_MS, "end"), sip.jump("end"))
    return (
        sip.label("cancelled"),
        sip.send(sip.response(200, "OK")),
        sip.send(sip.response(487, "Request Terminated", sip.AGENT_TAG, cseq=of_the_call), retrans=True),
        *refusal_acked,
        sip.label("cancelled_late"),
        sip.send(sip.response(200, "OK"), goto="picked_up"),
        sip.label("is_busy"),
        sip.send(sip.response(486, "Busy Here", sip.AGENT_TAG), retrans=True),
        *refusal_acked,
        sip.label("does_not_come"),
        sip.send(sip.response(480, "Temporarily Unavailable", sip.AGENT_TAG), retrans=True),
        *refusal_acked,
    )


def _captures(header: str, pattern: str, variable: str) -> str:
    """Action: keep what a header of the message says."""
    return f'    <ereg regexp="{pattern}" search_in="hdr" header="{header}" assign_to="{variable}"/>\n'


def _captures_dialog() -> str:
    """Action: keep who is who in this conversation, for the requests that this phone sends itself."""
    wanted = "[[:space:]]*(.*)"
    return (
        f'    <ereg regexp="{wanted}" search_in="hdr" header="From:" assign_to="from_all,theirs"/>\n'
        f'    <ereg regexp="{wanted}" search_in="hdr" header="To:" assign_to="to_all,mine"/>\n'
    )
