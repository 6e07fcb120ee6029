"""The database out of reach, locked, full or gone: said so, nothing half written, and the same batch goes in later."""

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url
from store_histories import T0, Told, batch, folded, full_story

from cti.journey.ledger import Batch, StoreUnavailable
from cti.store import Store, open_store, schema_state


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "cti.db"


@pytest.fixture
def on_file(file: Path, opening: Callable[..., Store]) -> Store:
    return opening(f"sqlite:///{file}", busy_timeout_ms=20)


def test_locked_by_another_writer_then_free(file: Path, on_file: Store) -> None:
    told = batch(full_story("c1"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        on_file.commit(told)
    assert on_file.journey("c1") is None, "readers never wait for the writer"
    other.execute("ROLLBACK")
    other.close()
    on_file.commit(told)
    assert on_file.journey("c1") == told.journeys[0]


def test_full_disk_then_room_again(on_file: Store) -> None:
    on_file.commit(batch(full_story("c0")))
    big = batch([event for n in range(200) for event in full_story(f"c1{n}")], session="big")
    engine = on_file.reading._engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(raw: sqlite3.Connection, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count={pages + 5}")

    event.listen(engine, "checkout", limit)
    with pytest.raises(StoreUnavailable, match="full"):
        on_file.commit(big)
    event.remove(engine, "checkout", limit)
    assert list(on_file.reading.journeys(None, None)) == [folded(full_story("c0"))]
    assert on_file.reading.events("c10") == []

    event.listen(engine, "checkout", lambda raw, *_: raw.execute("PRAGMA max_page_count=1000000"))
    on_file.commit(big)
    assert len(list(on_file.reading.journeys(None, None))) == 201


def test_file_taken_away_and_put_back(file: Path, on_file: Store) -> None:
    story = full_story("c1")
    on_file.commit(batch(story[:9]))
    kept = {path: path.with_suffix(path.suffix + ".kept") for path in file.parent.iterdir()}
    for path, aside in kept.items():
        path.rename(aside)
    with pytest.raises(StoreUnavailable, match="unable to open"):
        on_file.commit(Batch(journeys=(folded(story),)))
    with pytest.raises(StoreUnavailable):
        on_file.ping()
    assert not file.exists(), "an empty database in its place would hide the loss"
    for path, aside in kept.items():
        aside.rename(path)
    on_file.commit(Batch(journeys=(folded(story),)))
    assert on_file.journey("c1") == folded(story)


def test_older_copy_put_in_its_place_gets_the_whole_call(file: Path, on_file: Store) -> None:
    story, copy = full_story("c1"), file.with_name("copy.db")
    with sqlite3.connect(file) as now, sqlite3.connect(copy) as backup:
        now.backup(backup)
    now.close()
    backup.close()
    on_file.commit(batch(story[:9]))
    for path in file.parent.glob("cti.db*"):
        path.unlink()
    with pytest.raises(StoreUnavailable):
        on_file.commit(Batch(journeys=(folded(story),)))
    copy.rename(file)
    on_file.commit(Batch(journeys=(folded(story),)))
    assert on_file.journey("c1") == folded(story), "nothing remembered of the lost file was taken as written"


def test_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "cti.db").write_text("bonjour " * 1_000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_store(f"sqlite:///{tmp_path}/cti.db")


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/var/cti.db")


def test_no_dossier_number_is_spent_while_locked(file: Path, on_file: Store) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        on_file.dossiers.open("c1", T0, date(2026, 12, 16), Told())
    other.close()
    assert on_file.dossiers.open("c1", T0, date(2026, 12, 16), Told()).ref == "2026-350-0000001"


def test_callers_number_is_in_no_error(file: Path, on_file: Store) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as trouble:
        on_file.commit(batch(full_story("c1", caller="0699887766")))
    other.close()
    error: BaseException | None = trouble.value
    while error is not None:
        assert "0699887766" not in str(error)
        error = error.__cause__


@pytest.mark.postgres
def test_server_that_cuts_our_connections(postgres_database: str, opening: Callable[..., Store]) -> None:
    store, story = opening(postgres_database), full_story("c1")
    store.commit(batch(story[:9]))

    @event.listens_for(store.reading._engine, "before_cursor_execute")
    def cut(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO stage"):
            event.remove(store.reading._engine, "before_cursor_execute", cut)
            with psycopg.connect(postgres_database, autocommit=True) as killer:
                killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    with pytest.raises(StoreUnavailable):
        store.commit(batch([*full_story("c2"), *full_story("c3")], session="t"))
    assert store.journey("c2") is None
    assert store.reading.events("c3") == []
    store.commit(Batch(journeys=(folded(story),)))
    assert store.journey("c1") == folded(story)


@pytest.mark.postgres
def test_row_locked_by_somebody_else(postgres_database: str, opening: Callable[..., Store]) -> None:
    store, story = opening(postgres_database), full_story("c1")
    store.commit(batch(story[:9]))
    engine = store.reading._engine
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET LOCAL lock_timeout = 20"))
    with psycopg.connect(postgres_database) as other:
        other.execute("SELECT 1 FROM call FOR UPDATE")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            store.commit(Batch(journeys=(folded(story),)))
    store.commit(Batch(journeys=(folded(story),)))
    assert store.journey("c1") == folded(story)


@pytest.mark.postgres
def test_database_that_was_dropped(postgres_server: str) -> None:
    url = make_url(postgres_server).set(database="cti_test_not_there").render_as_string(hide_password=False)
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_store(url)


def test_nobody_at_the_servers_address() -> None:
    with pytest.raises(StoreUnavailable):
        schema_state("postgresql://postgres@127.0.0.1:1/cti")
