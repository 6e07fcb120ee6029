"""What a stream sends, for the document: each message by its name, and what its ``data`` holds.

A picture (``snapshot``) and its changes (``change``) have an ``id`` to resume at; whatever else passes has none. A change holds
the parts of the picture that changed, as they are now; of a part that is a table, the rows that changed, None for one that is
gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cti.api.contract.shape import Shape


class Beat(Shape):
    """The line is alive."""

    at: datetime


class Over(Shape):
    """Whoever follows may do so no longer; why, in French. Nothing follows."""

    detail: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A picture that is followed by number."""

    picture: type[Shape]
    tables: Sequence[str]  #: parts of it of which single rows change
    always: Sequence[str] = ("epoch", "seq", "at")  #: parts that every change tells
    beside: Mapping[str, type[Shape]] = field(default_factory=dict)  #: messages without a number


_TEXT: Final = {"type": "string"}
_ID: Final = {"type": "string", "description": "à rendre dans « Last-Event-ID » pour reprendre ici"}


def change_schema(picture: Mapping[str, Any], followed: Followed) -> dict[str, Any]:
    """The schema of a change, from that of the picture."""
    parts = dict(picture["properties"])
    for name in followed.tables:
        row = parts[name]["additionalProperties"]
        parts[name] = {**parts[name], "additionalProperties": {"anyOf": [row, {"type": "null"}]}}
    return {
        "type": "object",
        "description": "ce qui a changé, tel que c'est maintenant ; null : cette ligne n'est plus là",
        "properties": parts,
        "required": list(followed.always),
        "additionalProperties": False,
    }


def message_schema(name: str, reference: Mapping[str, Any], *, numbered: bool) -> dict[str, Any]:
    """One message of a stream: its fields as the wire has them, ``data`` being JSON on one line."""
    data = {**_TEXT, "contentMediaType": "application/json", "contentSchema": reference}
    # A client keeps the last number it was given, and shows it with what has none.
    fields = {"event": {"const": name}, "data": data, "id": _ID}
    required = ["event", "data", *(["id"] if numbered else [])]
    return {"type": "object", "title": name, "properties": fields, "required": required, "additionalProperties": False}
