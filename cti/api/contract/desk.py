"""The shapes of a desk (``cti.live.desk``, ``cti.bootstrap.desk``)."""

from datetime import datetime
from typing import Literal

from cti.api.contract.posts import PersonOut, PostOut
from cti.api.contract.shape import Shape
from cti.api.contract.shapes import CallbackCount, LinkOut, LiveFiliere
from cti.journey.events import RouteSource, TransferVia
from cti.journey.events.placed import Direction
from cti.journey.model import StageEnd
from cti.live.desk import DeskAct, Place


class NoteOut(Shape):
    """What somebody wrote about a caller."""

    note_id: str
    at: datetime
    by: str
    poste: str
    texte: str


class NoteList(Shape):
    """What was written about one call, in order."""

    call_id: str
    notes: list[NoteOut]


class DeskStage(Shape):
    """One passage of the caller through a filière; None as filière: the call was placed by an agent."""

    filiere: str | None
    entered_at: datetime
    answered_at: datetime | None
    left_at: datetime | None
    wait_ms: int | None
    talk_ms: int | None
    agent: str | None
    nom: str | None
    end: StageEnd | None
    motif: str
    source: RouteSource | None
    accompanied: TransferVia | None


class DeskPerson(Shape):
    """Somebody who is with the caller (``there``) or asked to come; ``guest`` names one who can be shown out."""

    kind: Literal["agent", "invite", "filiere"]
    nom: str
    since: datetime
    there: bool
    guest: str | None
    moi: bool


class DeskConsult(Shape):
    """A consultation under way."""

    agent: str
    nom: str
    target: str
    target_nom: str | None
    started_at: datetime
    answered_at: datetime | None
    answered_nom: str | None


class DeskCaller(Shape):
    """Who it is, with his whole number, and what he told so far."""

    call_id: str
    t0: datetime
    flux: str
    did: str
    direction: Direction
    number: str | None
    test: bool
    dossier_id: str | None
    dossier_ref: str | None
    stages: list[DeskStage]
    notes: list[NoteOut]


class DeskCall(DeskCaller):
    """One call of this post; of each act None when it may be asked for now, else why not, in French."""

    place: Place
    since: datetime
    filiere: str | None
    motif: str
    waiting_since: datetime | None
    wait_ms: int | None
    priority: int
    uncertain: bool
    repeat_count: int
    previous_call_id: str | None
    previous_dossier_ref: str | None
    room: Literal["p0", "conference"] | None
    people: list[DeskPerson]
    consult: DeskConsult | None
    asked_by: str | None
    actes: dict[DeskAct, str | None]


class LastCall(DeskCaller):
    """The last call of this post, as it was when her part in it ended; ``then``: the filière it went on to."""

    filiere: str | None
    since: datetime
    until: datetime
    end: StageEnd | None
    then: str | None


class DeskPost(PostOut):
    """The post, and what its person may choose from."""

    webrtc: bool
    possibles: list[str]
    motifs: list[str]
    p0: str | None


class DeskOut(Shape):
    """The whole picture of one desk."""

    epoch: str
    seq: int
    at: datetime
    link: LinkOut
    poste: DeskPost
    rappels: CallbackCount | None
    last: LastCall | None
    files: dict[str, LiveFiliere]
    calls: dict[str, DeskCall]


class DeskChoice(Shape):
    """A post, and whether she may take it as it is."""

    poste: str
    numero: str
    libelle: str
    webrtc: bool
    fixe: bool
    personne: str | None
    nom: str
    libre: bool
    mien: bool


class Choices(Shape):
    """Who she is in the room, where she sits, and where she may sit; ``people``: for who is nobody in particular."""

    at: datetime
    personne: str | None
    nom: str
    filieres: list[str]
    mien: str | None
    regarde: bool
    people: list[PersonOut]
    postes: list[DeskChoice]


class HungUp(Shape):
    """The PBX was asked to end this post's part in the call."""

    poste: str
    call_id: str
    detail: str
