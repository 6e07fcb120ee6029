"""Regulating from outside through one HTTPS port: the files of the proxy and the relay, and whether they do what they should."""

import asyncio
import sys
from pathlib import Path

import click

from cti.bootstrap.verbs.shared import config_option, plain_errors, settings_of


@click.group()
def distance() -> None:
    """Regulating from outside through one HTTPS port."""


@distance.command()
@config_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("var/distance"), show_default=True)
def fichiers(folder: Path, out: Path) -> None:
    """Write the files of nginx and coturn. The one of coturn bears the shared secret."""
    from cti.bootstrap.telephone.one_port import files, write  # noqa: PLC0415

    with plain_errors():
        written = write(files(settings_of(folder)), out)
    for path in written:
        click.echo(str(path))


@distance.command()
@config_option
@click.option("--adresse", default="", help="where the port is, in place of what its names resolve to")
@click.option(
    "--autorite", type=click.Path(exists=True, dir_okay=False), default=None, help="PEM of a certificate authority of one's own"
)
def essai(folder: Path, adresse: str, autorite: str | None) -> None:
    """See from where people come whether the port does what it should, and refuses what it must. Exit code 1 when it does not."""
    from cti.bootstrap.clock import now  # noqa: PLC0415
    from cti.bootstrap.telephone.checking import Way, check  # noqa: PLC0415

    async def look() -> bool:
        good = True
        async for finding in check(settings_of(folder), Way(adresse, autorite or ""), now()):
            click.echo(("bon      " if finding.ok else "MAUVAIS  ") + finding.text)
            good = good and finding.ok
        return good

    with plain_errors():
        if not asyncio.run(look()):
            sys.exit(1)
