"""The record of a load of rows: open while it stages, closed by what became of it.

Unlike a load of documents, which is one transaction, rows are staged in many. So the record is
there from the start, and with it the quarantine of every chunk, whatever happens later.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.exc import DBAPIError

from neurocortex.errors import LoadError, NeuroCortexError
from neurocortex.lake import loads
from neurocortex.lake.database import driver, translated
from neurocortex.lake.loads import Load, LoadKind, LoadStatus
from neurocortex.lake.rows import staging, table
from neurocortex.lake.rows.table import Table
from neurocortex.lake.tables import LoadRow

logger = logging.getLogger(__name__)

ABANDONED_AFTER: Final = timedelta(days=1)
"""A load still running by then was killed: none takes so long."""

_SCHEMA_LOCK: Final = 0x524F5753
"""Key of the advisory lock under which schemas are created ("ROWS" in ASCII)."""


def open_load(engine: Engine, target: Table, flow_run_id: UUID | None) -> Load:
    """Record a load as running, and make its staging table.

    What interrupted loads left behind is closed as failed on the way.

    Raises:
        LoadError: the target table differs from the dataset.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    with translated(), engine.begin() as connection:
        create_schemas(connection)
        table.check(driver(connection), target)
        for abandoned in _abandoned(connection):
            _close_failed(connection, abandoned, "it was interrupted before it was finished.")
        # PostgreSQL's own clock: it is compared with the time at which PostgreSQL started.
        now = connection.execute(select(func.now())).scalar_one()
        load = Load(uuid4(), LoadKind.ROWS, str(target), flow_run_id, now)
        loads.start(connection, load)
        staging.create(driver(connection), load.id, target.columns)
    return load


def counts_of_completed(connection: Connection, load_id: UUID) -> Mapping[str, int] | None:
    """Return what a load counted if it is completed already, None if it is still open.

    Raises:
        LoadError: it was closed as failed, so what it staged is gone.
    """
    found = connection.execute(
        select(LoadRow.status, LoadRow.target, LoadRow.reason, LoadRow.counts)
        .where(LoadRow.id == load_id)
        .with_for_update()
    ).one()
    if found.status == LoadStatus.FAILED:
        raise LoadError(found.target, f"it was given up before: {found.reason} Run it again.")
    return found.counts if found.status == LoadStatus.COMPLETED else None


def close_failed(engine: Engine, load_id: UUID, reason: str) -> None:
    """Record a load as failed and drop what it staged. A server that is gone is only logged."""
    try:
        with translated(), engine.begin() as connection:
            _close_failed(connection, load_id, reason)
    except (NeuroCortexError, DBAPIError) as error:
        logger.warning(
            "The load %s stays recorded as running until the next load, because %s",
            load_id,
            loads.explain(error),
        )


def _close_failed(connection: Connection, load_id: UUID, reason: str) -> None:
    connection.execute(
        update(LoadRow)
        .where(LoadRow.id == load_id, LoadRow.status == LoadStatus.RUNNING)
        .values(status=LoadStatus.FAILED, reason=reason, finished_at=datetime.now(UTC))
    )
    staging.drop(driver(connection), load_id)


def _abandoned(connection: Connection) -> Sequence[UUID]:
    """Return loads that nobody works on any more: too old, or from before PostgreSQL started."""
    too_old = func.now() - ABANDONED_AFTER
    return connection.scalars(
        select(LoadRow.id).where(
            LoadRow.kind == LoadKind.ROWS,
            LoadRow.status == LoadStatus.RUNNING,
            LoadRow.started_at < func.greatest(too_old, func.pg_postmaster_start_time()),
        )
    ).all()


def create_schemas(connection: Connection) -> None:
    """Make the schemas of the tables and of what is staged, where they are missing."""
    # IF NOT EXISTS alone fails when two processes create the same schema at once.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
    for schema in (table.SCHEMA, staging.SCHEMA):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
