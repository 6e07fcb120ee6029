"""How long the voice is kept: holds, terms, proposals, destruction. Verbs of ``cti archive``, each under a person's name."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cti.bootstrap.verbs.shared import config_option, plain_errors, settings_of

_json = click.option("--json", "as_json", is_flag=True, help="un objet JSON par ligne")
_par = click.option("--par", "by", required=True, help="votre nom")
_raison = click.option("--raison", "reason", required=True, help="pourquoi, en une ligne")
_jour = click.DateTime(formats=["%Y-%m-%d"])


def _cible(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--piece``, ``--appel``, ``--dossier``: exactly one."""
    for name, what in (("dossier", "tout un dossier"), ("appel", "toutes les pièces d'un appel"), ("piece", "une seule pièce")):
        command = click.option(f"--{name}", default=None, help=what)(command)
    return command


@click.command()
@config_option
@_cible
@click.option("--motif", "kind", type=click.Choice(["reclamation", "requisition", "demande", "autre"]), required=True)
@click.option("--reference", required=True, help="référence de la réclamation ou de la réquisition")
@click.option("--demandeur", "asked_by", required=True, help="qui la demande : patient, autorité, service")
@_par
@_raison
@_json
def hold(folder: Path, kind: str, reference: str, asked_by: str, by: str, reason: str, *, as_json: bool, **cible: str) -> None:
    """Geler : suspendre le délai et interdire l'élimination d'une pièce, d'un appel ou d'un dossier."""
    from cti.bootstrap.retention import terms  # noqa: PLC0415

    with _plainly():
        words = {"kind": kind, "reference": reference, "asked_by": asked_by, "by": by, "reason": reason}
        _say(terms.hold(settings_of(folder), cible, words, as_json=as_json))


@click.command()
@config_option
@click.argument("numero", type=int)
@_par
@_raison
@_json
def release(folder: Path, numero: int, by: str, reason: str, *, as_json: bool) -> None:
    """Lever le gel NUMERO : le délai reprend où il en était. Une réquisition est levée par une autre personne."""
    from cti.bootstrap.retention import terms  # noqa: PLC0415

    with _plainly():
        _say(terms.release(settings_of(folder), numero, by, reason, as_json=as_json))


@click.command()
@config_option
@click.option("--tous", "everything", is_flag=True, help="aussi les gels levés")
@_json
def holds(folder: Path, *, everything: bool, as_json: bool) -> None:
    """Les gels : qui a demandé, qui a posé, quand, pourquoi."""
    from cti.bootstrap.retention import terms  # noqa: PLC0415

    with _plainly():
        _say(terms.holds(settings_of(folder), everything=everything, as_json=as_json))


@click.command()
@config_option
@_cible
@click.option("--appliquer", "apply", is_flag=True, help="donner aux pièces la durée d'aujourd'hui (sinon, montrer les écarts)")
@click.option("--raccourcir", "shorten", is_flag=True, help="y compris une durée plus courte")
@click.option("--naissance", "birth", type=_jour, default=None, help="naissance du patient, sur la foi du dossier (AAAA-MM-JJ)")
@click.option("--dernier-acte", "last_act", type=_jour, default=None, help="dernier acte du dossier (AAAA-MM-JJ)")
@click.option("--par", "by", default="", help="votre nom (avec --appliquer)")
@click.option("--raison", "reason", default="", help="pourquoi, en une ligne (avec --appliquer)")
@_json
def reclass(
    folder: Path,
    *,
    apply: bool,
    shorten: bool,
    birth: datetime | None,
    last_act: datetime | None,
    by: str,
    reason: str,
    as_json: bool,
    **cible: str | None,
) -> None:
    """Les pièces dont la durée serait autre aujourd'hui : les montrer, ou la leur donner."""
    from cti.bootstrap.retention import terms  # noqa: PLC0415

    told = {"birth": birth and birth.date(), "last_act": last_act and last_act.date()}
    with _plainly():
        settings = settings_of(folder)
        if apply:
            done = terms.reclass(settings, cible, told, by, reason, shorten=shorten, as_json=as_json)
        elif any(told.values()) or any(cible.values()):
            raise click.UsageError("--piece, --appel, --dossier, --naissance et --dernier-acte vont avec --appliquer")
        else:
            done = terms.drifts(settings, as_json=as_json)
        _say(done)


@click.command()
@config_option
@click.option("--par", "by", default="", help="votre nom ; sans lui, montrer les propositions")
@click.option("--raison", "reason", default="", help="pourquoi, en une ligne")
@click.option("--retirer", "withdrawn", type=int, default=None, metavar="NUMERO", help="retirer cette proposition")
@click.option("--liste", "shown", type=int, default=None, metavar="NUMERO", help="montrer les pièces de cette proposition")
@_json
def propose(folder: Path, by: str, reason: str, withdrawn: int | None, shown: int | None, *, as_json: bool) -> None:
    """Proposer l'élimination des pièces dont le délai est écoulé ; montrer ou retirer une proposition."""
    from cti.bootstrap.retention import disposing  # noqa: PLC0415

    with _plainly():
        settings = settings_of(folder)
        if withdrawn is not None:
            _say(disposing.withdraw(settings, withdrawn, by, reason, as_json=as_json))
        elif shown is not None:
            _say(disposing.listed(settings, shown, as_json=as_json))
        elif by or reason:
            _say(disposing.propose(settings, by, reason, as_json=as_json))
        else:
            _say(disposing.proposals(settings, as_json=as_json))


@click.command()
@config_option
@click.argument("numero", type=int)
@_par
@click.option("--visa", required=True, help="référence du visa d'élimination de l'administration des archives")
@_json
def approve(folder: Path, numero: int, by: str, visa: str, *, as_json: bool) -> None:
    """Approuver la proposition NUMERO, avec le visa des archives ; jamais par qui l'a faite."""
    from cti.bootstrap.retention import disposing  # noqa: PLC0415

    with _plainly():
        _say(disposing.approve(settings_of(folder), numero, by, visa, as_json=as_json))


@click.command()
@config_option
@click.argument("numero", type=int)
@_par
@_json
def purge(folder: Path, numero: int, by: str, *, as_json: bool) -> None:
    """Éliminer les pièces de la proposition NUMERO, avec preuve. Interrompu, il reprend où il en était."""
    from cti.bootstrap.retention import disposing  # noqa: PLC0415

    with _plainly():
        _say(disposing.purge(settings_of(folder), numero, by, as_json=as_json))


@click.command()
@config_option
@click.option("--tete", "head", default=None, metavar="NUMERO:EMPREINTE", help="tête notée ailleurs, à retrouver")
@_json
def destroyed(folder: Path, head: str | None, *, as_json: bool) -> None:
    """Les procès-verbaux d'élimination, et leur chaîne vérifiée. Code 1 : un procès-verbal manque ou a été modifié."""
    from cti.bootstrap.retention import disposing  # noqa: PLC0415

    with _plainly():
        faults = _say(disposing.destroyed(settings_of(folder), head, as_json=as_json))
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        sys.exit(1)


@contextmanager
def _plainly() -> Iterator[None]:
    """What a person can mend, in one line; what may not be done, with the reason."""
    from cti.journey.around.keeping import Refused  # noqa: PLC0415

    with plain_errors():
        try:
            yield
        except Refused as refusal:
            raise click.ClickException(str(refusal)) from None


VERBS = (hold, release, holds, reclass, propose, approve, purge, destroyed)


def _say(lines: Any) -> list[str]:
    """Write each line as it comes; what is wrong is given back."""
    from cti.bootstrap.retention.terms import Fault  # noqa: PLC0415

    faults = []
    for line in lines:
        if isinstance(line, Fault):
            faults.append(line.text)
        else:
            click.echo(line)
    return faults
