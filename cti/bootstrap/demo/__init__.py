"""``cti demo``: a whole SAS on this machine, and the truth at the end.

A shipped configuration enters, a report leaves: what the simulated people did against what the store says, call by call. What
must never happen here: a call, a figure or a person that the real service would not have had.
"""

from cti.bootstrap.demo.show import DemoPlan, demo

__all__ = ["DemoPlan", "demo"]
