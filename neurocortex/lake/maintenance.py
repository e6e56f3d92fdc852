"""Upkeep of the Lake, in steps that can stand alone: prune, vacuum, rebuild what is bloated.

Nothing here blocks who reads or loads, but for moments.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from psycopg import sql
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Engine, text

from neurocortex.lake.database import DriverConnection, driver, translated
from neurocortex.lake.versions import pruning
from neurocortex.settings import MaintenanceSettings

SCHEMAS: Final = ("lake", "data", "history", "work", "access")
"""Whose tables are looked after; Prefect looks after its own."""

CPU_SHARE: Final = 0.75
"""Of the machine's cores, at most."""

BLOATED: Final = 1.6
"""An index so many times larger than its rows need is built anew: searches walk through it all."""

BLOATED_FROM_BYTES: Final = 8 << 20
"""Smaller ones are not worth it."""

GRAPHS: Final = """
SELECT indexes.relname AS name, pg_relation_size(indexes.oid) AS bytes, tables.reltuples AS rows,
    (SELECT atttypmod FROM pg_attribute WHERE attrelid = tables.oid AND attname = 'embedding')
        AS dimension,
    coalesce((SELECT split_part(option, '=', 2)::int FROM unnest(indexes.reloptions) AS option
        WHERE option LIKE 'm=%'), 16) AS m
FROM pg_index JOIN pg_class AS indexes ON indexes.oid = indexrelid
JOIN pg_class AS tables ON tables.oid = indrelid
JOIN pg_am ON pg_am.oid = indexes.relam
WHERE amname = 'hnsw' AND indisvalid AND indexes.relnamespace = 'lake'::regnamespace
"""

UNFINISHED: Final = """
SELECT indexes.relname FROM pg_index JOIN pg_class AS indexes ON indexes.oid = indexrelid
WHERE NOT indisvalid AND relname ~ '_ccnew[0-9]*$'
AND relnamespace = 'lake'::regnamespace
"""
"""What a rebuild leaves behind that was cut off."""

USED: Final = text("""
SELECT schemaname, relname FROM pg_stat_user_tables WHERE schemaname = ANY(:schemas)
AND n_dead_tup + n_mod_since_analyze + n_ins_since_vacuum > 0
ORDER BY n_dead_tup + n_mod_since_analyze DESC, schemaname, relname
""")


class Kind(StrEnum):
    """What a step does."""

    PRUNE = "prune"
    VACUUM = "vacuum"
    REBUILD = "rebuild"


class Step(BaseModel):
    """One piece of work of a maintenance window."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    schema_name: str = ""
    """Of the table that is vacuumed."""
    name: str = ""
    """The table that is vacuumed, or the index that is rebuilt."""

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        match self.kind:
            case Kind.PRUNE:
                return "delete what is kept no longer"
            case Kind.VACUUM:
                return f"vacuum and analyze {self.schema_name}.{self.name}"
            case Kind.REBUILD:
                return f"rebuild the index {self.name}"


class Done(BaseModel):
    """What a step did."""

    model_config = ConfigDict(frozen=True)

    step: Step
    result: str
    seconds: float


def plan(engine: Engine) -> tuple[Step, ...]:
    """Return what there is to do now: old things first, since they make room.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer.
    """
    with translated(), engine.connect() as connection:
        tables = connection.execute(USED, {"schemas": list(SCHEMAS)}).all()
        graphs = _bloated(connection)
    return (
        Step(kind=Kind.PRUNE),
        *(Step(kind=Kind.VACUUM, schema_name=schema, name=name) for schema, name in tables),
        *(Step(kind=Kind.REBUILD, name=name) for name in graphs),
    )


def do(engine: Engine, step: Step, chosen: MaintenanceSettings) -> Done:
    """Do one step; a table or index that is gone meanwhile is no error.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer.
    """
    began = time.monotonic()
    with translated():
        match step.kind:
            case Kind.PRUNE:
                result = _prune(engine, chosen)
            case Kind.VACUUM:
                result = _vacuum(engine, step, chosen)
            case Kind.REBUILD:
                result = _rebuild(engine, step.name, chosen)
    return Done(step=step, result=result, seconds=time.monotonic() - began)


def parallel_workers(cores: int) -> int:
    """Return how many processes may work beside the one that leads, so that a share stays free."""
    return max(0, int(CPU_SHARE * cores) - 1)


def is_bloated(size: int, rows: float, dimension: int, m: int) -> bool:
    """Tell whether a graph is much larger than so many vectors need.

    A node is its vector and its neighbours (2 m in the lowest layer, 6 bytes each, and few above),
    with some bytes around both, as pgvector lays it out.
    """
    node = 2 * dimension + 12 * m + 140
    return size > BLOATED_FROM_BYTES and size > BLOATED * node * max(rows, 1)


def _bloated(connection: Connection) -> list[str]:
    # text() would take the colons of casts for parameters.
    rows = connection.exec_driver_sql(GRAPHS.replace("%", "%%")).all()
    return [row.name for row in rows if is_bloated(row.bytes, row.rows, row.dimension, row.m)]


def _prune(engine: Engine, chosen: MaintenanceSettings) -> str:
    with engine.begin() as connection:
        versions = pruning.prune_versions(
            connection, keep=chosen.keep_versions, days=chosen.keep_versions_days
        )
        refused = pruning.prune_quarantine(connection, chosen.keep_quarantine_days)
        loads = pruning.prune_records(connection, chosen.keep_loads_days)
    return (
        f"{versions.documents} former documents, {versions.rows} former rows,"
        f" {refused} entries of quarantine, {loads} records of loads deleted"
    )


def _vacuum(engine: Engine, step: Step, chosen: MaintenanceSettings) -> str:
    with _outside_transaction(engine, chosen) as connection:
        table = sql.Identifier(step.schema_name, step.name)
        name = table.as_string(connection)
        found = connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()
        if found is None or found[0] is None:
            return "it is gone"
        before = _size(connection, name)
        # SKIP_LOCKED: somebody else is about to change the table as a whole.
        connection.execute(sql.SQL("VACUUM (ANALYZE, SKIP_LOCKED) {}").format(table))
        return f"{before / 1e6:.1f} MB before, {_size(connection, name) / 1e6:.1f} MB after"


def _rebuild(engine: Engine, index: str, chosen: MaintenanceSettings) -> str:
    with _outside_transaction(engine, chosen) as connection:
        for (left,) in connection.execute(UNFINISHED).fetchall():
            connection.execute(
                sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier("lake", left))
            )
        name = sql.Identifier("lake", index)
        found = connection.execute(
            "SELECT to_regclass(%s)", (name.as_string(connection),)
        ).fetchone()
        if found is None or found[0] is None:
            return "it is gone"
        before = _size(connection, name.as_string(connection))
        connection.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(name))
        after = _size(connection, name.as_string(connection))
        return f"{before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after"


def _size(connection: DriverConnection, name: str) -> int:
    found = connection.execute("SELECT pg_total_relation_size(to_regclass(%s))", (name,)).fetchone()
    return int(found[0] or 0) if found else 0


@contextmanager
def _outside_transaction(engine: Engine, chosen: MaintenanceSettings) -> Iterator[DriverConnection]:
    """Give a connection with what a window may use: VACUUM and REINDEX run in no transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as pooled:
        connection = driver(pooled)
        workers = parallel_workers(os.cpu_count() or 1)
        connection.execute("SET statement_timeout = 0")
        connection.execute(f"SET maintenance_work_mem = '{chosen.memory_mb}MB'")
        connection.execute(f"SET max_parallel_maintenance_workers = {workers}")
        try:
            yield connection
        finally:
            connection.execute("RESET ALL")
