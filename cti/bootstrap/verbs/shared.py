"""What every verb shares: the folders of a checkout, the options of several verbs, and errors said in one line."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cti.journey.ledger import StoreUnavailable

CONFIG = Path(os.environ.get("CTI_CONFIG", "config"))
DIALPLANS = Path(__file__).resolve().parents[3] / "dialplans"


@contextmanager
def plain_errors() -> Iterator[None]:
    """What the operator can mend is one line, not a stack trace."""
    try:
        yield
    except Exception as trouble:
        if isinstance(trouble, _mendable()):
            raise click.ClickException(str(trouble)) from None
        raise


def _mendable() -> tuple[type[Exception], ...]:
    """Whatever a person can do something about; each room is loaded only when there is something to say."""
    from cti.ami.dialplan.fiche import UnknownPost  # noqa: PLC0415 - verbs load only what they need
    from cti.ami.dialplan.spec import DialplanSpecError  # noqa: PLC0415
    from cti.ami.recorded import SessionError  # noqa: PLC0415
    from cti.archive.sealing.keys import KeyTrouble  # noqa: PLC0415
    from cti.bootstrap.demo.process import ServiceDied  # noqa: PLC0415
    from cti.qos.period import PeriodError  # noqa: PLC0415
    from cti.qos.profiles import UnknownProfile  # noqa: PLC0415
    from cti.sandbox.errors import SandboxError  # noqa: PLC0415
    from cti.settings import ConfigError  # noqa: PLC0415
    from cti.store import SchemaMismatch, UnknownDatabase  # noqa: PLC0415

    return (
        ConfigError,
        DialplanSpecError,
        KeyTrouble,
        PeriodError,
        SandboxError,
        SchemaMismatch,
        ServiceDied,
        SessionError,
        StoreUnavailable,
        UnknownDatabase,
        UnknownPost,
        UnknownProfile,
        OSError,
    )


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--config``."""
    return click.option(
        "--config",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=CONFIG,
        show_default=True,
        help="folder of the TOML files",
    )(command)


def settings_of(folder: Path) -> Any:
    """What the folder and the environment say.

    Raises:
        ConfigError: every fault of it, a line each.
    """
    from cti.settings import load  # noqa: PLC0415

    return load(folder, os.environ)


def period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--since`` and ``--until``."""
    command = click.option("--until", default=None, help="civil day, ISO instant, or 'today'")(command)
    return click.option("--since", default=None, help="civil day, ISO instant, or 'today'")(command)
