"""Webhooks that are to be sent, in PostgreSQL: what was promised outlives the gateway."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import Connection, Engine, func, insert, select, update

from neurocortex.lake.database import connect, translated
from neurocortex.tracking.record import FINAL, Record
from neurocortex.tracking.tables import requests
from neurocortex.webhooks.tables import webhooks

POOL_SIZE: Final = 2
STATEMENT_TIMEOUT_S: Final = 30.0

ENDED: Final = requests.c.state.in_([state.value for state in FINAL])


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook to be sent now."""

    record: Record
    """Of the batch, which has ended."""
    url: str
    attempts: int
    """This one included."""


class WebhookTable:
    """Webhooks in the database of the Lake. Every method raises LakeUnavailableError where
    PostgreSQL refuses, is gone, or was never set up. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        """Open the table at a `postgresql://` address; it connects at first use."""
        self.engine: Final[Engine] = connect(
            url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S
        )

    def __enter__(self) -> Self:
        """Return the table itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.engine.dispose()

    def add(self, batch: UUID, url: str) -> None:
        """Have the end of a batch told to an address."""
        with self._transaction() as connection:
            connection.execute(insert(webhooks).values(batch_id=batch, url=url))

    def take(self, most: int, lease: timedelta) -> Sequence[Due]:
        """Take webhooks of batches that have ended; nobody else takes them within the lease."""
        due = (
            select(webhooks.c.batch_id)
            .join(requests, requests.c.id == webhooks.c.batch_id)
            .where(webhooks.c.next_at <= func.now(), ENDED)
            .order_by(webhooks.c.next_at)
            .limit(most)
            .with_for_update(of=webhooks, skip_locked=True)
        )
        taken = (
            update(webhooks)
            .where(webhooks.c.batch_id.in_(due), requests.c.id == webhooks.c.batch_id)
            .values(attempts=webhooks.c.attempts + 1, next_at=func.now() + lease)
            .returning(requests.c.record, webhooks.c.url, webhooks.c.attempts)
        )
        with self._transaction() as connection:
            rows = connection.execute(taken)
            return [Due(Record.model_validate(row[0]), row[1], row[2]) for row in rows]

    def end(self, batch: UUID, failure: str | None = None) -> None:
        """Note that a webhook was delivered, or is given up for this reason."""
        self._change(batch, next_at=None, failure=failure)

    def put_off(self, batch: UUID, delay: timedelta, failure: str) -> None:
        """Note that a webhook failed for this reason, and is tried again after a while."""
        self._change(batch, next_at=func.now() + delay, failure=failure)

    def _change(self, batch: UUID, **values: Any) -> None:
        with self._transaction() as connection:
            connection.execute(
                update(webhooks).where(webhooks.c.batch_id == batch).values(**values)
            )

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translated(), self.engine.begin() as connection:
            yield connection
