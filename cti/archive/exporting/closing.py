"""Closing a package: a ZIP of AES-256 for whoever has 7-Zip, age for whoever has age (docs/decisions/0029). In memory.

What is closed is one file of a neutral name: the list of a ZIP is readable without its passphrase, and would name calls.
Bytes go in small steps through Python, so that the interpreter's other threads (callers wait for one) get their turn; the
passphrase of age is stretched for a second that holds the interpreter, and is for a process of its own (``python -m`` this).
"""

import io
import sys
from collections.abc import Callable, Sequence
from typing import Final

import pyrage
import pyzipper

from cti.archive.exporting.asked import Form
from cti.archive.exporting.package import zip_date
from cti.journey import Instant

#: The only file in a closed ZIP.
INNER: Final = "remise.zip"
_STEP: Final = 1 << 16

#: Closes with a passphrase of age, elsewhere: plain bytes and passphrase in, sealed bytes out.
Apart = Callable[[bytes, str], bytes]


def ending(form: Form) -> str:
    """Of the name of a closed package."""
    return {Form.ZIP: ".zip", Form.AGE: ".zip.age"}[form]


def for_keys(plain: bytes, recipients: Sequence[str]) -> bytes:
    """Sealed for these public keys; each opens it alone."""
    out = _Writer()
    pyrage.encrypt_io(_Reader(plain), out, [pyrage.x25519.Recipient.from_str(key) for key in recipients])
    return out.out.getvalue()


def with_passphrase(plain: bytes, phrase: str) -> bytes:
    """Sealed with a passphrase, as ``age -d`` asks for it; a second of the processor, during which no other thread runs."""
    return bytes(pyrage.passphrase.encrypt(plain, phrase))


def in_a_zip(plain: bytes, phrase: str, at: Instant) -> bytes:
    """A ZIP closed with AES-256 (WinZip AE-2), as 7-Zip, WinZip, Keka and bsdtar open it."""
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_STORED) as box:
        box.setpassword(phrase.encode("ascii"))
        box.setencryption(pyzipper.WZ_AES, nbits=256)
        info = box.zipinfo_cls(INNER, zip_date(at))
        with box.open(info, "w") as inner:
            for start in range(0, len(plain), _STEP):
                inner.write(plain[start : start + _STEP])
    return out.getvalue()


class _Reader:
    """Bytes in small steps, through Python: at each, other threads may run."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """The next ones."""
        end = len(self._data) if size < 0 else self._at + size
        step = bytes(self._data[self._at : end])
        self._at += len(step)
        return step


class _Writer:
    """Where they go."""

    def __init__(self) -> None:
        self.out = io.BytesIO()

    def write(self, data: bytes) -> int:
        """Take these."""
        return self.out.write(data)

    def flush(self) -> None:
        """They are in memory already."""


def main() -> None:
    """Read the passphrase's line and the plain bytes, write the sealed ones."""
    phrase = sys.stdin.buffer.readline().rstrip(b"\n").decode("ascii")
    sys.stdout.buffer.write(with_passphrase(sys.stdin.buffer.read(), phrase))


if __name__ == "__main__":
    main()
