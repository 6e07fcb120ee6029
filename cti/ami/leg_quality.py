"""How well a leg was heard, as Asterisk tells it once, when the leg ends (``UserEvent(SasQualite)``, section 10 of the dialplan).

One frame a leg: the events ``RTCPReceived`` and ``RTCPSent``, one or two for each leg each five seconds, stay switched off. The
values are those of ``CHANNEL(rtcp,all)``: ``rxcount`` and ``lp`` are counted here, ``rlp``, ``txjitter`` and ``rtt`` come from
the other side's RTCP. A phone that sends no RTCP leaves ``rtt`` at zero: then what it would have reported is unknown.
"""

import contextlib
import math
from dataclasses import dataclass, replace
from typing import Final

from cti.ami.actions import Ask
from cti.ami.frames import Frame
from cti.ami.translate import endpoint_of
from cti.journey import CallId, Instant
from cti.journey.around.quality import PACKETS_MS, LegQuality, Witness, mos_of

_NAME: Final = "SasQualite"


@dataclass(frozen=True, slots=True)
class LegTold:
    """A leg that ended."""

    quality: LegQuality | None  #: None: it is no call's, or no packet went either way
    leg: str
    call_id: str  #: empty: no caller's call
    sip: str  #: its SIP Call-ID, by which a phone in a page names it

    def of(self, call_id: CallId) -> LegQuality | None:
        """The same, of the caller's call that a consultation's identity means."""
        return None if self.quality is None else replace(self.quality, call_id=call_id)


def leg_told(frame: Frame, at: Instant) -> LegTold | None:
    """What a frame says of a leg that ended; None for any other frame."""
    if frame.event != "UserEvent" or frame.get("UserEvent", "") != _NAME or not frame.get("Uniqueid", ""):
        return None
    call_id = frame.assignments("ChanVariable").get("SAS_CALL", "")
    leg, poste = frame.require("Uniqueid"), endpoint_of(frame.get("Channel", ""))
    values = _values(frame.get("Rtcp", ""))
    received, lost, sent = _count(values, "rxcount"), _count(values, "lp"), _count(values, "txcount")
    if not call_id or not (received or sent):
        return LegTold(None, leg, call_id, frame.get("Sip", ""))
    trip_ms = 1000 * values.get("rtt", 0.0) or None
    remote_lost = None if trip_ms is None else _count(values, "rlp")
    quality = LegQuality(
        leg=leg,
        witness=Witness.PBX,
        call_id=call_id,
        poste=poste,
        at=at,
        over=True,
        received=received,
        lost=lost,
        remote_lost=remote_lost,
        sent=sent,
        jitter_ms=1000 * values["rxjitter"] if received and "rxjitter" in values else None,
        remote_jitter_ms=None if trip_ms is None else 1000 * values.get("txjitter", 0.0),
        round_trip_ms=trip_ms,
    )
    return LegTold(_scored(quality), leg, call_id, frame.get("Sip", ""))


async def sip_call_id(ask: Ask, channel: str, *, act_seconds: float = 2.0) -> str:
    """The SIP Call-ID of a channel that lives; empty when it has none.

    Raises:
        AmiError: no such channel any more, not answered in time, or no link.
    """
    headers = {"Channel": channel, "Variable": "CHANNEL(pjsip,call-id)"}
    return (await ask("Getvar", headers, deadline_seconds=act_seconds)).response.get("Value", "")


def _scored(quality: LegQuality) -> LegQuality:
    loss = quality.loss
    if loss is None:
        return quality
    return replace(quality, mos=mos_of(loss, (quality.round_trip_ms or 0.0) / 2 + PACKETS_MS))


def _values(text: str) -> dict[str, float]:
    """``a=1;b=0.5`` as numbers; what is none is left out."""
    found: dict[str, float] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        with contextlib.suppress(ValueError):
            found[name.strip()] = float(value)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _count(values: dict[str, float], name: str) -> int:
    value = values.get(name, 0.0)
    return int(value) if 0 <= value < 2**53 else 0
