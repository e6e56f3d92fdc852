"""Rows out of a dataset's source, chunk by chunk, every value still text.

What cannot be taken apart into the schema's columns is set aside with its place and the reason;
what makes the whole source unusable is a SourceError.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import pandas as pd

from neurocortex.datasets import bundled, csv_file, jsonl_file, parquet_file
from neurocortex.datasets.records import MALFORMED_ROW, Malformed, Record, Values
from neurocortex.datasets.sources import CsvSource, JsonlSource, ParquetSource, SklearnSource
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.text_file import opened
from neurocortex.domain.quarantine import Quarantined


class Extracted(NamedTuple):
    """A chunk of rows."""

    frame: pd.DataFrame
    """Text or None in every cell; the index is the row's number in the source, from 1."""
    quarantined: tuple[Quarantined, ...]
    """The rows that are none."""
    fraction: float
    """How much of the source is read, 0 to 1."""

    @property
    def rows(self) -> int:
        """Rows of the source this chunk stands for."""
        return len(self.frame) + len(self.quarantined)


def source_name(spec: DatasetSpec) -> str:
    """Return what quarantine entries call the source: the file's path, or the table's name."""
    match spec.source:
        case SklearnSource(table=table):
            return f"sklearn:{table}"
        case CsvSource(path=path) | JsonlSource(path=path) | ParquetSource(path=path):
            return str(path)


def extract(spec: DatasetSpec, chunk_rows: int) -> Iterator[Extracted]:
    """Yield the source's rows, at most `chunk_rows` at a time; one empty chunk where it has none.

    Raises:
        SourceError: the source is missing, damaged, in another encoding, or has other columns.
    """
    columns = [column.name for column in spec.columns]
    match spec.source:
        case CsvSource() as source:
            with opened(spec.name, source.path, source.encoding) as file:
                records = csv_file.records(file, source, columns)
                yield from _chunks(spec, records, chunk_rows, lambda: file.fraction)
        case JsonlSource() as source:
            with opened(spec.name, source.path, source.encoding) as file:
                records = jsonl_file.records(file, spec.columns)
                yield from _chunks(spec, records, chunk_rows, lambda: file.fraction)
        case ParquetSource(path=path):
            with parquet_file.opened(spec.name, path) as rows:
                records = rows.records(spec.columns)
                yield from _chunks(spec, records, chunk_rows, lambda: rows.fraction)
        case SklearnSource(table=table):
            records = bundled.records(spec.name, table, columns)
            yield from _chunks(spec, records, chunk_rows, lambda: 1.0)


def _chunks(
    spec: DatasetSpec, records: Iterator[Record], chunk_rows: int, fraction: Callable[[], float]
) -> Iterator[Extracted]:
    done = 0
    while chunk := list(islice(records, chunk_rows)):
        yield _extracted(spec, chunk, done + 1, fraction())
        done += len(chunk)
    if not done:
        yield _extracted(spec, [], 1, 1.0)


def _extracted(
    spec: DatasetSpec, records: list[Record], first_row: int, fraction: float
) -> Extracted:
    rows: list[int] = []
    values: list[Values] = []
    quarantined: list[Quarantined] = []
    for row, record in enumerate(records, first_row):
        if isinstance(record, Malformed):
            quarantined.append(
                Quarantined(
                    source=source_name(spec),
                    row=row,
                    rule=MALFORMED_ROW,
                    reason=record.reason,
                    payload=record.payload,
                )
            )
        else:
            rows.append(row)
            values.append(record)
    names = [column.name for column in spec.columns]
    frame = pd.DataFrame(values, index=pd.Index(rows, dtype="int64"), columns=names, dtype=object)
    return Extracted(frame, tuple(quarantined), fraction)
