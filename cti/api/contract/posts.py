"""The shapes of posts, people and times (``cti.agents.telling``)."""

from datetime import datetime

from cti.agents.readiness import Lack
from cti.api.contract.shape import Shape
from cti.journey.around.duty import DutyKind
from cti.journey.events import Presence


class LackOut(Shape):
    """Something that is not good at a post, in French, and what to do about it."""

    code: Lack
    texte: str
    faire: str


class NotReadyOut(Shape):
    """Why a post may be offered no call though nobody paused it; ``garde``: as the last one it is offered some all the same."""

    since: datetime
    garde: bool
    manques: list[LackOut]


class PostOut(Shape):
    """A post: who sits there, what for, and what holds it."""

    poste: str
    numero: str
    fixe: bool
    personne: str | None
    nom: str
    role: str | None
    filieres: list[str]
    since: datetime | None
    hold: DutyKind | None
    reason: str
    hold_since: datetime | None
    hold_until: datetime | None
    by: str
    pas_pret: NotReadyOut | None
    presence: dict[str, Presence]


class PersonOut(Shape):
    """Who may take a post."""

    personne: str
    nom: str
    role: str
    filieres: list[str]
    numero: str


class LookOut(Shape):
    """The last comparison of the PBX's queues with the acts."""

    at: datetime
    why: str
    found: list[str]
    failed: list[str]


class DutyOut(Shape):
    """Every post of the room."""

    at: datetime
    posts: list[PostOut]
    people: list[PersonOut]
    reasons: list[str]
    look: LookOut | None


class DutyDone(Shape):
    """The post after an act; ``followed``: the PBX's queues say the same already."""

    post: PostOut
    followed: bool


class TimesRow(Shape):
    """One person's times, in milliseconds."""

    personne: str
    nom: str
    postes: list[str]
    duty_ms: int | None
    unseen_ms: int | None
    states: dict[str, int]
    reasons: dict[str, int]


class TimesOut(Shape):
    """Times by person."""

    since: datetime
    until: datetime
    people: list[TimesRow]
