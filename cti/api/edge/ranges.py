"""Byte ranges (RFC 9110, 14): one range is served as 206; what is no range of ours, or several at once, is the whole (200).

A range that begins beyond the end is 416, with the length. ``If-Range`` must name the very bytes that the range was asked of.
"""

import re
from dataclasses import dataclass

from aiohttp import web

from cti.api.edge.problems import Problem

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """What of a file is sent, both ends held; ``whole`` when all of it was asked for."""

    first: int
    last: int
    total: int
    whole: bool

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.last + 1 - self.first

    @property
    def headers(self) -> dict[str, str]:
        """What says so."""
        told = {"Content-Length": str(self.size), "Accept-Ranges": "bytes"}
        return told if self.whole else told | {"Content-Range": f"bytes {self.first}-{self.last}/{self.total}"}


def span_of(request: web.Request, total: int, etag: str) -> Span:
    """What this request wants of a file of so many bytes.

    Raises:
        Problem: 416, it wants what lies beyond the end.
    """
    whole = Span(0, total - 1, total, whole=True)
    asked = request.headers.get("Range")
    if asked is None or request.headers.get("If-Range", etag) != etag:
        return whole
    match = _ONE.fullmatch(asked.strip().replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return whole
    begin, end = match.groups()
    if not begin:  # the last so many bytes
        first, last = max(0, total - int(end)), total - 1
        beyond = int(end) == 0
    else:
        first, last = int(begin), min(total - 1, int(end) if end else total - 1)
        if end and int(end) < int(begin):
            return whole
        beyond = first >= total
    if beyond:
        raise Problem(416, "La plage demandée est au-delà de la fin.", headers={"Content-Range": f"bytes */{total}"})
    return Span(first, last, total, whole=False)
