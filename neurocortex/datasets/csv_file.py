"""Rows of a csv file (RFC 4180): ragged ones are found, not padded or cut."""

import csv
from collections.abc import Iterator, Sequence
from operator import itemgetter

from neurocortex.datasets.header import differences
from neurocortex.datasets.records import Malformed, Record
from neurocortex.datasets.sources import CsvSource
from neurocortex.datasets.text_file import TextFile
from neurocortex.errors import SourceError


def records(file: TextFile, source: CsvSource, columns: Sequence[str]) -> Iterator[Record]:
    """Yield the rows below the header. A line with nothing on it is no row.

    Raises:
        SourceError: the header is missing, or has not exactly the columns of the schema.
    """
    reader = csv.reader(file, delimiter=source.delimiter, strict=True)
    header = _header(reader, file)
    _check(header, columns, file)
    nulls = frozenset(source.null_values)
    places = [header.index(column) for column in columns]
    in_order = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
    width = len(header)
    while True:
        file.forget()
        started = file.line + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Malformed(f"line {started} cannot be read as csv: {error}", "".join(file.recent))
            continue
        if len(row) == width:
            yield [None if value in nulls else value for value in in_order(row)]
        elif row:
            few = "few" if len(row) < width else "many"
            yield Malformed(
                f"too {few} fields in line {started}: {len(row)} where the header has {width}",
                "".join(file.recent).rstrip("\r\n"),
            )


def _header(reader: Iterator[list[str]], file: TextFile) -> list[str]:
    try:
        for row in reader:
            if row:
                return row
    except csv.Error as error:
        raise SourceError(file.dataset, f"{file.path}: the header is broken: {error}.") from None
    raise SourceError(file.dataset, f"{file.path} has no header.")


def _check(header: Sequence[str], columns: Sequence[str], file: TextFile) -> None:
    found = differences(header, columns)
    if found is not None:
        hint = ""
        if len(header) == 1 and len(columns) > 1:
            hint = " The header has one column: check source.delimiter."
        raise SourceError(file.dataset, f"{file.path}: in its header {found}.{hint}")
