"""The decision: may this person do this with that recording, now? Pure, from the table alone.

Every tie of the person is tried with every role; the right that lasts longest is given. One that lacks only a reason is not lost:
the refusal says that a reason is asked. The answer to a right that is over says when it ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from cti.access.table import AccessSettings, Right
from cti.journey.around.access import AccessRole, Relation, Tie, UserName, Verb
from cti.journey.words import Instant, as_datetime

_HOUR_US: Final = 3_600_000_000
REASON_MOST: Final = 200

_DOING: Final[dict[Verb, str]] = {
    Verb.ECOUTER: "écouter cet enregistrement",
    Verb.EXPORTER: "exporter cet enregistrement",
    Verb.CHERCHER: "chercher dans les enregistrements",
    Verb.VOIR: "voir cet appel",
    Verb.VERIFIER: "lire le journal des accès",
    Verb.CONSERVER: "placer une conservation légale",
    Verb.LIBERER: "lever une conservation légale",
    Verb.PROPOSER: "proposer une destruction",
    Verb.APPROUVER: "approuver une destruction",
    Verb.ADMINISTRER: "administrer les comptes",
    Verb.TIRER: "tirer au sort des appels pour une revue qualité",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Yes."""

    until: Instant | None  #: not beyond; None: no limit of time
    why: str  #: in French: by which role and which relation
    role: AccessRole
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No."""

    why: str  #: in French
    needs_reason: bool = False  #: the same with a reason would be granted
    traced: bool = True  #: False: refused because its trace could not be written


Decision: TypeAlias = Granted | Refused


@dataclass(frozen=True, slots=True)
class _Way:
    """One row of the table that speaks of this person and this recording."""

    role: AccessRole
    row: Right
    until: Instant | None


def decide(
    settings: AccessSettings,
    *,
    person: UserName,
    roles: Sequence[AccessRole],
    verb: Verb,
    ties: Iterable[Tie],
    reason: str,
    at: Instant,
) -> Decision:
    """Whether this person may, at that instant.

    Args:
        settings: the site's table.
        person: for the words of the answer only: rights belong to roles.
        roles: every role of the account.
        verb: what she wants to do.
        ties: what ties her to the recording (``cti.access.ties``).
        reason: why, in her words; empty when she said nothing.
        at: now.
    """
    ways = [way for tie in ties for role in roles for way in _ways(settings, role, verb, tie, at)]
    if not ways:
        return Refused(why=_nothing(person, roles, verb))
    alive = [way for way in ways if way.until is None or way.until > at]
    if not alive:
        ended = max(way.until for way in ways if way.until is not None)
        when = as_datetime(ended).strftime("%d/%m/%Y à %H:%M:%S UTC")
        return Refused(why=f"Le droit de {person} ({_DOING[verb]}) s'est terminé le {when}.")
    if fault := reason_fault(reason):
        return Refused(why=fault, needs_reason=True)
    open_ways = [way for way in alive if reason.strip() or not way.row.needs_reason]
    if not open_ways:
        return Refused(why=f"Pour {_DOING[verb]}, il faut dire pourquoi : un motif est demandé.", needs_reason=True)
    best = max(open_ways, key=lambda way: (way.until is None, way.until or 0))
    why = f"rôle {best.role}, relation {best.row.relation}"
    return Granted(until=best.until, why=why, role=best.role, relation=best.row.relation)


def reason_fault(reason: str) -> str:
    """What is wrong with a reason that was given, in French; empty when nothing is."""
    if len(reason) > REASON_MOST or (reason and not reason.isprintable()):
        return f"Le motif est une ligne d'au plus {REASON_MOST} caractères."
    return ""


def _ways(settings: AccessSettings, role: AccessRole, verb: Verb, tie: Tie, at: Instant) -> list[_Way]:
    row = settings.allows(role, verb, tie.relation)
    if row is None:
        return []
    # While the call goes on, its time has not begun to count.
    counted = None if row.hours is None else (tie.since if tie.since is not None else at) + row.hours * _HOUR_US
    ends = [end for end in (counted, tie.until) if end is not None]
    return [_Way(role, row, min(ends) if ends else None)]


def _nothing(person: UserName, roles: Sequence[AccessRole], verb: Verb) -> str:
    if not roles:
        return f"Le compte {person} n'a aucun rôle : il ne peut pas {_DOING[verb]}."
    return f"{person} ({', '.join(roles)}) ne peut pas {_DOING[verb]} : aucun de ses rôles ne le permet à ce titre."
