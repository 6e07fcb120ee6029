"""What the verbs of `cti archive` say and do, in lines for a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from cti.archive.rewrap import Rewrapper
from cti.archive.sealing.keys import KeyTrouble, write_identity
from cti.archive.sealing.manifest import names
from cti.archive.storing import Conflict
from cti.archive.verify import verify
from cti.archive.worker import pieces_of
from cti.bootstrap.clock import now
from cti.bootstrap.keeping.opening import alone, archiver_of, identity_of, recordings_of, sealer_of, shelf_of
from cti.bootstrap.keeping.proving import JUST_ENDED_US, prove
from cti.bootstrap.telling.reports import period_of
from cti.journey import Instant
from cti.journey.around.voice import Piece, VoiceState
from cti.journey.words import iso
from cti.settings import Settings
from cti.store import Store, open_store

#: Told how many things there are, gives what is called once for each.
Bar: TypeAlias = Callable[[int], Callable[[], None]]

_WORDS = {
    VoiceState.STARTED: "en écriture",
    VoiceState.CLOSED: "fermées, à juger",
    VoiceState.PROVEN: "prouvées, à archiver",
    VoiceState.DAMAGED: "abîmées, encore en clair",
    VoiceState.MISSING: "sans son",
    VoiceState.ARCHIVED: "archivées",
    VoiceState.HELD: "archivées et gelées",
    VoiceState.DESTROYED: "détruites",
}


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings.database_url)
    try:
        yield store
    finally:
        store.close()


def status(settings: Settings) -> Iterator[str]:
    """Counts, keys, store."""
    keys = settings.archive.archive
    yield f"archive : {'active' if keys.actif else 'inactive'}, magasin {keys.magasin}"
    with _store(settings) as store:
        counts = store.pieces.counts()
    for state, words in _WORDS.items():
        yield f"  {words} : {counts[state]}"
    yield f"  archivées dont le fichier en clair reste à effacer : {counts['plain']}"
    if keys.actif:
        opener = identity_of(settings)
        for key in settings.archive.recipients(opener.recipient):
            role = "ce service" if key == opener.recipient else "secours" if key == keys.secours else "destinataire"
            yield f"  clé {key} ({role})"


def run(settings: Settings, bar: Bar) -> Iterator[str]:
    """Take up all that is left; what could not be taken, named."""
    _must_be_active(settings)
    with _store(settings) as store, alone(settings):
        archiver = archiver_of(settings, store, recordings_of(settings))
        at = now()
        tried: set[str] = set()
        while left := [
            one for one in dict.fromkeys((*store.pieces.unfinished(at, at), *store.pieces.unseen(0))) if one not in tried
        ]:
            advance = bar(len(left))
            for call_id in left:
                tried.add(call_id)
                journey = store.journey(call_id)
                for piece in pieces_of(journey) if journey is not None else ():
                    try:
                        done = archiver.take(journey, piece) if journey is not None else piece
                    except Conflict as conflict:
                        yield str(conflict)
                        continue
                    if done.sealed is None:
                        yield f"{done.piece_id} (appel {call_id}) : {_WORDS[done.state]} ; {done.problem or 'sans remarque'}"
                advance()


def proof(settings: Settings, since: str | None, until: str | None, at: Instant) -> Iterator[str]:
    """What is not proved in a period, named."""
    period = period_of(settings, since, until, at)
    with _store(settings) as store:
        for one in prove(settings, store, recordings_of(settings), period.since, min(period.until, at - JUST_ENDED_US)):
            yield one.line


def verified(settings: Settings, bar: Bar, *, opened: bool) -> Iterator[str]:
    """What is not as it was left, named."""
    with _store(settings) as store:
        pieces = store.pieces.all()
    opener = identity_of(settings) if opened else None
    for fault in verify(pieces, shelf_of(settings), opener, bar(len(pieces))):
        yield fault.line


def show(settings: Settings, wanted: str) -> list[str]:
    """One piece, or every piece of a call."""
    with _store(settings) as store:
        one = store.pieces.find(wanted)
        found = [one] if one is not None else store.pieces.of_call(wanted)
    return [line for piece in found for line in _shown(piece)]


def _shown(piece: Piece) -> Iterator[str]:
    yield f"{piece.piece_id} : {piece.kind.value}, {_WORDS[piece.state]} depuis {iso(piece.state_at)}"
    yield f"  appel {piece.call_id}, commencé {iso(piece.started_at)}"
    if piece.problem is not None:
        yield f"  défaut : {piece.problem}"
    if piece.repaired:
        yield "  en-tête refait : le PBX est mort pendant l'enregistrement"
    sealed = piece.sealed
    if sealed is not None:
        yield f"  {sealed.duration_ms / 1000:.1f} s, scellé {iso(sealed.sealed_at)} pour {len(sealed.recipients)} destinataires"
        yield f"  FLAC {sealed.flac_bytes} octets, SHA-256 {sealed.flac_sha256}"
        yield f"  scellé {sealed.sealed_bytes} octets, SHA-256 {sealed.sealed_sha256}"
        yield from (f"  {name}" for name in names(sealed.key))
        yield from (f"  clé {key}" for key in sealed.recipients)


def keygen(settings: Settings, offline: Path | None, at: Instant) -> Iterator[str]:
    """Draw an identity; what to do with it."""
    path = offline or settings.archive.archive.identite
    public = write_identity(path, iso(at) or "")
    yield f"identité écrite : {path} (0600)"
    yield f"clé publique : {public}"
    if offline is None:
        yield "Elle reste sur cette machine ; gardez-en une copie à part : sans elle, seule la clé de secours ouvre l'archive."
        return
    yield f'1. Dans archive.toml : secours = "{public}"'
    yield f"2. Copiez {path} sur deux supports hors ligne, en deux lieux, sous enveloppe signée."
    yield f"3. Relisez les deux copies, puis effacez ce fichier de cette machine : shred -u {path}"
    yield "Qui tient cette clé ouvre toute l'archive ; si elle et celle du service sont perdues, la voix est perdue."


def rewrap(settings: Settings, bar: Bar) -> Iterator[str]:
    """Seal anew; what could not be, named."""
    _must_be_active(settings)
    with _store(settings) as store, alone(settings, "rewrap"):
        opener = identity_of(settings)
        anew = Rewrapper(store.pieces, shelf_of(settings), sealer_of(settings, opener), opener, now)
        pieces = store.pieces.all()
        advance = bar(len(pieces))
        for piece in pieces:
            try:
                anew(piece)
            except Conflict as conflict:
                yield str(conflict)
            advance()


def _must_be_active(settings: Settings) -> None:
    if not settings.archive.archive.actif:
        raise KeyTrouble("archive.toml : [archive] actif = false : rien n'est archivé sur ce site")
