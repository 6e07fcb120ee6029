"""What the api needs of the desks: who may look at one, its picture, its stream, and what its person may ask for there."""

from enum import StrEnum
from typing import Any, Protocol

from cti.api.edge.door import Known
from cti.journey import AgentId, CallId
from cti.live.feed import Subscription


class DeskWhy(StrEnum):
    """The kind of a refusal."""

    UNKNOWN = "unknown"  #: no such post, or no such call (404)
    NOT_HERS = "not_hers"  #: neither hers nor a supervisor's (403)
    NOT_NOW = "not_now"  #: not as things are now (409)
    UNREACHABLE = "unreachable"  #: the PBX did not take it (503)


class DeskRefused(Exception):
    """Not done; the message says why, in French."""

    def __init__(self, why: DeskWhy, message: str) -> None:
        super().__init__(message)
        self.why = why


class Desks(Protocol):
    """Every desk of the room."""

    def choices(self, known: Known) -> dict[str, Any]:
        """Who she is in the room, where she sits, and the posts that she may take."""
        ...

    def check(self, known: Known, poste: AgentId) -> None:
        """Whether she may look at this desk: who sits there, a superviseur, the site itself.

        Raises:
            DeskRefused: no such post, or it is not hers.
        """
        ...

    def snapshot(self, poste: AgentId) -> dict[str, Any]:
        """The whole picture of this desk, which was checked."""
        ...

    def subscribe(self, poste: AgentId, last_id: str | None = None) -> Subscription:
        """A page follows this desk, which was checked.

        Raises:
            TooManyScreens: so many follow it already.
        """
        ...

    def leave(self, poste: AgentId, screen: Subscription, /) -> None:
        """This page is gone."""
        ...

    def close(self) -> None:
        """The service stops."""
        ...

    async def note(self, known: Known, call_id: CallId, texte: str, by: str) -> dict[str, Any]:
        """Write what the caller told; the note as it stands.

        Raises:
            DeskRefused: no such call, or none of hers.
            StoreUnavailable: it cannot be written; nothing was done.
        """
        ...

    async def notes(self, known: Known, call_id: CallId) -> list[dict[str, Any]]:
        """What was written about a call of hers, or about the call before one that she has now from the same number.

        Raises:
            DeskRefused: no call of hers.
            StoreUnavailable: nothing can be read now.
        """
        ...

    async def hang_up(self, known: Known, poste: AgentId, call_id: CallId, by: str) -> str:
        """End the part of this post in a call, as its phone would; in French what was asked.

        Raises:
            DeskRefused: the desk or the call is not hers, it is not possible now, or the PBX did not take it.
        """
        ...
