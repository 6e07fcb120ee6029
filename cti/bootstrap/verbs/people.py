"""What people did and are to do: the call-back list, crisis mode, who sits where."""

from pathlib import Path

import click

from cti.bootstrap.clock import now
from cti.bootstrap.verbs.shared import config_option, period_options, plain_errors, settings_of


@click.command()
@config_option
@click.option("--closed", "with_closed", is_flag=True, help="also those closed lately")
@click.option("--rebuild", is_flag=True, help="write the list anew from the calls first (after a change of rappels.toml)")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def rappels(folder: Path, with_closed: bool, rebuild: bool, as_json: bool) -> None:
    """Whom to call back, the most urgent first."""
    from cti.bootstrap.telling import reports  # noqa: PLC0415

    with plain_errors():
        for line in reports.callbacks(settings_of(folder), now(), as_json=as_json, with_closed=with_closed, rebuild=rebuild):
            click.echo(line)


@click.command()
@config_option
@click.argument("acte", type=click.Choice(["on", "off", "etat"]))
@click.option("--par", "by", default="", help="who decides (on, off)")
@click.option("--raison", "reason", default="", help="why, in one line (on, off)")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, the oldest first")
def crise(folder: Path, acte: str, by: str, reason: str, as_json: bool) -> None:
    """Crisis mode: put it on, take it off, or tell how it stands and who turned the switch when."""
    from cti.bootstrap.telling import crisis_history  # noqa: PLC0415
    from cti.journey.around.crisis import AlreadySo  # noqa: PLC0415

    with plain_errors():
        settings = settings_of(folder)
        try:
            if acte != "etat":
                crisis_history.switch(settings, now(), active=acte == "on", by=by, reason=reason)
        except (crisis_history.Unsigned, AlreadySo) as refusal:
            raise click.ClickException(crisis_history.why(settings, refusal)) from None
        for line in crisis_history.tell(settings, as_json=as_json):
            click.echo(line)


@click.command()
@config_option
@period_options
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def agents(folder: Path, since: str | None, until: str | None, as_json: bool) -> None:
    """Who sits where, and what holds them; with --since or --until, times by person instead."""
    from cti.bootstrap.telling import staffing  # noqa: PLC0415

    with plain_errors():
        settings = settings_of(folder)
        timed = since is not None or until is not None
        lines = (
            staffing.times(settings, since, until, now(), as_json=as_json) if timed else staffing.posts(settings, now(), as_json)
        )
        for line in lines:
            click.echo(line)
