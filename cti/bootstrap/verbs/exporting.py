"""``cti archive export``: what is handed over, under the account of whoever hands it over."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cti.bootstrap.verbs.archive import bar_of
from cti.bootstrap.verbs.shared import config_option, plain_errors, settings_of


@click.command()
@config_option
@click.option("--appel", default=None, help="toutes les pièces d'un appel")
@click.option("--dossier", default=None, help="tout un dossier")
@click.option("--piece", multiple=True, help="une pièce (plusieurs fois si besoin)")
@click.option("--reference", required=True, help="référence de la réquisition ou de la demande, telle que le gel la porte")
@click.option("--demandeur", "asked_by", required=True, help="qui demande : autorité, patient")
@click.option("--par", "by", required=True, help="votre compte (cti user)")
@click.option("--raison", "reason", required=True, help="pourquoi, en une ligne")
@click.option(
    "--destinataire",
    "recipients",
    multiple=True,
    metavar="AGE1...",
    help="clé publique age de qui reçoit ; sans elle, une phrase",
)
@click.option("--format", "form", type=click.Choice(["zip", "age"]), default=None, help="zip (7-Zip) ou age ; avec une clé : age")
@click.option(
    "--masque",
    "masks",
    multiple=True,
    metavar="PIECE:DE-A:VOIE:RAISON",
    help="passage d'un tiers, en ms ; voie caller, agents, both",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="fichier du paquet fermé")
def export(
    folder: Path,
    appel: str | None,
    dossier: str | None,
    piece: tuple[str, ...],
    reference: str,
    asked_by: str,
    by: str,
    reason: str,
    recipients: tuple[str, ...],
    form: str | None,
    masks: tuple[str, ...],
    out: Path,
) -> None:
    """Remettre des enregistrements sur réquisition ou à la demande d'un patient : un paquet fermé, avec reçu et empreintes."""
    from cti.bootstrap.exporting import command, office  # noqa: PLC0415

    with _plainly(), bar_of("remise") as bar:
        wish = office.wish_of(
            reference=command.a_line("--reference", reference),
            asked_by=command.a_line("--demandeur", asked_by),
            reason=command.a_line("--raison", reason),
            recipients=[command.key_of(key) for key in recipients],
            form=form,
            masks=[command.mask_of(mask) for mask in masks],
        )
        named = {"appel": appel, "dossier": dossier, "piece": piece}
        lines = list(command.export(settings_of(folder), named, wish, by, out, bar))
    for line in lines:
        click.echo(line)


@contextmanager
def _plainly() -> Iterator[None]:
    """What may not be done, or not so, in one line."""
    from cti.api.keeping_port import NotAllowed  # noqa: PLC0415
    from cti.archive.exporting.asked import ExportRefused  # noqa: PLC0415
    from cti.journey.around.keeping import Refused  # noqa: PLC0415

    with plain_errors():
        try:
            yield
        except (Refused, NotAllowed, ExportRefused) as refusal:
            raise click.ClickException(str(refusal)) from None
