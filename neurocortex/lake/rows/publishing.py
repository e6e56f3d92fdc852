"""Publishing: staged rows reach their table, all in one transaction or not at all."""

from dataclasses import dataclass, field
from uuid import UUID

from psycopg import sql

from neurocortex.errors import LoadError
from neurocortex.lake.database import DriverConnection
from neurocortex.lake.rows import staging, table
from neurocortex.lake.rows.staging import Removed
from neurocortex.lake.rows.table import LOAD_COLUMN, Table, WriteMode, names
from neurocortex.lake.versions import former_rows, numbers


@dataclass(frozen=True, slots=True)
class Published:
    """What the transaction changed."""

    loaded: int
    """Rows written."""
    deleted: int
    """Rows of earlier loads that went, in mode `replace`."""
    existing: tuple[Removed, ...] = field(default=())
    """Rows whose key was in the table already, in mode `append`."""


def publish(connection: DriverConnection, load_id: UUID, target: Table, staged: int) -> Published:
    """Bring the staged rows into the table, which is made where it is missing.

    Others read the table as it was until the transaction is committed; another load into the same
    table waits for that.

    Raises:
        LoadError: the table differs from the dataset, or the staged rows are not all there.
    """
    wait_for_turn(connection, str(target))
    found = staging.count(connection, load_id)
    if found != staged:
        raise LoadError(
            str(target),
            f"{staged:,} rows were staged, {found:,} are left: PostgreSQL crashed in between,"
            " or something else removed them. Run the load again.",
        )
    table.check(connection, target)
    version = _versioned(connection, target)
    existing: tuple[Removed, ...] = ()
    deleted = 0
    if target.mode is WriteMode.REPLACE:
        former_rows.keep_all(connection, target, version)
        deleted = connection.execute(sql.SQL("DELETE FROM {}").format(target.identifier)).rowcount
    elif target.mode is WriteMode.APPEND and target.keys:
        existing = tuple(staging.remove_existing(connection, load_id, target))
    elif target.mode is WriteMode.UPSERT:
        former_rows.keep_replaced(connection, target, version, staging.identifier(load_id))
    loaded = connection.execute(_insertion(load_id, target), (load_id,)).rowcount
    staging.drop(connection, load_id)
    return Published(loaded, deleted, existing)


def wait_for_turn(connection: DriverConnection, target: str) -> None:
    """Hold the table (`data.NAME`) against other loads until the transaction ends.

    Two of them would otherwise both find a key missing and then collide.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (target,))


def _versioned(connection: DriverConnection, target: Table) -> int:
    """Make the table and the one for its former rows; return the version the table is at."""
    version = numbers.present(connection, numbers.ROWS, str(target))
    made = table.create(connection, target)
    lost = former_rows.make(connection, target.name, anew=made)
    if lost or (made and version):
        numbers.forget_before(connection, numbers.ROWS, str(target), version + 1)
    return version


def _insertion(load_id: UUID, target: Table) -> sql.Composed:
    columns = names([column.name for column in target.columns])
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}, {load}) SELECT {columns}, %s FROM {staging}"
    ).format(
        table=target.identifier,
        columns=columns,
        load=sql.Identifier(LOAD_COLUMN),
        staging=staging.identifier(load_id),
    )
    if target.mode is not WriteMode.UPSERT:
        return statement
    changed = [column.name for column in target.columns if not column.key] + [LOAD_COLUMN]
    return sql.SQL("{} ON CONFLICT ({}) DO UPDATE SET {}").format(
        statement,
        names(target.keys),
        sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in changed
        ),
    )
