"""What somebody asks for a post from a screen, and why it may be refused. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from cti.agents.duty import Standing, Standings
from cti.agents.people import OTHER, Staff
from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.around.duty import DutyAct, DutyKind, DutyVia, PersonId


class Why(StrEnum):
    """The kind of a refusal."""

    UNKNOWN = "unknown"  #: no such post
    IMPOSSIBLE = "impossible"  #: not as things are now
    WRONG = "wrong"  #: a person, a filière or a reason that is not the site's


class Refusal(Exception):
    """Not done; the message says why, in French."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked, and by whom."""

    kind: DutyKind
    poste: AgentId
    by: str
    personne: PersonId = ""
    filieres: tuple[FiliereCode, ...] | None = None  #: None: all that the person may serve
    reason: str = ""
    text: str = ""  #: words of one's own, with the reason *autre*


def act_of(wish: Wish, standings: Standings, staff: Staff, now: Instant, act_id: str) -> DutyAct:
    """The act that answers the wish.

    Raises:
        Refusal: it cannot be done.
    """
    post = staff.post(wish.poste)
    if post is None:
        raise Refusal(Why.UNKNOWN, f"Le poste {wish.poste} n'est pas déclaré.")
    standing = standings.get(wish.poste)
    personne, filieres, reason = (standing.personne if standing is not None else ""), tuple[FiliereCode, ...](), ""
    if wish.kind is not DutyKind.PAUSE and wish.kind is not DutyKind.RESUME and post.fixe:
        raise Refusal(Why.IMPOSSIBLE, f"Le poste {wish.poste} est fixe : ses files sont celles de la configuration.")
    if wish.kind is DutyKind.TAKE:
        personne, filieres = wish.personne, _filieres(wish, wish.personne, staff)
    elif standing is None:
        raise Refusal(Why.IMPOSSIBLE, f"Personne n'a pris le poste {wish.poste}.")
    elif wish.kind is DutyKind.QUEUES:
        filieres = _filieres(wish, personne, staff)
    elif wish.kind is DutyKind.PAUSE:
        reason = _reason(wish, staff)
    elif wish.kind is DutyKind.RESUME:
        _must_be_held(standing, now)
    return DutyAct(
        act_id=act_id,
        at=now,
        kind=wish.kind,
        poste=wish.poste,
        personne=personne,
        filieres=filieres,
        reason=reason,
        by=wish.by,
        via=DutyVia.API,
    )


def _filieres(wish: Wish, personne: PersonId, staff: Staff) -> tuple[FiliereCode, ...]:
    person = staff.people.get(personne)
    if person is None:
        raise Refusal(Why.WRONG, f"La personne « {personne} » n'est pas déclarée.")
    if wish.filieres is None:
        return person.filieres
    foreign = [code for code in wish.filieres if code not in person.filieres]
    if foreign or not wish.filieres:
        may = ", ".join(person.filieres) or "aucune"
        raise Refusal(Why.WRONG, f"{person.nom} ne peut pas servir {', '.join(foreign) or 'aucune file'} ; possibles : {may}.")
    return tuple(dict.fromkeys(wish.filieres))


def _reason(wish: Wish, staff: Staff) -> str:
    if wish.reason not in staff.motifs:
        raise Refusal(Why.WRONG, f"Motif de pause inconnu : « {wish.reason} ». Motifs : {', '.join(staff.motifs)}.")
    text = " ".join(wish.text.split())
    if wish.reason == OTHER and text:
        return f"{OTHER} : {text}"
    if text:
        raise Refusal(Why.WRONG, f"Un texte ne va qu'avec le motif « {OTHER} ».")
    return wish.reason


def _must_be_held(standing: Standing, now: Instant) -> None:
    if standing.held(now) is None:
        raise Refusal(Why.IMPOSSIBLE, f"Le poste {standing.poste} n'est pas en pause.")
