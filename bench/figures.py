"""What a bench says, how it is shown, and the facts about the machine that it was said on."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure beside its rival or limit, taken in the same run. `ratio` is what is compared with `goal`."""

    bench: str
    what: str
    ours: float
    unit: str
    rival: float
    against: str  #: whom or what `rival` is about
    ratio: float
    goal: str = ""  #: such as "<= 0.25"; empty for a figure that only explains
    remarks: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the ratio keeps the goal; None without one."""
        if not self.goal:
            return None
        sign, _, number = self.goal.partition(" ")
        return self.ratio >= float(number) if sign == ">=" else self.ratio <= float(number)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed; 0.99 of fewer than 100 values is the largest.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Middle and ends of several values, for the detail of a figure."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    told = {name: round(percentile(values, share), 3) for name, share in shares.items()}
    return {"n": len(values), "mean": round(statistics.fmean(values), 3), **told}


def machine() -> dict[str, Any]:
    """What these figures stand on."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": [round(value, 2) for value in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def show(figures: Iterable[Figure], facts: dict[str, Any]) -> None:
    """One table on standard output, then the remarks."""
    console = Console(width=150)
    table = Table(title="bench", show_lines=False)
    for name, justify in (("bench", "left"), ("what", "left"), ("ours", "right"), ("against", "left"), ("rival", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name in ("ratio", "goal", "met"):
        table.add_column(name, justify="right")
    notes = []
    for figure in figures:
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        ours, rival = f"{_round(figure.ours)} {figure.unit}", f"{_round(figure.rival)} {figure.unit}"
        table.add_row(figure.bench, figure.what, ours, figure.against, rival, f"{figure.ratio:.2f}", figure.goal, met)
        notes += [f"{figure.bench}: {remark}" for remark in figure.remarks]
    console.print(table)
    console.print(f"machine: {facts}", highlight=False)
    for note in notes:
        console.print(f"- {note}", highlight=False)


def _round(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def keep(path: Path, figures: Iterable[Figure], facts: dict[str, Any]) -> None:
    """Write them down for whoever compares two runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"machine": facts, "figures": [{**asdict(figure), "met": figure.met} for figure in figures]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
