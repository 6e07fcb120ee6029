"""The acts of an agent as steps of his phone's scenario; each begins at a label of its own name and ends in a talk or at the end.

A held caller's agent says nothing: his phone stops its voice with the re-INVITE and goes on with the next one. An attended
transfer needs a second line, which somebody else plays: the phone writes `HELD call-id name number` into SIPp's log and waits
for a key (an INFO whose Subject names the other line, RFC 3891 in Refer-To; `retour` takes the caller back).
"""

from cti.sandbox.people.sip import messages as sip

TAKEN_BACK = "retour"
"""The Subject of the key with which an agent takes his caller back."""

_ANSWER_MS = 8_000
_KEY_MS = 120
_SECOND_LINE_MS = 25_000
_REFERRED_MS = 1_500
_HOLD, _RESUME, _REFER, _KEYS, _LAST_KEYS = 30, 35, 40, 20, 50
"""CSeq of each request: they must rise within a call."""
_REFUSED = (400, 403, 404, 481, 488, 503, 603)


def acts() -> tuple[str, ...]:
    """Every act."""
    return (*_held("holds", "[field8]", "takes_back"), *_takes_back(), *_p0(), *_invites(), *_consults(), *_attended(), *_stays())


def _stays() -> tuple[str, ...]:
    """He talks on for [field9], then hangs up."""
    return _listens("stays", "[field9]", "hangs_up")


def _p0() -> tuple[str, ...]:
    return (sip.label("p0"), *_keys("p0", ("*", "9", "0"), _KEYS, "stays"))


def _invites() -> tuple[str, ...]:
    return (sip.label("invites"), *_keys("invites", ("*", "9", "7", "[field5]", "[field6]"), _KEYS, "stays"))


def _consults() -> tuple[str, ...]:
    return (
        sip.label("consults"),
        *_keys("consults", ("*", "7", "[field5]", "[field6]", "[field7]"), _KEYS, "apart"),
        *_listens("apart", "[field8]", "decides"),
        sip.label("decides"),
        *_keys("decides", ("*", "9", "[field10]"), _LAST_KEYS, "stays"),
    )


def _attended() -> tuple[str, ...]:
    """On hold; at the key REFER with Replaces, or back to the caller. Whoever is told that it failed takes him back."""
    refer_to = (
        "Refer-To: <sip:[field4]@[local_ip]?Replaces=[$replaced]>\nReferred-By: <sip:people@[local_ip]>\nContent-Length: 0\n\n"
    )
    timer = f'timeout="{_SECOND_LINE_MS}" ontimeout="takes_back"'
    key = (
        f'  <recv request="BYE" optional="true" next="hung_up_on" {timer}/>\n'
        f'  <recv request="INVITE" optional="true" next="waiting_asked" {timer}/>\n'
        f'  <recv request="INFO" {timer}><action>\n'
        '    <ereg regexp="[ ]*(.*)" search_in="hdr" header="Subject:" assign_to="subject,replaced"/>\n'
        f'    <strcmp assign_to="is_back_same" variable="replaced" value="{TAKEN_BACK}"/>\n'
        '    <test assign_to="is_back" variable="is_back_same" compare="equal" value="0"/>\n'
        "  </action></recv>\n"
        '  <Reference variables="subject"/>\n'
    )
    return (
        *_held("attended", None, "second_line"),
        sip.label("second_line"),
        sip.actions('    <log message="HELD [call_id] [$name] [field4]"/>\n'),
        sip.label("waiting"),
        key,
        sip.jump("takes_back", "is_back"),
        sip.send(sip.request("REFER", _REFER, sip.AGENT, refer_to), retrans=True),
        sip.label("joined"),
        sip.waits(
            "BYE",
            _REFERRED_MS,
            "hangs_up",
            {202: "", "NOTIFY": "joined_told", "INVITE": "joined_asked", **sip.each(_REFUSED, "takes_back")},
            goto="hung_up_on",
        ),
        sip.label("joined_told"),
        sip.send(sip.response(200, "OK"), goto="joined"),
        *_asked("joined"),
        *_asked("waiting"),
    )


def _held(name: str, for_ms: str | None, then: str) -> tuple[str, ...]:
    """Puts the caller on hold, for a while when `for_ms` says so."""
    rest = _listens(f"{name}_held", for_ms, then) if for_ms is not None else (sip.jump(then),)
    return (sip.label(name), sip.voice("pause"), *_reinvites(name, "sendonly", _HOLD, then if for_ms is None else ""), *rest)


def _takes_back() -> tuple[str, ...]:
    return (
        sip.label("takes_back"),
        sip.voice("resume"),
        *_reinvites("takes_back", "sendrecv", _RESUME, "stays"),
        sip.jump("stays"),
    )


def _reinvites(name: str, direction: str, cseq: int, refused: str) -> tuple[str, ...]:
    """One re-INVITE of ours; one that crosses the PBX's own (491), or comes too late (481), changes nothing."""
    crossed = f"{name}_crossed"
    return (
        sip.send(sip.request("INVITE", cseq, sip.AGENT, sip.session(direction, cseq)), retrans=True),
        sip.label(f"{name}_asks"),
        sip.waits(
            200,
            _ANSWER_MS,
            "hangs_up",
            {100: "", "BYE": "hung_up_on", 491: crossed, 481: crossed, 500: crossed},
        ),
        sip.send(sip.request("ACK", cseq, sip.AGENT)),
        sip.jump(f"{name}_done"),
        sip.label(crossed),
        sip.send(sip.ack_in_dialog(cseq, sip.AGENT), goto=refused or "stays"),
        sip.label(f"{name}_done"),
    )


def _keys(name: str, keys: tuple[str, ...], cseq: int, then: str) -> tuple[str, ...]:
    """Feature code, key by key, then on to `then`."""
    steps = []
    for number, key in enumerate(keys):
        body = f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\nDuration=160\n"
        state = f"{name}_key{number}"
        steps += [
            sip.send(sip.request("INFO", cseq + number, sip.AGENT, body), retrans=True),
            sip.waits(200, _ANSWER_MS, "hangs_up", {"BYE": "hung_up_on", 481: "hangs_up"}),
            *_listens(state, _KEY_MS, f"{state}_over"),
            sip.label(f"{state}_over"),
        ]
    return (*steps, sip.jump(then))


def _listens(name: str, within_ms: int | str, then: str) -> tuple[str, ...]:
    """A time in which the PBX may hang up, or ask again within the call."""
    return (
        sip.label(name),
        sip.waits("BYE", within_ms, then, {"INVITE": f"{name}_asked"}, goto="hung_up_on"),
        *_asked(name),
    )


def _asked(name: str) -> tuple[str, ...]:
    """The PBX asks again within the call (who is at the other end): agreed, and the wait begins anew."""
    return (
        sip.label(f"{name}_asked"),
        sip.send(sip.response(200, "OK", sdp=True), retrans=True),
        sip.waits("ACK", _ANSWER_MS, name, {"BYE": "hung_up_on"}, goto=name),
    )
