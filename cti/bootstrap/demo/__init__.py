"""``cti demo``: a whole SAS on this machine: real PBX, simulated people, the service, and the truth at the end."""

from cti.bootstrap.demo.show import DemoPlan, demo

__all__ = ["DemoPlan", "demo"]
