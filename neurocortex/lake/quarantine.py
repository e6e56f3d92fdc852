"""Quarantine: files and rows a gate refused, kept with the reason so that they can be put right."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, desc, select, text

from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.database import driver
from neurocortex.lake.tables import QuarantineRow

MAX_PAYLOAD_CHARS: Final = 10_000
"""What is kept of the original: enough to recognise a row, too little to fill the disk."""

STAGE: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS refused (
    ordinal bigint, load_id uuid, kind text, target text, source text, row bigint, rule text,
    reason text, payload text
) ON COMMIT DROP
"""

COPY: Final = (
    "COPY refused (ordinal, load_id, kind, target, source, row, rule, reason, payload)"
    " FROM STDIN (FORMAT BINARY)"
)
COLUMNS: Final = ("int8", "uuid", "text", "text", "text", "int8", "text", "text", "text")

KEEP: Final = """
WITH fingerprinted AS (
    SELECT *, sha256(convert_to(concat_ws(chr(31), kind, target, source, coalesce(row::text, ''),
        rule, reason, regexp_replace(payload, 'nc1:[a-z]+:[0-9a-f]{8}:[A-Za-z0-9_-]+', 'nc1', 'g')
        ), 'UTF8')) AS fingerprint
    FROM refused
), once AS (
    SELECT DISTINCT ON (fingerprint) * FROM fingerprinted ORDER BY fingerprint, ordinal
)
INSERT INTO lake.quarantine AS kept
    (load_id, kind, target, source, row, rule, reason, payload, fingerprint)
SELECT load_id, kind, target, source, row, rule, reason, payload, fingerprint
FROM once ORDER BY ordinal
ON CONFLICT (fingerprint) DO UPDATE SET
    times = kept.times + (kept.load_id <> excluded.load_id)::int,
    last_seen_at = now(),
    load_id = excluded.load_id
"""
"""A new entry, or one more time for one that is there: the same file or row, the same reason.

A hash says that it is: an index over the words themselves would be too wide. Encrypted values (see
`privacy.hiding`) count as equal: the same text is encrypted to another one each time.
"""


class QuarantineEntry(BaseModel):
    """A refused file or row."""

    model_config = ConfigDict(frozen=True)

    id: int
    load_id: UUID
    """The last load that refused it."""
    kind: str
    """`documents` or `rows`."""
    target: str
    """The collection or table it was meant for."""
    created_at: datetime
    """When it was refused first."""
    last_seen_at: datetime
    """When it was refused last."""
    times: int
    """Loads that refused it."""
    refused: Quarantined


def record(
    connection: Connection,
    load_id: UUID,
    kind: str,
    target: str,
    entries: Sequence[Quarantined],
) -> None:
    """Write the entries in the connection's transaction. The load must be recorded before.

    What was refused before for the same reason keeps its one entry, which counts.
    """
    if not entries:
        return
    connection.execute(text(STAGE))
    with driver(connection).cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(COLUMNS)
        for ordinal, entry in enumerate(entries):
            copy.write_row(
                (
                    ordinal,
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
    connection.execute(text(KEEP))
    connection.execute(text("TRUNCATE refused"))


def entries(connection: Connection, target: str | None, limit: int) -> tuple[QuarantineEntry, ...]:
    """Return the entries refused last, the last first, of one target or of all."""
    youngest = (desc(QuarantineRow.last_seen_at), desc(QuarantineRow.id))
    query = select(QuarantineRow.__table__).order_by(*youngest).limit(limit)
    if target is not None:
        query = query.where(QuarantineRow.target == target)
    return tuple(
        QuarantineEntry(
            id=row.id,
            load_id=row.load_id,
            kind=row.kind,
            target=row.target,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            times=row.times,
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


def _storable(found: str) -> str:
    """A refused text may hold what PostgreSQL cannot: NUL, half a surrogate pair."""
    return found.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
