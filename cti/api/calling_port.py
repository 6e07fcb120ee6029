"""What the api needs of outgoing calls: who wants to call whom, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.journey import CallId


class PlaceVerdict(StrEnum):
    """What became of a wish to call somebody."""

    ASKED = "asked"  #: the agent's phone is about to ring (202)
    IGNORED = "ignored"  #: he is on the line with this number, or has just asked for it (200)
    NOT_FOUND = "not_found"  #: no such post, entry, call or dossier (404)
    NOT_NOW = "not_now"  #: he is on the phone, his phone is out of reach, or somebody else calls back (409)
    NOT_ALLOWED = "not_allowed"  #: this number may not go out (422)
    PBX_UNREACHABLE = "pbx_unreachable"  #: 503


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWish:
    """Who wants to call whom, and for what: a number, or an entry of the call-back list."""

    poste: str  #: an endpoint or its internal number
    by: str
    numero: str | None = None
    callback: CallId | None = None
    version: int = 0  #: of the entry as it was seen
    about: CallId | None = None  #: the call whose dossier it belongs to
    dossier_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceResult:
    """The verdict, in French why, and the call when there is one."""

    verdict: PlaceVerdict
    detail: str = ""
    call_id: CallId | None = None


class Calling(Protocol):
    """Asks the PBX for outgoing calls."""

    async def place(self, wish: PlaceWish) -> PlaceResult:
        """Ring this agent's phone, and dial when he picks it up; returns within three seconds.

        Raises:
            StoreUnavailable: the call-back list cannot be read or written now.
        """
        ...
