"""How far a long piece of work is, shown as a bar on a terminal and as plain lines in a log.

What is shown is read by people in the control room's own language: French.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

PREPARING = "Préparation"
INDEX = "Lecture de l'index de Debian"
DOWNLOAD = "Téléchargement des paquets"
UNPACK = "Installation dans le cache"
WAITING = "Une autre installation est en cours, attente"


class Reporter(Protocol):
    """What a long piece of work tells: the step it is at, and how much of it is done."""

    def step(self, title: str, total: int = 0) -> None:
        """A new step begins; `total` in bytes, 0 when unknown."""

    def done(self, amount: int) -> None:
        """`amount` bytes of the present step are done, counted from its start."""


class Silence:
    """Tells nothing, for tests and programs."""

    def step(self, title: str, total: int = 0) -> None:
        """Tell nothing."""

    def done(self, amount: int) -> None:
        """Tell nothing."""


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def step(self, title: str, total: int = 0) -> None:
        self._finish()
        self._task = self._progress.add_task(title, total=total or None)

    def done(self, amount: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=amount)

    def _finish(self) -> None:
        if self._task is not None:
            task = self._progress.tasks[self._task]
            total = task.total or 1
            self._progress.update(self._task, total=total, completed=total)


class _Lines:
    """One line a step, and one each tenth of it: a log keeps every line for ever."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title, self._total, self._tenth = "", 0, 0

    def step(self, title: str, total: int = 0) -> None:
        self._title, self._total, self._tenth = title, total, 0
        size = f" ({total / 1e6:.0f} Mo)" if total else ""
        self._say(f"{title}{size}")

    def done(self, amount: int) -> None:
        tenth = 10 * amount // self._total if self._total else 0
        if tenth > self._tenth:
            self._tenth = tenth
            self._say(f"{self._title} : {tenth * 10} %")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def shown(console: Console | None = None) -> Iterator[Reporter]:
    """A reporter that draws a bar when standard error is a terminal, and writes plain lines otherwise."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress)
