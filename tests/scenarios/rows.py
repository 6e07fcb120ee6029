"""The rows of a store as text, to compare two stores byte for byte."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

#: Columns that hold what the service did itself, or the order in which a batch happened to be written.
_CHECKED = ("checked_at", "caller_ms", "agents_ms", "bytes", "problem")
_OURS = {
    "event": ("seq",),
    "call": ("dossier_id", "dossier_ref", "last_at"),
    "recording": _CHECKED,
    "consult": _CHECKED,
}
#: Tables that are made from frames, CEL and secours files alone.
_SEEN = ("event", "call", "stage", "leg", "consult", "recording", "anomaly", "gap")


def dump(database: Path) -> bytes:
    """Every row of every table, in one order."""
    with closing(sqlite3.connect(database)) as base:
        names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        lines = [json.dumps([name, *row]) for name in names for row in _rows(base, name)]
    return "\n".join(lines).encode()


def seen(database: Path) -> dict[str, list[dict[str, Any]]]:
    """What the store holds of what was seen on the PBX, by table: without what the service did itself."""
    told: dict[str, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(database)) as base:
        for name in _SEEN:
            columns = [row[1] for row in base.execute(f"PRAGMA table_info({name})")]
            rows = [dict(zip(columns, row, strict=True)) for row in _rows(base, name)]
            kept = [{k: v for k, v in row.items() if k not in _OURS.get(name, ())} for row in rows if not _own(row)]
            told[name] = sorted(kept, key=lambda row: json.dumps(row, sort_keys=True))
    return told


def _own(row: dict[str, Any]) -> bool:
    return "payload" in row and json.loads(row["payload"]).get("seen") == "own"


def _rows(base: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    return sorted(base.execute(f"SELECT * FROM {name}"), key=repr)
