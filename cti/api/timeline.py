"""The story of one call as dated lines, in French, for a person who asks "what happened to this caller?"."""

from collections.abc import Iterator
from typing import Any

from cti.journey import Instant, Journey, Leg, Stage
from cti.journey.events import ConsultEnd, GuestEnd, OfferEnd
from cti.journey.events.placed import SORTANT, Placed, PlacedVia
from cti.journey.model import Consult, Guest, Outcome, StageEnd
from cti.journey.words import iso

_OFFER_ENDS = {
    OfferEnd.NO_ANSWER: "n'a pas répondu",
    OfferEnd.BUSY: "était occupé",
    OfferEnd.REFUSED: "a refusé",
    OfferEnd.CANCELLED: "a cessé d'être sollicité",
    OfferEnd.UNREACHABLE: "était injoignable",
}
_STAGE_ENDS = {
    StageEnd.AGENT_HANGUP: "Fin de la conversation",
    StageEnd.TRANSFERRED: "Transféré",
    StageEnd.GAVE_UP: "Personne n'a pu répondre à temps : la file rend l'appel",
    StageEnd.ABANDONED: "L'appelant a raccroché en attendant",
    StageEnd.MOVED: "Passé dans une autre file",
    StageEnd.WITHDRAWN: "Demande de renfort finie sans réponse",
    StageEnd.UNREACHED: "Correspondant non joint",
}
_MISSES = {
    OfferEnd.NO_ANSWER: "pas de réponse",
    OfferEnd.BUSY: "occupé",
    OfferEnd.REFUSED: "appel refusé",
    OfferEnd.CANCELLED: "l'agent a raccroché",
    OfferEnd.UNREACHABLE: "numéro ou réseau injoignable",
}
_CONSULT_ENDS = {
    ConsultEnd.TRANSFERRED: "l'appelant est passé à l'interlocuteur",
    ConsultEnd.RETURNED: "retour à l'appelant",
    ConsultEnd.NO_ANSWER: "sans réponse",
    ConsultEnd.BUSY: "occupé",
    ConsultEnd.CALLER_GONE: "l'appelant a raccroché entre-temps",
    ConsultEnd.JOINED: "tous ensemble",
}
_GUEST_ENDS = {
    GuestEnd.LEFT: "raccroche",
    GuestEnd.NO_ANSWER: "n'a pas répondu",
    GuestEnd.BUSY: "était occupé",
    GuestEnd.UNREACHABLE: "était injoignable",
    GuestEnd.RELEASED: "est libéré sans avoir raccroché",
}
_OUTCOMES = {
    Outcome.ANSWERED: "Fin de l'appel, répondu",
    Outcome.ABANDONED: "Fin de l'appel, abandonné",
    Outcome.REFUSED: "Appel refusé",
    Outcome.TEST: "Fin de l'appel de test",
    Outcome.REACHED: "Fin de l'appel sortant, correspondant joint",
    Outcome.UNREACHED: "Fin de l'appel sortant, personne n'a été joint",
}


def timeline(journey: Journey) -> list[dict[str, Any]]:
    """Dated lines in the order in which things happened: ``at``, ``since_t0_ms``, ``what``."""
    lines = [line for line in _lines(journey) if line[0] is not None]
    return [
        {"at": iso(at), "since_t0_ms": (at - journey.t0) // 1000, "what": what}
        for at, what in sorted(lines, key=lambda line: line[0] or 0)
        if at is not None
    ]


def _lines(journey: Journey) -> Iterator[tuple[Instant | None, str]]:
    if journey.placed is not None:
        yield from _placed_lines(journey, journey.placed)
    else:
        yield journey.t0, f"Appel reçu sur {journey.flux or '?'} (numéro composé {journey.did or '?'})"
    yield journey.greeting_started_at, "Message d'accueil"
    yield journey.greeting_ended_at, "Fin du message d'accueil"
    for stage in journey.stages[0 if journey.placed is None else 1 :]:
        yield from _stage_lines(stage)
    for consult in journey.consults:
        yield from _consult_lines(consult)
    for guest in journey.guests:
        yield from _guest_lines(guest)
    for recording in journey.recordings:
        yield recording.started_at, "Enregistrement commencé"
        sound = "contrôlé" if recording.problem is None else f"en défaut : {recording.problem}"
        yield recording.checked_at, f"Enregistrement {sound}"
    for anomaly in journey.anomalies:
        yield anomaly.at, f"Anomalie {anomaly.kind} : {anomaly.detail}"
    if journey.outcome is not None:
        yield journey.ended_at, _OUTCOMES[journey.outcome]


def _placed_lines(journey: Journey, placed: Placed) -> Iterator[tuple[Instant | None, str]]:
    """The agent's own talk with whom he called; what follows are filières like any other."""
    how = "demande à l'écran" if placed.via is PlacedVia.ECRAN else "compose au poste"
    yield journey.t0, f"{placed.agent} {how} un appel vers le {placed.number}"
    if placed.via is PlacedVia.ECRAN:
        yield placed.ready_at, f"{placed.agent} décroche son poste"
    yield placed.dialled_at, f"Le {placed.number} est appelé"
    yield placed.ringing_at, "Sonne chez le correspondant"
    yield journey.answered_at, "Le correspondant décroche"
    talk = next(stage for stage in journey.stages if stage.filiere == SORTANT)
    if journey.answered_at is None:
        why = f" : {_MISSES[placed.missed]}" if placed.missed is not None else ""
        yield journey.ended_at, f"Correspondant non joint{why}"
    elif talk.end is not None:
        via = f" par {talk.via}" if talk.via is not None else ""
        yield talk.left_at, f"{_STAGE_ENDS[talk.end]}{via} ({placed.agent})"


def _consult_lines(consult: Consult) -> Iterator[tuple[Instant | None, str]]:
    yield consult.started_at, f"{consult.agent} consulte le {consult.target}"
    yield consult.answered_at, f"{consult.answered_by} répond à la consultation"
    if consult.how is not None:
        yield consult.ended_at, f"Consultation de {consult.agent} : {_CONSULT_ENDS[consult.how]}"
    if consult.recording is not None and consult.recording.problem is not None:
        yield consult.recording.checked_at, f"Enregistrement en défaut : {consult.recording.problem}"


def _guest_lines(guest: Guest) -> Iterator[tuple[Instant | None, str]]:
    name = guest.libelle or guest.number or guest.code
    yield guest.asked_at, f"{guest.by or '?'} invite {name}"
    yield guest.answered_at, f"{name} entre dans la conférence"
    if guest.how is not None:
        yield guest.left_at, f"{name} {_GUEST_ENDS[guest.how]}"


def _stage_lines(stage: Stage) -> Iterator[tuple[Instant | None, str]]:
    motif = f" ({stage.motif})" if stage.motif else ""
    asked = "Entre dans la file" if stage.accompanied is None else "Renfort demandé à"
    yield stage.entered_at, f"{asked} {stage.filiere}{motif}"
    for leg in stage.legs:
        yield from _leg_lines(leg)
    if stage.end is not None:
        via = f" par {stage.via}" if stage.via is not None else ""
        yield stage.left_at, f"{_STAGE_ENDS[stage.end]}{via} ({stage.filiere})"


def _leg_lines(leg: Leg) -> Iterator[tuple[Instant | None, str]]:
    yield leg.offered_at, f"Sonne chez {leg.agent}"
    yield leg.answered_at, f"{leg.agent} décroche"
    yield leg.joined_at, f"{leg.agent} et l'appelant s'entendent"
    if leg.how is not None:
        yield leg.ended_at, f"{leg.agent} {_OFFER_ENDS[leg.how]}"
    elif leg.answered_at is not None:
        yield leg.ended_at, f"{leg.agent} n'est plus avec l'appelant"
