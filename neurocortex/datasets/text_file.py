"""Reading a text file line by line, with every way it can fail named."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from neurocortex.errors import SourceError

MAX_LINE_CHARS: Final = 10_000_000
"""A longer line is no row: the file is of another kind, and reading on would fill the memory."""

KEPT_CHARS: Final = 10_000
"""What is kept of the lines read last, to show a row that could not be taken apart."""

_BLOCK: Final = 1 << 20


@dataclass(slots=True)
class TextFile:
    """Lines of an open file, as an iterator that `csv.reader` can read from."""

    dataset: str
    path: Path
    encoding: str
    size: int
    """In bytes."""
    raw: BinaryIO
    line: int = 0
    """Lines read."""
    recent: list[str] = field(default_factory=list)
    """The lines since `forget`, up to `KEPT_CHARS` of them."""
    _text: io.TextIOWrapper = field(init=False)
    _kept: int = 0

    def __post_init__(self) -> None:
        # A byte order mark is no part of the first line.
        codec = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        self._text = io.TextIOWrapper(self.raw, codec, newline="")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(MAX_LINE_CHARS)
        except UnicodeError as error:
            raise self._not_in_encoding(error) from None
        if not line:
            raise StopIteration
        self.line += 1
        if len(line) == MAX_LINE_CHARS:
            raise SourceError(
                self.dataset,
                f"{self.path}: line {self.line} is longer than {MAX_LINE_CHARS:,} characters,"
                " so this is no file of rows.",
            )
        if self._kept < KEPT_CHARS:
            self.recent.append(line[: KEPT_CHARS - self._kept])
            self._kept += len(line)
        return line

    def forget(self) -> None:
        """Start a new row."""
        self.recent.clear()
        self._kept = 0

    @property
    def fraction(self) -> float:
        """How much of the file is read, 0 to 1."""
        return min(1.0, self.raw.tell() / self.size) if self.size else 1.0

    def _not_in_encoding(self, error: UnicodeError) -> SourceError:
        problem = f"{self.path} is not written in {self.encoding}"
        if isinstance(error, UnicodeDecodeError):
            byte = error.object[error.start : error.start + 1]
            place = self.raw.tell() - len(error.object) + error.start
            problem += f": byte 0x{byte.hex()} in line {_line_at(self.path, place)}"
        return SourceError(
            self.dataset, f"{problem}. Set source.encoding to the right one, e.g. cp1252, utf-16."
        )


@contextmanager
def opened(dataset: str, path: Path, encoding: str) -> Iterator[TextFile]:
    """Open a text file.

    Raises:
        SourceError: it is missing, no file, empty, or may not be read.
    """
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise SourceError(dataset, f"there is no file {path}.") from None
    except IsADirectoryError:
        raise SourceError(dataset, f"{path} is a folder, not a file.") from None
    except OSError as error:
        raise SourceError(dataset, f"{path} cannot be read: {error.strerror}.") from error
    with raw:
        size = path.stat().st_size
        if not size:
            raise SourceError(dataset, f"{path} is empty.")
        yield TextFile(dataset, path, encoding, size, raw)


def _line_at(path: Path, place: int) -> int:
    """Return the number, from 1, of the line that holds a byte."""
    line = 1
    with path.open("rb") as file:
        while place > 0 and (block := file.read(min(_BLOCK, place))):
            line += block.count(b"\n")
            place -= len(block)
    return line
