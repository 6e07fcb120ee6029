"""The rows of the pieces, on both databases."""

from dataclasses import replace

from cti.journey import Journey, Recording
from cti.journey.around.voice import Piece, PieceKind, Sealed, VoiceState
from cti.journey.events import ConsultEnd
from cti.journey.ledger import Batch
from cti.journey.model import Consult
from cti.store import Store

T0 = 1_797_408_000_000_000
S = 1_000_000
SEALED = Sealed(
    key="2026/12/16/one", flac_sha256="a" * 64, flac_bytes=10, sealed_sha256="b" * 64, sealed_bytes=20, timeline_sha256="c" * 64,
    duration_ms=3000, sealed_at=T0 + 9, recipients=("age1x", "age1y"),
)  # fmt: skip
ONE = Piece(piece_id="one", call_id="call", kind=PieceKind.APPEL, stem="2026/12/16/one", started_at=T0, state_at=T0)


def test_a_piece_comes_back_as_it_was_written(store: Store) -> None:
    assert store.pieces.find("one") is None
    store.pieces.save(ONE, T0)
    assert store.pieces.find("one") == ONE
    archived = replace(
        ONE, state=VoiceState.ARCHIVED, state_at=T0 + 5, problem="trop court", repaired=True, sealed=SEALED, retention="pdsa",
        keep_until=T0 + 7,
    )  # fmt: skip
    store.pieces.save(archived, T0 + 1)
    assert store.pieces.find("one") == archived
    other = replace(ONE, piece_id="other", stem="other", kind=PieceKind.CONSULTATION, started_at=T0 - 1)
    store.pieces.save(other, T0)
    assert store.pieces.all() == [archived, other]
    assert store.pieces.of_call("call") == [other, archived]
    assert store.pieces.of_call("nobody") == []


def test_what_is_kept_is_not_undone_by_a_slower_worker(store: Store) -> None:
    archived = replace(ONE, state=VoiceState.ARCHIVED, sealed=SEALED)
    store.pieces.save(archived, T0)
    store.pieces.save(replace(ONE, state=VoiceState.MISSING), T0 + 1)
    assert store.pieces.find("one") == archived
    store.pieces.save(replace(archived, sealed=replace(SEALED, key="x.g2")), T0 + 2)
    found = store.pieces.find("one")
    assert found is not None
    assert found.sealed is not None
    assert found.sealed.key == "x.g2"


def test_what_is_left_to_do(store: Store) -> None:
    for number, state in enumerate((VoiceState.STARTED, VoiceState.DAMAGED, VoiceState.MISSING, VoiceState.ARCHIVED)):
        store.pieces.save(replace(ONE, piece_id=state.value, call_id=f"call-{state.value}", state=state), T0 + number)
    everything = ["call-started", "call-damaged", "call-missing", "call-archived"]
    assert store.pieces.unfinished(T0 + 9, T0 + 9) == everything
    assert store.pieces.unfinished(T0 + 9, T0) == ["call-started", "call-archived"]
    assert store.pieces.unfinished(T0, T0) == ["call-started"]
    store.pieces.cleared("archived", T0 + 9)
    assert store.pieces.unfinished(T0 + 9, T0 + 9) == everything[:3]
    assert store.pieces.left() == {"started": 1, "damaged": 1, "missing": 1}
    counts = store.pieces.counts()
    assert (counts["archived"], counts["missing"], counts["held"], counts["plain"]) == (1, 1, 0, 0)


def test_recordings_that_no_piece_knows(store: Store) -> None:
    checked = Recording(stem="2026/12/16/one", started_at=T0, checked_at=T0 + 9 * S)
    journey = Journey(call_id="call", t0=T0, ended_at=T0 + 8 * S, last_at=T0 + 9 * S, recordings=(checked,))
    apart = Consult(
        agent="arm01", line="1", target="801", started_at=T0, ended_at=T0 + S, how=ConsultEnd.RETURNED,
        recording=replace(checked, stem="2026/12/16/apart"),
    )  # fmt: skip
    consulted = replace(journey, call_id="consulted", recordings=(), consults=(apart,))
    unchecked = replace(journey, call_id="unchecked", recordings=(replace(checked, checked_at=None),))
    live = replace(journey, call_id="live", ended_at=None)
    store.commit(_batch(journey, consulted, unchecked, live))
    assert store.pieces.unseen(T0) == ["call", "consulted"]
    assert store.pieces.unseen(T0 + 1) == []
    store.pieces.save(ONE, T0)
    assert store.pieces.unseen(T0) == ["consulted"]
    assert sorted(store.pieces.stems()) == [
        ("2026/12/16/apart", "consulted"),
        *(("2026/12/16/one", call) for call in ("call", "live", "unchecked")),
    ]


def _batch(*journeys: Journey) -> Batch:
    return Batch(journeys=journeys)
