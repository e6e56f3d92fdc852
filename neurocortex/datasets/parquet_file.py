"""Rows of a Parquet file, row group by row group: never more of it in memory than some thousand.

Its columns have types of their own. They must be those of the dataset's, as a whole: one that is
of another type is a mistake about the file and not about its rows. Values become text, which
`parsing` reads as it reads every source's.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from neurocortex import parquet
from neurocortex.datasets.header import differences
from neurocortex.datasets.records import Record
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.errors import ParquetFileError, SourceError


@dataclass(slots=True)
class ParquetRows:
    """The rows of an open file."""

    dataset: str
    path: Path
    file: pq.ParquetFile
    done: int = 0
    """Rows read."""

    @property
    def fraction(self) -> float:
        """How much of the file is read, 0 to 1."""
        total = self.file.metadata.num_rows
        return float(self.done / total) if total else 1.0

    def records(self, columns: Sequence[Column]) -> Iterator[Record]:
        """Yield the rows.

        Raises:
            SourceError: the file has other columns or types than the dataset, or is damaged.
        """
        schema = self.file.schema_arrow
        found = differences(schema.names, [column.name for column in columns])
        if found is not None:
            raise SourceError(self.dataset, f"{self.path}: in its schema {found}.")
        wrong = [
            f"{column.name!r} is {schema.field(column.name).type}, which is no {column.type}"
            for column in columns
            if not _suits(schema.field(column.name).type, column)
        ]
        if wrong:
            raise SourceError(
                self.dataset,
                f"{self.path}: {'; '.join(wrong)}. Declare the type the file has, and turn it into"
                " another with the transform `cast`.",
            )
        try:
            for batch in parquet.batches(self.path, self.file):
                self.done += batch.num_rows
                texts = [_as_text(batch.column(column.name)).to_pylist() for column in columns]
                yield from map(list, zip(*texts, strict=True))
        except ParquetFileError as error:
            raise SourceError(self.dataset, str(error)) from error


@contextmanager
def opened(dataset: str, path: Path) -> Iterator[ParquetRows]:
    """Open a Parquet file.

    Raises:
        SourceError: it is missing, no file, empty, cut short, encrypted, or no Parquet at all.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(parquet.opened(path))
        except ParquetFileError as error:
            raise SourceError(dataset, str(error)) from error
        yield ParquetRows(dataset, path, file)


def _suits(kind: pa.DataType, column: Column) -> bool:
    """Say whether values of a Parquet type are the column's, without being bent."""
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_null(kind):
        return True
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return column.type in {ColumnType.TEXT, ColumnType.DATE, ColumnType.TIMESTAMP}
    if types.is_integer(kind):
        return column.type in {ColumnType.INTEGER, ColumnType.NUMBER}
    if types.is_decimal(kind) and kind.scale == 0:
        return column.type in {ColumnType.INTEGER, ColumnType.NUMBER}
    if types.is_floating(kind) or types.is_decimal(kind):
        return column.type is ColumnType.NUMBER
    if types.is_boolean(kind):
        return column.type is ColumnType.BOOLEAN
    if types.is_date(kind):
        return column.type is ColumnType.DATE and column.format is None
    if types.is_timestamp(kind):
        # A point in time needs a column that is one: see `Column.timezone`.
        is_point = kind.tz is not None
        fits = column.format is None and (column.timezone is not None or not is_point)
        return column.type is ColumnType.TIMESTAMP and fits
    return False


def _as_text(values: pa.Array) -> pa.Array:
    """Return values as `parsing` reads them."""
    kind = values.type
    if types.is_dictionary(kind):
        return _as_text(values.dictionary_decode())
    if types.is_floating(kind):
        return values.cast(pa.float64()).cast(pa.string())  # all digits of one in single precision
    if types.is_timestamp(kind):
        clock = values.cast(pa.timestamp(kind.unit)).cast(pa.string())
        if kind.unit == "ns":  # without what is finer than a microsecond, where nothing is
            clock = pc.replace_substring_regex(clock, r"(\.\d{6})000$", r"\1")
        return clock if kind.tz is None else pc.binary_join_element_wise(clock, "Z", "")
    return values.cast(pa.string())
