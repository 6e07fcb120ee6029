"""The receipt: who asked, who gave, by which right, what exactly, and where the log of accesses stood then.

Plain data with French names, for a reader who has nothing of ours; canonical JSON (keys in order), so that it has one digest.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cti.archive.exporting.asked import Absent, Candidate, Order
from cti.archive.exporting.masks import Mask
from cti.journey.words import iso

FORMAT: Final = "cti-export/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One piece as it was put into the package."""

    candidate: Candidate
    name: str  #: of its files, without folder and ending
    duration_ms: int
    rate: int
    masks: tuple[Mask, ...]
    flac_sha256: str
    wav_sha256: str
    timeline_sha256: str  #: of the timeline that is given


def receipt(order: Order, handed: Sequence[Handed]) -> dict[str, Any]:
    """The whole receipt."""
    wish, right = order.wish, order.right
    return {
        "format": FORMAT,
        "export_id": order.export_id,
        "fait_le": iso(order.at),
        "demandeur": wish.asked_by,
        "reference": wish.reference,
        "motif": wish.reason,
        "cible": order.target,
        "par": right.who,
        "droit": {"verbe": "exporter", "role": right.role, "relation": right.relation, "depuis": right.client},
        "gels": [
            {"numero": hold.number, "motif": hold.kind.value, "reference": hold.reference, "pose_par": hold.placed_by}
            for hold in order.holds
        ],
        "pieces": [_piece(one) for one in handed],
        "absentes": [_absent(one) for one in order.absent],
        "masques": sum(len(one.masks) for one in handed),
        "retire": retired(order),
        "journal_des_acces": {"entree": order.log[0], "empreinte": order.log[1]},
        "logiciel": f"cti {order.version}",
    }


def retired(order: Order) -> list[str]:
    """What the timelines no longer say, in French."""
    return [] if order.for_an_authority else ["numéro de l'appelant", "numéros appelés en consultation"]


def told_masks(masks: Sequence[Mask]) -> list[dict[str, Any]]:
    """Masks as receipt and timeline have them."""
    return [{"de_ms": one.since_ms, "a_ms": one.until_ms, "voie": one.side.value, "raison": one.reason} for one in masks]


def canonical(told: dict[str, Any]) -> bytes:
    """As it lies in the package."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _piece(one: Handed) -> dict[str, Any]:
    piece = one.candidate.kept.piece
    sealed = piece.sealed
    assert sealed is not None, "what is not sealed is not handed over"
    return {
        "piece_id": piece.piece_id,
        "appel": piece.call_id,
        "nature": piece.kind.value,
        "dossier": one.candidate.kept.dossier_ref,
        "debut": iso(piece.started_at),
        "duree_ms": one.duration_ms,
        "echantillons_par_seconde": one.rate,
        "remarque": piece.problem,
        "fichier": f"audio/{one.name}.flac",
        "archive": {
            "objet": sealed.key,
            "scelle_le": iso(sealed.sealed_at),
            "flac_sha256": sealed.flac_sha256,
            "scelle_sha256": sealed.sealed_sha256,
            "chronologie_scellee_sha256": sealed.timeline_sha256,
        },
        "remis": {
            "flac_sha256": one.flac_sha256,
            "wav_sha256": one.wav_sha256,
            "chronologie_sha256": one.timeline_sha256,
            "identique_a_l_archive": one.flac_sha256 == sealed.flac_sha256,
        },
        "masques": told_masks(one.masks),
    }


def _absent(one: Absent) -> dict[str, Any]:
    return {"piece_id": one.piece_id, "appel": one.call_id, "debut": iso(one.started_at), "pourquoi": one.why}
