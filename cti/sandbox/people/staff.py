"""Who answers: the phones of a simulated room, and how the people at them behave.

A room of N people is split over the filières as in a real centre: nearly half take the first call, the rest are behind them.
All durations are milliseconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType

from cti.journey import AgentId, FiliereCode
from cti.sandbox.people.draw import NEVER_MS, around, one_of


@dataclass(frozen=True, slots=True)
class Phone:
    """A simulated person's phone at a fixed address; the same fields as a phone of the sandbox site."""

    endpoint: AgentId
    nom: str
    role: str
    filieres: tuple[FiliereCode, ...]
    contact: str

    @property
    def port(self) -> int:
        """Where its SIPp listens."""
        return int(self.contact.rpartition(":")[2])


class Fate(StrEnum):
    """What becomes of a ringing phone."""

    ANSWERS = "answers"
    BUSY = "busy"
    DECLINES = "declines"


class Then(StrEnum):
    """How an agent ends a conversation, unless the caller does."""

    HANGS_UP = "hangup"
    REFERS = "refer"  #: transfers with the phone's own key
    DIALS = "keys"  #: transfers with a feature code, such as *801


class Act(StrEnum):
    """What an agent does in a conversation before it ends; the words are the labels of his phone's scenario."""

    HOLDS = "holds"  #: puts the caller on hold and takes him back
    P0 = "p0"  #: *90: a physician is asked to come
    INVITES = "invites"  #: *9718: the fire service is called in
    CONSULTS = "consults"  #: *78xx, talks apart, then *92, *93 or *94
    ATTENDED = "attended"  #: holds, asks on his second line, joins the two (REFER with Replaces)


@dataclass(frozen=True, slots=True)
class Gesture:
    """What one agent does with one call. `target` is the number of a filière, empty when he passes nobody on.

    With an act, `talk_ms` is the time before it, `apart_ms` on hold or with a colleague, `stay_ms` after it.
    """

    fate: Fate
    ring_ms: int
    talk_ms: int
    then: Then | Act
    target: str
    apart_ms: int = 0
    stay_ms: int = 0
    last_key: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the people of one filière work, at pace 1."""

    ring_ms: int
    talk_ms: int
    late: float = 0.08
    never: float = 0.04
    busy: float = 0.02
    declines: float = 0.01
    passes_on: tuple[tuple[FiliereCode, float], ...] = ()
    """Where callers are passed on to, in hundredths; the rest is hung up on."""


MANNERS: Mapping[FiliereCode, Manner] = MappingProxyType(
    {
        "n1": Manner(
            1_800,
            35_000,
            late=0.03,
            never=0.015,
            busy=0.01,
            declines=0.005,
            passes_on=(("amu", 25), ("mg", 22), ("mru", 4), ("mrg", 4), ("psy", 2), ("dentaire", 1)),
        ),
        "amu": Manner(2_200, 60_000, passes_on=(("mru", 25), ("mrg", 5))),
        "mg": Manner(3_000, 70_000, passes_on=(("mrg", 20), ("amu", 4))),
        "mru": Manner(4_000, 110_000),
        "mrg": Manner(4_000, 140_000),
        "psy": Manner(4_000, 150_000),
        "dentaire": Manner(4_000, 90_000),
    }
)
NUMBERS: Mapping[FiliereCode, str] = MappingProxyType(
    {"n1": "800", "amu": "801", "mru": "802", "mg": "803", "mrg": "804", "psy": "805", "dentaire": "806"}
)
"""The filières' numbers as shipped in `filieres.toml`."""

_RING_SPREAD, _TALK_SPREAD = 0.45, 0.55
_LATE_MS = (8_000, 20_000)
_KEYS_SHARE = 0.25
"""Share of transfers made with a feature code."""

_SHARES: Mapping[FiliereCode, float] = MappingProxyType(
    {"n1": 0.45, "amu": 0.20, "mg": 0.12, "mru": 0.08, "mrg": 0.07, "psy": 0.04, "dentaire": 0.04}
)
_SEATS = MappingProxyType(
    {
        "n1": ("arm", "arm_n1", ""),
        "amu": ("amu", "arm_amu", ""),
        "mg": ("osnp", "osnp", ""),
        "mru": ("mru", "mru", "Dr "),
        "mrg": ("mrg", "mrg", "Dr "),
        "psy": ("psy", "psychiatre", "Dr "),
        "dentaire": ("dent", "dentiste", "Dr "),
    }
)
_FIRST = ("Camille", "Hélène", "Karim", "Julie", "Thomas", "Inès", "Anne", "Paul", "Léa", "Hugo", "Noé", "Fatou", "Maël")
_LAST = ("Durand", "L'Hôpital", "Benali", "Martin", "Le Goff", "Moreau", "Petit", "Roux", "Garnier", "Blanc", "Nguyen")


def split(people: int) -> dict[FiliereCode, int]:
    """How many people each filière gets; from ten up, everybody has a colleague in every filière.

    Raises:
        ValueError: a room without anybody.
    """
    if people < 1:
        raise ValueError(f"a room of {people} people answers nobody")
    seats = dict.fromkeys(_SHARES, 1 if people >= 10 else 0)
    while sum(seats.values()) < people:
        neediest = max(seats, key=lambda filiere: _SHARES[filiere] * people - seats[filiere])
        seats[neediest] += 1
    return {filiere: count for filiere, count in seats.items() if count}


def phones(people: int, base_port: int, host: str = "127.0.0.1") -> tuple[Phone, ...]:
    """The phones of a room, one port for each filière from `base_port` on (at most seven ports, one SIPp on each)."""
    room: list[Phone] = []
    for rank, (filiere, count) in enumerate(split(people).items()):
        prefix, role, title = _SEATS[filiere]
        for number in range(1, count + 1):
            endpoint = f"{prefix}{number:02d}"
            nom = f"{title}{_FIRST[len(room) % len(_FIRST)]} {_LAST[len(room) % len(_LAST)]}"
            room.append(Phone(endpoint, nom, role, (filiere,), f"sip:{endpoint}@{host}:{base_port + rank}"))
    return tuple(room)


def gestures(
    filiere: FiliereCode, open_to: Sequence[FiliereCode], chance: Random, pace: float = 1.0, waits: float = 0.0
) -> Iterator[Gesture]:
    """What the people of one filière do with one call after the other, without end.

    Args:
        filiere: where they sit; one that is not known behaves as `amu`.
        open_to: the filières that have somebody: nobody is passed on to an empty one.
        chance: the generator.
        pace: scales every duration.
        waits: share of conversations that only the PBX, the caller or the service ends.
    """
    manner = MANNERS.get(filiere, MANNERS["amu"])
    passed = tuple((NUMBERS[one], share) for one, share in manner.passes_on if one in open_to)
    ends = (*passed, ("", 100 - sum(share for _, share in passed)))
    fates: tuple[tuple[str, float], ...] = (
        ("busy", manner.busy),
        ("declines", manner.declines),
        ("late", manner.late),
        ("never", manner.never),
        ("prompt", 1 - manner.busy - manner.declines - manner.late - manner.never),
    )
    while True:
        fate = one_of(fates, chance)
        ring_ms = around(manner.ring_ms * pace, _RING_SPREAD, chance)
        if fate == "late":
            ring_ms = round(chance.uniform(*_LATE_MS) * pace)
        elif fate == "never":
            ring_ms = NEVER_MS
        talk_ms = around(manner.talk_ms * pace, _TALK_SPREAD, chance)
        target = one_of(ends, chance)
        if chance.random() < waits:
            talk_ms, target = NEVER_MS, ""
        key = Then.DIALS if chance.random() < _KEYS_SHARE else Then.REFERS
        then = key if target else Then.HANGS_UP
        yield Gesture(Fate(fate) if fate in {"busy", "declines"} else Fate.ANSWERS, ring_ms, talk_ms, then, target)
