"""The shapes of what tells whether all is well: the report of differences with the PBX's own logs, and the probes."""

from datetime import datetime
from typing import Literal

from cti.api.contract.shape import Shape


class DiscrepancyOut(Shape):
    """One thing on which we and the witnesses of a call do not agree."""

    kind: str
    call_id: str
    words: str
    ours: str
    witnesses: dict[str, str]


class ReconcileOut(Shape):
    """What we hold beside CEL and queue_log."""

    since: datetime
    until: datetime
    calls: int
    witnessed: int
    queue_rows: int
    agrees: bool
    differences: list[DiscrepancyOut]
    troubles: list[str]


class CheckOut(Shape):
    """One thing that must work."""

    name: str
    ok: bool
    detail: str


class Ready(Shape):
    """Whether the service is ready, and if not why."""

    ready: bool
    checks: list[CheckOut]


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"]
