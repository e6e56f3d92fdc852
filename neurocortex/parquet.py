"""Parquet files (https://parquet.apache.org), read in batches and with their damage named."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from neurocortex.errors import ParquetFileError

BATCH_ROWS: Final = 4_096
"""Rows decoded at a time."""

READ_AHEAD_BYTES: Final = 1 << 20
"""Read of a column at a time: a row group may be larger than the memory."""

MAX_FOOTER_BYTES: Final = 256 << 20
"""The library's limit of 100 MB is too small for a footer that holds an embedding model."""

MAGIC: Final = b"PAR1"
"""First and last bytes of a Parquet file; the last are written when it is complete."""

ENCRYPTED: Final = b"PARE"
"""First or last bytes of one that is encrypted."""


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file.

    Raises:
        ParquetFileError: it is missing, no file, empty, cut short, encrypted, or no Parquet at all.
    """
    _check(path)
    try:
        file = pq.ParquetFile(
            path,
            buffer_size=READ_AHEAD_BYTES,
            pre_buffer=False,
            page_checksum_verification=True,
            thrift_string_size_limit=MAX_FOOTER_BYTES,
        )
    except (pa.ArrowException, OSError) as error:
        raise ParquetFileError(path, f"is a damaged Parquet file: {_one_line(error)}.") from error
    with file:
        yield file


def batches(path: Path, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, row group by row group, some thousand at a time.

    Raises:
        ParquetFileError: it is damaged; the rows that were given before are whole.
    """
    done = 0
    for group in range(file.num_row_groups):
        try:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group]):
                batch.validate(full=True)  # of texts, too: a reader need not find invalid UTF-8
                yield batch
                done += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            place = f"after row {done}, in row group {group + 1} of {file.num_row_groups}"
            raise ParquetFileError(path, f"is damaged {place}: {_one_line(error)}.") from error


def _check(path: Path) -> None:
    """Say of a file that cannot be read what is wrong with it, better than the library can."""
    try:
        with path.open("rb") as raw:
            first = raw.read(len(MAGIC))
            raw.seek(-min(len(MAGIC), path.stat().st_size), 2)
            last = raw.read()
    except FileNotFoundError:
        raise ParquetFileError(path, "does not exist: there is no file of that name.") from None
    except IsADirectoryError:
        raise ParquetFileError(path, "is a folder, not a file.") from None
    except OSError as error:
        raise ParquetFileError(path, f"cannot be read: {error.strerror}.") from error
    if not first:
        raise ParquetFileError(path, "is empty.")
    if ENCRYPTED in {first, last}:
        raise ParquetFileError(path, "is encrypted: export it without encryption.")
    if first != MAGIC:
        raise ParquetFileError(path, "is no Parquet file.")
    if last != MAGIC:
        raise ParquetFileError(
            path, "is cut short: it has no footer. Copy it again, or write it again."
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
