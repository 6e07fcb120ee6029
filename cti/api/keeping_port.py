"""What the api needs of what is kept, handed over and verified, and the values that pass.

Every port answers plain data. One that cannot read now raises ``StoreUnavailable``, which becomes a 503; so does an OSError, with
its words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cti.access import About, Asker
from cti.api.edge.door import Known
from cti.journey.around.access import Tie, Verb
from cti.journey.around.keeping import HoldKind, Target


class NotAllowed(Exception):
    """The table of rights does not give it; the message, in French, says why. The refusal is in the log."""

    def __init__(self, why: str, *, needs_reason: bool, traced: bool) -> None:
        super().__init__(why)
        self.needs_reason = needs_reason
        self.traced = traced


class TooMany(Exception):
    """So many wait already; the message says so, in French."""


class PackageGone(Exception):
    """The package is kept no longer; the message says why, in French."""


class AlreadyRunning(Exception):
    """The same work is under way; the message says since when and by whom, in French."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """What is to be handed over: what, by which writing, to whom, how."""

    targets: tuple[tuple[str, str], ...]  #: scope (``Scope``) and name
    reference: str
    asked_by: str
    reason: str
    recipients: tuple[str, ...] = ()
    form: str | None = None
    masks: tuple[tuple[str, int, int, str, str], ...] = ()  #: piece, from, to (milliseconds), side, reason


class Exports(Protocol):
    """What is handed over."""

    async def make(self, known: Known, client: str, wish: ExportWish) -> dict[str, Any]:
        """Decide, write it in the log, make; what it is when patience ends: made, or on its way.

        Raises:
            NotAllowed, TooMany: not her, not now.
            ExportRefused: it cannot be given as asked (``cti.archive.exporting.asked``).
        """
        ...

    async def owner(self, export_id: str) -> str | None:
        """Who made it; None when there is none of this name."""
        ...

    async def state(self, known: Known, export_id: str) -> dict[str, Any] | None:
        """How far it is, or what it was; None when there is none of this name."""
        ...

    async def all(self, by: str | None) -> Sequence[dict[str, Any]]:
        """Every one, the newest first; of one account when named."""
        ...

    async def package(self, known: Known, client: str, export_id: str, *, fetched: bool) -> tuple[Path, str]:
        """Where the closed package lies, and what to call it; that it is fetched is in the log first.

        Raises:
            PackageGone: there is none, or no more.
        """
        ...

    async def not_hers(self, known: Known, client: str, export_id: str) -> None:
        """Write down that somebody asked for another's package."""
        ...


class Keeping(Protocol):
    """Holds and eliminations, each act under the account of whoever does it.

    Acts raise ``Refused`` of ``cti.journey.around.keeping`` (``Unknown`` when the number is nobody's).
    """

    async def ties(self, known: Known, target: Target) -> tuple[Tie, ...]:
        """What ties this person to all that the target names."""
        ...

    async def holds(self, *, everything: bool) -> Sequence[dict[str, Any]]:
        """The holds that are open, or every one."""
        ...

    async def target_of(self, number: int) -> Target:
        """What a hold names."""
        ...

    async def place(
        self, known: Known, target: Target, *, kind: HoldKind, reference: str, asked_by: str, reason: str
    ) -> dict[str, Any]:
        """Place a hold; it, and the pieces that it covers now."""
        ...

    async def release(self, known: Known, number: int, *, reason: str) -> dict[str, Any]:
        """Release it; it, and the pieces that are free."""
        ...

    async def proposals(self) -> dict[str, Any]:
        """Every proposal, and how many pieces past their time are on none."""
        ...

    async def proposal(self, number: int) -> dict[str, Any]:
        """One with its list, and how far its execution is."""
        ...

    async def propose(self, known: Known, *, reason: str) -> dict[str, Any]:
        """Put what is due on a list."""
        ...

    async def approve(self, known: Known, number: int, *, visa: str) -> dict[str, Any]:
        """Approve it, with the visa of the archives."""
        ...

    async def withdraw(self, known: Known, number: int, *, reason: str) -> dict[str, Any]:
        """Take it back."""
        ...

    async def execute(self, known: Known, client: str, number: int) -> dict[str, Any]:
        """Begin to execute it, aside; how far it is.

        Raises:
            AlreadyRunning: one at a time.
        """
        ...

    async def records(self) -> dict[str, Any]:
        """The register of what was destroyed, its head, and whatever is wrong with it."""
        ...


class Verification(Protocol):
    """The whole archive and the log of accesses, read back."""

    async def start(self, known: Known, client: str, *, opened: bool) -> dict[str, Any]:
        """Begin, aside; how far it is.

        Raises:
            AlreadyRunning: one at a time.
        """
        ...

    async def state(self) -> dict[str, Any]:
        """How far it is, or what the last one found; ``etat`` is ``jamais`` before the first."""
        ...


class Acts(Protocol):
    """The log of accesses, for what was done."""

    async def __call__(self, asker: Asker, verb: Verb, about: About, reason: str = "") -> None:
        """What a right was used for, once it is done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All of it together."""

    exports: Exports
    keeping: Keeping
    verification: Verification
    did: Acts
