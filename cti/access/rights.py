"""The port through which every listening, export and search goes: decide, write the trace, and only then answer.

The trace comes first: when it cannot be written, the answer is no, whatever the table says. A refusal is written as a grant is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cti.access.chain import Said, link
from cti.access.decision import Decision, Granted, Refused, decide
from cti.access.table import AccessSettings
from cti.journey.around.access import ENTER, AccessOutcome, AccessRole, AccountChange, Tie, Trace, UserName, Verb
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import Instant

_UNWRITTEN = "La trace de cet accès n'a pas pu être écrite : rien n'est donné. Réessayez dans quelques secondes."


class Journal(Protocol):
    """Where traces are kept."""

    def append(self, work: Callable[[Trace | None], Trace]) -> Trace:
        """Let ``work`` make the entry after the last one, alone, and write it; on disk when this returns.

        Raises:
            StoreUnavailable: nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and from where."""

    who: UserName
    roles: Sequence[AccessRole]
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is asked for; empty where it is not about one call."""

    call_id: str = ""
    piece_id: str = ""
    detail: str = ""  #: in French: what is searched, which passage is heard


class Rights:
    """Decides and writes, in one call. Blocking: it writes to the store. Safe from any thread."""

    def __init__(self, settings: AccessSettings, journal: Journal, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock

    def ask(self, asker: Asker, verb: Verb, about: About, ties: Iterable[Tie], reason: str = "") -> Decision:
        """Whether this person may, now; the answer is in the log before it is given."""
        at = self._clock()
        decision = decide(self._settings, person=asker.who, roles=asker.roles, verb=verb, ties=ties, reason=reason, at=at)
        try:
            self._journal.append(lambda last: link(last, _said(asker, verb, about, reason, decision, at)))
        except StoreUnavailable:
            return Refused(why=_UNWRITTEN, traced=False)
        return decision

    def would(self, asker: Asker, verb: Verb, ties: Iterable[Tie], reason: str = "") -> Decision:
        """What the answer would be: for a screen that shows what may be asked. Nothing is given, so nothing is written."""
        return decide(self._settings, person=asker.who, roles=asker.roles, verb=verb, ties=ties, reason=reason, at=self._clock())

    def ended(self, asker: Asker, verb: Verb, about: About, why: str) -> None:
        """Something that was granted is asked for again and is over; ``why``, in French.

        Raises:
            StoreUnavailable: it could not be written.
        """
        refused = Refused(why=why)
        at = self._clock()
        self._journal.append(lambda last: link(last, _said(asker, verb, about, "", refused, at)))

    def did(self, asker: Asker, verb: Verb, about: About, reason: str = "") -> None:
        """What a right was used for, once it is done.

        Raises:
            StoreUnavailable: it could not be written.
        """
        said = done(asker, verb, about, reason, self._clock())
        self._journal.append(lambda last: link(last, said))

    def turned_away(self, client: str, why: str) -> None:
        """Somebody showed what opens nothing.

        Raises:
            StoreUnavailable: it could not be written.
        """
        at = self._clock()
        said = Said(at=at, who="inconnu", role="", verb=ENTER, outcome=AccessOutcome.REFUSED, client=client, detail=why)
        self._journal.append(lambda last: link(last, said))


def done(asker: Asker, verb: Verb, about: About, reason: str, at: Instant) -> Said:
    """The entry of something that was done by a right that was granted before."""
    return Said(
        at=at,
        who=asker.who,
        role="+".join(asker.roles),
        verb=verb,
        outcome=AccessOutcome.DONE,
        call_id=about.call_id,
        piece_id=about.piece_id,
        reason=reason,
        client=asker.client,
        detail=about.detail,
    )


def account_said(change: AccountChange, client: str) -> Said:
    """The entry of an act on an account."""
    told = f"{change.kind} : compte {change.user.name}" + (f" ({change.detail})" if change.detail else "")
    return Said(
        at=change.at, who=change.by, role="", verb=Verb.ADMINISTRER, outcome=AccessOutcome.DONE, client=client, detail=told
    )


def _said(asker: Asker, verb: Verb, about: About, reason: str, decision: Decision, at: Instant) -> Said:
    granted = isinstance(decision, Granted)
    return Said(
        at=at,
        who=asker.who,
        role=decision.role if isinstance(decision, Granted) else "+".join(asker.roles),
        verb=verb,
        outcome=AccessOutcome.GRANTED if granted else AccessOutcome.REFUSED,
        call_id=about.call_id,
        piece_id=about.piece_id,
        relation=decision.relation if isinstance(decision, Granted) else "",
        reason=reason,
        client=asker.client,
        detail=" ; ".join(part for part in (about.detail, "" if granted else decision.why) if part),
    )
