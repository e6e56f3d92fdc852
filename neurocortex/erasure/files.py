"""Files below the platform's home that may tell of a person: results, data docs, logs, backups."""

import mmap
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from neurocortex.backup import backups, dumps
from neurocortex.backup.backups import Backup
from neurocortex.embedded.home import Home
from neurocortex.embedded.prefect_server import published
from neurocortex.erasure.subject import Subject


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of files."""

    name: str
    folder: Path
    pattern: str
    overwritten: bool = False
    """The words go and the file stays: a service still writes to it."""


def kinds(home: Home) -> tuple[Kind, ...]:
    """Return the kinds of files that are looked through."""
    return (
        Kind("results of runs", home.prefect / "storage", "**/*"),
        Kind("data docs", published(home.prefect), "**/*.html"),
        Kind("logs", home.logs, "*.log*", overwritten=True),
    )


def find(home: Home, subject: Subject) -> Mapping[str, int]:
    """Count the files about a person, by kind."""
    pattern = subject.in_files
    found = {kind.name: len(list(_about(kind, pattern))) for kind in kinds(home)}
    return {name: count for name, count in found.items() if count}


def erase(home: Home, subject: Subject) -> Mapping[str, int]:
    """Delete files about a person; in logs, put `*` in the place of the words."""
    pattern = subject.in_files
    erased: dict[str, int] = {}
    for kind in kinds(home):
        for path in _about(kind, pattern):
            with suppress(FileNotFoundError):
                if kind.overwritten:
                    _overwrite(path, pattern)
                else:
                    path.unlink()
            erased[kind.name] = erased.get(kind.name, 0) + 1
    return erased


def backups_about(folder: Path, subject: Subject) -> Iterator[Backup]:
    """Yield the backups in a folder whose dumps tell of a person. Each is read as a whole.

    Raises:
        BackupError: one is damaged.
    """
    pattern = subject.in_files
    for backup in backups.every(folder):
        if any(_is_told(path, pattern, subject) for path in sorted(backup.folder.glob("*.dump"))):
            yield backup


def _is_told(dump: Path, pattern: re.Pattern[bytes], subject: Subject) -> bool:
    return any(
        pattern.search(line) or (b"nc1:" in line and subject.is_in(line.decode(errors="replace")))
        for line in dumps.lines(dump)
    )


def _about(kind: Kind, pattern: re.Pattern[bytes]) -> Iterator[Path]:
    for path in sorted(kind.folder.glob(kind.pattern)):
        # Results expire, and logs are rotated: a file that goes meanwhile tells of nobody.
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_size and _tells(path, pattern):
                yield path


def _tells(path: Path, pattern: re.Pattern[bytes]) -> bool:
    with path.open("rb") as file, _mapped(file.fileno(), mmap.ACCESS_READ) as content:
        return pattern.search(content) is not None


def _overwrite(path: Path, pattern: re.Pattern[bytes]) -> None:
    """Keep every byte in its place, so that whoever appends to the file is not disturbed."""
    with path.open("r+b") as file, _mapped(file.fileno(), mmap.ACCESS_WRITE) as content:
        spans = [match.span() for match in pattern.finditer(content)]
        for start, end in spans:
            content[start:end] = b"*" * (end - start)


def _mapped(handle: int, access: int) -> mmap.mmap:
    return mmap.mmap(handle, 0, access=access)
