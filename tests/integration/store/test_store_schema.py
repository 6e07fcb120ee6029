"""The schema: made by its migrations, the same as the tables in code, refused when it is not ours to write."""

import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from store_histories import SECOND, T0, batch, folded, full_story

from cti.journey.events import CallEnded, ConsultAnswered, ConsultEnd, ConsultEnded, ConsultRecorded, ConsultStarted
from cti.store import Age, SchemaMismatch, Store, migrate, open_store, schema, schema_state
from cti.store.engine import build_engine
from cti.store.migrations.versions import v0003_consults
from cti.store.schema import VERSION_TABLE, SchemaForeign, SchemaNewer, SchemaOlder
from cti.store.tables import metadata


def _execute(url: str, *statements: str) -> None:
    engine = build_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _shape(connection: Connection) -> dict[str, object]:
    """All that the database itself says about our tables."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> :version"
        return {name: "".join(sql.split()) for name, sql in connection.execute(text(query), {"version": VERSION_TABLE})}
    columns = connection.execute(
        text(
            "SELECT table_name, column_name, data_type, is_nullable, collation_name, is_identity, ordinal_position "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> :version"
        ),
        {"version": VERSION_TABLE},
    )
    indexes = connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> :version"),
        {"version": VERSION_TABLE},
    )
    rules = connection.execute(
        text(
            "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> :version"
        ),
        {"version": VERSION_TABLE},
    )
    return {"columns": sorted(map(tuple, columns)), "indexes": sorted(map(tuple, indexes)), "rules": sorted(map(tuple, rules))}


def test_migrated_schema_is_the_one_in_code(database: str) -> None:
    assert schema_state(database).age is Age.FRESH
    assert migrate(database).age is Age.CURRENT
    engine = build_engine(database)
    with engine.begin() as connection:
        options = {"compare_type": True, "include_name": lambda name, kind, _: (kind, name) != ("table", VERSION_TABLE)}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        migrated = _shape(connection)
        metadata.drop_all(connection)
        assert set(inspect(connection).get_table_names()) == {VERSION_TABLE}
        metadata.create_all(connection)
        assert _shape(connection) == migrated
    engine.dispose()


def test_the_last_step_is_the_one_that_alembic_finds() -> None:
    """It is read without Alembic, so that a start does not load it."""
    script = ScriptDirectory(schema.MIGRATIONS)
    assert schema._revisions() == ({step.revision for step in script.walk_revisions()}, script.get_current_head())


def test_fresh_database_is_made_and_a_current_one_is_left_alone(database: str, opening: Callable[..., Store]) -> None:
    opening(database).commit(batch(full_story("c1")))
    assert migrate(database) == migrate(database) == schema_state(database)
    assert opening(database).journey("c1") == folded(full_story("c1"))


def test_two_services_starting_at_once_make_it_once(database: str) -> None:
    together = Barrier(2)

    def start(_: int) -> None:
        together.wait()
        open_store(database).close()

    with ThreadPoolExecutor(2) as services:
        list(services.map(start, range(2)))
    assert schema_state(database).age is Age.CURRENT


def test_a_fresh_file_that_somebody_holds_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself does not wait to turn a file to WAL, and two services that start at once both want to."""
    file = tmp_path / "cti.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    turns = iter(("held", "released"))

    def meanwhile(_: float) -> None:
        if next(turns) == "released":
            other.execute("COMMIT")

    monkeypatch.setattr("cti.store.engine.sleep", meanwhile)
    open_store(f"sqlite:///{file}", busy_timeout_ms=5_000).close()
    assert list(turns) == []
    other.close()


def test_newer_schema_is_refused_by_service_and_by_migrate(database: str) -> None:
    migrate(database)
    _execute(database, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    for attempt in (open_store, migrate):
        with pytest.raises(SchemaNewer, match="9999"):
            attempt(database)
    assert schema_state(database).age is Age.NEWER


def test_tables_of_somebody_else_are_refused_and_untouched(database: str) -> None:
    _execute(database, 'CREATE TABLE "call" (id INTEGER)')
    for attempt in (open_store, migrate):
        with pytest.raises(SchemaForeign):
            attempt(database)
    _execute(database, 'SELECT id FROM "call"')


_HEAD = ScriptDirectory(schema.MIGRATIONS).get_current_head()
_NEXT_STEP = """
import sqlalchemy as sa
from alembic import op
revision = "9001"
down_revision = "{head}"
def upgrade():
    op.add_column("gap", sa.Column("extra", sa.BigInteger(), nullable=True))
    {then}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A later version of the code: the same history and one more step."""

    def install(then: str) -> None:
        folder = tmp_path / "later"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(Path(schema.__file__).with_name("migrations"), folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "next.py").write_text(_NEXT_STEP.format(head=_HEAD, then=then))

        monkeypatch.setattr(schema, "MIGRATIONS", folder)

    return install


def test_older_schema_waits_for_cti_migrate(
    database: str, opening: Callable[..., Store], next_version: Callable[[str], None]
) -> None:
    opening(database).commit(batch(full_story("c1")))
    next_version("pass")
    with pytest.raises(SchemaOlder, match="cti migrate"):
        open_store(database)
    assert schema_state(database).age is Age.OLDER
    assert migrate(database).found == "9001"
    assert opening(database).journey("c1") == folded(full_story("c1"))


def test_step_that_fails_leaves_nothing_half_done(database: str, next_version: Callable[[str], None]) -> None:
    before = migrate(database)
    next_version('raise RuntimeError("halfway")')
    with pytest.raises(RuntimeError, match="halfway"):
        migrate(database)
    engine = build_engine(database)
    with engine.connect() as connection:
        assert "extra" not in {column["name"] for column in inspect(connection).get_columns("gap")}
    engine.dispose()
    assert schema_state(database).found == before.found
    assert issubclass(SchemaOlder, SchemaMismatch)


def test_consultations_of_before_get_their_rows(database: str, opening: Callable[..., Store]) -> None:
    """A database of the time when the journal alone told them."""
    second, apart = T0 + 50 * SECOND, {"call_id": "c2", "line": "9.1"}
    busy = {"call_id": "c1", "line": "9.2"}
    events = [
        *full_story("c1")[:8],
        ConsultStarted(**busy, at=T0 + 20 * SECOND, agent="arm01", target="802"),
        ConsultEnded(**busy, at=T0 + 22 * SECOND, how=ConsultEnd.BUSY),
        ConsultStarted(call_id="c1", line="9.3", at=T0 + 23 * SECOND, agent="arm01", target="801"),
        *full_story("c2", T0 + 5)[:8],
        ConsultStarted(**apart, at=second, agent="arm01", target="801"),
        ConsultRecorded(**apart, at=second + 1, stem="2026/12/c2-apart"),
        ConsultAnswered(**apart, at=second + 2, agent="amu01"),
        CallEnded(call_id="c2", at=second + 3),
        ConsultEnded(**apart, at=second + 9, how=ConsultEnd.RETURNED),
    ]
    opening(database).commit(batch(events))
    _execute(database, "DROP TABLE consult")
    engine = build_engine(database)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0003_consults.upgrade()
    engine.dispose()
    store = opening(database)
    for call_id in ("c1", "c2"):
        assert store.journey(call_id) == folded([event for event in events if event.call_id == call_id])
