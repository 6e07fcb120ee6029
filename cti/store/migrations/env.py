"""Runs the steps on the connection that ``cti.store.schema`` hands over, inside its transaction.

To add a step: change ``tables/``, write the next file in ``versions`` (its ``down_revision`` is the last one), expand before
the code that needs it is deployed, contract after. A test compares the result with ``tables/`` on both databases.
"""

from alembic import context

from cti.store.schema import VERSION_TABLE
from cti.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite cannot alter a table in place: later steps copy it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
