"""From when a post is good enough to be offered calls: the blocks ``[[pret]]`` of ``agents.toml``, each from its date on.

A figure is never changed in place: a new block is added with the day from which it holds, so that what paused somebody in March
can still be explained in June.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from cti.journey import Instant


@dataclass(frozen=True, slots=True)
class ReadyRules:
    """The limits that hold from one day on."""

    since: date = date.min
    round_trip_ms: int = 500  #: OPTIONS and its answer
    micro_dbfs: float = -70.0  #: below it a microphone is taken for dead
    micro_seconds: int = 15  #: without one louder moment in so long
    loss_max: float = 0.05  #: of the voice that went to the PBX and back
    clock_ms: int = 2000
    news_seconds: int = 150  #: how long a page is believed


#: Field of the file -> (attribute, lowest, highest). A tab may be run once a minute: news are waited for longer than that.
_FIELDS: Final[Mapping[str, tuple[str, float, float]]] = {
    "aller_retour_max_ms": ("round_trip_ms", 20, 10_000),
    "micro_min_dbfs": ("micro_dbfs", -100, -20),
    "micro_muet_seconds": ("micro_seconds", 3, 3600),
    "perte_max_pct": ("loss_max", 0, 50),
    "horloge_max_ms": ("clock_ms", 100, 60_000),
    "nouvelles_seconds": ("news_seconds", 75, 3600),
}


def read_ready(blocks: object, file: str, problems: list[str]) -> tuple[ReadyRules, ...]:
    """The blocks in the order of their dates; without any, what this module says. Faults are added to ``problems``."""
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        problems.append(f"{file}: pret: blocks [[pret]] are expected")
        return (ReadyRules(),)
    read = [_block(block, f"{file}: [[pret]] {rank}", problems) for rank, block in enumerate(blocks, start=1)]
    days = [rules.since for rules in read]
    problems += [
        f"{file}: [[pret]] depuis: {day.isoformat()} stands twice" for day in sorted({d for d in days if days.count(d) > 1})
    ]
    return tuple(sorted(read, key=lambda rules: rules.since)) or (ReadyRules(),)


def rules_at(blocks: Sequence[ReadyRules], now: Instant) -> ReadyRules:
    """Those that hold: of the latest day that has begun (UTC); before the first day, the first."""
    begun = [one for one in blocks if one.since == date.min or _midnight(one.since) <= now]
    return begun[-1] if begun else blocks[0]


def _midnight(day: date) -> Instant:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000


def _block(block: object, where: str, problems: list[str]) -> ReadyRules:
    if not isinstance(block, Mapping):
        problems.append(f"{where}: a table is expected")
        return ReadyRules()
    since = block.get("depuis")
    if not isinstance(since, date) or isinstance(since, datetime):
        problems.append(f"{where} depuis: a date such as 2026-01-01 is expected")
        since = date.min
    problems.extend(f"{where} {name}: unknown field" for name in block if name != "depuis" and name not in _FIELDS)
    chosen: dict[str, Any] = {}
    for name, (attribute, lowest, highest) in _FIELDS.items():
        if name not in block:
            continue
        value = block[name]
        whole = attribute not in ("loss_max", "micro_dbfs")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not lowest <= value <= highest:
            problems.append(f"{where} {name}: a number from {lowest:g} to {highest:g} is expected, not {value!r}")
        else:
            chosen[attribute] = value / 100 if attribute == "loss_max" else value
    return ReadyRules(since=since, **chosen)
