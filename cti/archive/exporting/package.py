"""The package before it is closed: a ZIP whose bytes follow from what is in it, with the sums of every file at its end.

Order is the order in which files are put, dates are the receipt's, rights are one owner's; nothing of this machine is in it.
"""

import io
import zipfile
from typing import Final

from cti.archive.sealing.keys import sha256
from cti.journey import Instant
from cti.journey.words import as_datetime

#: As ``sha256sum -c`` reads it.
SUMS: Final = "EMPREINTES.sha256"
_OWNER_ONLY: Final = 0o600 << 16
_UNIX: Final = 3
#: Sound that is compressed already gains nothing.
_STORED: Final = (".flac",)
#: Written at once: between two steps other threads run.
_STEP: Final = 1 << 20


class Package:
    """Filled file after file, in memory."""

    def __init__(self, at: Instant) -> None:
        """Begin one, dated with this instant (UTC)."""
        self._out = io.BytesIO()
        self._zip = zipfile.ZipFile(self._out, "w")
        self._sums: list[str] = []
        self._date = zip_date(at)

    def put(self, name: str, data: bytes) -> str:
        """Put one file in; its SHA-256."""
        digest = sha256(data)
        self._sums.append(f"{digest}  {name}\n")
        self._write(name, data)
        return digest

    def finish(self) -> bytes:
        """The whole, with the sums; nothing may be put in afterwards."""
        self._write(SUMS, "".join(self._sums).encode())
        self._zip.close()
        return self._out.getvalue()

    def _write(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name, self._date)
        info.create_system = _UNIX
        info.external_attr = _OWNER_ONLY
        info.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w") as file:
            for start in range(0, len(data), _STEP):
                file.write(data[start : start + _STEP])


def zip_date(at: Instant) -> tuple[int, int, int, int, int, int]:
    """An instant as a ZIP has it: UTC, to two seconds."""
    when = as_datetime(at)
    return when.year, when.month, when.day, when.hour, when.minute, when.second // 2 * 2
