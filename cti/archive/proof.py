"""The proof, in both directions: each answered call has its voice, each file has its call.

Pure: journeys, pieces and the names on the disk come in as values. What the sound of a call must be is judged by the recording
room, whose word is in the journey; here it is asked for, for each recording, and followed into the archive.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cti.journey import Journey, Recording
from cti.journey.around.voice import Piece, VoiceState

_KEPT = frozenset({VoiceState.ARCHIVED, VoiceState.HELD, VoiceState.DESTROYED})


@dataclass(frozen=True, slots=True)
class Unproven:
    """One thing that is not proved."""

    name: str  #: of the call, or of the file
    words: str  #: in French

    @property
    def line(self) -> str:
        """One line."""
        return f"{self.name} : {self.words}"


def calls(
    journeys: Iterable[Journey], pieces: Callable[[str], Sequence[Piece]], needs: Callable[[Journey], bool]
) -> Iterator[Unproven]:
    """Calls that are over and whose voice is not where it must be; ``needs`` says which calls must have one."""
    for journey in journeys:
        if journey.ended_at is None or not needs(journey):
            continue
        known = {piece.stem: piece for piece in pieces(journey.call_id)}
        told = [one for one in _recordings(journey) if one.stem]
        if not told:
            yield Unproven(journey.call_id, "appel décroché, aucun enregistrement")
        for recording in told:
            yield from _recording(journey, recording, known)


def _recording(journey: Journey, recording: Recording, known: Mapping[str, Piece]) -> Iterator[Unproven]:
    piece = known.get(recording.stem)
    if recording.checked_at is None:
        yield Unproven(journey.call_id, f"{recording.stem} : jamais contrôlé")
    elif piece is None:
        yield Unproven(journey.call_id, f"{recording.stem} : {recording.problem or 'contrôlé, et jamais pris par l’archive'}")
    elif piece.state is VoiceState.MISSING and piece.problem is None and not (recording.caller_ms or recording.agents_ms):
        return  # a consultation that nobody answered: there was nothing to hear
    elif piece.problem is not None:
        yield Unproven(journey.call_id, f"{recording.stem} : {piece.problem}")
    elif piece.state not in _KEPT:
        yield Unproven(journey.call_id, f"{recording.stem} : {_WORDS.get(piece.state, piece.state.value)}")
    elif piece.sealed is not None and piece.sealed.duration_ms < max(recording.caller_ms or 0, recording.agents_ms or 0):
        yield Unproven(journey.call_id, f"{recording.stem} : l'archive est plus courte que ce qui a été contrôlé")


_WORDS: Mapping[VoiceState, str] = {
    VoiceState.STARTED: "encore en écriture",
    VoiceState.CLOSED: "fermé, pas encore jugé",
    VoiceState.PROVEN: "prouvé, pas encore archivé",
    VoiceState.DAMAGED: "abîmé, pas archivé",
    VoiceState.MISSING: "sans son",
}


def orphans(files: Iterable[str], expected: Mapping[str, str]) -> Iterator[Unproven]:
    """Files of the recorder's disk (names below its folder) of no call; ``expected``: file -> call, of every known recording."""
    for name in files:
        if name not in expected:
            yield Unproven(name, "fichier sans appel")


def _recordings(journey: Journey) -> tuple[Recording, ...]:
    return (*journey.recordings, *(one.recording for one in journey.consults if one.recording is not None))
