"""Events as plain data and back, for the journal: ``{"type": "AgentAnswered", "call_id": ..., "at": ...}``.

The journal outlives the code that wrote it: a field that a stored event lacks takes its default, a field that the code no
longer knows is left out, and an unknown type is refused by name.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, get_type_hints

from cti.journey import events as ev


class UnknownEvent(ValueError):
    """The journal holds an event that this version does not know, or one that lacks a required field."""


_TYPES = {cls.__name__: cls for cls in ev.CALL_EVENTS}
_NAMES = {cls: tuple(f.name for f in fields(cls) if f.name != "call_id") for cls in _TYPES.values()}
_READ = {cls: attrgetter(*names) for cls, names in _NAMES.items()}
_REQUIRED = {
    cls: tuple(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING) for cls in _TYPES.values()
}
_ENUMS: dict[type[ev.CallEvent], dict[str, type[StrEnum]]] = {
    cls: {name: hint for name, hint in get_type_hints(cls).items() if isinstance(hint, type) and issubclass(hint, StrEnum)}
    for cls in _TYPES.values()
}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: The text of an event of each class, its values left open: the names never change, so they are written out once.
_TEXTS = {cls: "{" + ",".join(f'"{name}":%s' for name in names) + "}" for cls, names in _NAMES.items()}
#: How the values are written, by their exact type; a word of an enum is written as the word.
_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
    **{
        enum: {word: encode_basestring(word.value) for word in enum}.__getitem__
        for enums in _ENUMS.values()
        for enum in enums.values()
    },
}


def to_json(event: ev.CallEvent) -> str:
    """All fields but ``call_id`` (a column of its own), as compact JSON in field order."""
    cls = type(event)
    return _TEXTS[cls] % tuple([_WRITTEN.get(type(value), _encode)(value) for value in _READ[cls](event)])


def from_json(kind: str, call_id: str, payload: str) -> ev.CallEvent:
    """The event that was stored.

    Raises:
        UnknownEvent: the type is unknown or a required field is missing.
    """
    cls = _TYPES.get(kind)
    if cls is None:
        raise UnknownEvent(f"unknown event type {kind!r}")
    data: Mapping[str, Any] = json.loads(payload)
    known = {name: data[name] for name in _NAMES[cls] if name in data}
    for name, enum in _ENUMS[cls].items():
        if name in known:
            known[name] = enum(known[name])
    known["call_id"] = call_id
    missing = [name for name in _REQUIRED[cls] if name not in known]
    if missing:
        raise UnknownEvent(f"{kind} lacks {', '.join(missing)}")
    return cls(**known)
