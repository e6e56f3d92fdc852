"""The registry of models after a restore into another home folder: where their files are now.

MLflow notes the absolute address of each model's files, so a registry that is restored elsewhere
would look for them in the old place.
"""

from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from neurocortex.forge.store import SCHEMA

ADDRESSES: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Columns with the address of files."""

MOVE: Final = """
UPDATE {table} SET {column} = %(new)s || substr({column}, length(%(old)s) + 1)
WHERE starts_with({column}, %(old)s)
"""


def move(url: str, old: Path, new: Path) -> None:
    """Note that the files below one folder are below another now, where there is a registry."""
    values = {"old": old.as_uri(), "new": new.as_uri()}
    with psycopg.connect(url, connect_timeout=10) as connection:
        for table, column in ADDRESSES:
            name = sql.Identifier(SCHEMA, table)
            there = connection.execute(
                "SELECT to_regclass(%s) IS NOT NULL", (name.as_string(),)
            ).fetchone()
            if there == (True,):
                moved = sql.SQL(MOVE).format(table=name, column=sql.Identifier(column))
                connection.execute(moved, values)
