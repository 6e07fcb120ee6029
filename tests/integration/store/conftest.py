"""Databases of our own: every test gets an empty one, on SQLite and, when there is a server, on PostgreSQL."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from cti.store import Store, open_store


def _answers(url: str) -> str | None:
    """None when the server lets us in, else why not."""
    try:
        with psycopg.connect(url, connect_timeout=3):
            return None
    except psycopg.OperationalError as trouble:
        return str(trouble).strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
    folder, port = tmp_path_factory.mktemp("postgres"), _free_port()
    made = subprocess.run([initdb, "-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8"], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no PostgreSQL: initdb says {made.stderr.strip()!r}")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    subprocess.run(
        [pg_ctl, "-D", folder, "-o", options, "-l", folder / "log", "-w", "start"], check=True, stdout=subprocess.DEVNULL
    )
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([pg_ctl, "-D", folder, "-m", "immediate", "-w", "stop"], check=True, stdout=subprocess.DEVNULL)


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
