"""The sealed voice: how it stands, the worker by hand, the proof, the verification, the keys."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cti.bootstrap.clock import now
from cti.bootstrap.verbs.shared import config_option, period_options, plain_errors, settings_of


@click.group()
def archive() -> None:
    """The sealed voice: status, run, prove, verify, show, keygen, rewrap. Exit code 1: something is wrong, and named."""


@archive.command()
@config_option
def status(folder: Path) -> None:
    """How many pieces stand where, and for whom they are sealed."""
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors():
        for line in telling.status(settings_of(folder)):
            click.echo(line)


@archive.command()
@config_option
def run(folder: Path) -> None:
    """Take up every recording that is not archived yet, now (the service does it by itself)."""
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors(), bar_of("archivage") as bar:
        faults = list(telling.run(settings_of(folder), bar))
    _end(faults, "tout est archivé")


@archive.command()
@config_option
@period_options
def prove(folder: Path, since: str | None, until: str | None) -> None:
    """Each answered call has its voice, each file has its call (default: today)."""
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors():
        faults = list(telling.proof(settings_of(folder), since, until, now()))
    _end(faults, "chaque appel décroché a sa voix, chaque fichier a son appel")


@archive.command()
@config_option
@click.option("--open", "opened", is_flag=True, help="open every object too (needs the identity); slower")
def verify(folder: Path, opened: bool) -> None:
    """Every object is read back and compared with the database, both ways; then the log of accesses, to its first entry."""
    from cti.bootstrap.access import journal  # noqa: PLC0415
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors(), bar_of("vérification") as bar:
        settings = settings_of(folder)
        faults = list(telling.verified(settings, bar, opened=opened)) if settings.archive.archive.actif else []
        entries, heads, of_the_log = journal.faults(settings)
    click.echo(f"journal des accès : {entries} entrées, {heads} têtes publiées, {len(of_the_log)} défauts", err=True)
    if not settings.archive.archive.actif:
        click.echo("archive inactive : seul le journal des accès est vérifié", err=True)
    _end([*faults, *of_the_log], "archive conforme")


@archive.command()
@config_option
@click.argument("piece_id")
def show(folder: Path, piece_id: str) -> None:
    """Where one piece stands, and what lies in the store for it (PIECE_ID, or the id of a call)."""
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors():
        lines = telling.show(settings_of(folder), piece_id)
    if not lines:
        raise click.ClickException(f"no piece {piece_id} in the store")
    for line in lines:
        click.echo(line)


@archive.command()
@config_option
@click.option(
    "--secours", type=click.Path(path_type=Path, dir_okay=False), help="draw the offline recovery identity into this file"
)
def keygen(folder: Path, secours: Path | None) -> None:
    """Draw the identity of this service, or the offline one, and say what to do with it."""
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors():
        for line in telling.keygen(settings_of(folder), secours, now()):
            click.echo(line)


@archive.command()
@config_option
def rewrap(folder: Path) -> None:
    """Seal every piece anew for the recipients of archive.toml, after a change of keys; the old sealings are removed."""
    from cti.bootstrap.keeping import telling  # noqa: PLC0415

    with plain_errors(), bar_of("nouveau scellement") as bar:
        faults = list(telling.rewrap(settings_of(folder), bar))
    _end(faults, "toute l'archive est scellée pour les destinataires du jour")


def _end(faults: Iterable[str], sound: str) -> None:
    lines = list(faults)
    for line in lines:
        click.echo(line)
    click.echo(f"{len(lines)} défaut(s)" if lines else sound)
    if lines:
        sys.exit(1)


@contextmanager
def bar_of(what: str) -> Iterator[Callable[[int], Callable[[], None]]]:
    """A progress bar on the error output: told how many first, then once for each."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as shown:

        def begin(total: int) -> Callable[[], None]:
            task: Any = shown.add_task(what, total=total)
            return lambda: shown.advance(task)

        yield begin
