"""Rows of a jsonl file (https://jsonlines.org): one JSON object per line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from neurocortex.datasets.records import Malformed, Record
from neurocortex.datasets.text_file import TextFile
from neurocortex.domain.columns import Column, ColumnType


def records(file: TextFile, columns: Sequence[Column]) -> Iterator[Record]:
    """Yield the rows. A line with nothing on it is no row; a key that is not there is null."""
    for line in file:
        if line.strip():
            try:
                yield _values(line, columns)
            except (ValueError, RecursionError) as problem:
                yield Malformed(f"line {file.line}: {problem}", line.rstrip("\r\n"))


def _values(line: str, columns: Sequence[Column]) -> list[str | None]:
    try:
        row = json.loads(line, object_pairs_hook=_distinct, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at character {error.pos + 1}") from None
    if not isinstance(row, dict):
        raise ValueError("JSON, but no object in braces")
    values = [_text(row.pop(column.name, None), column) for column in columns]
    if row:
        name = next(iter(row))
        near = get_close_matches(name, [column.name for column in columns], n=1)
        hint = f" (is it {near[0]!r}?)" if near else ""
        raise ValueError(f"the key {name!r}{hint} is not in the dataset's `columns`")
    return values


def _text(value: object, column: Column) -> str | None:
    """Return a value as the text that `parsing` reads; its JSON type must be the column's."""
    match value:
        case None:
            return None
        case bool() if column.type is ColumnType.BOOLEAN:
            return str(value).lower()
        case int() if column.type is ColumnType.INTEGER and not isinstance(value, bool):
            return str(value)
        case int() | float() if column.type is ColumnType.NUMBER and not isinstance(value, bool):
            return repr(value)
        case str() if column.type in {ColumnType.TEXT, ColumnType.DATE, ColumnType.TIMESTAMP}:
            return value
    raise ValueError(f"{column.name} is {json.dumps(value)[:80]}, which is no {column.type}")


def _distinct(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key is there twice")
    return row


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
