"""Refused rows as a csv or jsonl file, to be corrected in a spreadsheet or an editor and read back.

The column `quarantine_id` leads each row back to its entry.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from neurocortex.corrections.values import RefusedRow, Values
from neurocortex.errors import CorrectionError

ID: Final = "quarantine_id"
CSV: Final = ".csv"
JSONL: Final = ".jsonl"


def write(path: Path, rows: Sequence[RefusedRow]) -> None:
    """Write rows as they are kept, personal values hidden; in csv a missing value is empty.

    Raises:
        CorrectionError: the name ends in neither .csv nor .jsonl, or the file cannot be written.
    """
    columns = [column.name for column in rows[0].spec.columns] if rows else []
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if _form(path) == CSV:
                table = csv.writer(file)
                table.writerow([ID, *columns])
                for row in rows:
                    table.writerow([row.entry.id, *(row.kept.get(name) for name in columns)])
                return
            for row in rows:
                values = {ID: row.entry.id, **{name: row.kept.get(name) for name in columns}}
                file.write(json.dumps(values, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CorrectionError(f"{path} cannot be written: {error.strerror}.") from error


def read(path: Path) -> Mapping[int, Values]:
    """Return the values of each row by the id of its entry; an empty field in csv is none.

    Raises:
        CorrectionError: the file cannot be read, or a line is no row; the text has its number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file, strict=True) if _form(path) == CSV else map(_object, file)
            return dict(_numbered(path, iter(lines)))
    except (OSError, UnicodeError, csv.Error) as error:
        raise CorrectionError(f"{path} cannot be read: {error}.") from error


def changes(row: RefusedRow, values: Values) -> Values:
    """Return the values that differ from what is kept of a row."""
    return {name: value for name, value in values.items() if value != row.kept.get(name)}


def _numbered(path: Path, lines: Iterator[Mapping[str, object]]) -> Iterator[tuple[int, Values]]:
    number = 0
    while True:
        number += 1
        try:
            line = next(lines)
            entry = int(str(line[ID]))
        except StopIteration:
            return
        except (KeyError, ValueError) as error:
            raise CorrectionError(
                f"{path}, row {number}: it is no row with the number of an entry in {ID}."
            ) from error
        yield entry, {name: _text(value) for name, value in line.items() if name != ID}


def _object(line: str) -> Mapping[str, object]:
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def _form(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (CSV, JSONL):
        raise CorrectionError(f"{path} must end in {CSV} or {JSONL}.")
    return suffix
