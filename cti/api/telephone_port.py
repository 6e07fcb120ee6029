"""What the api needs of the phones of pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cti.journey import AgentId, Instant
from cti.journey.around.duty import PersonId


class PhoneUnreachable(ConnectionError):
    """The PBX cannot be told now; nothing is known to have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """All that a page needs to be a phone for a while."""

    poste: AgentId
    uri: str
    ws: str
    username: str
    password: str
    expires_at: Instant
    ice_servers: Sequence[dict[str, Any]]
    relay_only: bool  #: voice through the TURN servers and no other way
    echo: str  #: dialled to hear oneself


class Telephone(Protocol):
    """Gives and takes back the credentials of browser phones."""

    async def open(self, poste: AgentId, who: PersonId) -> Opened:
        """Credentials of this post for the person who sits there; those given before open nothing any more.

        Raises:
            PhoneRefusal: no such post, nobody there, or somebody else (``cti.agents.telephone``).
            PhoneUnreachable: the PBX was not told.
        """
        ...

    async def close(self, poste: AgentId, who: PersonId) -> None:
        """Take them back.

        Raises:
            PhoneRefusal: no such post, nobody there, or somebody else.
            PhoneUnreachable: the PBX was not told.
        """
        ...
