"""The sandbox PBX: fetched, rendered, started, stopped and looked at without root."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cti.bootstrap.verbs.shared import CONFIG, DIALPLANS, plain_errors


@click.group()
def pbx() -> None:
    """A PBX of our own, without root: fetch, start, stop, look."""


@pbx.command()
def fetch() -> None:
    """Fetch and unpack Asterisk and SIPp into the cache."""
    from cti.sandbox.verbs import fetch_shown  # noqa: PLC0415

    with plain_errors():
        install = fetch_shown(os.environ)
    click.echo(f"prêt : {install}")


SITE = Path("var/site")


def _site_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--site",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=SITE,
        show_default=True,
        help="folder of the sandbox site",
    )(command)


@pbx.command()
@_site_option
@click.option("--from", "shipped", type=click.Path(path_type=Path, file_okay=False), default=CONFIG, show_default=True)
@click.option("--agents", default=12, show_default=True, help="simulated phones")
@click.option("--browsers", type=click.IntRange(0, 20), default=0, show_default=True, help="posts for browsers")
def render(folder: Path, shipped: Path, agents: int, browsers: int) -> None:
    """Write a sandbox site: a config folder with free ports, and the PBX configuration rendered from it."""
    from cti.bootstrap.sandbox import browser_posts, make_site, render_site  # noqa: PLC0415
    from cti.sandbox.host.free import free_range  # noqa: PLC0415
    from cti.sandbox.people.staff import phones  # noqa: PLC0415

    with plain_errors():
        site = make_site(shipped, folder, phones(agents, free_range(10)), changes=browser_posts(browsers))
        render_site(site, DIALPLANS)
    click.echo(f"site : {site.folder}\nconfiguration : {site.config}\nPBX : {site.telephony}\nservice : {site.web}")


@pbx.command()
@_site_option
def up(folder: Path) -> None:
    """Start the sandbox PBX of a rendered site."""
    from cti.bootstrap.sandbox import open_site, start_sandbox  # noqa: PLC0415
    from cti.sandbox.verbs import fetch_shown  # noqa: PLC0415

    with plain_errors():
        state = asyncio.run(start_sandbox(open_site(folder), DIALPLANS, fetch_shown(os.environ)))
    click.echo(f"Asterisk tourne (pid {state.pid}) ; le service : cti run --config {folder / 'config'} ; l'arrêt : cti pbx down")


@pbx.command()
@_site_option
def down(folder: Path) -> None:
    """Stop the sandbox PBX."""
    from cti.sandbox.verbs import down as stop  # noqa: PLC0415

    with plain_errors():
        asyncio.run(stop(folder / "pbx"))
    click.echo("arrêté")


@pbx.command()
@_site_option
def console(folder: Path) -> None:
    """The CLI of the sandbox PBX."""
    from cti.sandbox.verbs import console as attach  # noqa: PLC0415

    with plain_errors():
        attach(folder / "pbx")
