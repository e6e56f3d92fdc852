"""What Alembic runs for each command: the migrations, on the connection `migration.py` gives."""

from alembic import context
from sqlalchemy import Connection

from neurocortex.lake.migration import VERSION_TABLE
from neurocortex.lake.tables import SCHEMA, Base


def run(connection: Connection) -> None:
    """Run the migrations in the caller's transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        version_table_schema=SCHEMA,
        include_schemas=True,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
