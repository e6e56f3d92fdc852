"""Loads: each attempt to bring documents or rows into the Lake, as one transaction.

`attempt` is what a loader runs in: everything it writes is committed whole, or nothing is. What
remains of a failed attempt is its record and its quarantine, when the server still answers.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid4

import psycopg
from psycopg.errors import DiskFull, QueryCanceled
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Engine, desc, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import LakeUnavailableError, LoadError, NeuroCortexError
from neurocortex.lake import quarantine
from neurocortex.lake.database import NAME, TOO_LONG, cause_of, translated, unavailable
from neurocortex.lake.tables import LoadRow
from neurocortex.lake.versions import numbers

logger = logging.getLogger(__name__)


class LoadKind(StrEnum):
    """What a load brings in."""

    DOCUMENTS = "documents"
    ROWS = "rows"


class LoadStatus(StrEnum):
    """Where a load stands. Only `completed` and `failed` outlive its transaction."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Load:
    """One attempt."""

    id: UUID
    kind: LoadKind
    target: str
    """Name of the collection, or of the table."""
    flow_run_id: UUID | None
    """The Prefect flow run that does it."""
    started_at: datetime


class LoadRecord(BaseModel):
    """A finished load, as `Lake.loads` lists it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    kind: LoadKind
    target: str
    version: int | None
    """The version of its target that it made; None where it changed nothing or failed."""
    flow_run_id: UUID | None
    status: LoadStatus
    reason: str | None
    counts: Mapping[str, int]
    started_at: datetime
    finished_at: datetime | None


@dataclass(slots=True)
class Attempt:
    """An open load: its transaction, what it counts, what it refuses."""

    connection: Connection
    load: Load
    counts: dict[str, int] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    changed: bool = True
    """Whether it changes its target: a load of rows that does not makes no version of it."""


@contextmanager
def attempt(
    engine: Engine,
    kind: LoadKind,
    target: str,
    *,
    flow_run_id: UUID | None = None,
    quarantined: Sequence[Quarantined] = (),
) -> Iterator[Attempt]:
    """Give a transaction to load in; commit it with its record and quarantine, or undo it.

    Raises:
        LoadError: something failed inside; the Lake is as it was, and the failure is recorded.
        LakeUnavailableError: the server went away; it undoes the load by itself.
        NeuroCortexError: raised inside on purpose; passed on after the same undoing.
    """
    load = Load(uuid4(), kind, target, flow_run_id, datetime.now(UTC))
    entries = list(quarantined)
    try:
        with engine.begin() as connection:
            start(connection, load)
            opened = Attempt(connection, load, quarantined=entries)
            yield opened
            quarantine.record(connection, load.id, kind, target, entries)
            finish(connection, load, opened.counts, changed=opened.changed)
    except Exception as error:
        refused = unavailable(error)
        reason = refused or explain(error)
        _record_failure(engine, load, reason, entries)
        if isinstance(error, NeuroCortexError):
            raise
        if refused is not None:
            raise LakeUnavailableError(NAME, f"{reason} The load was undone.") from error
        raise LoadError(target, reason) from error


def start(connection: Connection, load: Load) -> None:
    """Record the load as running: visible to others once its transaction is committed."""
    connection.execute(
        insert(LoadRow).values(
            id=load.id,
            kind=load.kind,
            target=load.target,
            flow_run_id=load.flow_run_id,
            status=LoadStatus.RUNNING,
            counts={},
            started_at=load.started_at,
        )
    )


def finish(
    connection: Connection, load: Load, counts: Mapping[str, int], *, changed: bool = True
) -> None:
    """Record the load as completed; it makes a version of its target if it changed that."""
    connection.execute(
        update(LoadRow)
        .where(LoadRow.id == load.id)
        .values(
            status=LoadStatus.COMPLETED,
            counts=dict(counts),
            finished_at=datetime.now(UTC),
            version=numbers.made_by(load.kind, load.target) if changed else None,
        )
    )


def fail(connection: Connection, load: Load, reason: str) -> None:
    """Record the load as failed, in a transaction after its own was undone."""
    connection.execute(
        insert(LoadRow).values(
            id=load.id,
            kind=load.kind,
            target=load.target,
            flow_run_id=load.flow_run_id,
            status=LoadStatus.FAILED,
            reason=reason.replace("\0", "\\0"),
            counts={},
            started_at=load.started_at,
            finished_at=datetime.now(UTC),
        )
    )


def latest(connection: Connection, limit: int) -> tuple[LoadRecord, ...]:
    """Return the youngest loads, youngest first."""
    rows = connection.execute(
        select(LoadRow.__table__).order_by(desc(LoadRow.started_at)).limit(limit)
    )
    return tuple(LoadRecord.model_validate(row) for row in rows)


def explain(error: BaseException) -> str:
    """Say in a sentence why a load failed, without the SQL or the values it was about."""
    cause = cause_of(error)
    match cause:
        case QueryCanceled():
            return TOO_LONG
        case DiskFull():
            return "the disk of PostgreSQL is full."
        case psycopg.Error() if cause.diag.message_primary is not None:
            return f"PostgreSQL said: {cause.diag.message_primary}."
        case _:
            return " ".join(str(cause).split()) or type(cause).__name__


def _record_failure(
    engine: Engine, load: Load, reason: str, entries: Sequence[Quarantined]
) -> None:
    try:
        with translated(), engine.begin() as connection:
            fail(connection, load, reason)
            quarantine.record(connection, load.id, load.kind, load.target, entries)
    except (NeuroCortexError, DBAPIError) as error:
        logger.warning(
            "The failed load %s into %s is not recorded, because %s",
            load.id,
            load.target,
            explain(error),
        )
