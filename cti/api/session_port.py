"""What the api asks of whoever signs people in."""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from cti.api.edge.door import Doorkeeper, Known


class TooManyTries(Exception):
    """So many wait to be looked at that one more is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """She is in."""

    cookie: str = field(repr=False)
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """She is not, and is told as little as this."""

    wait_seconds: int = 0  #: nothing is looked at before; 0: she may try again
    code_asked: bool = False  #: the password was right, a code is missing
    remote: bool = False  #: the password was right, and nobody comes in from there without a code, which this account has not


Came: TypeAlias = SignedIn | TurnedAway


class Signing(Doorkeeper, Protocol):
    """Signs people in and out."""

    async def sign_in(self, name: str, password: str, code: str, client: str) -> Came:
        """One try, written down.

        Raises:
            TooManyTries: too many wait already.
            StoreUnavailable: nothing can be read or written now.
        """
        ...

    async def sign_out(self, known: Known, client: str) -> None:
        """She leaves.

        Raises:
            StoreUnavailable: it could not be written; she is still in.
        """
        ...

    async def has_code(self, known: Known) -> bool:
        """Whether one-time codes are asked of her.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...
