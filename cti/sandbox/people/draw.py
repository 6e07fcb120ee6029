"""Who calls, when and with how much patience: drawn from one seeded generator, so that a seed is a day that can be lived again.

Arrivals are a doubly stochastic Poisson process: the number of calls of a centre varies more than pure chance allows, with a
variance of 1.4 to 1.7 times its mean at a fixed hour (measured on a public emergency-centre data set, domain notes 6.3).
All durations are milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

DISPERSION = 1.5
"""Variance of the number of calls in a period, divided by its mean."""
_PERIOD_MS = 20_000
"""The intensity is drawn anew for each period. Over any whole number of periods the dispersion is the same."""

_T = TypeVar("_T")

NEVER_MS = 900_000
"""What stands for "until the other side hangs up"."""


class Identity(StrEnum):
    """What the network says of the caller's number."""

    SHOWN = "shown"
    MASKED = "masked"  #: known to the network (P-Asserted-Identity), not to be shown (Privacy: id)
    UNKNOWN = "unknown"  #: no number at all, such as a telephone without a SIM card


class Temper(StrEnum):
    """How a caller behaves."""

    POCKET = "pocket"  #: a telephone in a pocket: gone after 1 to 9 s
    IMPATIENT = "impatient"
    PATIENT = "patient"  #: stays until the PBX hangs up, or as long as these habits say


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who will call once.

    `number` is his own, nobody else has it; only `truth` sees it when the network does not show it. `arrives_ms` counts from
    the opening of the town, `stay_ms` from the PBX's answer.
    """

    arrives_ms: int
    number: str
    did: str
    identity: Identity
    temper: Temper
    stay_ms: int
    motif: str

    @property
    def user(self) -> str:
        """The user part of his From header."""
        if self.identity is Identity.SHOWN:
            return self.number
        return "anonymous" if self.identity is Identity.MASKED else unknown_user(self.number)


def unknown_user(number: str) -> str:
    """What stands in From for somebody without a number: unique, so that the call is recognised, and no number to the PBX."""
    return f"inconnu-{number[-6:]}"


@dataclass(frozen=True, slots=True)
class Habits:
    """The shares of a population; the weights of one group need not add up to anything."""

    dids: tuple[tuple[str, float], ...] = (
        ("15", 50),
        ("116117", 22),
        ("112", 20),
        ("18", 3),
        ("9020", 3),
        ("9025", 2),
    )
    identities: tuple[tuple[Identity, float], ...] = ((Identity.SHOWN, 88), (Identity.MASKED, 8), (Identity.UNKNOWN, 4))
    tempers: tuple[tuple[Temper, float], ...] = ((Temper.POCKET, 8), (Temper.IMPATIENT, 17), (Temper.PATIENT, 75))
    early_share: float = 0.55
    """Share of the impatient who leave within 15 s; the others decay slowly."""
    patience_ms: int = NEVER_MS
    """How long the patient stay, at pace 1."""


_MOTIFS = (
    "Douleur thoracique",
    "Fièvre du nourrisson",
    "Chute au domicile",
    "Malaise sur la voie publique",
    "Gêne respiratoire",
    "Douleur abdominale",
    "Conseil médicamenteux",
    "Plaie à la main",
    "Accident de trottinette",
    "Lombalgie",
    "Certificat de décès",
    "Angoisse",
    "Rage de dents",
    "Réaction allergique",
)


def arrivals(calls_per_minute: float, chance: Random) -> Iterator[int]:
    """Instants of arrival in milliseconds from now, rising, without end.

    The intensity of a period with mean m is drawn from a gamma law of shape m / (dispersion - 1): then the number of calls has
    mean m and variance dispersion * m.

    Raises:
        ValueError: the rate is not positive, so nobody would ever call.
    """
    if calls_per_minute <= 0:
        raise ValueError(f"a rate of {calls_per_minute:g} calls per minute brings nobody")
    mean = calls_per_minute * _PERIOD_MS / 60_000
    start = 0
    while True:
        expected = chance.gammavariate(mean / (DISPERSION - 1), DISPERSION - 1)
        at = chance.expovariate(1.0) if expected > 0 else 1.0
        while expected > 0 and at < expected:
            yield start + int(at / expected * _PERIOD_MS)
            at += chance.expovariate(1.0)
        start += _PERIOD_MS


def callers(calls_per_minute: float, chance: Random, habits: Habits | None = None, pace: float = 1.0) -> Iterator[Caller]:
    """People who call, in order of arrival, without end; no two have the same number.

    `pace` scales patience: 0.5 makes everybody twice as quick. A telephone in a pocket is not scaled: what matters there is
    how long the greeting lasts.
    """
    habits = habits or Habits()
    used: set[str] = set()
    for arrives_ms in arrivals(calls_per_minute, chance):
        temper = one_of(habits.tempers, chance)
        yield Caller(
            arrives_ms=arrives_ms,
            number=_number(used, chance),
            did=one_of(habits.dids, chance),
            identity=one_of(habits.identities, chance),
            temper=temper,
            stay_ms=_stay(temper, habits, pace, chance),
            motif=chance.choice(_MOTIFS),
        )


def one_of(weighted: tuple[tuple[_T, float], ...], chance: Random) -> _T:
    """One of several, each with its weight."""
    values, weights = zip(*weighted, strict=True)
    drawn: _T = chance.choices(values, weights)[0]
    return drawn


def around(median_ms: float, spread: float, chance: Random) -> int:
    """A human duration: log-normal around its median; the spread is the deviation of its logarithm."""
    return max(1, round(median_ms * chance.lognormvariate(0.0, spread)))


def _number(used: set[str], chance: Random) -> str:
    """A French-looking number (01 to 07) that nobody had before; two out of three are mobile."""
    while True:
        kind = chance.choice("67") if chance.random() < 2 / 3 else chance.choice("12345")
        number = f"0{kind}{chance.randrange(10**8):08d}"
        # The end of the number names a caller who shows none, so it is unique too.
        if number not in used and number[-6:] not in used:
            used.update((number, number[-6:]))
            return number


def _stay(temper: Temper, habits: Habits, pace: float, chance: Random) -> int:
    if temper is Temper.POCKET:
        return chance.randint(1_000, 9_000)
    if temper is Temper.PATIENT:
        return NEVER_MS if habits.patience_ms == NEVER_MS else round(habits.patience_ms * pace * chance.uniform(0.7, 1.0))
    if chance.random() < habits.early_share:
        return round(chance.uniform(1_500, 15_000) * pace)
    return round((15_000 + chance.expovariate(1 / 75_000)) * pace)
