"""Quality draws: ``cti archive tirage`` draws, lists, and draws again to check."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from cti.bootstrap.clock import now
from cti.bootstrap.verbs.shared import config_option, period_options, plain_errors, settings_of


@click.command()
@config_option
@click.option("--pour", "reviewer", default=None, metavar="COMPTE", help="qui fera la revue ; sans lui, montrer les tirages")
@click.option("--nombre", "wanted", type=int, default=10, show_default=True, help="combien d'appels décrochés")
@period_options
@click.option("--flux", default="", help="une ligne d'arrivée")
@click.option("--filiere", default="", help="une filière qui a répondu")
@click.option("--fin", "ends", default=None, help="fin de la revue : un jour (tenu jusqu'au bout) ou un instant")
@click.option("--graine", "seed", default="", help="vide : tirée elle aussi")
@click.option("--par", "by", default="", help="votre nom")
@click.option("--raison", "reason", default="", help="pourquoi, en une ligne")
@click.option("--verifier", "checked", type=int, default=None, metavar="NUMERO", help="le refaire et comparer ; code 1 : autre")
@click.option("--json", "as_json", is_flag=True, help="un objet JSON par ligne")
def tirage(
    folder: Path,
    *,
    reviewer: str | None,
    wanted: int,
    since: str | None,
    until: str | None,
    flux: str,
    filiere: str,
    ends: str | None,
    seed: str,
    by: str,
    reason: str,
    checked: int | None,
    as_json: bool,
) -> None:
    """Tirer au sort des appels décrochés pour la revue qualité d'un compte ; montrer ou vérifier les tirages."""
    from cti.bootstrap.listening import drawing  # noqa: PLC0415
    from cti.listening.draw import DrawRefused  # noqa: PLC0415

    faults: list[str] = []
    with plain_errors():
        settings = settings_of(folder)
        try:
            if checked is not None:
                faults = list(drawing.check(settings, checked, now()))
            elif reviewer is None:
                _say(drawing.listed(settings, as_json=as_json))
            else:
                if not (by.strip() and reason.strip() and ends):
                    raise click.UsageError("--par, --raison et --fin sont demandés pour tirer")
                words = drawing.Words(reviewer, wanted, since, until, flux, filiere, ends, seed, by, reason)
                _say(drawing.draw(settings, words, now(), as_json=as_json))
        except DrawRefused as refusal:
            raise click.ClickException(str(refusal)) from None
    if checked is not None:
        _say(faults or ["tirage conforme : un second tirage donne les mêmes appels, dans le même ordre"])
    if faults:
        sys.exit(1)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
