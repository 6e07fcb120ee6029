"""The archive worker: one piece at a time, step by step, each step done once however often it is tried.

``closed`` -> looked at -> sealed in memory -> objects put, the manifest last -> read back -> row -> plain files removed. Killed
anywhere, it starts again from what lies there. Plain files are removed only while they hold what was archived and nothing more.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from cti.archive.filetime import file_time
from cti.archive.ports import Books, Hearing, Look, Recorder
from cti.archive.sealing.keys import Opener, Sealer, sha256
from cti.archive.sealing.manifest import names
from cti.archive.sealing.voices import Joined, NotJoined, Voice, from_flac, join, to_flac
from cti.archive.stores import Shelf
from cti.archive.storing import Conflict, Content, Storer
from cti.archive.timeline import timeline
from cti.journey import Instant, Journey, Recording
from cti.journey.around.voice import Piece, PieceKind, Sealed, VoiceState, VoiceStep, after
from cti.journey.words import as_datetime

log = structlog.get_logger(__name__)

#: Whoever was with the caller for less may well have said nothing.
_TALK_MS: Final = 5_000
_KEPT = frozenset({VoiceState.ARCHIVED, VoiceState.HELD, VoiceState.DESTROYED})


def pieces_of(journey: Journey) -> tuple[Piece, ...]:
    """The recordings of a call that were looked at after it, as pieces; a recorder that went on in the same file made one."""
    told = [(PieceKind.APPEL, recording) for recording in journey.recordings]
    told += [(PieceKind.CONSULTATION, one.recording) for one in journey.consults if one.recording is not None]
    found: dict[str, Piece] = {}
    for kind, recording in told:
        if recording.stem and recording.checked_at is not None:
            found.setdefault(recording.stem, _piece(journey, kind, recording))
    return tuple(found.values())


def _piece(journey: Journey, kind: PieceKind, recording: Recording) -> Piece:
    return Piece(
        piece_id=recording.stem.rpartition("/")[2],
        call_id=journey.call_id,
        kind=kind,
        stem=recording.stem,
        started_at=recording.started_at,
        state_at=recording.started_at,
    )


def key_of(piece: Piece) -> str:
    """Where it lies: by the day it began (UTC, so that no setting moves it)."""
    return f"{as_datetime(piece.started_at):%Y/%m/%d}/{piece.piece_id}"


class Archiver:
    """Takes pieces from the recorder's disk into the archive. Blocking; one piece at a time."""

    def __init__(
        self,
        books: Books,
        recorder: Recorder,
        shelf: Shelf,
        sealer: Sealer,
        opener: Opener,
        clock: Callable[[], Instant],
        hearing: Hearing = Hearing(),  # noqa: B008 - a frozen value
    ) -> None:
        self._hearing = hearing
        self._books = books
        self._recorder = recorder
        self._shelf = shelf
        self._opener = opener
        self._storer = Storer(shelf, sealer, opener, clock)
        self._clock = clock

    def take(self, journey: Journey, fresh: Piece) -> Piece:
        """Bring one piece as far as it can go now; its state afterwards.

        Raises:
            Conflict: another object has its name.
            StoreUnavailable, OSError: the database, the store or the recorder's disk is out of reach: to be tried again.
        """
        known = self._books.find(fresh.piece_id)
        piece = known or fresh
        if piece.stem != fresh.stem:
            raise Conflict(f"deux enregistrements portent le nom {fresh.piece_id} : {piece.stem} et {fresh.stem}")
        if piece.state in _KEPT:
            self._clear(piece)
            return piece
        look = self._recorder.look(journey, piece)
        piece = self._looked_at(piece, look)
        if not (look.at_rest and look.sound):
            self._hollow(piece, look)
            return piece
        try:
            voices = self._recorder.read(piece.stem)
            joined = join(*voices)
        except NotJoined as trouble:
            # What we cannot read stays where it is, in clear: it may be all there is.
            return self._damaged(piece, str(trouble), known)
        if look.needed and piece.problem is None and (mute := _mute(journey, piece, voices, joined, self._hearing)) is not None:
            piece = self._damaged(piece, mute, known)
        content = _content(journey, piece, voices, joined, self._hearing)
        sealed = self._storer.store(content, key_of(piece))
        at = self._clock()
        piece = replace(piece, state=after(piece.state, VoiceStep.ARCHIVE), state_at=at, sealed=sealed)
        self._books.save(piece, at)
        self._clear(piece, voices)
        return piece

    # --- closed, proven ---------------------------------------------------------------------------------------------------

    def _looked_at(self, piece: Piece, look: Look) -> Piece:
        """The piece as the recorder's disk shows it now, written down."""
        at = self._clock()
        if not look.at_rest:
            self._books.save(piece, at)
            return piece
        state = _seen(piece.state, look)
        changed = at if state is not piece.state else piece.state_at
        piece = replace(piece, state=state, state_at=changed, problem=look.problem, repaired=look.repaired)
        self._books.save(piece, at)
        return piece

    def _damaged(self, piece: Piece, problem: str, known: Piece | None) -> Piece:
        """Something is wrong with it, which is written down, and logged unless it was ``known``."""
        at = self._clock()
        if piece.state is not VoiceState.DAMAGED:
            piece = replace(piece, state=after(piece.state, VoiceStep.FIND_DAMAGED), state_at=at)
        piece = replace(piece, problem=problem)
        self._books.save(piece, at)
        if known is None or known.problem != problem:
            log.error("piece_damaged", piece_id=piece.piece_id, call_id=piece.call_id, why=problem)
        return piece

    def _hollow(self, piece: Piece, look: Look) -> None:
        """Two headers without a sample, of somebody whom nobody answered: nothing is lost with them, and the row says it."""
        if look.hollow and look.at_rest and look.problem is None:
            self._recorder.remove(piece.stem)
            self._books.cleared(piece.piece_id, self._clock())

    # --- the plain files --------------------------------------------------------------------------------------------------

    def _clear(self, piece: Piece, read: tuple[Voice, Voice] | None = None) -> None:
        """Remove the plain files, if they still hold what was archived (``read``: what they held then) and nothing more."""
        if piece.sealed is None:
            return
        try:
            voices = self._recorder.read(piece.stem)
            same = voices == read if read is not None else self._holds(piece.sealed, voices)
        except NotJoined:
            same = False
        if not same:
            raise Conflict(f"{piece.piece_id} : archivé, mais son fichier en clair a changé depuis ; rien n'a été effacé")
        self._recorder.remove(piece.stem)
        self._books.cleared(piece.piece_id, self._clock())

    def _holds(self, sealed: Sealed, voices: tuple[Voice, Voice]) -> bool:
        """Whether the archive holds every sample of these voices: an earlier life may have removed one of the two files."""
        if not any(voice.samples for voice in voices):
            return True
        lying = self._shelf.get(names(sealed.key)[0])
        if lying is None or sha256(lying) != sealed.sealed_sha256:
            return False
        kept, _ = from_flac(self._opener(lying))
        return all(
            len(kept) >= voice.samples and kept[: voice.samples, channel].astype("<i2").tobytes() == voice.pcm
            for channel, voice in enumerate(voices)
        )


def _content(journey: Journey, piece: Piece, voices: tuple[Voice, Voice], joined: Joined, hearing: Hearing) -> Content:
    """What is sealed."""
    flac = to_flac(joined)
    told = timeline(journey, piece, voices, joined, sha256(flac), hearing.silence_max_peak)
    return Content(piece_id=piece.piece_id, flac=flac, timeline=told, duration_ms=joined.duration_ms)


def _mute(journey: Journey, piece: Piece, voices: tuple[Voice, Voice], joined: Joined, hearing: Hearing) -> str | None:
    """The first talk in which no agent is heard, in French; the caller's side was listened to by the check."""
    if piece.kind is not PieceKind.APPEL:
        return None
    time = file_time(journey, piece, voices, joined)
    for stage in journey.stages:
        if stage.talk_since is None or stage.left_at is None:
            continue
        since, until = time.offset_ms(stage.talk_since), time.offset_ms(stage.left_at)
        # A talk that another recording of the call holds is not asked of this one.
        if since < 0 or until > joined.duration_ms + _TALK_MS or until - since < _TALK_MS:
            continue
        heard = joined.voiced_ms(1, since, until, hearing.silence_max_peak)
        if heard < hearing.voice_min_ms:
            return f"{stage.filiere} : {stage.agent or 'agent'} inaudible pendant {(until - since) // 1000} s de conversation"
    return None


def _seen(state: VoiceState, look: Look) -> VoiceState:
    """Where the piece is after this look, step by step through the table."""
    if not look.sound:
        return state if state in (VoiceState.MISSING, VoiceState.DAMAGED) else after(state, VoiceStep.FIND_MISSING)
    if state in (VoiceState.STARTED, VoiceState.MISSING):
        state = after(state, VoiceStep.CLOSE)
    judged = VoiceState.PROVEN if look.problem is None else VoiceState.DAMAGED
    step = VoiceStep.PROVE if look.problem is None else VoiceStep.FIND_DAMAGED
    return state if state is judged else after(state, step)
