"""`python -m bench [NAME...]`: run the benches, print one table, keep it in var/bench.json."""

import argparse
import asyncio
import logging
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from bench import archive, board, cpu, desks, listenable, memory, press, recovery, route, throughput
from bench.figures import Figure, keep, machine, show

_BENCHES: dict[str, Callable[[], Coroutine[Any, Any, list[Figure]]]] = {
    "frames": throughput.run,
    "route": route.run,
    "cpu": cpu.run,
    "board": board.run,
    "desks": desks.run,
    "press": press.run,
    "memory": memory.run,
    "recovery": recovery.run,
    "archive": archive.run,
    "listenable": listenable.run,
}
_KEPT = Path(__file__).parents[1] / "var" / "bench.json"


def main() -> int:
    """Run what is asked for; the code is 1 when a bench could not be taken. A goal that is missed is a result."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Figures against rivals, in one run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"among {', '.join(_BENCHES)}; all by default")
    names = parser.parse_args().names or list(_BENCHES)
    if unknown := sorted(set(names) - _BENCHES.keys()):
        parser.error(f"no bench {', '.join(unknown)}; there are {', '.join(_BENCHES)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    facts = machine()
    figures: list[Figure] = []
    failed: list[str] = []
    for name in names:
        began = time.monotonic()
        try:
            figures += asyncio.run(_BENCHES[name]())
        except Exception:  # noqa: BLE001 - one bench that cannot be taken must not cost the others
            failed.append(name)
            traceback.print_exc()
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    facts["load_after"] = machine()["load_before"]
    show(figures, facts)
    keep(_KEPT, figures, facts)
    if failed:
        print(f"not taken: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
