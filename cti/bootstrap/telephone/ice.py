"""Which STUN and TURN servers a page is told, with TURN credentials that end by themselves.

coturn (``use-auth-secret``) and others read a user name ``<end, seconds since the epoch>:<user>`` and a password that is the
HMAC-SHA1 of it under a secret shared with us, base64 (draft-uberti-behave-turn-rest-00, section 2.2): nothing has to be told to
the server.
"""

import base64
import hashlib
import hmac
from typing import Any

from cti.ami.telephone import TelephoneSettings
from cti.journey import Instant


def ice_servers(settings: TelephoneSettings, user: str, until: Instant) -> list[dict[str, Any]]:
    """The servers as RTCPeerConnection wants them; none where the site names none."""
    servers: list[dict[str, Any]] = [{"urls": list(settings.stun)}] if settings.stun else []
    if settings.turn:
        username = f"{until // 1_000_000}:{user}"
        servers.append({"urls": list(settings.turn), "username": username, "credential": _credential(settings, username)})
    return servers


def _credential(settings: TelephoneSettings, username: str) -> str:
    digest = hmac.new(settings.turn_secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")
