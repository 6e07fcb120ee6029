"""A FastAGI server that does nothing else: one route, the same line each time. What any server costs on this machine.

`python -m bench.scene.bare_agi` prints its port and serves until its standard input is closed.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

_LINE = b'SET VARIABLE "ROUTE" "n1|20|60|nu"\n'


@contextlib.asynccontextmanager
async def bare_agi(root: str) -> AsyncIterator[int]:
    """Such a server in a process of its own; gives its port."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.scene.bare_agi", cwd=root, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield int(await child.stdout.readline())
    finally:
        child.stdin.close()
        await child.wait()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await reader.readuntil(b"\n\n")
        writer.write(_LINE)
        await reader.readline()
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
