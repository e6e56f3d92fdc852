"""What the metadata of a collection's documents holds: fields, their kinds, values and ranges."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from sqlalchemy import Connection, Text, cast, func, select, text

from neurocortex.domain.filters import Filter
from neurocortex.lake import filters
from neurocortex.lake.collections import Collection
from neurocortex.lake.records import RESERVED
from neurocortex.lake.tables import ChunkRow, DocumentRow

KINDS: Final = text("""
SELECT entry.key, array_agg(DISTINCT CASE
    WHEN jsonb_typeof(entry.value) <> 'number' THEN jsonb_typeof(entry.value)
    WHEN entry.value::text ~ '[.eE]' THEN 'float' ELSE 'integer' END) AS kinds
FROM lake.documents, LATERAL jsonb_each(metadata) AS entry
WHERE collection_id = :collection AND jsonb_typeof(entry.value) <> 'null' AND entry.key <> :reserved
GROUP BY entry.key ORDER BY entry.key
""")


@dataclass(frozen=True, slots=True)
class Values:
    """Some of the different values of a field."""

    values: Sequence[JsonValue]
    """In the order of their JSON."""
    total: int
    """How many there are."""


def kinds(connection: Connection, collection: Collection) -> Mapping[str, Sequence[str]]:
    """Return the fields at the top, each with the kinds of its values.

    Kinds are JSON's, with `integer` and `float` in place of `number`.
    """
    rows = connection.execute(KINDS, {"collection": collection.id, "reserved": RESERVED})
    return {row.key: tuple(row.kinds) for row in rows}


def extremes(
    connection: Connection, collection: Collection, field: Sequence[str]
) -> tuple[JsonValue, JsonValue]:
    """Return the least and the greatest value of a field, both None where it has no value.

    Of its numbers, if there are any, else of its texts, in alphabetical order: that of dates, too.
    """
    value = DocumentRow.details[tuple(field)]
    for kind, order in (("number", value), ("string", value.astext.collate("C"))):
        found = select(value.label("value")).where(
            DocumentRow.collection_id == collection.id, func.jsonb_typeof(value) == kind
        )
        least = connection.execute(found.order_by(order).limit(1)).first()
        greatest = connection.execute(found.order_by(order.desc()).limit(1)).first()
        if least is not None and greatest is not None:
            return least.value, greatest.value
    return None, None


def different(
    connection: Connection,
    collection: Collection,
    field: Sequence[str],
    wanted: Filter,
    *,
    containing: str = "",
    start: int = 0,
    limit: int | None = None,
) -> Values:
    """Return the different values of a field; 1, 1.0, "1" and true are four.

    Args:
        connection: to the Lake.
        collection: whose documents count.
        field: path into the metadata.
        wanted: only documents that it lets through count.
        containing: only values that contain this text, in either case, count.
        start: values to leave out before the first.
        limit: values to return at most; None: all.
    """
    value = DocumentRow.details[tuple(field)]
    found = (
        select(cast(value, Text).label("written"))
        .distinct()
        .join(ChunkRow, ChunkRow.document_id == DocumentRow.id)
        .where(
            DocumentRow.collection_id == collection.id,
            filters.condition(wanted),
            value.astext.is_not(None),
            func.strpos(func.lower(value.astext), containing.lower()) > 0,
        )
    )
    total = connection.scalar(select(func.count()).select_from(found.subquery())) or 0
    page = found.order_by("written").offset(start).limit(limit)
    return Values(tuple(map(json.loads, connection.scalars(page))), total)
