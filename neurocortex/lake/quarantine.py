"""Quarantine: files and rows a gate refused, kept with the reason so that they can be put right."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, desc, select

from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.database import driver
from neurocortex.lake.tables import QuarantineRow

MAX_PAYLOAD_CHARS: Final = 10_000
"""What is kept of the original: enough to recognise a row, too little to fill the disk."""

COPY: Final = (
    "COPY lake.quarantine (load_id, kind, target, source, row, rule, reason, payload)"
    " FROM STDIN (FORMAT BINARY)"
)
COLUMNS: Final = ("uuid", "text", "text", "text", "int8", "text", "text", "text")


class QuarantineEntry(BaseModel):
    """A refused file or row, with the load it was refused in."""

    model_config = ConfigDict(frozen=True)

    id: int
    load_id: UUID
    kind: str
    """`documents` or `rows`."""
    target: str
    """The collection or table it was meant for."""
    created_at: datetime
    refused: Quarantined


def record(
    connection: Connection,
    load_id: UUID,
    kind: str,
    target: str,
    entries: Sequence[Quarantined],
) -> None:
    """Write the entries in the connection's transaction. The load must be recorded before."""
    if not entries:
        return
    with driver(connection).cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(COLUMNS)
        for entry in entries:
            copy.write_row(
                (
                    load_id,
                    str(kind),
                    target,
                    _storable(entry.source),
                    entry.row,
                    entry.rule,
                    _storable(entry.reason),
                    _storable(entry.payload[:MAX_PAYLOAD_CHARS]),
                )
            )


def entries(connection: Connection, target: str | None, limit: int) -> tuple[QuarantineEntry, ...]:
    """Return the youngest entries, youngest first, of one target or of all."""
    query = select(QuarantineRow.__table__).order_by(desc(QuarantineRow.id)).limit(limit)
    if target is not None:
        query = query.where(QuarantineRow.target == target)
    return tuple(
        QuarantineEntry(
            id=row.id,
            load_id=row.load_id,
            kind=row.kind,
            target=row.target,
            created_at=row.created_at,
            refused=Quarantined(
                source=row.source,
                row=row.row,
                rule=row.rule,
                reason=row.reason,
                payload=row.payload,
            ),
        )
        for row in connection.execute(query)
    )


def _storable(text: str) -> str:
    """A refused text may hold what PostgreSQL cannot: NUL, half a surrogate pair."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
