"""The schema and its age: made when the database is fresh, brought up to date by ``cti migrate`` and never behind its back.

One history of migrations serves both databases (``migrations/versions``). A service that starts on a schema it does not know
refuses: writing with an old idea of the tables would lose what the newer one keeps.

Alembic is loaded only where a schema is made or changed: a service that comes back after a crash has callers waiting for it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, inspect, select, table, text

from cti.store.engine import build_engine, writing
from cti.store.faults import reaching
from cti.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

#: The steps, one file each.
MIGRATIONS = Path(__file__).with_name("migrations")
#: Ours, so that another application of the same PostgreSQL database keeps its own.
VERSION_TABLE = "cti_schema"
#: Two services that start at once must not both make the tables: PostgreSQL's advisory lock, any constant of ours.
_LOCK = 0x435449
_REVISION = re.compile(r'^(?P<what>revision|down_revision) = "(?P<name>[^"]+)"$', re.MULTILINE)


class Age(StrEnum):
    """How the schema of a database stands to this code."""

    FRESH = "fresh"  #: no table of ours yet
    CURRENT = "current"
    OLDER = "older"  #: ``cti migrate`` brings it up to date
    NEWER = "newer"  #: written by a later version of the service
    FOREIGN = "foreign"  #: tables with our names that no migration of ours made


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What ``schema_state`` found."""

    age: Age
    found: str | None  #: revision of the database; None when it has none
    wanted: str  #: revision of this code


class SchemaMismatch(Exception):
    """The database does not have the schema that this version of the service writes."""


class SchemaOlder(SchemaMismatch):
    """The database is older than the service: run ``cti migrate``."""


class SchemaNewer(SchemaMismatch):
    """The database was written by a later version of the service: install that version."""


class SchemaForeign(SchemaMismatch):
    """The database holds tables with our names that are not ours: choose another database."""


def schema_state(url: str) -> SchemaState:
    """The age of the schema in that database.

    Raises:
        StoreUnavailable: the database is out of reach.
        UnknownDatabase: the URL names no database that we serve.
    """
    engine = build_engine(url)
    try:
        with reaching(), engine.connect() as connection:
            return _state(connection)
    finally:
        engine.dispose()


def migrate(url: str) -> SchemaState:
    """Make or update the schema, whole or not at all; gives the state after it. Safe to repeat and to run twice at once.

    Raises:
        SchemaNewer: the database was written by a later version.
        SchemaForeign: its tables are not ours.
        StoreUnavailable: the database is out of reach.
        UnknownDatabase: the URL names no database that we serve.
    """
    engine = build_engine(url)
    try:
        return _migrate(engine)
    finally:
        engine.dispose()


def prepare(engine: Engine) -> None:
    """Make the schema of a fresh database; accept a current one.

    Raises:
        SchemaMismatch: any other age.
        StoreUnavailable: the database is out of reach.
    """
    with reaching(), engine.connect() as connection:
        state = _state(connection)
    if state.age is Age.FRESH:
        state = _migrate(engine)
    _refuse(state)


def _refuse(state: SchemaState) -> None:
    told = f"(found {state.found}, wanted {state.wanted})"
    match state.age:
        case Age.OLDER:
            raise SchemaOlder(f"the database is older than the service {told}: run `cti migrate`")
        case Age.NEWER:
            raise SchemaNewer(f"the database was written by a later version of the service {told}: install that version")
        case Age.FOREIGN:
            raise SchemaForeign("the database holds tables named like ours that are not ours: choose another database")
        case Age.FRESH | Age.CURRENT:
            return


def _migrate(engine: Engine) -> SchemaState:
    with reaching(), writing(engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        state = _state(connection)
        if state.age in (Age.NEWER, Age.FOREIGN):
            _refuse(state)
        if state.age is not Age.CURRENT:
            from alembic import command  # noqa: PLC0415 - see above

            command.upgrade(_config(connection), "head")
        return _state(connection)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _state(connection: Connection) -> SchemaState:
    revisions, wanted = _revisions()
    names = set(inspect(connection).get_table_names())
    found = None
    if VERSION_TABLE in names:
        found = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    return SchemaState(age=_age(names, revisions, found, wanted), found=found, wanted=wanted)


def _revisions() -> tuple[frozenset[str], str]:
    """Every step that this code knows, and the last one."""
    told = [
        {match["what"]: match["name"] for match in _REVISION.finditer(path.read_text(encoding="utf-8"))}
        for path in (MIGRATIONS / "versions").glob("*.py")
    ]
    revisions = frozenset(step["revision"] for step in told if "revision" in step)
    heads = set(revisions) - {step.get("down_revision") for step in told}
    if len(heads) != 1:
        raise RuntimeError(f"the migrations beside the code have {len(heads)} last steps: {sorted(heads)}")
    return revisions, heads.pop()


def _age(names: set[str], revisions: frozenset[str], found: str | None, wanted: str) -> Age:
    if found is None:
        return Age.FOREIGN if set(metadata.tables) & names else Age.FRESH
    if found == wanted:
        return Age.CURRENT
    return Age.OLDER if found in revisions else Age.NEWER
