"""The shapes of accounts, rights and the log of accesses."""

from datetime import datetime

from cti.api.contract.shape import Shape
from cti.journey.around.access import AccessOutcome, AccessRole, Relation, Verb


class RightOut(Shape):
    """One thing that one role allows."""

    verb: Verb
    relation: Relation
    role: AccessRole
    reason_asked: bool
    hours: int | None


class MeOut(Shape):
    """Who asks, and what she may."""

    who: str
    nom: str
    named: bool
    roles: list[AccessRole]
    personne: str
    token_id: str
    expires_at: datetime | None
    rights: list[RightOut]


class TraceOut(Shape):
    """One entry of the log, as it is digested (docs/decisions/0025)."""

    seq: int
    at: datetime
    who: str
    role: str
    verb: str
    call_id: str
    piece_id: str
    relation: str
    reason: str
    client: str
    outcome: AccessOutcome
    detail: str
    previous: str
    hash: str


class TracesOut(Shape):
    """Entries of the log, in order."""

    traces: list[TraceOut]
    next_after: int | None


class HeadOut(Shape):
    """The head of the log at the end of a civil day."""

    day: str
    seq: int
    hash: str
    published: datetime | None


class HeadsOut(Shape):
    """The head of the log now, and those of the days that are over, the newest first."""

    at: datetime
    seq: int
    hash: str
    days: list[HeadOut]
    faults: list[str]
