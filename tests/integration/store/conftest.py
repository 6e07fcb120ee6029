"""Databases of our own: every test gets an empty one, on SQLite and, when there is a server, on PostgreSQL."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from cti.sandbox.host.free import free_port
from cti.store import Store, open_store


def _answers(url: str) -> str | None:
    """None when the server lets us in, else why not."""
    try:
        with psycopg.connect(url, connect_timeout=3):
            return None
    except psycopg.OperationalError as trouble:
        return str(trouble).strip()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server: the one named by CTI_TEST_POSTGRES_URL, the local one, or one of our own."""
    named = os.environ.get("CTI_TEST_POSTGRES_URL")
    local = named or "postgresql://postgres@127.0.0.1:5432/postgres"
    refusal = _answers(local)
    if refusal is None:
        yield local
        return
    if named:
        pytest.fail(f"CTI_TEST_POSTGRES_URL does not answer: {refusal}")
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if not (initdb and pg_ctl):
        pytest.skip(f"no PostgreSQL: 127.0.0.1:5432 says {refusal!r}, and initdb and pg_ctl are not on the PATH")
    # Not under pytest's own folder: PostgreSQL refuses to run as root, and the account it runs as then may not enter there.
    with tempfile.TemporaryDirectory(prefix="cti_postgres_") as folder:
        if os.geteuid() == 0:
            try:
                shutil.chown(folder, "postgres")
            except LookupError:
                pytest.skip("no PostgreSQL: initdb refuses to run as root and there is no account postgres")
        yield from _server_of_our_own(initdb, pg_ctl, Path(folder))


def _server_of_our_own(initdb: str, pg_ctl: str, folder: Path) -> Iterator[str]:
    port, data = free_port(), str(folder / "data")
    run = partial(subprocess.run, user=folder.owner(), cwd=folder, capture_output=True, text=True, check=False)
    made = run([initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"])
    if made.returncode:
        pytest.skip(f"no PostgreSQL: initdb says {made.stderr.strip()!r}")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    # Its output goes to a file: a pipe would stay open in the server that pg_ctl leaves behind.
    with (folder / "pg_ctl.log").open("w") as log:
        start = [pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
        subprocess.run(start, user=folder.owner(), cwd=folder, stdout=log, stderr=log, check=True)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        run([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"])


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[str]:
    name = f"cti_test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(postgres_server, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, on each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/cti.db"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def opening() -> Iterator[Callable[..., Store]]:
    """``open_store`` whose stores are closed after the test."""
    opened: list[Store] = []

    def open_one(url: str, busy_timeout_ms: int = 5_000) -> Store:
        opened.append(open_store(url, busy_timeout_ms=busy_timeout_ms))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(database: str, opening: Callable[..., Store]) -> Store:
    return opening(database)
