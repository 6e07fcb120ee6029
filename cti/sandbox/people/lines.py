"""The injection files of SIPp: one line for each call, with all that was drawn for it.

A line is fields separated by semicolons, in the order that `scenarios` names; SIPp gives each new call the next line.
"""

from collections.abc import Iterable
from pathlib import Path

from cti.sandbox.people.draw import Caller, Identity
from cti.sandbox.people.scenarios import AGENT_FIELDS, CALLER_FIELDS
from cti.sandbox.people.staff import Gesture

_OPERATOR = "operateur.invalid"


def write_callers(path: Path, callers: Iterable[Caller], opened_ms: int) -> Path:
    """Write one line a caller; each waits from `opened_ms`, when his SIPp starts, to his own hour."""
    return _write(path, CALLER_FIELDS, (_caller(one, opened_ms) for one in callers))


def write_gestures(path: Path, gestures: Iterable[Gesture]) -> Path:
    """Write one line a gesture; when calls outnumber the lines, SIPp starts again with the first one."""
    return _write(path, AGENT_FIELDS, (_gesture(one) for one in gestures))


def _caller(caller: Caller, opened_ms: int) -> tuple[str | int, ...]:
    known = caller.identity is not Identity.UNKNOWN
    # An empty line would end the headers: another, harmless one takes the place of the one that says nothing.
    identity = f"P-Asserted-Identity: <sip:{caller.number}@{_OPERATOR}>" if known else "Accept-Language: fr"
    privacy = f"Privacy: {'id' if caller.identity is Identity.MASKED else 'none'}"
    delay_ms = max(0, caller.arrives_ms - opened_ms)
    return delay_ms, caller.did, caller.user, identity, privacy, caller.motif, caller.stay_ms, caller.number[-1]


def _gesture(gesture: Gesture) -> tuple[str | int, ...]:
    digits = gesture.target.ljust(3, "0")
    ways = gesture.fate, gesture.ring_ms, gesture.talk_ms, gesture.then, gesture.target or "-", *digits[:3]
    return *ways, gesture.apart_ms, gesture.stay_ms, gesture.last_key or "-"


def _write(path: Path, names: tuple[str, ...], lines: Iterable[tuple[str | int, ...]]) -> Path:
    rows = ["SEQUENTIAL"]
    for line in lines:
        row = ";".join(str(value) for value in line)
        if len(line) != len(names) or row.count(";") != len(names) - 1 or "\n" in row:
            raise ValueError(f"{path.name}: {row!r} does not have the fields {', '.join(names)}")
        rows.append(row)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
