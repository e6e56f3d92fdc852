"""Batches in PostgreSQL: written whole when they are sent, and results as they come."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from neurocortex.batches.tables import SCHEMA, batch_items, batch_results, batches
from neurocortex.batches.values import Batch, Counts, Item, Outcome, Reading
from neurocortex.lake.database import driver
from neurocortex.lake.service_store import ServiceStore

POOL_SIZE: Final = 2
"""One writes, one reads."""

STATEMENT_TIMEOUT_S: Final = 60.0

PRUNED_AT_ONCE: Final = 10
"""Of ten thousand items each."""

COPY_ITEMS: Final = (
    f"COPY {SCHEMA}.batch_items (batch_id, line, operation, request, deadline_s)"
    " FROM STDIN (FORMAT BINARY)"
)
COPY_TYPES: Final = ("uuid", "int4", "text", "bytea", "float8")

REQUESTS: Final = table("requests", column("id"), schema=SCHEMA)
"""The records of all requests: each batch is one."""

JUST_MADE: Final[ColumnElement[timedelta]] = literal_column("interval '1 hour'")
"""Younger batches may be without a record: it is written after them."""


class BatchTable(ServiceStore):
    """Batches in the database of the Lake, whose migrations make the tables.

    Safe to use from several threads and processes. Every method raises LakeUnavailableError where
    PostgreSQL refuses, is gone, or was never set up.
    """

    def __init__(self, url: str) -> None:
        """Open the tables at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def create(self, batch: UUID, tenant: str, reading: Reading) -> Counts:
        """Write a batch with all its lines, in one transaction; return how far it is."""
        total = len(reading.items) + len(reading.refused)
        with self.transaction() as connection:
            connection.execute(insert(batches).values(id=batch, tenant=tenant, total=total))
            with driver(connection).cursor().copy(COPY_ITEMS) as copy:
                copy.set_types(COPY_TYPES)
                for item in reading.items:
                    copy.write_row((batch, *astuple(item)))
            _write(connection, batch, reading.refused)
        return Counts(total=total, completed=0, failed=len(reading.refused))

    def discard(self, batch: UUID) -> None:
        """Delete a batch that was not accepted."""
        with self.transaction() as connection:
            connection.execute(delete(batches).where(batches.c.id == batch))

    def counts(self, batch: UUID, tenant: str) -> Counts | None:
        """Return how far a batch is; None: the tenant has none of that id."""
        query = select(batches.c.total, batches.c.completed, batches.c.failed).where(
            batches.c.id == batch, batches.c.tenant == tenant
        )
        with self.transaction() as connection:
            found = connection.execute(query).first()
        if found is None:
            return None
        return Counts(total=found.total, completed=found.completed, failed=found.failed)

    def begin(self, batch: UUID) -> Batch | None:
        """Note that a run begins a batch, or goes on with it; None: there is no such batch."""
        ended = batches.c.completed + batches.c.failed
        starts = case((ended > batches.c.ended_at_start, 1), else_=batches.c.starts + 1)
        change = (
            update(batches)
            .where(batches.c.id == batch)
            .values(starts=starts, ended_at_start=ended)
            .returning(batches)
        )
        with self.transaction() as connection:
            found = connection.execute(change).first()
        if found is None:
            return None
        return Batch(
            id=found.id,
            tenant=found.tenant,
            created=found.created_at,
            counts=Counts(total=found.total, completed=found.completed, failed=found.failed),
            starts=found.starts,
        )

    def pending(self, batch: UUID, after: int, most: int) -> Sequence[Item]:
        """Return the next items without a result, after a line."""
        items = batch_items.c
        query = (
            select(items.line, items.operation, items.request, items.deadline_s)
            .outerjoin(
                batch_results,
                (batch_results.c.batch_id == batch_items.c.batch_id)
                & (batch_results.c.line == batch_items.c.line),
            )
            .where(batch_results.c.line.is_(None))
        )
        with self.transaction() as connection:
            rows = connection.execute(_page(query, batch_items, batch, after, most))
            return [Item(row.line, row.operation, row.request, row.deadline_s) for row in rows]

    def write(self, batch: UUID, outcomes: Sequence[Outcome]) -> None:
        """Write what became of lines, in one transaction; a line that has ended stays as it is."""
        with self.transaction() as connection:
            _write(connection, batch, outcomes)

    def outcomes(self, batch: UUID, after: int, most: int) -> Sequence[Outcome]:
        """Return what became of the next lines that have ended, after a line."""
        query = select(batch_results.c.line, batch_results.c.is_completed, batch_results.c.content)
        with self.transaction() as connection:
            rows = connection.execute(_page(query, batch_results, batch, after, most))
            return [Outcome(row.line, row.is_completed, row.content) for row in rows]

    def prune(self) -> int:
        """Delete some of the batches whose requests are not remembered; return how many."""
        forgotten = (
            select(batches.c.id)
            .outerjoin(REQUESTS, REQUESTS.c.id == batches.c.id)
            .where(REQUESTS.c.id.is_(None), batches.c.created_at < func.now() - JUST_MADE)
            .limit(PRUNED_AT_ONCE)
        )
        with self.transaction() as connection:
            return connection.execute(delete(batches).where(batches.c.id.in_(forgotten))).rowcount


def _write(connection: Connection, batch: UUID, outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    rows = [
        {
            "batch_id": batch,
            "line": outcome.line,
            "is_completed": outcome.is_completed,
            "content": outcome.content,
        }
        for outcome in outcomes
    ]
    new = insert_or_skip(batch_results).on_conflict_do_nothing()
    made = connection.execute(new.returning(batch_results.c.is_completed), rows).scalars().all()
    completed = sum(made)
    connection.execute(
        update(batches)
        .where(batches.c.id == batch)
        .values(
            completed=batches.c.completed + completed,
            failed=batches.c.failed + len(made) - completed,
        )
    )


def _page(query: Select[Any], lines: Table, batch: UUID, after: int, most: int) -> Select[Any]:
    """Return the part of a query that is about the next lines of a batch."""
    return (
        query.where(lines.c.batch_id == batch, lines.c.line > after)
        .order_by(lines.c.line)
        .limit(most)
    )
