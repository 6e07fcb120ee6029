"""The shapes of what is answered about several people with one caller."""

from datetime import datetime

from cti.api.contract.shape import Shape
from cti.journey.events import GuestEnd


class GuestOut(Shape):
    """Somebody of no filière in the conversation; an outside number is whole, it may be dialled again."""

    guest: str
    code: str
    libelle: str
    number: str | None
    by: str | None
    asked_at: datetime
    answered_at: datetime | None
    left_at: datetime | None
    how: GuestEnd | None


class RoomAsked(Shape):
    """Something was asked of the caller's room."""

    call_id: str
    act: str
    detail: str


class EffecteurOut(Shape):
    """Somebody outside who can be invited."""

    code: str
    libelle: str
    numero: str


class Directory(Shape):
    """Who can be invited into a conversation."""

    effecteurs: list[EffecteurOut]
