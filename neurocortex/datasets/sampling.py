"""Rows of a dataset, or of a file that is none yet, to learn from."""

import codecs
import csv
import json
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
from pydantic import ValidationError

from neurocortex.datasets.extract import extract
from neurocortex.datasets.sources import CsvSource, JsonlSource
from neurocortex.datasets.spec import DatasetSpec, Target
from neurocortex.datasets.transforms import Rename
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.errors import SourceError
from neurocortex.lake.rows.table import MAX_NAME_CHARS, NAME_PATTERN
from neurocortex.quality.reservoir import SIZE, Reservoir

HEAD_BYTES: Final = 1 << 20
"""What is read of a file to tell its encoding, its delimiter and its columns."""

HEAD_RECORDS: Final = 100
"""Lines of a jsonl file whose keys are its columns."""

CHUNK_ROWS: Final = 20_000

DELIMITERS: Final = ",;\t|"


class Sample(NamedTuple):
    """Rows of a source."""

    frame: pd.DataFrame
    """Text or None in every cell; the index is the row's number in the source."""
    rows: int
    """Rows of the source."""


def sample(spec: DatasetSpec, size: int = SIZE) -> Sample:
    """Return rows of a dataset's source, at random where it has more than `size`.

    Raises:
        SourceError: the source is missing, in another encoding, or has other columns.
    """
    reservoir = reservoir_of(spec, size)
    return Sample(reservoir.sample(), reservoir.rows)


def reservoir_of(spec: DatasetSpec, size: int = SIZE) -> Reservoir:
    """Return a dataset's source, read through; raises as `sample` does."""
    reservoir = Reservoir(size)
    for chunk in extract(spec, CHUNK_ROWS):
        reservoir.add(chunk.frame)
    return reservoir


def spec_of(path: Path) -> DatasetSpec:
    """Return a dataset of a file as it is: every column text, an empty field a missing value.

    Encoding, delimiter and columns are told from the file's first megabyte.

    Raises:
        SourceError: it cannot be read, or is no csv or jsonl file with columns.
    """
    name = _identifier(path.stem)
    head, encoding = _head(name, path)
    if path.suffix == ".jsonl":
        names = _keys(name, path, head)
        source: CsvSource | JsonlSource = JsonlSource(kind="jsonl", path=path, encoding=encoding)
    else:
        first = head.split("\n", 1)[0]
        delimiter = max(DELIMITERS, key=first.count)
        names = next(csv.reader([first.rstrip("\r")], delimiter=delimiter), [])
        source = CsvSource(
            kind="csv", path=path, delimiter=delimiter, encoding=encoding, null_values=("",)
        )
    renamed = {each: _identifier(each) for each in names if not _is_name(each)}
    try:
        return DatasetSpec(
            name=name,
            source=source,
            columns=tuple(Column(name=each, type=ColumnType.TEXT, nullable=True) for each in names),
            transforms=(Rename(kind="rename", columns=renamed),) if renamed else (),
            target=Target(table=name),
        )
    except ValidationError as error:
        reason = "; ".join(problem["msg"] for problem in error.errors())
        raise SourceError(
            name, f"{path} has no columns that a table could have: {reason}"
        ) from None


def _head(name: str, path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise SourceError(name, f"{path} cannot be read: {error.strerror}.") from error
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace"), "utf-16"
    try:
        # The end may be in the middle of a letter, which this decoder waits for.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head), "utf-8"
    except UnicodeDecodeError:
        return head.decode("cp1252", errors="replace"), "cp1252"


def _keys(name: str, path: Path, head: str) -> list[str]:
    keys: dict[str, None] = {}
    for line in head.split("\n")[:HEAD_RECORDS]:
        try:
            record = json.loads(line)
        except ValueError:
            continue  # a broken line is the reader's to refuse, and the last one may be cut
        if isinstance(record, dict):
            keys |= dict.fromkeys(record)
    if not keys:
        raise SourceError(name, f"{path}: none of its first lines is a JSON object.")
    return list(keys)


def _is_name(text: str) -> bool:
    return NAME_PATTERN.fullmatch(text) is not None and len(text) <= MAX_NAME_CHARS


def _identifier(text: str) -> str:
    """Return a name that a dataset, a table or a column may have."""
    cleaned = "".join(each if each.isascii() and each.isalnum() else "_" for each in text.lower())
    cleaned = cleaned.strip("_")
    return (cleaned if cleaned[:1].isalpha() else f"c_{cleaned}")[:MAX_NAME_CHARS]
