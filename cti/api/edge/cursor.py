"""The place in a list of calls at which a page ended, handed out as an opaque text and taken back with distrust."""

import base64
import binascii
import re

from cti.api.edge.problems import Problem
from cti.journey import CallId, Instant

CALL_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def cursor_of(place: tuple[Instant, CallId]) -> str:
    """As it is handed out."""
    return base64.urlsafe_b64encode(f"{place[0]}.{place[1]}".encode()).decode().rstrip("=")


def read_cursor(text: str, name: str = "cursor") -> tuple[Instant, CallId]:
    """The place that was handed out.

    Raises:
        Problem: 422, it is none of ours; ``name``: of the parameter.
    """
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    t0, dot, call_id = plain.partition(".")
    if not dot or not re.fullmatch(r"[0-9]{1,18}", t0) or not CALL_ID.fullmatch(call_id):
        raise Problem(422, f"« {name} » : ce n'est pas un curseur donné par ce service.")
    return int(t0), call_id
