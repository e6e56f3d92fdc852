"""A database as an earlier version of the platform left it."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from neurocortex.lake import migration


def upgrade(engine: Engine, revision: str) -> None:
    """Apply the migrations up to a revision."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS lake"))
        config = Config()
        config.set_main_option("script_location", str(migration.FOLDER))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
