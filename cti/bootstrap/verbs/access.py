"""Accounts (``cti user``), and the log of who heard what (``cti archive log``)."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cti.bootstrap.clock import now
from cti.bootstrap.verbs.shared import config_option, period_options, plain_errors, settings_of
from cti.journey.around.access import AccessRole, AccountChange

_ROLES = click.Choice([role.value for role in AccessRole])


def _login() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # an account of the host without a name
        return "cli"


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--par``."""
    return click.option("--par", "by", default=_login, show_default="the login", help="who decides, for the log")(command)


def _roles_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--role", "roles", multiple=True, required=True, type=_ROLES, help="may be given several times")(command)


def tell(change: AccountChange) -> None:
    """Say what was done."""
    click.echo(f"{change.kind} : {change.user.name}" + (f" ({change.detail})" if change.detail else ""))


def carry_out(work: Callable[[], AccountChange]) -> AccountChange:
    """Do it, or say in one line why it cannot be done."""
    from cti.access.accounts import AccountRefused  # noqa: PLC0415 - verbs load only what they need

    try:
        with plain_errors():
            return work()
    except AccountRefused as refusal:
        raise click.ClickException(str(refusal)) from None


@click.group()
def user() -> None:
    """Named accounts: roles, tokens, closing."""


@user.command()
@config_option
@click.argument("name")
@_roles_option
@click.option("--personne", default=None, help="of agents.toml (default: the person of that name, if there is one)")
@by_option
def add(folder: Path, name: str, roles: tuple[str, ...], personne: str | None, by: str) -> None:
    """Make an account; it opens nothing until it has a token."""
    from cti.bootstrap.access import accounts  # noqa: PLC0415

    with plain_errors():
        settings = settings_of(folder)
    change = carry_out(lambda: accounts.add(settings, name, roles, personne, by, now()))
    tell(change)
    if remark := accounts.roles_beside(settings, change):
        click.echo(f"attention : {remark}", err=True)


@user.command()
@config_option
@click.argument("name")
@_roles_option
@by_option
def roles(folder: Path, name: str, roles: tuple[str, ...], by: str) -> None:
    """Give an account these roles in place of those it has."""
    from cti.bootstrap.access import accounts  # noqa: PLC0415

    tell(carry_out(lambda: accounts.set_roles(settings_of(folder), name, roles, by, now())))


@user.command()
@config_option
@click.argument("name")
@by_option
def disable(folder: Path, name: str, by: str) -> None:
    """Close an account and all its tokens, at once."""
    from cti.bootstrap.access import accounts  # noqa: PLC0415

    tell(carry_out(lambda: accounts.disable(settings_of(folder), name, by, now())))


@user.command()
@config_option
@click.argument("name")
@by_option
def enable(folder: Path, name: str, by: str) -> None:
    """Open a closed account."""
    from cti.bootstrap.access import accounts  # noqa: PLC0415

    tell(carry_out(lambda: accounts.enable(settings_of(folder), name, by, now())))


@user.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def list_users(folder: Path, as_json: bool) -> None:
    """Every account with its tokens."""
    from cti.bootstrap.access import listing  # noqa: PLC0415

    with plain_errors():
        for line in listing.listed(settings_of(folder), now(), as_json=as_json):
            click.echo(line)


@user.command()
@config_option
@click.argument("name")
@click.option("--jours", "days", type=click.IntRange(1), default=None, help="its life (default: acces.toml)")
@by_option
def token(folder: Path, name: str, days: int | None, by: str) -> None:
    """Give an account a token: it is shown this once, alone on the first line."""
    from cti.bootstrap.access import accounts  # noqa: PLC0415

    shown: list[str] = []

    def give() -> AccountChange:
        text, change = accounts.give_token(settings_of(folder), name, days, by, now())
        shown.append(text)
        return change

    change = carry_out(give)
    click.echo(shown[0])
    click.echo(f"{change.detail} ; il ne sera plus montré", err=True)


@user.command()
@config_option
@click.argument("token_id")
@by_option
def revoke(folder: Path, token_id: str, by: str) -> None:
    """Close one token, at once."""
    from cti.bootstrap.access import accounts  # noqa: PLC0415

    tell(carry_out(lambda: accounts.revoke(settings_of(folder), token_id, by, now())))


@click.command()
@config_option
@period_options
@click.option("--compte", "who", default="", help="one account")
@click.option("--appel", "call_id", default="", help="one call")
@click.option("--json", "as_json", is_flag=True, help="as it is digested, one JSON object a line (docs/decisions/0025)")
def log(folder: Path, since: str | None, until: str | None, who: str, call_id: str, as_json: bool) -> None:
    """The log of accesses, in order (default: all of it)."""
    from cti.bootstrap.access import journal  # noqa: PLC0415

    with plain_errors():
        found = journal.lines(settings_of(folder), since, until, now(), as_json=as_json, who=who, call_id=call_id)
        for line in found:
            click.echo(line)
