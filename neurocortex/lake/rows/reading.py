"""The rows of a dataset's table, as a frame to learn from."""

from dataclasses import dataclass
from hashlib import sha256

import pandas as pd
from psycopg import sql
from sqlalchemy import Engine

from neurocortex.errors import TargetNotFoundError
from neurocortex.lake.database import driver, translated
from neurocortex.lake.loads import LoadKind
from neurocortex.lake.rows.table import LOAD_COLUMN, SCHEMA, exists, names
from neurocortex.lake.versions import numbers


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table as it was at one moment."""

    frame: pd.DataFrame
    """In an order that depends on the rows alone; shape (rows, columns)."""
    version: int
    """Of the table: `neurocortex lake versions` lists them."""
    digest: str
    """SHA-256 of the rows: the same digest is the same data."""


def read_table(engine: Engine, name: str) -> TableRows:
    """Read a whole table of the schema `data`.

    Raises:
        TargetNotFoundError: there is none of that name.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    with translated(), engine.connect() as opened, opened.begin():
        connection = driver(opened)
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if not exists(connection, name):
            raise TargetNotFoundError(name)
        columns = [
            str(column)
            for (column,) in connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = %s AND column_name <> %s"
                " ORDER BY ordinal_position",
                (SCHEMA, name, LOAD_COLUMN),
            )
        ]
        found = connection.execute(
            sql.SQL("SELECT {columns} FROM {table} ORDER BY {columns}").format(
                columns=names(columns), table=sql.Identifier(SCHEMA, name)
            )
        ).fetchall()
        version = numbers.present(connection, LoadKind.ROWS, f"{SCHEMA}.{name}")
    frame = pd.DataFrame(found, columns=columns)
    digest = sha256(repr((columns, found)).encode()).hexdigest()
    return TableRows(frame, version, digest)
