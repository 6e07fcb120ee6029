"""Logs: constant event names, UTC instants, and no telephone number in clear.

One processor masks every run of digits that could be a caller's number, however deep it stands in the entry; what the libraries
write through ``logging`` passes the same mask.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from typing_extensions import override

#: What is left as it is (a UUID, an Asterisk uniqueid: seconds since the epoch, a dot, a count), else a telephone number: 9 to 15
#: digits on their own, or a French one in pairs. Instants have 16 digits; a longer word of letters and digits names no person.
_NUMBER = re.compile(
    r"(?P<left>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9A-Za-z])[1-9]\d{9}\.\d+)"
    r"|(?<![0-9A-Za-z])(?:\+?\d{5,11}(?P<last>\d{4})|(?:\+33[  .]?|0)[1-9](?:[  .-]\d\d){2}[  .-](?P<pairs>\d\d[  .-]\d\d))"
    r"(?![0-9A-Za-z])"
)
#: Fields that hold digits but never a person.
_SAFE = frozenset({"call_id", "at", "asked_at", "took_us", "received_at", "epoch", "pid", "uniqueid", "timestamp"})
#: What a renderer writes without asking for its text.
_PLAIN = (bool, int, float, type(None))


def mask_number(text: str) -> str:
    """Hide telephone numbers but for their last four digits: ``0612345678`` becomes ``······5678``."""
    return _NUMBER.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    return found["left"] or "······" + (found["last"] or found["pairs"])


def mask_numbers(_logger: object, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor: masks every text of the entry, in lists, tables and the text of any object too."""
    for key, value in entry.items():
        if key not in _SAFE:
            entry[key] = _without_numbers(value)
    return entry


def _without_numbers(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, str):
        return mask_number(value)
    if isinstance(value, Mapping):
        return {_without_numbers(k): v if k in _SAFE else _without_numbers(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_numbers(each) for each in value]
    return mask_number(repr(value))


class _MaskingFormatter(logging.Formatter):
    """For what the libraries log."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return mask_number(super().format(record))


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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskingFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler])
