"""How well we answer: the figures of a period, under a stated convention.

In come finished and running journeys, the site's ``qos.toml`` already parsed, and a period; out come figures, each with its
formula, its counts, the rule it was computed by and the calls it could not tell. Nothing here may read a clock, a file or a
database, turn an unknown into a zero, or hold a regulatory number: thresholds, hours and targets are dated data.
"""

from cti.qos.calendar import PdsaCalendar
from cti.qos.figures import Figure
from cti.qos.period import Period, PeriodError, parse_period
from cti.qos.profiles import Profile, Regulation, UnknownProfile, from_mapping
from cti.qos.report import QosReport, report
from cti.qos.rules import NoValueYet, QosConfigError

__all__ = [
    "Figure",
    "NoValueYet",
    "PdsaCalendar",
    "Period",
    "PeriodError",
    "Profile",
    "QosConfigError",
    "QosReport",
    "Regulation",
    "UnknownProfile",
    "from_mapping",
    "parse_period",
    "report",
]
