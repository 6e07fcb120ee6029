"""One-time codes (TOTP, RFC 6238): secrets sealed before they reach the database, codes compared, enrolment shown once.

A secret must be had again to compare a code, so it cannot be a digest. It is sealed (AES-256-GCM) under a key derived from that
of the tokens, which is not in the database, and bound to the account's name: a copy of the database opens nothing, nor does a
row moved to another account. The libraries are loaded by the first who has a code: a start does not pay for them.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from typing import Final

from cti.journey.words import Instant

#: Seconds of one code.
STEP: Final = 30
_NONCE: Final = 12
ISSUER: Final = "SAS téléphonie"


def new_secret() -> str:
    """A secret of 160 bits, as authenticator applications take it (RFC 4226)."""
    import pyotp  # noqa: PLC0415

    return pyotp.random_base32()


def seal(key: bytes, user: str, secret: str) -> str:
    """What is kept of a secret."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce = os.urandom(_NONCE)
    return (nonce + AESGCM(_own(key)).encrypt(nonce, secret.encode(), user.encode())).hex()


def unseal(key: bytes, user: str, sealed: str) -> str | None:
    """The secret again; None when it was sealed under another key or for another account."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    try:
        raw = bytes.fromhex(sealed)
        return AESGCM(_own(key)).decrypt(raw[:_NONCE], raw[_NONCE:], user.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def step_of(secret: str, code: str, at: Instant, last: int | None) -> int | None:
    """The step of which this is the code: the present one or a neighbour, later than the last one used; None when it is none."""
    import pyotp  # noqa: PLC0415

    given = "".join(code.split())
    if len(given) != 6 or not (given.isascii() and given.isdecimal()):
        return None
    totp, now, found = pyotp.TOTP(secret, interval=STEP), at // 1_000_000 // STEP, None
    for step in (now - 1, now, now + 1):
        same = hmac.compare_digest(totp.at(step * STEP), given)
        if same and (last is None or step > last):
            found = step
    return found


def enrolment(user: str, secret: str) -> Iterator[str]:
    """What the person is shown, once: the secret, its address, and the picture that her telephone reads."""
    import pyotp  # noqa: PLC0415

    address = pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=user, issuer_name=ISSUER)
    yield f"secret : {' '.join(secret[i : i + 4] for i in range(0, len(secret), 4))}"
    yield address
    yield from picture(address)


def picture(address: str) -> Iterator[str]:
    """A QR code in half blocks, dark on light whatever the terminal's colours are thought to be."""
    import segno  # noqa: PLC0415

    rows = [list(row) for row in segno.make(address, error="m").matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield "".join(blocks[bool(above), bool(below)] for above, below in zip(upper, lower, strict=True))


def _own(key: bytes) -> bytes:
    return hmac.new(key, b"totp seal", hashlib.sha256).digest()
