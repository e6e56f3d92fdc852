"""The table a dataset is loaded into: made from its columns, never changed behind its back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from psycopg import sql

from neurocortex.domain.columns import Column, ColumnType
from neurocortex.errors import LoadError
from neurocortex.lake.database import DriverConnection

SCHEMA: Final = "data"
"""Schema of the Lake that holds the datasets' tables."""

LOAD_COLUMN: Final = "_load_id"
"""Column of every table: the load that brought the row."""

MAX_NAME_CHARS: Final = 63
"""PostgreSQL cuts longer names off."""

NAME_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""Names that need no care in SQL; a leading _ is kept for columns of the platform's own."""


class WriteMode(StrEnum):
    """What happens to the rows that are in the table already."""

    REPLACE = "replace"
    """They go: the table holds this load and nothing else."""
    APPEND = "append"
    """They stay; a row whose key is among them is set aside."""
    UPSERT = "upsert"
    """They stay; one whose key comes again is replaced."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the schema `data`."""

    name: str
    columns: tuple[Column, ...]
    mode: WriteMode = WriteMode.REPLACE

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns that make a row unique; none where rows may repeat."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name with its schema."""
        return sql.Identifier(SCHEMA, self.name)

    def __str__(self) -> str:
        return f"{SCHEMA}.{self.name}"


def postgres_type(column: Column) -> str:
    """Return the PostgreSQL type of a column, as `format_type` spells it."""
    match column.type:
        case ColumnType.INTEGER:
            return "bigint"
        case ColumnType.NUMBER:
            return "double precision"
        case ColumnType.TEXT:
            return "text"
        case ColumnType.BOOLEAN:
            return "boolean"
        case ColumnType.DATE:
            return "date"
        case ColumnType.TIMESTAMP if column.timezone:
            return "timestamp with time zone"
        case ColumnType.TIMESTAMP:
            return "timestamp without time zone"


def create(connection: DriverConnection, table: Table) -> bool:
    """Create the table where it is missing, and tell so; its key is the primary key."""
    if exists(connection, table.name):
        return False
    parts = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(postgres_type(column)),
            sql.SQL("" if column.nullable else " NOT NULL"),
        )
        for column in table.columns
    ]
    parts.append(sql.SQL("{} uuid NOT NULL").format(sql.Identifier(LOAD_COLUMN)))
    if table.keys:
        parts.append(sql.SQL("PRIMARY KEY ({})").format(names(table.keys)))
    connection.execute(
        sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(
            table.identifier, sql.SQL(", ").join(parts)
        )
    )
    return True


def exists(connection: DriverConnection, name: str) -> bool:
    """Tell whether there is a table of that name in the schema of the datasets."""
    found = connection.execute(
        "SELECT FROM pg_tables WHERE schemaname = %s AND tablename = %s", (SCHEMA, name)
    )
    return found.fetchone() is not None


def check(connection: DriverConnection, table: Table) -> None:
    """Compare the table with what the dataset says; one that does not exist fits.

    Raises:
        LoadError: they differ; the text lists every difference and the ways out.
    """
    existing = _existing(connection, table)
    if existing is None:
        return
    differences = list(_differences(existing, table))
    if differences:
        raise LoadError(
            str(table),
            f"the table differs from the dataset: {'; '.join(differences)}."
            " Change the dataset's columns or transforms, load into another table,"
            f" or drop the old one (DROP TABLE {table}).",
        )


def names(columns: Sequence[str]) -> sql.Composed:
    """Return quoted column names with commas between them."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


@dataclass(frozen=True, slots=True)
class _Existing:
    types: dict[str, tuple[str, bool]]
    """PostgreSQL type and whether NOT NULL, by name."""
    key: tuple[str, ...]


def _existing(connection: DriverConnection, table: Table) -> _Existing | None:
    found = connection.execute(
        """
        SELECT attname, format_type(atttypid, atttypmod), attnotnull
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
             JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = %s AND relname = %s AND attnum > 0 AND NOT attisdropped
        """,
        (SCHEMA, table.name),
    ).fetchall()
    if not found:
        return None
    key = connection.execute(
        """
        SELECT attname FROM pg_index
             JOIN pg_class ON pg_class.oid = indrelid
             JOIN pg_namespace ON pg_namespace.oid = relnamespace
             JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
        WHERE indisprimary AND nspname = %s AND relname = %s
        """,
        (SCHEMA, table.name),
    ).fetchall()
    return _Existing(
        {name: (kind, not_null) for name, kind, not_null in found},
        tuple(sorted(name for (name,) in key)),
    )


def columns_of(connection: DriverConnection, name: str) -> tuple[Column, ...]:
    """Return the columns of a table as it is, without the platform's own; empty without one."""
    kinds = {
        "bigint": ColumnType.INTEGER,
        "double precision": ColumnType.NUMBER,
        "boolean": ColumnType.BOOLEAN,
        "date": ColumnType.DATE,
        "timestamp with time zone": ColumnType.TIMESTAMP,
        "timestamp without time zone": ColumnType.TIMESTAMP,
    }
    found = _existing(connection, Table(name, ()))
    if found is None:
        return ()
    return tuple(
        Column(
            name=column,
            type=kinds.get(kind, ColumnType.TEXT),
            nullable=not not_null,
            key=column in found.key,
            timezone="UTC" if kind == "timestamp with time zone" else None,
        )
        for column, (kind, not_null) in found.types.items()
        if column != LOAD_COLUMN
    )


def _differences(existing: _Existing, table: Table) -> Iterator[str]:
    types = dict(existing.types)
    for column in table.columns:
        wanted = postgres_type(column)
        if column.name not in types:
            yield f"it has no column {column.name!r} ({wanted})"
            continue
        kind, not_null = types.pop(column.name)
        if kind != wanted:
            yield f"column {column.name!r} is {kind} there, {wanted} in the dataset"
        elif not_null and column.nullable:
            yield f"column {column.name!r} must have a value there, but may be missing here"
    if types.pop(LOAD_COLUMN, None) is None:
        yield f"it has no column {LOAD_COLUMN!r} (uuid), so NeuroCortex did not make it"
    for name in types:
        yield f"the dataset has no column {name!r}"
    if existing.key != tuple(sorted(table.keys)):
        there = ", ".join(existing.key) or "none"
        here = ", ".join(table.keys) or "none"
        yield f"its key is {there}, the dataset's {here}"
