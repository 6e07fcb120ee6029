"""The shapes of recordings, listenings and quality draws."""

from datetime import datetime
from typing import Literal

from cti.api.contract.shape import Shape
from cti.journey.around.keeping import HoldKind, Scope
from cti.journey.around.voice import PieceKind, VoiceState
from cti.journey.events import ConsultEnd, TransferVia
from cti.journey.events.placed import Direction
from cti.journey.model import StageEnd

#: Whether one may: yes, with a reason, no.
May = Literal["oui", "motif", "non"]


class HeardAgent(Shape):
    """Somebody of ours who is heard."""

    agent: str
    nom: str
    filiere: str


class MayOut(Shape):
    """What whoever asks may do with it."""

    ecouter: May
    exporter: May
    conserver: May


class PieceOut(Shape):
    """One recording; the number is whole."""

    piece_id: str
    call_id: str
    kind: PieceKind
    started_at: datetime
    duration_ms: int | None
    en_cours: bool
    state: VoiceState
    problem: str | None
    dossier_id: str | None
    dossier_ref: str | None
    flux: str
    did: str
    caller: str | None
    direction: Direction
    agents: list[HeardAgent]
    gele: bool
    peut: MayOut


class HeardStage(Shape):
    """A stage of the call, in milliseconds from the start of the sound."""

    filiere: str
    agent: str | None
    nom: str | None
    entered_ms: int
    answered_ms: int | None
    talk_ms: int | None
    left_ms: int | None
    end: StageEnd | None
    via: TransferVia | None


class HeardConsult(Shape):
    """A consultation, in milliseconds from the start of the sound."""

    agent: str
    nom: str
    target: str
    answered_by: str | None
    answered_by_nom: str | None
    started_ms: int
    answered_ms: int | None
    ended_ms: int | None
    how: ConsultEnd | None


class OpenHold(Shape):
    """An open hold that covers it."""

    number: int
    scope: Scope
    target: str
    kind: HoldKind
    reference: str
    asked_by: str
    placed_by: str
    placed_at: datetime
    reason: str


class PieceStory(PieceOut):
    """One recording, with what lies in it and how long it is kept."""

    stages: list[HeardStage]
    consults: list[HeardConsult]
    gels: list[OpenHold]
    keep_until: datetime | None
    retention: str | None


class Pieces(Shape):
    """Recordings, newest first."""

    items: list[PieceOut]


class PiecePage(Pieces):
    """One page of them."""

    next_after: str | None


class EcouteOut(Shape):
    """One listening: where its sound and its waveform are, as they stand now, and until when."""

    ecoute_id: str
    piece_id: str
    call_id: str
    audio: str
    peaks: str
    expires_at: datetime
    duration_ms: int
    en_cours: bool
    formats: list[Literal["flac", "wav"]]


class PeaksOut(Shape):
    """The loudest sample of either voice in each part, from 0 to 1."""

    duration_ms: int
    bucket_ms: int
    caller: list[float]
    agents: list[float]


class DrawOut(Shape):
    """A quality draw: ``seed`` and ``pool_sha256`` let it be done again."""

    number: int
    by: str
    at: datetime
    reviewer: str
    ends_at: datetime
    reason: str
    since: datetime
    until: datetime
    flux: str
    filiere: str
    wanted: int
    seed: str
    pool: int
    pool_sha256: str
    calls: list[str]


class DrawsOut(Shape):
    """Quality draws, newest first."""

    items: list[DrawOut]
