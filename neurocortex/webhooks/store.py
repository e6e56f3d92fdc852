"""Webhooks that are to be sent, in PostgreSQL: what was promised outlives the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select, update

from neurocortex.lake.service_store import ServiceStore
from neurocortex.tracking.record import FINAL, Record
from neurocortex.tracking.tables import requests
from neurocortex.webhooks.tables import webhooks

POOL_SIZE: Final = 2
STATEMENT_TIMEOUT_S: Final = 30.0

ENDED: Final = requests.c.state.in_([state.value for state in FINAL])

JUST_MADE: Final = timedelta(hours=1)
"""Younger webhooks may be without a record: it is written after them."""

PRUNED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook to be sent now."""

    record: Record
    """Of the request or batch, which has ended."""
    url: str
    attempts: int
    """This one included."""


class WebhookTable(ServiceStore):
    """Webhooks in the database of the Lake."""

    def __init__(self, url: str) -> None:
        """Open the table at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def add(self, request: UUID, url: str) -> None:
        """Have the end of a request told to an address."""
        with self.transaction() as connection:
            connection.execute(insert(webhooks).values(request_id=request, url=url))

    def discard(self, request: UUID) -> None:
        """Forget the webhook of a request that was not accepted."""
        with self.transaction() as connection:
            connection.execute(delete(webhooks).where(webhooks.c.request_id == request))

    def take(self, most: int, lease: timedelta) -> Sequence[Due]:
        """Take webhooks of requests that have ended; nobody else takes them within the lease."""
        due = (
            select(webhooks.c.request_id)
            .join(requests, requests.c.id == webhooks.c.request_id)
            .where(webhooks.c.next_at <= func.now(), ENDED)
            .order_by(webhooks.c.next_at)
            .limit(most)
            .with_for_update(of=webhooks, skip_locked=True)
        )
        taken = (
            update(webhooks)
            .where(webhooks.c.request_id.in_(due), requests.c.id == webhooks.c.request_id)
            .values(attempts=webhooks.c.attempts + 1, next_at=func.now() + lease)
            .returning(requests.c.record, webhooks.c.url, webhooks.c.attempts)
        )
        with self.transaction() as connection:
            rows = connection.execute(taken)
            return [Due(Record.model_validate(row[0]), row[1], row[2]) for row in rows]

    def end(self, request: UUID, failure: str | None = None) -> None:
        """Note that a webhook was delivered, or is given up for this reason."""
        self._change(request, next_at=None, failure=failure)

    def put_off(self, request: UUID, delay: timedelta, failure: str) -> None:
        """Note that a webhook failed for this reason, and is tried again after a while."""
        self._change(request, next_at=func.now() + delay, failure=failure)

    def prune(self) -> int:
        """Delete some webhooks of requests that are not remembered; return how many."""
        forgotten = (
            select(webhooks.c.request_id)
            .where(
                webhooks.c.created_at < func.now() - JUST_MADE,
                ~exists().where(requests.c.id == webhooks.c.request_id),
            )
            .limit(PRUNED_AT_ONCE)
        )
        with self.transaction() as connection:
            gone = delete(webhooks).where(webhooks.c.request_id.in_(forgotten))
            return connection.execute(gone).rowcount

    def _change(self, request: UUID, **values: Any) -> None:
        with self.transaction() as connection:
            connection.execute(
                update(webhooks).where(webhooks.c.request_id == request).values(**values)
            )
