"""Profiles: the conventions under which the same calls are counted, and the whole of ``qos.toml``.

The regulatory texts leave open which clock, which flows and which hours; SAE, DGOS and Asterisk answer differently, and the
same ten calls give 30 % to 80 %. So each convention is a named profile, and the raw milliseconds serve them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from cti.qos.calendar import CALENDAR_RULES, PdsaCalendar, read_calendar
from cti.qos.figures import DEFINITIONS, ROLES, USUAL, FigureUnit
from cti.qos.rules import Block, Problems, Rule, Unit, read_rules


class Hours(StrEnum):
    """Which hours of the calendar count."""

    SAS = "sas"
    PDSA = "pdsa"
    ALL = "24h"


class Clock(StrEnum):
    """From when a caller waits."""

    T0 = "t0"  #: arrival on our system, first channel event
    AFTER_GREETING = "apres_accueil"  #: end of the welcome message, arrival when there is none
    QUEUE = "file"  #: entry in the first queue: all that app_queue knows


class Comparison(StrEnum):
    """How a wait is compared with a threshold."""

    STRICT = "strict"  #: <
    INCLUSIVE = "inclus"  #: <=


class Resolution(StrEnum):
    """How finely a wait is measured."""

    MS = "ms"
    SECOND = "seconde"  #: difference of two whole-second stamps, as app_queue does: one second more or less


class UnknownProfile(ValueError):
    """No profile has that name."""


#: The thresholds every site must give.
THRESHOLDS: Final[Mapping[str, Unit]] = {
    "seuil_qs30": Unit.MS,
    "seuil_qs60": Unit.MS,
    "seuil_abandon_court": Unit.MS,
    "seuil_conversation_courte": Unit.MS,
}
_TARGETS: Final[Mapping[str, Unit]] = {
    f"objectif_{code}": Unit.RATIO for code, definition in DEFINITIONS.items() if definition.unit is FigureUnit.RATIO
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One convention."""

    code: str
    libelle: str
    reference: str
    hours: Hours
    public_only: bool
    clock: Clock
    comparison: Comparison
    resolution: Resolution
    short_abandons_excluded: bool
    refused_counted: bool  #: calls turned away count as entrants
    figures: tuple[str, ...]

    @property
    def sign(self) -> str:
        """The comparison as it is printed in formulas."""
        return "<" if self.comparison is Comparison.STRICT else "<="


@dataclass(frozen=True, slots=True)
class Regulation:
    """All that ``qos.toml`` says."""

    version: str
    rules: Mapping[str, Rule]
    profiles: Mapping[str, Profile]
    roles: Mapping[str, tuple[str, ...]]  #: role -> the filières it answers
    calendar: PdsaCalendar

    def profile(self, code: str) -> Profile:
        """The profile of that name.

        Raises:
            UnknownProfile: there is none; the message lists those that exist.
        """
        found = self.profiles.get(code)
        if found is None:
            raise UnknownProfile(f"profil inconnu {code!r} ; profils existants : {', '.join(self.profiles)}")
        return found

    def threshold_ms(self, code: str, day: date) -> int:
        """A threshold on a local civil day, in milliseconds.

        Raises:
            cti.qos.rules.NoValueYet: the rules begin after that day.
        """
        return int(self.rules[code].on(day))


def from_mapping(data: Mapping[str, object], file: str) -> Regulation:
    """Read the whole of ``qos.toml``, already parsed.

    Raises:
        cti.qos.rules.QosConfigError: with every fault of the file.
    """
    problems = Problems(file)
    top = Block(problems, "(top)", data)
    version = top.text("version")
    settings = read_calendar(Block(problems, "calendrier", top.take("calendrier")))
    rules = read_rules(top.blocks("regles"), {**THRESHOLDS, **CALENDAR_RULES}, _TARGETS, top)
    profiles = {code: _profile(code, block) for code, block in top.blocks("profils").items()}
    roles = _roles(Block(problems, "roles", top.take("roles")))
    top.finish()
    problems.raise_if_any()
    return Regulation(version, rules, profiles, roles, PdsaCalendar(settings, rules))


def _profile(code: str, block: Block) -> Profile:
    figures = block.texts("indicateurs", USUAL)
    for name in figures:
        if name not in DEFINITIONS:
            block.fault("indicateurs", f"unknown figure {name!r}")
    profile = Profile(
        code=code,
        libelle=block.text("libelle"),
        reference=block.text("reference"),
        hours=Hours(block.choice("plage", tuple(Hours))),
        public_only=block.choice("flux", ("public", "tous")) == "public",
        clock=Clock(block.choice("horloge", tuple(Clock))),
        comparison=Comparison(block.choice("comparaison", tuple(Comparison))),
        resolution=Resolution(block.choice("resolution", tuple(Resolution))),
        short_abandons_excluded=block.boolean("exclut_abandons_courts", default=True),
        refused_counted=block.boolean("compte_refuses", default=False),
        figures=figures,
    )
    block.finish()
    return profile


def _roles(block: Block) -> dict[str, tuple[str, ...]]:
    roles = {role: block.texts(role) for role in ROLES}
    seen: dict[str, str] = {}
    for role, filieres in roles.items():
        for filiere in filieres:
            if filiere in seen:
                block.fault(role, f"filière {filiere!r} is also in {seen[filiere]}")
            seen[filiere] = role
    block.finish()
    return roles
