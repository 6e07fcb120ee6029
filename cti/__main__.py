"""The verbs: ``cti run``, ``cti demo``, ``cti pbx``... Each one parses its words, calls one room, and says errors in one line."""

import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path

import click
import structlog

from cti import __version__
from cti.bootstrap import logs
from cti.bootstrap.clock import now
from cti.bootstrap.verbs.access import log as access_log
from cti.bootstrap.verbs.access import user
from cti.bootstrap.verbs.archive import archive
from cti.bootstrap.verbs.distance import distance
from cti.bootstrap.verbs.exporting import export
from cti.bootstrap.verbs.keeping import VERBS as KEEPING
from cti.bootstrap.verbs.listening import tirage
from cti.bootstrap.verbs.pbx import pbx
from cti.bootstrap.verbs.people import agents, crise, rappels
from cti.bootstrap.verbs.poste import poste
from cti.bootstrap.verbs.shared import CONFIG, DIALPLANS, config_option, period_options, plain_errors, settings_of
from cti.bootstrap.verbs.signing import VERBS as SIGNING
from cti.journey.ledger import StoreUnavailable

log = structlog.get_logger(__name__)


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


@main.command()
@config_option
@click.option("--seul", "alone", is_flag=True, help="one process, without the guardian that makes a dead service anew")
def run(folder: Path, *, alone: bool) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    gc.disable()  # a start makes much and throws little away; until `calm`
    from cti.bootstrap.clock import monotonic_us  # noqa: PLC0415
    from cti.bootstrap.collector import calm  # noqa: PLC0415
    from cti.bootstrap.guardian import guard  # noqa: PLC0415
    from cti.bootstrap.service import Service  # noqa: PLC0415

    async def serve() -> None:
        service = Service(settings_of(folder))
        calm()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, service.stop)
        await service.run()

    def work() -> int:
        try:
            with plain_errors():
                try:
                    asyncio.run(serve())
                except* (StoreUnavailable, OSError) as several:
                    raise click.ClickException("; ".join(str(e) for e in several.exceptions)) from None
        except click.ClickException as told:
            told.show()
            return told.exit_code
        return 0

    if alone:
        sys.exit(work())
    gc.freeze()  # what the child never touches stays one copy of memory
    sys.exit(guard(work, monotonic_us))


@main.command("check-config")
@config_option
def check_config(folder: Path) -> None:
    """Read every file of the configuration and say all that is wrong in it."""
    from cti.bootstrap.access.opening import check_routes  # noqa: PLC0415
    from cti.settings import remarks  # noqa: PLC0415

    with plain_errors():
        settings = settings_of(folder)
        check_routes(settings)
    for remark in remarks(settings):
        click.echo(f"attention : {remark}", err=True)
    click.echo(
        f"{folder}: {len(settings.routing.filieres.by_code)} filières, {len(settings.pbx.flux)} flux, "
        f"{len(settings.pbx.agents)} postes, {len(settings.qos.profiles)} profils de qualité : rien à redire"
    )


@main.command()
@config_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("var/asterisk"), show_default=True)
def dialplan(folder: Path, out: Path) -> None:
    """Render the PBX configuration from config/ into a folder."""
    from cti.ami.dialplan.render import write  # noqa: PLC0415

    with plain_errors():
        files = write(settings_of(folder).pbx, out, DIALPLANS)
    click.echo(f"{len(files)} fichiers dans {out}")


@main.command()
@config_option
def migrate(folder: Path) -> None:
    """Bring the database to the schema of this version."""
    from cti.store import migrate as bring  # noqa: PLC0415

    with plain_errors():
        state = bring(settings_of(folder).database_url)
    click.echo(f"schéma à jour : version {state.found}")


@main.command()
@config_option
@period_options
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def calls(folder: Path, since: str | None, until: str | None, as_json: bool) -> None:
    """The calls of a period (default: today)."""
    from cti.bootstrap.telling import reports  # noqa: PLC0415

    with plain_errors():
        for line in reports.calls(settings_of(folder), since, until, now(), as_json=as_json):
            click.echo(line)


@main.command()
@config_option
@click.argument("call_id")
@click.option("--json", "as_json", is_flag=True)
def call(folder: Path, call_id: str, as_json: bool) -> None:
    """The whole journey of one call, as a timeline."""
    from cti.bootstrap.telling import reports  # noqa: PLC0415

    with plain_errors():
        lines = reports.call(settings_of(folder), call_id, as_json=as_json)
    if lines is None:
        raise click.ClickException(f"no call {call_id} in the store")
    for line in lines:
        click.echo(line)


@main.command()
@config_option
@period_options
@click.option("--profile", default=None, help="a profile of qos.toml")
@click.option("--json", "as_json", is_flag=True)
def qos(folder: Path, since: str | None, until: str | None, profile: str | None, as_json: bool) -> None:
    """The quality of service, each figure with its formula."""
    from cti.bootstrap.telling import reports  # noqa: PLC0415

    with plain_errors():
        found = reports.qos(settings_of(folder), since, until, profile, now())
    click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) if as_json else found.as_text())


@main.command()
@config_option
@period_options
@click.option("--json", "as_json", is_flag=True)
def reconcile(folder: Path, since: str | None, until: str | None, as_json: bool) -> None:
    """Our calls beside CEL and queue_log: each difference with its witnesses. Exit code 1 when there is one."""
    from cti.bootstrap.telling import reports  # noqa: PLC0415
    from cti.bootstrap.watching import reconciling  # noqa: PLC0415

    with plain_errors():
        found = reports.discrepancies(settings_of(folder), since, until, now())
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(reconciling.lines_of(found)))
    if found.differences:
        sys.exit(1)


@main.command()
@config_option
@click.argument("session", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True)
def replay(folder: Path, session: Path, as_json: bool) -> None:
    """Replay a recorded AMI session (raw journal, folder of them, or .ami text) through the live code path, in an empty store."""
    from cti.bootstrap.telling import replaying  # noqa: PLC0415

    with plain_errors():
        for line in asyncio.run(replaying.replay(settings_of(folder), session, as_json=as_json)):
            click.echo(line)


@main.command()
@click.option("--duration", type=float, default=None, help="seconds during which people call; without it, until Ctrl-C")
@click.option("--rate", type=float, default=20.0, show_default=True, help="calls a minute")
@click.option("--agents", type=click.IntRange(1, 200), default=None, help="people in the room (default: enough for the rate)")
@click.option("--browsers", type=click.IntRange(0, 20), default=0, show_default=True, help="posts for browsers: web01, web02...")
@click.option("--desk", is_flag=True, help="open the room to people: two accounts, each with a post in a browser")
@click.option("--seed", type=int, default=1, show_default=True, help="the same people again")
@click.option("--pace", type=float, default=0.35, show_default=True, help="human durations are multiplied by this")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), default=None, help="JSON report of the comparison")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=None, help="where to keep everything")
@click.option("--from", "shipped", type=click.Path(path_type=Path, file_okay=False), default=CONFIG, show_default=True)
def demo(
    duration: float | None,
    rate: float,
    agents: int | None,
    browsers: int,
    desk: bool,
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
        browsers=browsers,
        desk=desk,
        seed=seed,
        pace=pace,
        report=report,
    )
    with plain_errors():
        sys.exit(asyncio.run(show(plan, Console())))


for verb in (rappels, crise, agents, user, archive, pbx, poste, distance):
    main.add_command(verb)
for verb in SIGNING:
    user.add_command(verb)
for verb in (*KEEPING, access_log, export, tirage):
    archive.add_command(verb)


if __name__ == "__main__":
    main()
