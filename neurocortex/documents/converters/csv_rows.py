"""csv: one document per row, so that an answer can cite the row it comes from.

Source: RFC 4180, with the delimiter told from the first lines.
"""

import csv
import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TextIO

from neurocortex.documents.building import name_of
from neurocortex.documents.cleaning import clean, clean_line
from neurocortex.documents.decoding import encoding_of
from neurocortex.documents.refusal import refused, why
from neurocortex.documents.source import FILE, ROW, SourceFile
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import EmptyFileError, MalformedRowError, UnreadableFileError

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE_LINES: Final = 50
_MAX_FIELD: Final = 10_000_000
"""Characters. The csv module's own limit, 131,072, is less than a long article."""
_KEY_COLUMN: Final = "id"
_TITLE_COLUMN: Final = re.compile(r"(?:.*[\W_])?(?:title|name)", re.IGNORECASE)
"""E.g. `title`, `name`, `beer-name`: the first of them names the row."""


def convert(file: SourceFile) -> Iterator[Document | Quarantined]:
    """Yield each row as a document of `column: value` lines, named `path#key`.

    The key is the value in the column `id`, or the row's number where there is none. Yields a
    Quarantined for a row with too many or too few fields, with broken quotes, or with a key used
    before. Raises EmptyFileError, EncodingError, UnreadableFileError.
    """
    encoding = encoding_of(file.path)
    csv.field_size_limit(_MAX_FIELD)
    with file.path.open(encoding=encoding, newline="") as content:
        delimiter = _delimiter(content)
        records = _records(_Lines(content), delimiter)
        table = _Table(file, _header(file, next(records, None)))
        number = 0
        for number, record in enumerate(records, start=1):
            try:
                yield table.document(number, record)
            except MalformedRowError as error:
                yield refused(error, record.payload)
    if not number:
        raise EmptyFileError(str(file.path), "it has a header at most, and no rows")


class _Lines:
    """The lines of a file; those of a record can be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._number = 0
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._number += 1
        self.record.append(line)
        return line

    @property
    def first(self) -> int:
        """The number of the record's first line, from 1."""
        return self._number - len(self.record) + 1

    def give_back(self) -> None:
        """Read all but the first line of the record again."""
        rest = self.record[1:]
        self._again.extendleft(reversed(rest))
        self._number -= len(rest)


class _Record:
    """One row as it stands in the file."""

    def __init__(self, line: int, fields: Sequence[str], raw: str = "", broken: str = "") -> None:
        self.line = line
        self.fields = fields
        self.broken = broken
        """What the csv parser says against it."""
        self._raw = raw

    @property
    def payload(self) -> str:
        return self._raw or json.dumps(self.fields, ensure_ascii=False)


def _records(lines: _Lines, delimiter: str) -> Iterator[_Record]:
    """Yield each row that is not blank.

    A quote that is never closed would swallow every row behind it, so only the line that opens it
    counts as broken; those behind are read again.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.record.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Record(lines.first, (), lines.record[0].rstrip("\r\n"), why(error))
            lines.give_back()
        else:
            if fields:
                yield _Record(lines.first, fields)


def _delimiter(content: TextIO) -> str:
    """Return the delimiter that gives most of the first rows the header's number of fields."""
    sample = list(islice(content, _SAMPLE_LINES))
    content.seek(0)

    def fit(delimiter: str) -> tuple[float, int]:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        width = len(rows[0]) if rows else 0
        if width < 2:
            return 0.0, width
        return sum(len(row) == width for row in rows) / len(rows), width

    return max(_DELIMITERS, key=fit)


def _header(file: SourceFile, record: _Record | None) -> list[str]:
    if record is None:
        raise EmptyFileError(str(file.path), "it has no rows")
    if record.broken:
        raise UnreadableFileError(str(file.path), f"its header cannot be read: {record.broken}")
    return [clean_line(name) or f"column {n}" for n, name in enumerate(record.fields, start=1)]


class _Table:
    """Makes documents of the rows under one header."""

    def __init__(self, file: SourceFile, columns: list[str]) -> None:
        self._file = file
        self._columns = columns
        places = list(enumerate(columns))
        self._key = next((n for n, name in places if name.casefold() == _KEY_COLUMN), None)
        self._title = next((n for n, name in places if _TITLE_COLUMN.fullmatch(name)), None)
        self._used: dict[str, int] = {}

    def document(self, number: int, record: _Record) -> Document:
        """Return row `number` as a document. Raises MalformedRowError."""
        self._check(number, record)
        values = [clean(value) for value in record.fields]
        key = self._unused_key(number, record.line, values)
        title = clean_line(values[self._title]) if self._title is not None else ""
        original = json.dumps([self._columns, record.fields])
        lines = zip(self._columns, values, strict=True)
        return Document(
            source=f"{self._file.path}#{key}",
            title=title or f"{name_of(self._file.path)} {key}",
            text="\n".join(f"{column}: {value}" for column, value in lines if value),
            media_type=self._file.media_type,
            checksum=hashlib.sha256(original.encode()).hexdigest(),
            metadata={FILE: str(self._file.path), ROW: str(number)},
        )

    def _check(self, number: int, record: _Record) -> None:
        if record.broken:
            raise self._malformed(number, record.line, f"its quotes are broken ({record.broken})")
        found, wanted = len(record.fields), len(self._columns)
        if found != wanted:
            raise self._malformed(
                number, record.line, f"it has {found} fields, the header has {wanted}"
            )
        if not any(value.strip() for value in record.fields):
            raise self._malformed(number, record.line, "all its fields are empty")

    def _unused_key(self, number: int, line: int, values: Sequence[str]) -> str:
        if self._key is None:
            return str(number)
        key = clean_line(values[self._key])
        if not key:
            raise self._malformed(number, line, f"its {self._columns[self._key]} is empty")
        if key in self._used:
            raise self._malformed(
                number,
                line,
                f"its {self._columns[self._key]} {key[:80]!r} is that of row {self._used[key]}",
            )
        self._used[key] = number
        return key

    def _malformed(self, number: int, line: int, reason: str) -> MalformedRowError:
        return MalformedRowError(str(self._file.path), f"line {line}: {reason}", row=number)
