"""Staging: rows that passed every gate, waiting in a table of their own to be published.

It is unlogged: half the writing, and nobody needs it after a crash. A crash of PostgreSQL empties
it, which `publish` notices by the count.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pandas as pd
from psycopg import sql

from neurocortex.domain.columns import Column, ColumnType
from neurocortex.lake.database import DriverConnection
from neurocortex.lake.rows.table import Table, names, postgres_type

SCHEMA: Final = "staging"
ROW_COLUMN: Final = "_row"
"""Number of the row in its source, from 1."""

BATCH: Final = 1000
"""Rows fetched at a time where many may come back."""

_COPY_TYPES: Final = {
    "bigint": "int8",
    "double precision": "float8",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "boolean": "bool",
}
"""The names by which psycopg knows types that PostgreSQL spells out."""

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """A staged row that was taken out again."""

    row: int
    """Its number in the source."""
    payload: str
    """The row as it would have been loaded, as JSON."""
    twin: int | None = None
    """Number of the row that has the same key; None where that row is in the table already."""


def identifier(load_id: UUID) -> sql.Identifier:
    """Return the quoted name of a load's staging table."""
    return sql.Identifier(SCHEMA, f"load_{load_id.hex}")


def create(connection: DriverConnection, load_id: UUID, columns: Sequence[Column]) -> None:
    """Create a load's staging table."""
    parts = [sql.SQL("{} bigint NOT NULL").format(sql.Identifier(ROW_COLUMN))]
    parts += [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(postgres_type(column)))
        for column in columns
    ]
    connection.execute(
        sql.SQL("CREATE UNLOGGED TABLE {} ({})").format(
            identifier(load_id), sql.SQL(", ").join(parts)
        )
    )


def drop(connection: DriverConnection, load_id: UUID) -> None:
    """Drop a load's staging table, where it still is."""
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(identifier(load_id)))


def write(
    connection: DriverConnection, load_id: UUID, columns: Sequence[Column], rows: Iterable[Row]
) -> None:
    """Add rows: each its number in the source, then a value for each column."""
    types = [postgres_type(column) for column in columns]
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(identifier(load_id))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", *(_COPY_TYPES.get(kind, kind) for kind in types)])
        for row in rows:
            copy.write_row(row)


def rows_of(frame: pd.DataFrame, columns: Sequence[Column]) -> Iterator[Row]:
    """Yield a frame's rows as `write` takes them; its index is the row's number."""
    values = [_plain(frame[column.name], column) for column in columns]
    return zip(frame.index.tolist(), *values, strict=True)


def _plain(values: pd.Series, column: Column) -> list[object]:
    """Return a column's values as Python's own, None where one is missing."""
    if column.type is ColumnType.DATE:
        values = values.dt.date
    elif column.type is ColumnType.TIMESTAMP:
        values = pd.Series(values.dt.to_pydatetime(), dtype=object)
    plain: list[object] = values.astype(object).where(values.notna().to_numpy(), None).tolist()
    return plain


def count(connection: DriverConnection, load_id: UUID) -> int:
    """Return how many rows are staged."""
    found = connection.execute(
        sql.SQL("SELECT count(*) FROM {}").format(identifier(load_id))
    ).fetchone()
    return int(found[0]) if found else 0


def remove(connection: DriverConnection, load_id: UUID, rows: Sequence[int]) -> Iterator[Removed]:
    """Take rows out by their numbers, and yield them."""
    statement = sql.SQL(
        "DELETE FROM {staging} AS staged WHERE {row} = ANY(%s)"
        " RETURNING {row}, (to_jsonb(staged) - %s)::text, NULL::bigint"
    ).format(staging=identifier(load_id), row=sql.Identifier(ROW_COLUMN))
    yield from _removed(connection, statement, (list(rows), ROW_COLUMN))


def remove_repeated(
    connection: DriverConnection, load_id: UUID, keys: Sequence[str]
) -> Iterator[Removed]:
    """Take out every row but the first of each key, and yield them."""
    statement = sql.SQL(
        """
        WITH ranked AS (
            SELECT {row} AS place, min({row}) OVER (PARTITION BY {keys}) AS first FROM {staging}
        )
        DELETE FROM {staging} AS staged USING ranked
        WHERE staged.{row} = ranked.place AND ranked.place > ranked.first
        RETURNING staged.{row}, (to_jsonb(staged) - %s)::text, ranked.first
        """
    ).format(staging=identifier(load_id), row=sql.Identifier(ROW_COLUMN), keys=names(list(keys)))
    yield from _removed(connection, statement, (ROW_COLUMN,))


def remove_existing(connection: DriverConnection, load_id: UUID, table: Table) -> Iterator[Removed]:
    """Take out every row whose key is in the table already, and yield them."""
    same = sql.SQL(" AND ").join(
        sql.SQL("staged.{0} = there.{0}").format(sql.Identifier(key)) for key in table.keys
    )
    statement = sql.SQL(
        "DELETE FROM {staging} AS staged USING {table} AS there WHERE {same}"
        " RETURNING staged.{row}, (to_jsonb(staged) - %s)::text, NULL::bigint"
    ).format(
        staging=identifier(load_id),
        table=table.identifier,
        same=same,
        row=sql.Identifier(ROW_COLUMN),
    )
    yield from _removed(connection, statement, (ROW_COLUMN,))


def _removed(
    connection: DriverConnection, statement: sql.Composed, parameters: tuple[object, ...]
) -> Iterator[Removed]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while batch := cursor.fetchmany(BATCH):
            for row, payload, twin in batch:
                yield Removed(row, payload, twin)
