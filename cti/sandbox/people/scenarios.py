"""The two scenarios of a town, as SIPp XML: somebody who calls, and a phone of the room.

Everything that differs from call to call (when, who, how long, what then) is drawn beforehand and comes from the lines of an
injection file, so each scenario is one text. A wait that may be broken off is a `recv` whose timeout is drawn, which needs
SIPp 3.8 (keywords in `<recv timeout>`).
What the PBX may do at any moment (hang up, cancel, ask again) is a step here, never a failed call.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cti.sandbox.people.acting.steps import acts
from cti.sandbox.people.sip import messages as sip
from cti.sandbox.people.staff import Act

CALLER_FIELDS = ("delay_ms", "did", "user", "identity", "privacy", "subject", "stay_ms", "voice")
"""Columns of a caller's line: [field0] to [field7]; identity and privacy are whole SIP headers, voice the number of a tone."""
AGENT_FIELDS = (
    *("fate", "ring_ms", "talk_ms", "then", "target", "digit1", "digit2", "digit3"),
    *("apart_ms", "stay_ms", "last_key"),
)
"""Columns of an agent's line: [field0] to [field10]."""

_PATIENCE_MS = 60_000
"""A caller to whom the PBX says nothing at all gives up after this."""
_ANSWER_MS = 8_000
"""Longest wait for the PBX's answer to a request inside a call."""
_REFERRED_MS = 400
"""A phone that has transferred hangs up this long after the last news of it, when the PBX has not done so."""
_KEY_MS = 120
"""Pause of a finger between two keys."""
_PROGRESS = (100, 180, 183)
_REFUSALS = (400, 403, 404, 408, 480, 486, 487, 488, 500, 502, 503, 504, 600, 603)
_GONE = (408, 481, 487)


def caller(tones: Sequence[Path]) -> str:
    """Somebody who calls: waits for his hour, dials, then hangs up when his time is over or is hung up on."""
    voices = {str(number): tone for number, tone in enumerate(tones)}
    before = sip.each(_PROGRESS, "") | sip.each(_REFUSALS, "refused")
    return _scenario(
        "caller",
        sip.actions(sip.drawn("delay", 0) + "".join(sip.chosen(f"is_{number}", 7, number) for number in voices)),
        sip.pause("delay"),
        sip.send(sip.invite("[field1]", "[field3]\n[field4]", "[field5]"), retrans=True),
        sip.waits(200, _PATIENCE_MS, "end", before, more=' rrs="true" rtd="true"'),
        sip.send(sip.ack()),
        *sip.one_of_tones(voices, "talking"),
        sip.label("talking"),
        sip.waits("BYE", "[field6]", "hangs_up", {"INVITE": "asked_again"}, goto="hung_up_on"),
        *_hangs_up(sip.CALLER, cseq=2),
        sip.label("refused"),
        sip.send(sip.ack(refused=True), goto="end"),
    )


def agent(tones: Mapping[str, Path]) -> str:
    """A phone of the room, by its name: rings, answers or not, talks, then hangs up, passes the caller on, acts, or waits."""
    return _scenario(
        "agent",
        '  <recv request="INVITE" rrs="true"><action>\n'
        '    <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/>\n'
        '    <ereg regexp=";tag=.+" search_in="hdr" header="From:" assign_to="their_tag"/>\n'
        '    <ereg regexp="sip:[0-9]+@" search_in="msg" assign_to="is_outsider"/>\n'
        f"{sip.is_called(tones)}  </action></recv>\n"
        '  <Reference variables="named"/>\n',
        sip.actions(
            sip.chosen("busy", 0, "busy")
            + sip.chosen("declines", 0, "declines")
            + sip.chosen("refers", 3, "refer")
            + sip.chosen("dials", 3, "keys")
            + "".join(sip.chosen(f"does_{act}", 3, act) for act in Act)
        ),
        sip.jump("is_busy", "busy"),
        sip.send(sip.response(180, "Ringing", sip.AGENT_TAG)),
        sip.waits("CANCEL", "[field1]", "rang", goto="cancelled"),
        sip.label("rang"),
        sip.jump("does_not_come", "declines"),
        sip.send(sip.response(200, "OK", sip.AGENT_TAG, sdp=True), retrans=True),
        sip.label("picked_up"),
        sip.waits("ACK", _ANSWER_MS, "end", {"CANCEL": "cancelled_late"}),
        *sip.one_of_tones(tones, "talking"),
        sip.label("talking"),
        sip.waits("BYE", "[field2]", "has_talked", {"INVITE": "asked_again"}, goto="hung_up_on"),
        sip.label("has_talked"),
        # Asked by a colleague on his second line, he talks, and hangs up when that is over.
        sip.jump("for_a_caller", "is_outsider"),
        sip.jump("hangs_up"),
        sip.label("for_a_caller"),
        sip.jump("refers", "refers"),
        sip.jump("dials", "dials"),
        *(sip.jump(act, f"does_{act}") for act in Act),
        *_hangs_up(sip.AGENT, cseq=90),
        *acts(),
        *_passes_on(),
        *_does_not_answer(),
    )


def _scenario(name: str, *steps: str) -> str:
    """The scenario, with the steps that every conversation may need and the end to which all of them lead."""
    common = (
        sip.label("asked_again"),
        sip.send(sip.response(200, "OK", sdp=True), retrans=True),
        sip.waits("ACK", _ANSWER_MS, "talking", {"BYE": "hung_up_on"}, goto="talking"),
        sip.label("hung_up_on"),
        sip.send(sip.response(200, "OK"), goto="end"),
        sip.label("end"),
        "  <nop/>\n",
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">\n{"".join((*steps, *common))}</scenario>\n'


def _hangs_up(who: sip.Side, cseq: int) -> tuple[str, ...]:
    """This side hangs up; the other side may do so at the very same moment."""
    return (
        sip.label("hangs_up"),
        sip.send(sip.request("BYE", cseq, who), retrans=True),
        sip.label("bye_sent"),
        sip.waits(200, _ANSWER_MS, "end", sip.each(_GONE, "end") | {"BYE": "both_hang_up"}, goto="end"),
        sip.label("both_hang_up"),
        sip.send(sip.response(200, "OK"), goto="bye_sent"),
    )


def _passes_on() -> tuple[str, ...]:
    """Transfers the caller: by the phone's own REFER, or by the keys of a feature code; then the PBX hangs up on us."""
    refer_to = "Refer-To: <sip:[field4]@pbx.invalid>\nReferred-By: <sip:people@[local_ip]>\nContent-Length: 0\n\n"
    refused = sip.each((400, 403, 404, 481, 488, 501, 503, 603), "hangs_up")
    steps = [
        sip.label("refers"),
        sip.send(sip.request("REFER", 10, sip.AGENT, refer_to), retrans=True),
        sip.label("referred"),
        sip.waits("BYE", _REFERRED_MS, "hangs_up", {202: "", "NOTIFY": "notified", **refused}, goto="hung_up_on"),
        sip.label("notified"),
        sip.send(sip.response(200, "OK"), goto="referred"),
        sip.label("dials"),
    ]
    for number, key in enumerate(("*", "[field5]", "[field6]", "[field7]")):
        body = f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\nDuration=160\n"
        steps += [
            sip.send(sip.request("INFO", 20 + number, sip.AGENT, body), retrans=True),
            sip.waits(200, _ANSWER_MS, "hangs_up", {"BYE": "hung_up_on", 481: "hangs_up"}),
            sip.waits("BYE", _KEY_MS, f"key{number}", goto="hung_up_on"),
            sip.label(f"key{number}"),
        ]
    return (*steps, sip.waits("BYE", _ANSWER_MS, "hangs_up", goto="hung_up_on"))


def _does_not_answer() -> tuple[str, ...]:
    """Cancelled while ringing, cancelled an instant too late, busy, or never there."""
    acked = sip.waits("ACK", _ANSWER_MS, "end", goto="end")
    return (
        sip.label("cancelled"),
        sip.send(sip.response(200, "OK")),
        sip.send(sip.response(487, "Request Terminated", sip.AGENT_TAG, cseq="CSeq: [$cseq] INVITE"), retrans=True),
        acked,
        sip.label("cancelled_late"),
        sip.send(sip.response(200, "OK"), goto="picked_up"),
        sip.label("is_busy"),
        sip.send(sip.response(486, "Busy Here", sip.AGENT_TAG), retrans=True),
        acked,
        sip.label("does_not_come"),
        sip.send(sip.response(480, "Temporarily Unavailable", sip.AGENT_TAG), retrans=True),
        acked,
    )
