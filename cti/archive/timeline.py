"""What lies beside the sound: who is heard where. Sealed like the sound itself, for it names people.

Offsets are whole milliseconds from the start of the sound (`filetime` says how they are reckoned). The timeline is made from the
journey and the two voices alone, without a clock.
"""

import json
from typing import Any

from cti.archive.filetime import FileTime, file_time
from cti.archive.sealing.voices import Joined, Voice
from cti.journey import Instant, Journey
from cti.journey.around.voice import Piece, PieceKind
from cti.journey.model import Consult, Stage
from cti.journey.words import iso


def timeline(
    journey: Journey, piece: Piece, voices: tuple[Voice, Voice], joined: Joined, flac_sha256: str, silence_max_peak: int
) -> dict[str, Any]:
    """What a reader needs, in plain data; of each stage also how long either side is heard in it."""
    caller, agents = voices
    time = file_time(journey, piece, voices, joined)
    return {
        "format": "cti-timeline/1",
        "piece_id": piece.piece_id,
        "kind": piece.kind.value,
        "call_id": journey.call_id,
        "direction": journey.direction.value,
        "flux": journey.flux,
        "did": journey.did,
        "caller": journey.caller,
        "dossier_ref": journey.dossier_ref,
        "started_at": iso(time.recording.started_at),
        "duration_ms": joined.duration_ms,
        "time": time.told(),
        "rate": joined.rate,
        "channels": ["caller", "agents"],
        "files": [_file(voice, padded) for voice, padded in zip((caller, agents), joined.padded_ms, strict=True)],
        "problem": piece.problem,
        "flac_sha256": flac_sha256,
        "stages": [] if piece.kind is PieceKind.CONSULTATION else _stages(journey, time, joined, silence_max_peak),
        "consults": [_consult(one, time) for one in journey.consults if _concerns(one, piece)],
    }


def to_bytes(told: dict[str, Any]) -> bytes:
    """As it is sealed."""
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def _file(voice: Voice, padded_ms: int) -> dict[str, Any]:
    return {
        "name": voice.name,
        "duration_ms": voice.samples * 1000 // voice.rate if voice.rate else 0,
        "padded_ms": padded_ms,
        "repaired": voice.repaired,
    }


def _stages(journey: Journey, time: FileTime, joined: Joined, silence_max_peak: int) -> list[dict[str, Any]]:
    def heard(stage: Stage, channel: int) -> int | None:
        talk, left = _offset(stage.talk_since, time), _offset(stage.left_at, time)
        return None if talk is None or left is None else joined.voiced_ms(channel, talk, left, silence_max_peak)

    return [
        {
            "filiere": stage.filiere,
            "agent": stage.agent,
            "answered_ms": _offset(stage.answered_at, time),
            "talk_ms": _offset(stage.talk_since, time),
            "left_ms": _offset(stage.left_at, time),
            "caller_voice_ms": heard(stage, 0),
            "agents_voice_ms": heard(stage, 1),
            "end": stage.end.value if stage.end is not None else None,
            "via": stage.via.value if stage.via is not None else None,
        }
        for stage in journey.stages
    ]


def _consult(one: Consult, time: FileTime) -> dict[str, Any]:
    return {
        "agent": one.agent,
        "target": one.target,
        "answered_by": one.answered_by,
        "answered_ms": _offset(one.answered_at, time),
        "ended_ms": _offset(one.ended_at, time),
        "how": one.how.value if one.how is not None else None,
    }


def _concerns(one: Consult, piece: Piece) -> bool:
    """Of a consultation its own; in the caller's recording each one that was held for him."""
    return piece.kind is PieceKind.APPEL or (one.recording is not None and one.recording.stem == piece.stem)


def _offset(at: Instant | None, time: FileTime) -> int | None:
    return None if at is None else time.offset_ms(at)
