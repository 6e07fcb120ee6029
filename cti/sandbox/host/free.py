"""Ports that nobody holds, for a sandbox and for tests that live side by side.

They lie below the ephemeral ones, so that no client socket lands on one between the look and the use, and are drawn at random, so
that two runs on one machine do not walk through the same ones; a process is never given the same port twice.
"""

import random
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

_HOST: Final = "127.0.0.1"
#: Single ports, and ranges for voice beneath them.
_SINGLE: Final = range(20_000, 32_700)
_VOICE: Final = range(10_000, 20_000)
_TRIES: Final = 400
_chance = random.SystemRandom()  # a test that seeds the common one must not draw another run's ports
_given: set[int] = set()


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that is free now, TCP unless `kind` says ``SOCK_DGRAM``.

    Raises:
        OSError: none was found.
    """
    return free_run(1, kind)


def free_run(width: int, kind: int = socket.SOCK_STREAM) -> int:
    """First of so many free ports in a row.

    Raises:
        OSError: none was found.
    """
    for _ in range(_TRIES):
        first = _chance.randrange(_SINGLE.start, _SINGLE.stop - width)
        wanted = range(first, first + width)
        if _given.isdisjoint(wanted) and _all_free(wanted, kind):
            _given.update(wanted)
            return first
    raise OSError(f"no {width} free ports in a row between {_SINGLE.start} and {_SINGLE.stop}")


def free_range(width: int) -> int:
    """First (even) of so many UDP ports for voice; a wide range is looked at at both ends and in the middle.

    Raises:
        OSError: none was found.
    """
    for _ in range(_TRIES):
        first = 2 * _chance.randrange(_VOICE.start // 2, (_VOICE.stop - width) // 2)
        if _all_free((first + step for step in (range(width) if width < 50 else (0, width // 2, width - 1))), socket.SOCK_DGRAM):
            return first
    raise OSError(f"no free range of {width} UDP ports between {_VOICE.start} and {_VOICE.stop}")


def _all_free(ports: Iterable[int], kind: int) -> bool:
    with ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(socket.socket(socket.AF_INET, kind)).bind((_HOST, port))
        except OSError:
            return False
    return True
