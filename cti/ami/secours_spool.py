"""The calls that the PBX routed alone: one small file for each, left by the fallback script, read back here.

`parse` is pure. `read` looks into the folder: what it understands is given back with its path, so that the importer can
`forget` it once it is stored; what it does not understand is set aside in `rejets/` with its reason, never deleted.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cti.journey import CallId, Instant
from cti.journey.words import from_datetime

#: Folder of the files that could not be understood, inside the spool.
REJECTS: Final = "rejets"

_CALL_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CALLER: Final = re.compile(r"\+?[0-9]{0,20}")
_UNIQUEID: Final = re.compile(r"[A-Za-z0-9_-]*[0-9]+\.[0-9]+")
_REASONS: Final = frozenset({"muet", "refus", "vide"})
_MOST_BYTES: Final = 16_384


class SpoolFileError(ValueError):
    """A file of the spool cannot be understood; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class SecoursCall:
    """One call that went its way without the service."""

    call_id: CallId
    did: str
    flux: str
    #: As the network gave it, None when it gave none.
    caller: str | None
    #: When the PBX decided alone: the script's clock, to the millisecond, on the same machine as the PBX.
    at: Instant
    #: muet (no answer in time), refus (nobody listens), vide (an answer without a route).
    reason: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """A call and the file that says so."""

    path: Path
    call: SecoursCall


@dataclass(frozen=True, slots=True)
class SpoolReading:
    """What one look into the folder found, oldest call first."""

    files: tuple[SpoolFile, ...]
    #: One sentence for each file that was set aside.
    rejected: tuple[str, ...]


def parse(text: str, name: str) -> SecoursCall:
    """The call that one file tells of; `name` is for the error message.

    Raises:
        SpoolFileError: not JSON, a field missing, or of another form.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpoolFileError(f"{name}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise SpoolFileError(f"{name}: one object is expected")
    fields: dict[str, object] = data
    reason = _text(fields, "reason", name)
    if reason not in _REASONS:
        raise SpoolFileError(f"{name}: reason: {reason!r} is not one of {', '.join(sorted(_REASONS))}")
    return SecoursCall(
        call_id=_text(fields, "call_id", name, _CALL_ID),
        did=_text(fields, "did", name),
        flux=_text(fields, "flux", name),
        caller=_text(fields, "caller", name, _CALLER) or None,
        at=_instant(_text(fields, "at", name), name),
        reason=reason,
        uniqueid=_text(fields, "uniqueid", name, _UNIQUEID),
    )


def read(folder: Path) -> SpoolReading:
    """All calls in the spool. An absent folder is an empty one: the PBX makes it with its first call.

    Files that are still being written have a name that starts with a dot and are left alone.

    Raises:
        OSError: the folder, or a file in it, cannot be read or set aside.
    """
    files: list[SpoolFile] = []
    rejected: list[str] = []
    for path in _candidates(folder):
        try:
            files.append(SpoolFile(path, parse(_content(path), path.name)))
        except FileNotFoundError:
            continue  # another reader was faster
        except SpoolFileError as error:
            _set_aside(path)
            rejected.append(str(error))
    return SpoolReading(tuple(sorted(files, key=lambda file: (file.call.at, file.call.call_id))), tuple(rejected))


def forget(file: SpoolFile) -> None:
    """Remove a file whose call is stored; no error if it is gone already."""
    file.path.unlink(missing_ok=True)


def _candidates(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.json") if path.is_file() and not path.name.startswith("."))


def _content(path: Path) -> str:
    with path.open("rb") as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise SpoolFileError(f"{path.name}: longer than {_MOST_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpoolFileError(f"{path.name}: not UTF-8: {error.reason} at byte {error.start}") from error


def _set_aside(path: Path) -> None:
    """Move into `rejets/` under a name that hides no earlier file."""
    rejects = path.parent / REJECTS
    rejects.mkdir(exist_ok=True)
    target = rejects / path.name
    number = 1
    while target.exists():
        target = rejects / f"{path.stem}-{number}{path.suffix}"
        number += 1
    path.rename(target)


def _text(fields: dict[str, object], field: str, name: str, pattern: re.Pattern[str] | None = None) -> str:
    value = fields.get(field)
    if not isinstance(value, str):
        raise SpoolFileError(f"{name}: {field}: {'missing' if value is None else f'a text is expected, not {value!r}'}")
    if pattern is not None and not pattern.fullmatch(value):
        raise SpoolFileError(f"{name}: {field}: the value does not match {pattern.pattern}")
    return value


def _instant(text: str, name: str) -> Instant:
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError as error:
        raise SpoolFileError(f"{name}: at: {error}") from error
