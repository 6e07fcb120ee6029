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
    from cti.ami.recorded import SessionError  # noqa: PLC0415
    from cti.bootstrap.demo.process import ServiceDied  # noqa: PLC0415
    from cti.qos.period import PeriodError  # noqa: PLC0415
    from cti.qos.profiles import UnknownProfile  # noqa: PLC0415
    from cti.sandbox.errors import SandboxError  # noqa: PLC0415
    from cti.settings import ConfigError  # noqa: PLC0415
    from cti.store import SchemaMismatch, UnknownDatabase  # noqa: PLC0415

    mendable = (
        ConfigError,
        DialplanSpecError,
        PeriodError,
        SandboxError,
        SchemaMismatch,
        ServiceDied,
        SessionError,
        StoreUnavailable,
        UnknownDatabase,
        UnknownProfile,
        OSError,
    )
    try:
        yield
    except mendable as trouble:
        raise click.ClickException(str(trouble)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cti")
@click.option(
    "--log-level", default=lambda: os.environ.get("CTI_LOG", "info"), show_default="info", help="debug, info, warning, error"
)
@click.option("--log-json/--log-text", default=not sys.stderr.isatty(), help="one JSON object a line, for collectors")
def main(log_level: str, log_json: bool) -> None:
    """Telephony of a Service d'accès aux soins: routes, measures, records and shows every call."""
    try:
        logs.configure(log_level, as_json=log_json)
    except ValueError as trouble:
        raise click.BadParameter(str(trouble), param_hint="--log-level") from None


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
    from cti.bootstrap.collector import calm  # noqa: PLC0415

    async def serve() -> None:
        service = Service(_settings(folder))
        calm()
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
    from cti.ami.dialplan.faults import faults  # noqa: PLC0415

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
    click.echo(f"schéma à jour : version {state.found}")


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
        found = reports.qos(_settings(folder), since, until, profile, now())
    click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) if as_json else found.as_text())


@main.command()
@_config_option
@_period_options
@click.option("--json", "as_json", is_flag=True)
def reconcile(folder: Path, since: str | None, until: str | None, as_json: bool) -> None:
    """Our calls beside CEL and queue_log: each difference with its witnesses. Exit code 1 when there is one."""
    from cti.bootstrap import reconciling, reports  # noqa: PLC0415

    with _plain_errors():
        found = reports.discrepancies(_settings(folder), since, until, now())
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(reconciling.lines_of(found)))
    if found.differences:
        sys.exit(1)


@main.command()
@_config_option
@click.option("--closed", "with_closed", is_flag=True, help="also those closed lately")
@click.option("--rebuild", is_flag=True, help="write the list anew from the calls first (after a change of rappels.toml)")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def rappels(folder: Path, with_closed: bool, rebuild: bool, as_json: bool) -> None:
    """Whom to call back, the most urgent first."""
    from cti.bootstrap import reports  # noqa: PLC0415

    with _plain_errors():
        for line in reports.callbacks(_settings(folder), now(), as_json=as_json, with_closed=with_closed, rebuild=rebuild):
            click.echo(line)


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


@main.command()
@click.option("--duration", type=float, default=None, help="seconds during which people call; without it, until Ctrl-C")
@click.option("--rate", type=float, default=20.0, show_default=True, help="calls a minute")
@click.option("--agents", type=click.IntRange(1, 200), default=None, help="people in the room (default: enough for the rate)")
@click.option("--seed", type=int, default=1, show_default=True, help="the same people again")
@click.option("--pace", type=float, default=0.35, show_default=True, help="human durations are multiplied by this")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), default=None, help="JSON report of the comparison")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=None, help="where to keep everything")
@click.option("--from", "shipped", type=click.Path(path_type=Path, file_okay=False), default=CONFIG, show_default=True)
def demo(
    duration: float | None,
    rate: float,
    agents: int | None,
    seed: int,
    pace: float,
    report: Path | None,
    folder: Path | None,
    shipped: Path,
) -> None:
    """A whole SAS on this machine: real PBX, simulated people, the service, the live board, and the truth at the end."""
    from rich.console import Console  # noqa: PLC0415

    from cti.bootstrap.demo import DemoPlan  # noqa: PLC0415
    from cti.bootstrap.demo import demo as show  # noqa: PLC0415

    plan = DemoPlan(
        folder=folder or Path("var") / f"demo-{now() // 1_000_000}",
        shipped=shipped,
        hand_written=DIALPLANS,
        duration_seconds=duration,
        calls_per_minute=rate,
        agents=agents,
        seed=seed,
        pace=pace,
        report=report,
    )
    with _plain_errors():
        sys.exit(asyncio.run(show(plan, Console())))


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
def render(folder: Path, shipped: Path, agents: int) -> None:
    """Write a sandbox site: a config folder with free ports, and the PBX configuration rendered from it."""
    from cti.bootstrap.sandbox import free_range, make_site, render_site  # noqa: PLC0415
    from cti.sandbox.people.staff import phones  # noqa: PLC0415

    with _plain_errors():
        site = make_site(shipped, folder, phones(agents, free_range(10)))
        render_site(site, DIALPLANS)
    click.echo(f"site : {site.folder}\nconfiguration : {site.config}\nPBX : {site.telephony}\nservice : {site.web}")


@pbx.command()
@_site_option
def up(folder: Path) -> None:
    """Start the sandbox PBX of a rendered site."""
    from cti.bootstrap.sandbox import open_site, start_sandbox  # noqa: PLC0415
    from cti.sandbox.verbs import fetch_shown  # noqa: PLC0415

    with _plain_errors():
        state = asyncio.run(start_sandbox(open_site(folder), DIALPLANS, fetch_shown(os.environ)))
    click.echo(f"Asterisk tourne (pid {state.pid}) ; le service : cti run --config {folder / 'config'} ; l'arrêt : cti pbx down")


@pbx.command()
@_site_option
def down(folder: Path) -> None:
    """Stop the sandbox PBX."""
    from cti.sandbox.verbs import down as stop  # noqa: PLC0415

    with _plain_errors():
        asyncio.run(stop(folder / "pbx"))
    click.echo("arrêté")


@pbx.command()
@_site_option
def console(folder: Path) -> None:
    """The CLI of the sandbox PBX."""
    from cti.sandbox.verbs import console as attach  # noqa: PLC0415

    with _plain_errors():
        attach(folder / "pbx")


if __name__ == "__main__":
    main()
