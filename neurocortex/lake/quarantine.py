"""Quarantine: files and rows a gate refused, kept with the reason so that they can be put right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    desc,
    func,
    select,
    text,
    true,
    update,
)

from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.database import driver
from neurocortex.lake.tables import QuarantineRow

MAX_PAYLOAD_CHARS: Final = 100_000
"""What is kept of the original: nearly every row as a whole, and too little to fill the disk."""

STAGE: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS refused (
    ordinal bigint, load_id uuid, kind text, target text, source text, row bigint, rule text,
    reason text, payload text, is_whole boolean
) ON COMMIT DROP
"""

COPY: Final = (
    "COPY refused (ordinal, load_id, kind, target, source, row, rule, reason, payload, is_whole)"
    " FROM STDIN (FORMAT BINARY)"
)
COLUMNS: Final = ("int8", "uuid", "text", "text", "text", "int8", "text", "text", "text", "bool")

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
    (load_id, kind, target, source, row, rule, reason, payload, is_whole, fingerprint)
SELECT load_id, kind, target, source, row, rule, reason, payload, is_whole, fingerprint
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
    correction: str | None
    """What a person wants loaded in its place: a row as JSON, or a document's text."""
    corrected_by: str | None
    corrected_at: datetime | None
    released_by: str | None
    released_at: datetime | None
    released_load_id: UUID | None
    """The load that brought it into the Lake after all; None while it is refused."""


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
                    entry.is_whole and len(entry.payload) <= MAX_PAYLOAD_CHARS,
                )
            )
    connection.execute(text(KEEP))
    connection.execute(text("TRUNCATE refused"))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are meant: those that fit all that is given."""

    target: str | None = None
    rule: str | None = None
    ids: tuple[int, ...] | None = None
    is_released: bool | None = None
    """Those that were released, or those that were not."""

    @property
    def condition(self) -> ColumnElement[bool]:
        """The same in SQL."""
        row = QuarantineRow
        parts = [
            None if self.target is None else row.target == self.target,
            None if self.rule is None else row.rule == self.rule,
            None if self.ids is None else row.id.in_(self.ids),
            None if self.is_released is None else row.released_at.is_not(None) == self.is_released,
        ]
        return and_(true(), *(part for part in parts if part is not None))


def entries(connection: Connection, choice: Choice, limit: int) -> tuple[QuarantineEntry, ...]:
    """Return the entries refused last, the last first."""
    youngest = (desc(QuarantineRow.last_seen_at), desc(QuarantineRow.id))
    query = select(QuarantineRow.__table__).where(choice.condition)
    return tuple(map(_entry, connection.execute(query.order_by(*youngest).limit(limit))))


def held(connection: Connection, ids: Sequence[int]) -> frozenset[int]:
    """Return which entries are not released yet, held against others until the transaction ends."""
    query = select(QuarantineRow.id).where(
        QuarantineRow.id.in_(ids), QuarantineRow.released_at.is_(None)
    )
    return frozenset(connection.scalars(query.order_by(QuarantineRow.id).with_for_update()))


def correct(connection: Connection, entry: int, correction: str, by: str) -> bool:
    """Note what is to be loaded in place of an entry; tell whether it is not released yet."""
    change = (
        update(QuarantineRow)
        .where(QuarantineRow.id == entry, QuarantineRow.released_at.is_(None))
        .values(correction=_storable(correction), corrected_by=by, corrected_at=func.now())
    )
    return connection.execute(change).rowcount == 1


def mark_released(connection: Connection, ids: Sequence[int], load_id: UUID, by: str) -> None:
    """Note that a load has brought entries into the Lake after all."""
    connection.execute(
        update(QuarantineRow)
        .where(QuarantineRow.id.in_(ids))
        .values(released_by=by, released_at=func.now(), released_load_id=load_id)
    )


def reopen(connection: Connection, load_id: UUID) -> None:
    """Note that what a load refused is not in the Lake, though it was released before.

    For a load that replaces all rows: those that were released went with the others.
    """
    connection.execute(
        update(QuarantineRow)
        .where(QuarantineRow.load_id == load_id, QuarantineRow.released_at.is_not(None))
        .values(released_by=None, released_at=None, released_load_id=None)
    )


def _entry(row: Row[tuple[object, ...]]) -> QuarantineEntry:
    refused = Quarantined.model_validate(row, from_attributes=True)
    return QuarantineEntry.model_validate({**row._mapping, "refused": refused})


def _storable(found: str) -> str:
    """A refused text may hold what PostgreSQL cannot: NUL, half a surrogate pair."""
    return found.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
