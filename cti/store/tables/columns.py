"""How every column is written.

All instants are whole microseconds since the epoch and all durations whole milliseconds, as in the core: integers compare
exactly and carry no time zone. Every whole number is 64 bits wide, because what a PBX may say has no promised width.
"""

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Text

#: Named constraints: without names a later migration could not change them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


#: Text in the order of its bytes, as SQLite has it: one order on both databases, and quicker than a language's on PostgreSQL.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def text(name: str, *, null: bool = False) -> Column[str]:
    """A column of text."""
    return Column(name, _TEXT, nullable=null)


def number(name: str, *, null: bool = False) -> Column[int]:
    """A column of whole numbers."""
    return Column(name, BigInteger, nullable=null)


def flag(name: str) -> Column[bool]:
    """A column of yes and no."""
    return Column(name, Boolean, nullable=False)
