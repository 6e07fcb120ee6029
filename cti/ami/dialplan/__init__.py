"""The Asterisk configuration of the service: rendered from the site's description, read back and checked.

In comes a `PbxSpec`; out come texts, files, and a list of what is wrong with them.
What must never happen here: a dialplan that can end a call because something outside did not answer, or a secret in a
message.
"""

from cti.ami.dialplan.check import check, problems
from cti.ami.dialplan.config import pbx_spec
from cti.ami.dialplan.faults import faults
from cti.ami.dialplan.render import HAND_WRITTEN, SCRIPT, render, stale, write
from cti.ami.dialplan.sortie import for_the_trunk, may_dial
from cti.ami.dialplan.spec import (
    AgentSpec,
    AmiSpec,
    DialplanSpecError,
    EffecteurSpec,
    FiliereSpec,
    FluxSpec,
    PbxSpec,
    PersonSpec,
    SortieSpec,
    TlsSpec,
    TrunkSpec,
)

__all__ = [
    "HAND_WRITTEN",
    "SCRIPT",
    "AgentSpec",
    "AmiSpec",
    "DialplanSpecError",
    "EffecteurSpec",
    "FiliereSpec",
    "FluxSpec",
    "PbxSpec",
    "PersonSpec",
    "SortieSpec",
    "TlsSpec",
    "TrunkSpec",
    "check",
    "faults",
    "for_the_trunk",
    "may_dial",
    "pbx_spec",
    "problems",
    "render",
    "stale",
    "write",
]
