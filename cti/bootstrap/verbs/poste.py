"""What is done about one post from the command line: its provisioning sheet."""

from pathlib import Path

import click

from cti.bootstrap.verbs.shared import config_option, plain_errors, settings_of


@click.group()
def poste() -> None:
    """One post of the room."""


@poste.command()
@config_option
@click.argument("name", metavar="POSTE")
@click.option("--address", default="", help="name or address of the PBX as this telephone reaches it")
def fiche(folder: Path, name: str, address: str) -> None:
    """Print the sheet of a post: what is typed into its telephone. It bears the password."""
    from cti.ami.dialplan.fiche import fiche as sheet  # noqa: PLC0415

    with plain_errors():
        settings = settings_of(folder)
        text = sheet(settings.pbx, name, address or settings.cti.pbx.host)
    click.echo(text, nl=False)
