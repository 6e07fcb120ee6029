"""The site's table of rights (``acces.toml``): for each relation and verb, which roles may, for how long, who must say why.

A right that no row gives does not exist. Access to recordings belongs to those whose duties call for it, and is traced (CNIL,
« L'écoute et l'enregistrement des appels »); which role that is, and for how long, the site decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from cti.access.connexion import USUAL, SignInSettings, sign_in
from cti.access.oidc import USUAL as NO_PROVIDER
from cti.access.oidc import OidcSettings, provider
from cti.access.reading import AccessConfigError, Reading
from cti.journey.around.access import SCREENS, AccessRole, Relation, Verb

__all__ = ["AccessConfigError", "AccessSettings", "ListeningSettings", "Right", "from_mapping"]

_HOURS_MOST: Final = 24 * 366
_DAYS_MOST: Final = 3650
_KEY_LENGTH: Final = 32
_FIELDS: Final = ("relation", "verbes", "roles", "motif", "duree_heures")
#: What a screen on a wall may at most be given: nobody knows who stands before it.
_SCREEN: Final = frozenset({Verb.VOIR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One row: with this relation, these roles may do these things."""

    relation: Relation
    verbs: frozenset[Verb]
    roles: frozenset[AccessRole]
    needs_reason: bool = False
    hours: int | None = None  #: after the person's part in the call has ended; None: as long as the relation lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningSettings:
    """``[ecoutes]``: how long one listening may last, and what of the voice is held open in memory for it."""

    minutes_most: int = 120  #: of one listening; the right that gave it may end sooner
    open_most: int = 8  #: of one account; one more ends the oldest
    memory_mib: int = 256  #: compressed sound held open, of all listenings together
    idle_seconds: int = 300  #: sound that nobody has asked for since is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """``acces.toml``."""

    rights: tuple[Right, ...]
    heads: str = "tetes"  #: folder of the daily heads of the log, in the service's own unless it is absolute
    days: int = 90  #: life of a token when nobody says
    days_most: int = 365
    key: str = field(default="", repr=False)  #: of the tokens' digests; empty: a file of the service's folder holds it
    listening: ListeningSettings = ListeningSettings()
    sign_in: SignInSettings = USUAL
    oidc: OidcSettings = NO_PROVIDER

    def allows(self, role: AccessRole, verb: Verb, relation: Relation) -> Right | None:
        """The row that says so: the table has at most one."""
        rows = (row for row in self.rights if row.relation is relation and verb in row.verbs and role in row.roles)
        return next(rows, None)


def from_mapping(data: Mapping[str, object], file: str) -> AccessSettings:
    """Read a parsed ``acces.toml``.

    Raises:
        AccessConfigError: with every fault of the file.
    """
    reading = Reading(file)
    reading.only(data, "", ("droits", "traces", "jetons", "ecoutes", "connexion", "oidc"))
    tokens = reading.table(data, "jetons", ("jours", "jours_max", "cle"))
    most = reading.whole(tokens, "[jetons] jours_max", "jours_max", _DAYS_MOST, 365)
    days = reading.whole(tokens, "[jetons] jours", "jours", most, min(90, most))
    key = reading.text(tokens, "[jetons] cle", "cle", "")
    if key and len(key) < _KEY_LENGTH:
        reading.fault("[jetons] cle", f"too short: at least {_KEY_LENGTH} characters (CTI_ACCESS_KEY)")
    heads = reading.text(reading.table(data, "traces", ("tetes",)), "[traces] tetes", "tetes", "tetes")
    listening = _listening(reading, data)
    sign_in_settings, identity = sign_in(reading, data), provider(reading, data)
    blocks = data.get("droits")
    if not isinstance(blocks, list) or not blocks:
        reading.fault("droits", "at least one [[droits]] block is expected")
        blocks = []
    rights = tuple(_right(reading, number, block) for number, block in enumerate(blocks, start=1))
    reading.problems.extend(f"{file}: {told}" for told in _contradictions(rights))
    reading.done()
    return AccessSettings(
        rights=rights,
        heads=heads,
        days=days,
        days_most=most,
        key=key,
        listening=listening,
        sign_in=sign_in_settings,
        oidc=identity,
    )


def _contradictions(rights: tuple[Right, ...]) -> Iterator[str]:
    """What each row allows by itself and the table must not."""
    given: dict[tuple[Relation, Verb, AccessRole], int] = {}
    for number, row in enumerate(rights, start=1):
        for verb in sorted(row.verbs):
            for role in sorted(row.roles):
                first = given.setdefault((row.relation, verb, role), number)
                if first != number:
                    yield f"[droits {number}] {role} may {verb} ({row.relation}) by [droits {first}] already: one row says it"
        if SCREENS & row.roles and row.verbs - _SCREEN:
            names = ", ".join(sorted(SCREENS & row.roles))
            yield f"[droits {number}] {names}: a screen is nobody: it may be given 'voir' at most"
    if rights and not any(Verb.ADMINISTRER in row.verbs for row in rights):
        yield "droits: no role may 'administrer': nobody could withdraw an account through the API"


_USUAL: Final = ListeningSettings()
#: The file's names, with the highest value of each.
_LISTENING: Final[Mapping[str, tuple[str, int]]] = {
    "minutes_max": ("minutes_most", 24 * 60),
    "ouvertes_max": ("open_most", 100),
    "memoire_mio": ("memory_mib", 16_384),
    "oubli_secondes": ("idle_seconds", 86_400),
}


def _listening(reading: Reading, data: Mapping[str, object]) -> ListeningSettings:
    table = reading.table(data, "ecoutes", tuple(_LISTENING))
    values = {
        field: reading.whole(table, f"[ecoutes] {name}", name, most, getattr(_USUAL, field))
        for name, (field, most) in _LISTENING.items()
    }
    return ListeningSettings(**values)


def _right(reading: Reading, number: int, block: object) -> Right:
    place = f"[droits {number}]"
    if not isinstance(block, Mapping):
        reading.fault(place, "a [[droits]] block is expected")
        block = {"relation": Relation.SALLE.value, "verbes": [Verb.ADMINISTRER.value], "roles": [AccessRole.ADMIN.value]}
    reading.only(block, f"{place} ", _FIELDS)
    hours = block.get("duree_heures")
    return Right(
        relation=next(iter(reading.words([block.get("relation")], f"{place} relation", Relation)), Relation.SALLE),
        verbs=reading.words(block.get("verbes"), f"{place} verbes", Verb),
        roles=reading.words(block.get("roles"), f"{place} roles", AccessRole),
        needs_reason=reading.flag(block, f"{place} motif", "motif", default=False),
        hours=None if hours is None else reading.whole(block, f"{place} duree_heures", "duree_heures", _HOURS_MOST, 1),
    )
