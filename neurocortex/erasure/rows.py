"""Rows about a person in any table: texts, JSON, bytes and whole numbers are looked through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from neurocortex.erasure.subject import Subject
from neurocortex.lake.database import DriverConnection

LAKE: Final = ("data", "history", "work", "lake")
"""Schemas whose tables are looked through."""
NOT_ROWS: Final = ("collections", "documents", "chunks", "loads", "postings", "embedding_models")
"""Tables of the schema `lake` that are not: documents go as documents, with all of theirs."""
DATA: Final = ("data", "history")
"""Schemas whose whole numbers may tell a person, as a customer's does; others' are counts."""

FETCHED: Final = 1_000

COLUMNS: Final = """
SELECT nspname, relname,
    array_agg(attname::text ORDER BY attnum) FILTER (WHERE typname = ANY(%(texts)s)),
    array_agg(attname::text ORDER BY attnum) FILTER (WHERE typname = 'bytea'),
    array_agg(attname::text ORDER BY attnum) FILTER (WHERE typname = 'int8')
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN pg_type ON pg_type.oid = atttypid
WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND attname <> 'fingerprint'
AND (typname = ANY(%(texts)s) OR typname = 'bytea' OR typname = 'int8' AND nspname = ANY(%(data)s))
AND nspname = ANY(%(schemas)s) AND NOT (nspname = 'lake' AND relname = ANY(%(not_rows)s))
GROUP BY nspname, relname ORDER BY nspname, relname
"""
TEXTS: Final = ("text", "varchar", "json", "jsonb")


@dataclass(frozen=True, slots=True)
class SearchedTable:
    """A table, and its columns in which a person may be told."""

    schema: str
    name: str
    texts: tuple[str, ...]
    bytes: tuple[str, ...]
    numbers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name."""
        return sql.Identifier(self.schema, self.name)


def searched(connection: DriverConnection, schemas: Sequence[str] = LAKE) -> list[SearchedTable]:
    """Return the tables of these schemas that hold texts of any kind, or data's whole numbers."""
    wanted = {"texts": TEXTS, "data": DATA, "schemas": schemas, "not_rows": NOT_ROWS}
    found = connection.execute(COLUMNS, {name: list(each) for name, each in wanted.items()})
    return [
        SearchedTable(schema, name, *(tuple(each or ()) for each in columns))
        for schema, name, *columns in found.fetchall()
    ]


def find(connection: DriverConnection, table: SearchedTable, subject: Subject) -> list[str]:
    """Return the places (ctid) of rows about a person; they hold until the transaction ends."""
    return list(
        dict.fromkeys([*_told(connection, table, subject), *_encrypted(connection, table, subject)])
    )


def delete(connection: DriverConnection, table: SearchedTable, places: Sequence[str]) -> int:
    """Delete rows by their places; return how many."""
    if not places:
        return 0
    return connection.execute(
        sql.SQL("DELETE FROM {} WHERE ctid = ANY(%s::tid[])").format(table.identifier),
        (list(places),),
    ).rowcount


def _told(connection: DriverConnection, table: SearchedTable, subject: Subject) -> Iterator[str]:
    conditions: list[sql.Composable] = [
        sql.SQL("{}::text ~* %(texts)s").format(sql.Identifier(column)) for column in table.texts
    ]
    conditions += [
        sql.SQL("encode({}, 'escape') ~* %(bytes)s").format(sql.Identifier(column))
        for column in table.bytes
    ]
    # As a whole: another's number may have the same digits in it.
    conditions += [
        sql.SQL("{}::text = %(number)s").format(sql.Identifier(column)) for column in table.numbers
    ]
    statement = sql.SQL("SELECT ctid::text FROM {} WHERE {} FOR UPDATE").format(
        table.identifier, sql.SQL(" OR ").join(conditions)
    )
    number = subject.text.strip()
    values = {"texts": subject.in_texts, "bytes": subject.in_bytes, "number": number}
    for (place,) in connection.execute(statement, values):
        yield place


def _encrypted(
    connection: DriverConnection, table: SearchedTable, subject: Subject
) -> Iterator[str]:
    if not table.texts:
        return
    joined = sql.SQL("concat_ws(' ', {})").format(
        sql.SQL(", ").join(map(sql.Identifier, table.texts))
    )
    statement = sql.SQL("SELECT ctid::text, {0} FROM {1} WHERE {0} LIKE '%nc1:%'").format(
        joined, table.identifier
    )
    with connection.cursor(name="encrypted") as cursor:
        cursor.itersize = FETCHED
        cursor.execute(statement)
        for place, text in cursor:
            if subject.is_in(text):
                yield place
