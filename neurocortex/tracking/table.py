"""Requests in PostgreSQL: durable, and read when Redis was lost or has forgotten."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import array, insert

from neurocortex.errors import LakeUnavailableError, TrackingUnavailableError
from neurocortex.lake.service_store import ServiceStore, recorded
from neurocortex.tracking.record import FINAL, Record, Start, State
from neurocortex.tracking.tables import requests

POOL_SIZE: Final = 4
"""One accepts, one writes behind, one looks, one is spare."""

STATEMENT_TIMEOUT_S: Final = 30.0

PRUNED_AT_ONCE: Final = 5000

OPEN: Final = requests.c.state.in_([state.value for state in State if state not in FINAL])


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request and what it needs to be started; None: it is served in the real-time lane."""

    record: Record
    start: Start | None


@dataclass(frozen=True, slots=True)
class Written:
    """A record as it is written behind, with the result where the request has ended with one."""

    record: Record
    result: bytes | None


class RequestTable(ServiceStore):
    """Requests in the database of the Lake, whose migrations make the table.

    Safe to use from several threads and processes. Every method raises TrackingUnavailableError
    where PostgreSQL refuses, is gone, or was never set up.
    """

    def __init__(self, url: str) -> None:
        """Open the table at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def accept(self, accepted: Sequence[Accepted]) -> None:
        """Write new requests in one transaction; one that is there already stays as it is.

        Raises:
            UnrecordableError: PostgreSQL refuses one of them; none was written.
        """
        rows = [
            {**_row(each.record), "start": each.start.model_dump_json() if each.start else None}
            for each in accepted
        ]
        with self.transaction() as connection:
            connection.execute(insert(requests).on_conflict_do_nothing(), rows)

    def write(self, changed: Sequence[Written]) -> None:
        """Write records behind, in one transaction; newer versions stay.

        Raises:
            UnrecordableError: PostgreSQL refuses one of them; none was written.
        """
        rows = [{**_row(each.record), "result": each.result} for each in changed]
        new = insert(requests)
        upsert = new.on_conflict_do_update(
            index_elements=[requests.c.id],
            set_={
                "state": new.excluded.state,
                "version": new.excluded.version,
                "record": new.excluded.record,
                "result": func.coalesce(new.excluded.result, requests.c.result),
            },
            where=requests.c.version < new.excluded.version,
        )
        with self.transaction() as connection:
            connection.execute(upsert, rows)

    def get(self, id_: UUID) -> Record | None:
        """Return a record."""
        with self.transaction() as connection:
            found = connection.execute(
                select(requests.c.record).where(requests.c.id == id_)
            ).scalar()
        return Record.model_validate(found) if found is not None else None

    def result(self, id_: UUID) -> bytes | None:
        """Return what a request returned, as JSON."""
        query = select(requests.c.result).where(requests.c.id == id_)
        with self.transaction() as connection:
            return connection.execute(query).scalar()

    def start(self, id_: UUID) -> Start | None:
        """Return what a request of the standard lane needs to be started."""
        query = select(requests.c.start).where(requests.c.id == id_)
        with self.transaction() as connection:
            found = connection.execute(query).scalar()
        return Start.model_validate_json(found) if found is not None else None

    def open(self) -> frozenset[UUID]:
        """Return the requests that have not ended, as far as was written."""
        with self.transaction() as connection:
            return frozenset(connection.execute(select(requests.c.id).where(OPEN)).scalars())

    def records(self, ids: Sequence[UUID]) -> Sequence[Record]:
        """Return the records of these requests that are there."""
        with self.transaction() as connection:
            found = connection.execute(select(requests.c.record).where(requests.c.id.in_(ids)))
            return [Record.model_validate(each) for each in found.scalars()]

    def remembered(self, since: float) -> Sequence[Record]:
        """Return the records since a time that have an idempotency key or a session."""
        named = requests.c.record.has_any(array(["idempotency_key", "session"]))
        query = select(requests.c.record).where(requests.c.created_at >= _moment(since), named)
        with self.transaction() as connection:
            return [Record.model_validate(each) for each in connection.execute(query).scalars()]

    def prune(self, before: float) -> int:
        """Delete some of the requests that ended and came before a time; return how many."""
        old = (
            select(requests.c.id)
            .where(requests.c.created_at < _moment(before), ~OPEN)
            .limit(PRUNED_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        with self.transaction() as connection:
            return connection.execute(delete(requests).where(requests.c.id.in_(old))).rowcount

    def _translated(self) -> AbstractContextManager[None]:
        return unavailable()


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn what PostgreSQL raises into the tracking's own errors.

    Raises:
        TrackingUnavailableError: it is gone, or cannot work: its disk is full, it only reads.
        UnrecordableError: it works, and refuses a value.
    """
    try:
        with recorded():
            yield
    except LakeUnavailableError as error:
        raise TrackingUnavailableError(f"PostgreSQL: {error.reason}") from error


def _row(record: Record) -> dict[str, object]:
    return {
        "id": record.id,
        "tenant": record.tenant,
        "state": record.state.value,
        "version": record.version,
        "created_at": _moment(record.created),
        "record": record.model_dump(mode="json", exclude_defaults=True),
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
