"""The verbs: ``cti run``, ``cti demo``, ``cti pbx``... Each one parses its words, calls one room, and says errors in one line."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import structlog

from cti import __version__
from cti.bootstrap import logs
from cti.bootstrap.clock import now
from cti.journey.ledger import StoreUnavailable

log = structlog.get_logger(__name__)

CONFIG = Path(os.environ.get("CTI_CONFIG", "config"))
DIALPLANS = Path(__file__).resolve().parent.parent / "dialplans"


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What the operator can mend is one line, not a stack trace."""
    from cti.ami.dialplan.spec import DialplanSpecError  # noqa: PLC0415 - verbs load only what they need
    from cti.sandbox.errors import SandboxError  # noqa: PLC0415
    from cti.settings import ConfigError  # noqa: PLC0415
    from cti.store import SchemaMismatch, UnknownDatabase  # noqa: PLC0415

    try:
        yield
    except (ConfigError, DialplanSpecError, SandboxError, SchemaMismatch, UnknownDatabase, StoreUnavailable, OSError) as trouble:
        raise click.ClickException(str(trouble)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cti")
@click.option("--log-level", default=lambda: os.environ.get("CTI_LOG", "info"), show_default="info", help="debug, info, warning, error")
@click.option("--log-json/--log-text", default=not sys.stderr.isatty(), help="one JSON object a line, for collectors")
def main(log_level: str, log_json: bool) -> None:
    """Telephony of a Service d'accès aux soins: routes, measures, records and shows every call."""
    logs.configure(log_level, as_json=log_json)


def _config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--config",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=CONFIG,
        show_default=True,
        help="folder of the TOML files",
    )(command)


def _settings(folder: Path) -> Any:
    from cti.settings import load  # noqa: PLC0415

    return load(folder, os.environ)


@main.command()
@_config_option
def run(folder: Path) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    from cti.bootstrap import Service  # noqa: PLC0415

    async def serve() -> None:
        service = Service(_settings(folder))
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, service.stop)
        await service.run()

    with _plain_errors():
        try:
            asyncio.run(serve())
        except* (StoreUnavailable, OSError) as several:
            raise click.ClickException("; ".join(str(e) for e in several.exceptions)) from None


@main.command("check-config")
@_config_option
def check_config(folder: Path) -> None:
    """Read every file of the configuration and say all that is wrong in it."""
    from cti.ami.dialplan.spec import faults  # noqa: PLC0415

    with _plain_errors():
        settings = _settings(folder)
        wrong = faults(settings.pbx)
        if wrong:
            raise click.ClickException("\n".join(wrong))
    click.echo(
        f"{folder}: {len(settings.routing.filieres.by_code)} filières, {len(settings.pbx.flux)} flux, "
        f"{len(settings.pbx.agents)} postes, {len(settings.qos.profiles)} profils de qualité : rien à redire"
    )


@main.command()
@_config_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("var/asterisk"), show_default=True)
def dialplan(folder: Path, out: Path) -> None:
    """Render the PBX configuration from config/ into a folder."""
    from cti.ami.dialplan.render import write  # noqa: PLC0415

    with _plain_errors():
        files = write(_settings(folder).pbx, out, DIALPLANS)
    click.echo(f"{len(files)} fichiers dans {out}")


@main.command()
@_config_option
def migrate(folder: Path) -> None:
    """Bring the database to the schema of this version."""
    from cti.store import migrate as bring  # noqa: PLC0415

    with _plain_errors():
        state = bring(_settings(folder).database_url)
    click.echo(f"schéma : {state}")


def _period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--until", default=None, help="civil day, ISO instant, or 'today'")(command)
    return click.option("--since", default=None, help="civil day, ISO instant, or 'today'")(command)


@main.command()
@_config_option
@_period_options
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def calls(folder: Path, since: str | None, until: str | None, as_json: bool) -> None:
    """The calls of a period (default: today)."""
    from cti.bootstrap import reports  # noqa: PLC0415

    with _plain_errors():
        for line in reports.calls(_settings(folder), since, until, now(), as_json=as_json):
            click.echo(line)


@main.command()
@_config_option
@click.argument("call_id")
@click.option("--json", "as_json", is_flag=True)
def call(folder: Path, call_id: str, as_json: bool) -> None:
    """The whole journey of one call, as a timeline."""
    from cti.bootstrap import reports  # noqa: PLC0415

    with _plain_errors():
        lines = reports.call(_settings(folder), call_id, as_json=as_json)
    if lines is None:
        raise click.ClickException(f"no call {call_id} in the store")
    for line in lines:
        click.echo(line)


@main.command()
@_config_option
@_period_options
@click.option("--profile", default=None, help="a profile of qos.toml")
@click.option("--json", "as_json", is_flag=True)
def qos(folder: Path, since: str | None, until: str | None, profile: str | None, as_json: bool) -> None:
    """The quality of service, each figure with its formula."""
    from cti.bootstrap import reports  # noqa: PLC0415

    with _plain_errors():
        try:
            found = reports.qos(_settings(folder), since, until, profile, now())
        except ValueError as trouble:
            raise click.ClickException(str(trouble)) from None
    click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) if as_json else found.as_text())


@main.command()
@_config_option
@click.argument("session", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True)
def replay(folder: Path, session: Path, as_json: bool) -> None:
    """Replay a recorded AMI session (raw journal or .ami text) through the live code path, into an empty store."""
    from cti.bootstrap import replaying  # noqa: PLC0415

    with _plain_errors():
        for line in asyncio.run(replaying.replay(_settings(folder), session, as_json=as_json)):
            click.echo(line)


@main.group()
def pbx() -> None:
    """A PBX of our own, without root: fetch, start, stop, look."""


@pbx.command()
def fetch() -> None:
    """Fetch and unpack Asterisk and SIPp into the cache."""
    from cti.sandbox.verbs import fetch_shown  # noqa: PLC0415

    with _plain_errors():
        install = fetch_shown(os.environ)
    click.echo(f"prêt : {install}")


RUN_DIR = Path("var/pbx")


def _run_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--run-dir", type=click.Path(path_type=Path, file_okay=False), default=RUN_DIR, show_default=True
    )(command)


@pbx.command("render")
@_config_option
@_run_dir_option
def render_pbx(folder: Path, run_dir: Path) -> None:
    """Render the sandbox's telephony configuration (as ``cti dialplan``, with folders inside --run-dir)."""
    from cti.bootstrap.sandbox import sandbox_settings  # noqa: PLC0415

    with _plain_errors():
        from cti.ami.dialplan.render import write  # noqa: PLC0415

        out = run_dir / "telephony"
        files = write(sandbox_settings(_settings(folder), run_dir).pbx, out, DIALPLANS)
    click.echo(f"{len(files)} fichiers dans {out}")


@pbx.command()
@_config_option
@_run_dir_option
def up(folder: Path, run_dir: Path) -> None:
    """Start the sandbox PBX with this site's configuration."""
    from cti.bootstrap.sandbox import start_sandbox  # noqa: PLC0415

    with _plain_errors():
        state = asyncio.run(start_sandbox(_settings(folder), run_dir, DIALPLANS, os.environ))
    click.echo(f"Asterisk tourne (pid {state.pid}), dossier {run_dir} ; l'arrêter : cti pbx down")


@pbx.command()
@_run_dir_option
def down(run_dir: Path) -> None:
    """Stop the sandbox PBX."""
    from cti.sandbox.verbs import down as stop  # noqa: PLC0415

    with _plain_errors():
        asyncio.run(stop(run_dir))
    click.echo("arrêté")


@pbx.command()
@_run_dir_option
def console(run_dir: Path) -> None:
    """The CLI of the sandbox PBX."""
    from cti.sandbox.verbs import console as attach  # noqa: PLC0415

    with _plain_errors():
        attach(run_dir)


if __name__ == "__main__":
    main()
