"""The database URL: two kinds, a driver for each, and a refusal that a person can act on."""

import pytest

from cti.store import UnknownDatabase
from cti.store.engine import normalised


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("sqlite:///var/cti.db", "sqlite+pysqlite:///var/cti.db"),
        ("sqlite:////srv/cti.db", "sqlite+pysqlite:////srv/cti.db"),
        ("postgresql://cti@db/cti", "postgresql+psycopg://cti@db/cti"),
        ("postgres://cti@db:5433/cti?sslmode=require", "postgresql+psycopg://cti@db:5433/cti?sslmode=require"),
        ("postgresql+psycopg2://cti@db/cti", "postgresql+psycopg://cti@db/cti"),
    ],
)
def test_url_gets_its_driver(given: str, read: str) -> None:
    assert normalised(given).render_as_string(hide_password=False) == read


@pytest.mark.parametrize("given", ["sqlite://", "sqlite:///:memory:"])
def test_memory_is_no_place_for_a_journal(given: str) -> None:
    with pytest.raises(UnknownDatabase, match="needs a file"):
        normalised(given)


def test_other_database_is_named() -> None:
    with pytest.raises(UnknownDatabase, match="'mysql'"):
        normalised("mysql://db/cti")


def test_password_is_not_in_the_refusal() -> None:
    with pytest.raises(UnknownDatabase) as trouble:
        normalised("postgresql:secret@db")
    assert "secret" not in str(trouble.value)
    assert trouble.value.__cause__ is None
