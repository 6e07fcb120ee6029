"""The story of one call as dated lines, in French, for a person who asks "what happened to this caller?"."""

from collections.abc import Iterator
from typing import Any

from cti.journey import Instant, Journey, Leg, Stage
from cti.journey.events import ConsultEnd, OfferEnd
from cti.journey.model import Consult, Outcome, StageEnd
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
}
_CONSULT_ENDS = {
    ConsultEnd.TRANSFERRED: "l'appelant est passé à l'interlocuteur",
    ConsultEnd.RETURNED: "retour à l'appelant",
    ConsultEnd.NO_ANSWER: "sans réponse",
    ConsultEnd.BUSY: "occupé",
    ConsultEnd.CALLER_GONE: "l'appelant a raccroché entre-temps",
}
_OUTCOMES = {
    Outcome.ANSWERED: "Fin de l'appel, répondu",
    Outcome.ABANDONED: "Fin de l'appel, abandonné",
    Outcome.REFUSED: "Appel refusé",
    Outcome.TEST: "Fin de l'appel de test",
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
    yield journey.t0, f"Appel reçu sur {journey.flux or '?'} (numéro composé {journey.did or '?'})"
    yield journey.greeting_started_at, "Message d'accueil"
    yield journey.greeting_ended_at, "Fin du message d'accueil"
    for stage in journey.stages:
        yield from _stage_lines(stage)
    for consult in journey.consults:
        yield from _consult_lines(consult)
    for recording in journey.recordings:
        yield recording.started_at, "Enregistrement commencé"
        sound = "contrôlé" if recording.problem is None else f"en défaut : {recording.problem}"
        yield recording.checked_at, f"Enregistrement {sound}"
    for anomaly in journey.anomalies:
        yield anomaly.at, f"Anomalie {anomaly.kind} : {anomaly.detail}"
    if journey.outcome is not None:
        yield journey.ended_at, _OUTCOMES[journey.outcome]


def _consult_lines(consult: Consult) -> Iterator[tuple[Instant | None, str]]:
    yield consult.started_at, f"{consult.agent} consulte le {consult.target}"
    yield consult.answered_at, f"{consult.answered_by} répond à la consultation"
    if consult.how is not None:
        yield consult.ended_at, f"Consultation de {consult.agent} : {_CONSULT_ENDS[consult.how]}"


def _stage_lines(stage: Stage) -> Iterator[tuple[Instant | None, str]]:
    motif = f" ({stage.motif})" if stage.motif else ""
    yield stage.entered_at, f"Entre dans la file {stage.filiere}{motif}"
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
