"""How people sign in (``cti user password | unlock | totp | sessions``): what an account is recognised by."""

import sys
from pathlib import Path

import click

from cti.bootstrap.clock import now
from cti.bootstrap.verbs.access import by_option, carry_out, tell
from cti.bootstrap.verbs.shared import config_option, plain_errors, settings_of
from cti.journey.around.access import AccountChange


@click.command()
@config_option
@click.argument("name")
@click.option("--stdin", "from_stdin", is_flag=True, help="read it from the standard input, one line, instead of asking twice")
@by_option
def password(folder: Path, name: str, from_stdin: bool, by: str) -> None:
    """Give an account a password: at least 12 signs, nothing obvious. Whoever was signed in has to sign in again."""
    from cti.bootstrap.access import recognising  # noqa: PLC0415

    with plain_errors():
        settings = settings_of(folder)
    given = _one_line() if from_stdin else _asked_twice()
    tell(carry_out(lambda: recognising.set_password(settings, name, given, by, now())))


@click.command()
@config_option
@click.argument("name")
@by_option
def unlock(folder: Path, name: str, by: str) -> None:
    """An account that waits after failures waits no longer."""
    from cti.bootstrap.access import recognising  # noqa: PLC0415

    tell(carry_out(lambda: recognising.unlock(settings_of(folder), name, by, now())))


@click.command()
@config_option
@click.argument("name")
@click.option("--off", is_flag=True, help="ask for no code any more")
@by_option
def totp(folder: Path, name: str, off: bool, by: str) -> None:
    """Ask an account for one-time codes: the secret and its QR code are shown this once."""
    from cti.bootstrap.access import recognising  # noqa: PLC0415

    if off:
        tell(carry_out(lambda: recognising.drop_codes(settings_of(folder), name, by, now())))
        return
    shown: list[str] = []

    def enrol() -> AccountChange:
        lines, change = recognising.enrol(settings_of(folder), name, by, now())
        shown.extend(lines)
        return change

    change = carry_out(enrol)
    click.echo("\n".join(shown))
    click.echo(f"{change.kind} : {name} ({change.detail}) ; ce secret ne sera plus montré", err=True)


@click.command()
@config_option
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
@click.option("--all", "every", is_flag=True, help="those that are over too")
@click.option("--end", is_flag=True, help="close them")
@click.option("--session", "session_id", default="", help="with --end: this one alone")
@by_option
def sessions(folder: Path, name: str, as_json: bool, every: bool, end: bool, session_id: str, by: str) -> None:
    """The open sessions of an account; with --end, close them."""
    from cti.access.accounts import AccountRefused  # noqa: PLC0415
    from cti.bootstrap.access import recognising  # noqa: PLC0415

    if end:
        tell(carry_out(lambda: recognising.end_sessions(settings_of(folder), name, session_id, by, now())))
        return
    try:
        with plain_errors():
            for line in recognising.sessions(settings_of(folder), name, now(), as_json=as_json, every=every):
                click.echo(line)
    except AccountRefused as refusal:
        raise click.ClickException(str(refusal)) from None


@click.command()
@config_option
@click.argument("name")
@click.argument("subject")
@click.option("--off", is_flag=True, help="no longer")
@by_option
def link(folder: Path, name: str, subject: str, off: bool, by: str) -> None:
    """Tie an account to whom the identity provider calls SUBJECT (Pro Santé Connect: SubjectNameID, or an RPPS of 11 digits)."""
    from cti.bootstrap.access import recognising  # noqa: PLC0415

    tell(carry_out(lambda: recognising.tie(settings_of(folder), name, subject, by, now(), off=off)))


def _asked_twice() -> str:
    first: str = click.prompt("Mot de passe", hide_input=True, err=True)
    again: str = click.prompt("Le même, encore une fois", hide_input=True, err=True)
    if first != again:
        raise click.ClickException("les deux mots de passe diffèrent : rien n'est changé")
    return first


def _one_line() -> str:
    told = sys.stdin.read()
    line = told.removesuffix("\n").removesuffix("\r")
    if "\n" in line or not line:
        raise click.ClickException("une ligne est attendue sur l'entrée standard : le mot de passe")
    return line


VERBS = (password, unlock, totp, sessions, link)
