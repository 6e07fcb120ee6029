"""The phone of a page: who may open it at a post, which credentials are out, and which of them must go. Pure.

A credential belongs to one post, one person and one sitting (the instant at which she took the post). It is good until its end,
and goes at once when somebody else sits there, when nobody does, or when the post is no longer in a browser. A later one for the
same post replaces it: a post has one phone. A post without a phone is *closed*: its password is random and nobody's, so
that whoever tries is refused like anybody with a wrong password.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cti.agents.duty import Standing
from cti.journey import AgentId, Instant
from cti.journey.around.duty import PersonId
from cti.journey.around.telephone import Credential


class PhoneWhy(StrEnum):
    """In which way it is not possible."""

    UNKNOWN = "unknown"  #: no such post, or none in a browser
    EMPTY = "empty"  #: nobody sits there
    NOT_YOURS = "not_yours"  #: somebody else does


class PhoneRefusal(Exception):
    """No phone for this person at this post; the message says why, in French."""

    def __init__(self, why: PhoneWhy, message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class PhoneRules:
    """What the site says."""

    posts: frozenset[AgentId]  #: those in a browser
    lasts_us: int  #: how long a credential is good, microseconds


def require_hers(poste: AgentId, who: PersonId, standings: Mapping[AgentId, Standing], rules: PhoneRules) -> Standing:
    """The standing of whoever asks for the phone of this post.

    Raises:
        PhoneRefusal: the post is not in a browser, nobody sits there, or somebody else does.
    """
    if poste not in rules.posts:
        raise PhoneRefusal(PhoneWhy.UNKNOWN, f"Le poste {poste} n'est pas un poste dans le navigateur.")
    standing = standings.get(poste)
    if standing is None:
        raise PhoneRefusal(PhoneWhy.EMPTY, f"Personne n'est au poste {poste} : il faut d'abord le prendre.")
    if standing.personne != who:
        raise PhoneRefusal(PhoneWhy.NOT_YOURS, f"Quelqu'un d'autre est au poste {poste}.")
    return standing


def credential(standing: Standing, rules: PhoneRules, now: Instant) -> Credential:
    """What she is given now."""
    return Credential(standing.poste, standing.personne, standing.since, now + rules.lasts_us)


def superfluous(
    out: Iterable[Credential], standings: Mapping[AgentId, Standing], rules: PhoneRules, now: Instant
) -> list[Credential]:
    """Those that must go: not those of a post that is closed already."""
    return [
        one
        for one in out
        if not (one.closed and one.poste in rules.posts) and not _holds(one, standings.get(one.poste), rules, now)
    ]


def unclosed(out: Iterable[Credential], rules: PhoneRules) -> list[AgentId]:
    """Posts in a browser of which the PBX knows nothing yet."""
    return sorted(rules.posts - {one.poste for one in out})


def _holds(one: Credential, standing: Standing | None, rules: PhoneRules, now: Instant) -> bool:
    return (
        one.poste in rules.posts
        and one.until > now
        and standing is not None
        and (standing.personne, standing.since) == (one.personne, one.since)
    )
