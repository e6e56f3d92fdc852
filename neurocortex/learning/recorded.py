"""Runs of the standard lane, as their requests were recorded in PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select

from neurocortex.learning.consumption import Consumed
from neurocortex.learning.finished import Finished
from neurocortex.routing.route import Lane
from neurocortex.tracking.record import Record, State
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tables import requests

MOST: Final = 100_000
"""Requests that are looked at, the newest."""


def recorded(
    table: RequestTable, since: float, taken: Mapping[UUID, Consumed]
) -> Sequence[Finished]:
    """Return the flow runs that completed for requests accepted since then, in their order.

    Args:
        table: of the requests.
        since: seconds since the epoch.
        taken: what flow runs took, by their id, as far as it is known.

    Raises:
        TrackingUnavailableError: PostgreSQL does not answer.
    """
    query = (
        select(requests.c.record)
        .where(
            requests.c.created_at >= datetime.fromtimestamp(since, UTC),
            requests.c.state == State.COMPLETED.value,
            requests.c.record["lane"].astext == Lane.STANDARD.value,
            requests.c.record.has_key("features"),
        )
        .order_by(requests.c.created_at.desc())
        .limit(MOST)
    )
    with table.transaction() as connection:
        contents = connection.execute(query).scalars().all()
    found = [run for record in _read(contents) if (run := _finished(record, taken)) is not None]
    return sorted(found, key=lambda run: run.at)


def _read(contents: Iterable[object]) -> Iterator[Record]:
    """Yield the records that this release can read."""
    for content in contents:
        with suppress(ValidationError):
            yield Record.model_validate(content)


def _finished(record: Record, taken: Mapping[UUID, Consumed]) -> Finished | None:
    if record.features is None or record.started is None or record.ended is None:
        return None
    took = taken.get(record.flow_run) if record.flow_run is not None else None
    return Finished(
        operation=record.operation,
        features=record.features,
        seconds=max(0.0, record.ended - record.started),
        tokens=record.usage.tokens if record.usage else 0,
        cpu_s=took.cpu_s if took else None,
        memory_mb=took.memory_mb if took else None,
        reserved_mb=took.reserved_mb if took else None,
        written_mb=took.written_mb if took else None,
        reserved_storage_mb=took.reserved_storage_mb if took else 0.0,
        at=record.ended,
    )
