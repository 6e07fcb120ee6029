"""What of the pieces that were named can be given: all that lies in the archive; what never will is told; the rest is waited for.

A piece that is still on its way refuses the whole export by its name: it will be there in minutes, and a package without it would
look whole. A piece without sound, or one that was destroyed, will never be there: the package says so and goes.
"""

from collections.abc import Iterator, Sequence

from cti.archive.exporting.asked import Absent, BadlyAsked, Candidate, ExportRefused, NothingThere, by_reference
from cti.journey import Journey
from cti.journey.around.keeping import ASKING
from cti.journey.around.voice import VoiceState
from cti.journey.words import iso

_LIES = frozenset({VoiceState.ARCHIVED, VoiceState.HELD})
_NEVER = frozenset({VoiceState.MISSING, VoiceState.DESTROYED})
#: More, and the answer names the first and counts the others.
_NAMED = 10


def chosen(
    target: str, found: Sequence[Candidate], calls: Sequence[Journey] = ()
) -> tuple[tuple[Candidate, ...], tuple[Absent, ...]]:
    """What is given and what is told to be absent, in order of their beginning.

    Args:
        target: what was named, in French.
        found: the pieces of it.
        calls: the calls that were named whole: their recordings that are no pieces yet are waited for too.

    Raises:
        NothingThere: it names no recording.
        ExportRefused: some of it is still on its way, or there is no sound at all in it.
    """
    ordered = sorted(found, key=lambda one: (one.kept.piece.started_at, one.piece_id))
    waited = [line for one in ordered if (line := _waited(one)) is not None]
    waited += [line for journey in calls for line in _unseen(journey, ordered)]
    if waited:
        raise ExportRefused(_listed("pas encore dans l'archive, à redemander quand ce sera fait", waited))
    if not ordered:
        raise NothingThere(f"aucun enregistrement pour {target}")
    given = tuple(one for one in ordered if one.kept.piece.state in _LIES)
    absent = tuple(_absent(one) for one in ordered if one.kept.piece.state in _NEVER)
    if not given:
        raise ExportRefused(_listed("aucun son à remettre", [f"{one.piece_id} ({one.why})" for one in absent]))
    return given, absent


def check_reference(given: Sequence[Candidate], reference: str) -> None:
    """Come back when each piece is named by an open requisition or request of this reference.

    Raises:
        BadlyAsked: a piece is not, with the references that are open.
    """
    without = [one for one in given if not by_reference(one.holds, reference)]
    if not without:
        return
    known = sorted({f"« {hold.reference} » (gel {hold.number})" for one in given for hold in one.holds if hold.kind in ASKING})
    told = _listed(f"la référence « {reference} » n'est celle d'aucun gel ouvert sur", [one.piece_id for one in without])
    raise BadlyAsked(f"{told} ; ouvertes : {', '.join(known)}" if known else told)


def _waited(one: Candidate) -> str | None:
    piece = one.kept.piece
    if piece.state in _NEVER or (piece.state in _LIES and piece.sealed is not None):
        return None
    why = piece.problem or {
        VoiceState.STARTED: "en cours d'enregistrement",
        VoiceState.CLOSED: "à contrôler",
        VoiceState.PROVEN: "à archiver",
        VoiceState.DAMAGED: "abîmée, encore en clair",
    }.get(piece.state, "l'archive ne sait pas où elle est")
    return f"{piece.piece_id} ({why})"


def _unseen(journey: Journey, found: Sequence[Candidate]) -> Iterator[str]:
    """Recordings of a call that are no pieces yet."""
    known = {one.kept.piece.stem for one in found}
    told = [*journey.recordings, *(one.recording for one in journey.consults if one.recording is not None)]
    if journey.ended_at is None:
        yield f"appel {journey.call_id} (en cours)"
    for stem in dict.fromkeys(recording.stem for recording in told if recording.stem):
        if stem not in known:
            yield f"{stem.rpartition('/')[2]} (pas encore pris par l'archive)"


def _absent(one: Candidate) -> Absent:
    piece = one.kept.piece
    why = piece.problem or "aucun son n'a été enregistré"
    if piece.state is VoiceState.DESTROYED:
        told = one.record.told if one.record is not None else {}
        why = f"éliminée le {told.get('executed_at', iso(piece.state_at))}, visa {told.get('visa', 'inconnu')}"
        why += f", procès-verbal n° {one.record.number}" if one.record is not None else ", sans procès-verbal"
    return Absent(piece_id=piece.piece_id, call_id=piece.call_id, started_at=piece.started_at, why=why)


def _listed(words: str, lines: Sequence[str]) -> str:
    more = f" et {len(lines) - _NAMED} autre(s)" if len(lines) > _NAMED else ""
    return f"{words} : {', '.join(lines[:_NAMED])}{more}"
