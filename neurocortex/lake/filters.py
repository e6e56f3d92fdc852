"""Filters as conditions in SQL: every value is bound, and equality uses the index.

Equality of metadata is containment (`@>`), which the GIN index on it answers; comparisons of
numbers and dates look at each document of the collection. Measured with EXPLAIN over 20,000
documents, a value that 1 % of them have: 2.1 ms by the index, 16.4 without.
"""

from datetime import datetime
from typing import Final, TypeVar, assert_never

from pydantic import JsonValue
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from neurocortex.domain.filters import (
    Attribute,
    Either,
    Equals,
    Every,
    Field,
    Filter,
    Not,
    Order,
    Ordered,
)
from neurocortex.lake.collections import Collection
from neurocortex.lake.tables import ChunkRow, DocumentRow

_DATE: Final = r"^\d{4}-\d\d-\d\d"
"""What must stand in front: PostgreSQL takes `now` and `infinity` for dates, too."""

_ZONE: Final = r"[T ].*([Zz]|[+-]\d\d(:?\d\d)?)$"

Condition = ColumnElement[bool]
T = TypeVar("T")


def chosen(collection: Collection, wanted: Filter) -> Select[tuple[int]]:
    """Return the query for the ids of the chunks that a filter lets through."""
    return (
        select(ChunkRow.id)
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(DocumentRow.collection_id == collection.id, condition(wanted))
    )


def condition(wanted: Filter) -> Condition:
    """Return the condition on `documents` and `chunks`; it is true or false, never null."""
    match wanted:
        case Equals(field, value):
            return _equals(field, value)
        case Ordered(field, order, value):
            return func.coalesce(_ordered(field, order, value), false())
        case Not(inner):
            return not_(condition(inner))
        case Every(inner):
            return and_(true(), *map(condition, inner))
        case Either(inner):
            return or_(false(), *map(condition, inner))
        case _:
            assert_never(wanted)


def _equals(field: Field, value: JsonValue) -> Condition:
    if isinstance(field, Attribute):
        column = {Attribute.ID: DocumentRow.source, Attribute.TEXT: ChunkRow.text}[field]
        return column == value if isinstance(value, str) else false()
    if value is None:
        missing: Condition = DocumentRow.details[field].astext.is_(None)
        return missing
    inside: JsonValue = value
    for name in reversed(field):
        inside = {name: inside}
    contained: Condition = DocumentRow.details.contains(inside)
    if isinstance(value, list | dict):  # these contain others without being equal
        return and_(contained, DocumentRow.details[field] == literal(value, JSONB))
    return contained


def _ordered(field: Field, order: Order, value: int | float | datetime) -> Condition:
    found = DocumentRow.details[field]
    if isinstance(value, datetime):
        return _compared(_date(field), order, literal(value, TIMESTAMP(timezone=True)))
    return and_(
        func.jsonb_typeof(found) == "number", _compared(found, order, literal(value, JSONB))
    )


def _date(field: Field) -> ColumnElement[datetime]:
    """Return the date that a text means, null where it means none."""
    written = DocumentRow.details[field].astext
    is_date = and_(
        func.jsonb_typeof(DocumentRow.details[field]) == "string",
        written.regexp_match(_DATE),
        func.pg_input_is_valid(written, "timestamptz"),
    )
    in_utc = func.timezone("UTC", cast(written, TIMESTAMP(timezone=False)))
    with_zone = cast(written, TIMESTAMP(timezone=True))
    return case((is_date, case((written.regexp_match(_ZONE), with_zone), else_=in_utc)))


def _compared(left: ColumnElement[T], order: Order, right: ColumnElement[T]) -> Condition:
    return left.bool_op(order.value)(right)
