"""What the api asks of an identity provider."""

from dataclasses import dataclass, field
from typing import Protocol

from cti.api.edge.door import Known


class NotNow(Exception):
    """The provider does not answer: people sign in by password."""


class NotBack(Exception):
    """She is not believed, or nobody here is she: the log says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where the browser goes, and what ties it to its coming back."""

    address: str
    binder: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """She is in."""

    cookie: str = field(repr=False)
    known: Known
    vers: str  #: where she wanted to go


class IdentityProvider(Protocol):
    """Somebody else who knows people."""

    @property
    def name(self) -> str:
        """How people call it; empty when the site has none."""
        ...

    async def depart(self, vers: str) -> Departure:
        """Where to send the browser.

        Raises:
            NotNow: the provider does not answer.
        """
        ...

    async def arrive(self, state: str, code: str, error: str, binder: str, client: str) -> Back:
        """She is back.

        Raises:
            NotBack: she is not believed, or nobody here is she.
            NotNow: the provider does not answer.
            StoreUnavailable: the accounts cannot be read or written now.
        """
        ...
