"""How well one leg was heard, by whom it was measured, and one word for it.

A **leg** is one channel of one person. Two witnesses measure it, each on its own: Asterisk (``pbx``), for every leg alike, and
the page of a phone that lives in a browser (``navigateur``). What nobody measured is None, never zero: a phone without RTCP says
nothing of what it lost.

Theory. The number is the mean opinion score of the E-model (ITU-T G.107, 06/2015), simplified by Cole and Rosenbluth ("Voice over
IP performance monitoring", ACM CCR 31(2), 2001), as ``web/src/poste/telephone/quality.ts`` has it for the page: R = 93.2 - Id -
Ie,eff, with Id = 0.024 d + 0.11 (d - 177.3) for the part of d above 177.3 ms (d: mouth to ear), and Ie,eff = 95 Ppl / (Ppl +
25.1) for a random loss of Ppl percent with G.711 and concealment (G.113, Appendix I).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from cti.journey.words import AgentId, CallId, Instant, iso

_BPL: Final = 25.1
_DELAY_KNEE_MS: Final = 177.3
#: From mouth to ear besides the network: a packet of 20 ms, and a jitter buffer of the same length.
PACKETS_MS: Final = 40.0
#: G.107, Annex B: R of 80 and more is *satisfied*, 70 *some users dissatisfied*.
_GOOD_MOS: Final = 4.03
_FAIR_MOS: Final = 3.60


class Witness(StrEnum):
    """Who measured."""

    PBX = "pbx"
    PAGE = "navigateur"


class Heard(StrEnum):
    """One word for a leg."""

    GOOD = "bonne"
    FAIR = "moyenne"
    BAD = "mauvaise"
    UNKNOWN = "inconnue"  #: no packet was counted


@dataclass(frozen=True, slots=True, kw_only=True)
class LegQuality:
    """One leg by one witness, from its beginning to ``at``; a later one for the same leg and witness replaces it."""

    leg: str  #: uniqueid of the channel
    witness: Witness
    call_id: CallId
    poste: AgentId  #: the phone, or the trunk
    at: Instant
    over: bool  #: the leg has ended
    talk_ms: int | None = None  #: how long was measured
    received: int  #: packets that the witness received
    lost: int  #: packets that it missed
    remote_lost: int | None = None  #: packets that the other side missed, as it reported
    sent: int | None = None
    jitter_ms: float | None = None
    remote_jitter_ms: float | None = None
    round_trip_ms: float | None = None
    mos: float | None = None  #: over the whole leg, 1 to 4.5
    mos_min: float | None = None  #: of its worst interval

    @property
    def loss(self) -> float | None:
        """The worse of both ways, 0 to 1; None when nothing was counted."""
        ways = [share_lost(self.received, self.lost)]
        if self.remote_lost is not None and self.sent:
            ways.append(min(1.0, self.remote_lost / self.sent))
        return max((way for way in ways if way is not None), default=None)

    @property
    def heard(self) -> Heard:
        """The word for it: of the whole leg."""
        return heard(self.mos)


def share_lost(received: int, lost: int) -> float | None:
    """Part of the packets that did not come, 0 to 1; None when there were none."""
    return lost / (received + lost) if received + lost else None


def heard(mos: float | None) -> Heard:
    """The word for a mean opinion score."""
    if mos is None:
        return Heard.UNKNOWN
    if mos >= _GOOD_MOS:
        return Heard.GOOD
    return Heard.FAIR if mos >= _FAIR_MOS else Heard.BAD


def mos_of(loss: float, delay_ms: float) -> float:
    """Mean opinion score for a loss (0 to 1) and a delay from mouth to ear."""
    percent = loss * 100
    delay = 0.024 * delay_ms + 0.11 * max(0.0, delay_ms - _DELAY_KNEE_MS)
    rating = 93.2 - delay - 95 * percent / (percent + _BPL)
    if rating <= 0:
        return 1.0
    return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6


def tell_leg(one: LegQuality) -> dict[str, Any]:
    """One leg told outside: plain data, ready for JSON."""
    return {
        "leg": one.leg,
        "temoin": one.witness,
        "poste": one.poste,
        "at": iso(one.at),
        "fini": one.over,
        "mot": one.heard,
        "mos": _rounded(one.mos, 2),
        "mos_min": _rounded(one.mos_min, 2),
        "perte": _rounded(one.loss, 4),
        "gigue_ms": _rounded(one.jitter_ms, 1),
        "aller_retour_ms": _rounded(one.round_trip_ms, 1),
        "recus": one.received,
        "perdus": one.lost,
        "duree_ms": one.talk_ms,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
