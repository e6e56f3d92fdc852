"""Rows that a later version of a table replaced or removed, in a table of the schema `history`.

Only what goes is written: a load that adds rows costs nothing here. The table has the columns of
the dataset's table, and `_last_version`, the last version that held the row.
"""

from typing import Final

from psycopg import sql

from neurocortex.lake.database import DriverConnection
from neurocortex.lake.rows.table import LOAD_COLUMN, Table, names
from neurocortex.lake.rows.table import SCHEMA as DATA_SCHEMA
from neurocortex.lake.tables import SCHEMA as LAKE_SCHEMA

SCHEMA: Final = "history"
LAST_COLUMN: Final = "_last_version"

_LOCK: Final = 0x48495354
"""Key of the advisory lock under which the schema is created ("HIST" in ASCII)."""

_COLUMNS: Final = """
SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attname)
FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
AND attname <> %s
"""


def identifier(table: str) -> sql.Identifier:
    """Return the quoted name of the table that keeps the former rows of a table of `data`."""
    return sql.Identifier(SCHEMA, table)


def exists(connection: DriverConnection, table: str) -> bool:
    """Tell whether former rows of a table are kept."""
    return _columns(connection, SCHEMA, table) is not None


def make(connection: DriverConnection, table: str, *, anew: bool) -> bool:
    """Make the table of former rows where it is missing; tell whether rows kept before had to go.

    They have to where the dataset's table was made `anew`, or has other columns now: what it held
    before cannot be had back then.
    """
    kept = _columns(connection, SCHEMA, table)
    if kept is not None and not anew and kept == _columns(connection, DATA_SCHEMA, table):
        return False
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    drop(connection, table)
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {}, {} bigint NOT NULL)").format(
            identifier(table), sql.Identifier(DATA_SCHEMA, table), sql.Identifier(LAST_COLUMN)
        )
    )
    return kept is not None


def drop(connection: DriverConnection, table: str) -> None:
    """Drop the former rows of a table."""
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(identifier(table)))


def keep_all(connection: DriverConnection, table: Table, version: int) -> None:
    """Keep every row of the table, before all of them go."""
    _keep(connection, table, version, sql.SQL(""))


def keep_replaced(
    connection: DriverConnection, table: Table, version: int, staging: sql.Identifier
) -> None:
    """Keep the rows whose keys are staged, before they are replaced."""
    same = sql.SQL(" AND ").join(
        sql.SQL("staged.{0} = present.{0}").format(sql.Identifier(key)) for key in table.keys
    )
    staged = sql.SQL("WHERE EXISTS (SELECT FROM {} AS staged WHERE {})").format(staging, same)
    _keep(connection, table, version, staged)


def take_out_after(connection: DriverConnection, table: Table, version: int, present: int) -> int:
    """Take out the rows that came after a version, and keep them; return how many."""
    after = sql.SQL(
        "WHERE {load} IN (SELECT came.id FROM {loads} AS came WHERE came.version > {version})"
    ).format(
        load=sql.Identifier(LOAD_COLUMN),
        loads=sql.Identifier(LAKE_SCHEMA, "loads"),
        version=sql.Literal(version),
    )
    _keep(connection, table, present, after)
    return connection.execute(
        sql.SQL("DELETE FROM {} AS present {}").format(table.identifier, after)
    ).rowcount


def put_back(connection: DriverConnection, table: Table, version: int, load_id: object) -> int:
    """Bring back the rows that a version held and that are gone; return how many."""
    columns = names([column.name for column in table.columns])
    statement = sql.SQL(
        """
        INSERT INTO {table} ({columns}, {load})
        SELECT {columns}, %(load)s FROM {former} AS former
        WHERE former.{last} >= %(version)s AND former.{load} NOT IN (
            SELECT came.id FROM {loads} AS came WHERE came.version > %(version)s)
        """
    ).format(
        table=table.identifier,
        columns=columns,
        load=sql.Identifier(LOAD_COLUMN),
        former=identifier(table.name),
        loads=sql.Identifier(LAKE_SCHEMA, "loads"),
        last=sql.Identifier(LAST_COLUMN),
    )
    return connection.execute(statement, {"load": load_id, "version": version}).rowcount


def prune(connection: DriverConnection, table: str, oldest: int) -> int:
    """Delete the rows that no version from `oldest` on held; return how many."""
    return connection.execute(
        sql.SQL("DELETE FROM {} WHERE {} < %s").format(
            identifier(table), sql.Identifier(LAST_COLUMN)
        ),
        (oldest,),
    ).rowcount


def _keep(connection: DriverConnection, table: Table, version: int, which: sql.Composable) -> None:
    columns = names([*(column.name for column in table.columns), LOAD_COLUMN])
    connection.execute(
        sql.SQL(
            "INSERT INTO {former} ({columns}, {last}) SELECT {columns}, {version}"
            " FROM {table} AS present {which}"
        ).format(
            former=identifier(table.name),
            columns=columns,
            last=sql.Identifier(LAST_COLUMN),
            version=sql.Literal(version),
            table=table.identifier,
            which=which,
        )
    )


def _columns(connection: DriverConnection, schema: str, table: str) -> list[str] | None:
    name = sql.Identifier(schema, table).as_string(connection)
    found = connection.execute(_COLUMNS, (name, LAST_COLUMN)).fetchone()
    return found[0] if found else None
