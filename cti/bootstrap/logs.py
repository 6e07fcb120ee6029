"""Logs: constant event names, UTC instants, and no telephone number in clear.

One processor masks every run of digits that could be a caller's number, wherever it stands in the entry.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: A French or international number: 9 to 15 digits, not part of a longer word (uniqueids have a dot, instants 16 digits).
_NUMBER = re.compile(r"(?<![\w.:-])\+?\d{5,11}(\d{4})(?![\w.:-])")
#: Fields that hold digits but never a person.
_SAFE = frozenset({"call_id", "at", "asked_at", "took_us", "received_at", "epoch", "pid", "uniqueid", "timestamp"})


def mask_number(text: str) -> str:
    """Hide a telephone number but for its last four digits: ``0612345678`` becomes ``······5678``."""
    return _NUMBER.sub(lambda found: "······" + found.group(1), text)


def mask_numbers(_logger: object, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor: masks every text of the entry."""
    for key, value in entry.items():
        if isinstance(value, str) and key not in _SAFE:
            entry[key] = mask_number(value)
    return entry


def configure(level: str, *, as_json: bool) -> None:
    """Set logging up for the process.

    Raises:
        ValueError: no such level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"no log level {level!r}")
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_numbers,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
