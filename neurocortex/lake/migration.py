"""Bringing a database to the schema this version works with."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from neurocortex.lake.tables import SCHEMA

FOLDER: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "schema_version"
EXTENSIONS: Final = ("vector",)

LOCK: Final = 0x4C414B45
"""Key of the advisory lock that lets one process migrate at a time ("LAKE" in ASCII)."""


def migrate(engine: Engine) -> None:
    """Create the extensions, the schema and its tables, or bring them up to date.

    Safe to call at every start and from several processes at once: all of it is one transaction
    under a lock, and nothing happens where nothing is missing.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(connection: Connection) -> str | None:
    """Return the revision the database is at; None where the Lake was never set up."""
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "version_table_schema": SCHEMA}
    )
    return context.get_current_revision()


def head() -> str | None:
    """Return the revision this version works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
