"""The schema: made by its migrations, the same as the tables in code, refused when it is not ours to write."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from store_histories import batch, folded, full_story

from cti.store import Age, SchemaMismatch, Store, migrate, open_store, schema, schema_state
from cti.store.engine import build_engine
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


_HEAD = "0002"
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

        def config(connection: Connection | None = None) -> Config:
            made = Config()
            made.set_main_option("script_location", str(folder))
            made.set_main_option("path_separator", "os")
            made.attributes["connection"] = connection
            return made

        monkeypatch.setattr(schema, "_config", config)

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
