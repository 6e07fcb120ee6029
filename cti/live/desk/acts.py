"""What a person may ask for about her call now, and in French why not. Pure.

The room that carries an act out decides again when it is asked; here a button that would be refused says so beforehand. What a
phone alone can do (pick up, hold, mute) is not here: the page asks its own phone, or says that it is done on the set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cti.journey import FiliereCode, Journey
from cti.live.desk.places import Here, Place


class DeskAct(StrEnum):
    """What may be asked for."""

    TRANSFER = "transferer"
    HANG_UP = "raccrocher"
    P0 = "p0"
    WITHDRAW = "retirer"  #: nobody is wanted any more whom nobody has answered for
    CONSULT = "consulter"
    COMPLETE = "passer"
    GIVE_UP = "revenir"
    JOIN = "reunir"
    INVITE = "inviter"
    NOTE = "noter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the answers stand on, besides the call."""

    seen: bool  #: the PBX is in sight
    p0: FiliereCode | None = None  #: the filière of a P0; None: the site has none


_BLIND = "La liaison avec le PBX est perdue : agissez sur le téléphone."
_FIRST = "Décrochez d'abord."
_NOT_YET = "Personne n'a encore décroché."
_NOT_HERS = "L'appelant est avec votre collègue."
_CONSULTING = "Une consultation est en cours : passez l'appelant ou revenez à lui."
_NO_CONSULT = "Aucune consultation en cours."
_WITH_CALLER = frozenset({Place.TALKING, Place.HELD, Place.ROOM})


def acts_of(journey: Journey, here: Here, ground: Ground) -> Mapping[DeskAct, str | None]:
    """For each act None when it may be asked for, else why not."""
    away = _away(here)
    consulting = here.place is Place.CONSULTING
    passed = away or (_CONSULTING if consulting else None)
    found = {
        DeskAct.TRANSFER: passed,
        DeskAct.HANG_UP: _hang_up(here),
        DeskAct.P0: passed or _p0(journey, ground),
        DeskAct.WITHDRAW: away or _withdraw(journey),
        DeskAct.CONSULT: passed or _consult(here),
        DeskAct.COMPLETE: away or _complete(here),
        DeskAct.GIVE_UP: away or (None if consulting else _NO_CONSULT),
        DeskAct.JOIN: away or _join(here),
        DeskAct.INVITE: passed,
    }
    if not ground.seen:
        found = dict.fromkeys(found, _BLIND)
    # What somebody knows of a caller is never lost for want of a PBX.
    return {**found, DeskAct.NOTE: _FIRST if here.place is Place.RINGING else None}


def _away(here: Here) -> str | None:
    """Why she has no caller to act on."""
    match here.place:
        case Place.RINGING:
            return _FIRST
        case Place.PLACING:
            return _NOT_YET
        case Place.CONSULTED:
            return _NOT_HERS
        case _:
            return "Vous êtes invité : c'est votre collègue qui mène l'appel." if here.guest is not None else None


def _hang_up(here: Here) -> str | None:
    if here.place is Place.RINGING:
        return "Un appel qui sonne se refuse sur le téléphone ; il passe seul au suivant."
    if here.place is Place.CONSULTING:
        return _CONSULTING
    return None if here.leg else "Raccrochez sur le téléphone."


def _p0(journey: Journey, ground: Ground) -> str | None:
    if ground.p0 is None:
        return "Aucune filière du site ne répond aux P0."
    asked = [stage for stage in journey.stages if stage.filiere == ground.p0 and stage.left_at is None]
    if not asked:
        return None
    return "Le médecin est déjà là." if any(stage.answered_at is not None for stage in asked) else "Le P0 est déjà demandé."


def _withdraw(journey: Journey) -> str | None:
    open_stages = (stage for stage in journey.stages if stage.accompanied is not None and stage.left_at is None)
    return None if any(stage.answered_at is None for stage in open_stages) else "Personne n'est demandé pour cet appel."


def _consult(here: Here) -> str | None:
    return "On ne consulte pas depuis une conférence : d'autres y sont avec l'appelant." if here.place is Place.ROOM else None


def _complete(here: Here) -> str | None:
    if here.consult is None:
        return _NO_CONSULT
    ringing_post = here.consult.answered_at is None and here.consult.target.isdigit()
    return "Ce poste n'a pas encore décroché : attendez sa réponse ou revenez à l'appelant." if ringing_post else None


def _join(here: Here) -> str | None:
    if here.consult is None:
        return _NO_CONSULT
    return _NOT_YET if here.consult.answered_at is None else None
