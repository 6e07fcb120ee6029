"""Where simulated people are: free UDP ports for their signalling and their voice, and the port where their SIPp takes orders."""

import asyncio
import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack

_HOST = "127.0.0.1"
_LOOK_SECONDS = 0.02
_MEDIA_BELOW = 65_000
_MEDIA_ABOVE = 33_000
"""Above the PBX's own range, which a sandbox site takes below 30000."""
_TRIES = 200


def free_media_ports(width: int) -> tuple[int, int]:
    """First and last of a range of UDP ports, looked at in nine places; SIPp itself steps over a port taken meanwhile."""
    for _ in range(_TRIES):
        first = random.randrange(_MEDIA_ABOVE, _MEDIA_BELOW - width, 2)
        with ExitStack() as held:
            try:
                for port in range(first, first + width, max(1, width // 8)):
                    held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((_HOST, port))
            except OSError:
                continue
        return first, first + width - 1
    raise OSError(f"no free range of {width} UDP ports between {_MEDIA_ABOVE} and {_MEDIA_BELOW}")


def hang_up_everybody(control_port: int) -> None:
    """Tell a SIPp, over its control port, to end each of its calls with a BYE and to leave."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        control.sendto(b"Q", (_HOST, control_port))


async def until_taken(ports: Sequence[int], deadline_seconds: float) -> None:
    """Return once somebody holds every port; `TimeoutError` when that does not happen in time."""
    async with asyncio.timeout(deadline_seconds):
        for port in ports:
            while _is_free(port):  # noqa: ASYNC110 (another process takes the port: nobody can tell us)
                await asyncio.sleep(_LOOK_SECONDS)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
