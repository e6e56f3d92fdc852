"""Rows of a stream on disk, column by column: what is read again is only what is asked for.

The file has no name: it is gone with the process, however that ends. Columns are in Arrow's own
form, so they come back with their types.
"""

from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from neurocortex.errors import ExpectationError

PART_BYTES: Final = 16 << 20
"""Of the columns of rows that are compared with each other at a time."""

_LABEL: Final = "label"


class Spool:
    """Chunks of a frame that grows beyond memory; its index labels are distinct integers."""

    def __init__(self, like: pd.DataFrame | None = None) -> None:
        """Begin an empty one; `like` has the columns of the chunks to come, if they are known."""
        self._file = TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._places: list[dict[str, tuple[int, int]]] = []
        self._like = like
        self._dropped = np.zeros(0, np.int64)
        self.rows = 0
        """Those that were not dropped."""

    def add(self, chunk: pd.DataFrame) -> None:
        """Keep a chunk.

        Raises:
            ExpectationError: a column mixes values of several types.
        """
        if self._like is None:
            self._like = chunk.iloc[:0].copy()
        if not len(chunk):
            return
        labels = pd.DataFrame({_LABEL: chunk.index.to_numpy(np.int64)})
        places = {_LABEL: self._write(labels)}
        places |= {str(name): self._write(chunk[[name]]) for name in chunk.columns}
        self._places.append(places)
        self.rows += len(chunk)

    def drop(self, labels: Sequence[int]) -> None:
        """Forget rows."""
        gone = np.setdiff1d(np.asarray(labels, np.int64), self._dropped)
        self._dropped = np.concatenate([self._dropped, gone])
        self.rows -= len(gone)

    def chunks(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield the rows in their order, a chunk at a time, of these columns only."""
        for places in self._places:
            index = pd.Index(self._read(places[_LABEL])[_LABEL].to_numpy())
            values = {name: self._read(places[name])[name].set_axis(index) for name in columns}
            chunk = pd.DataFrame(values, index=index)
            yield chunk[~index.isin(self._dropped)] if len(self._dropped) else chunk

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return all rows, of these columns."""
        return self._joined(list(self.chunks(columns)), columns)

    def rows_of(self, labels: Sequence[int]) -> pd.DataFrame:
        """Return rows by their labels, in the order of the stream."""
        columns = [] if self._like is None else [str(name) for name in self._like.columns]
        wanted = np.asarray(labels, np.int64)
        chunks = self.chunks(columns) if len(wanted) else iter(())
        return self._joined([chunk[chunk.index.isin(wanted)] for chunk in chunks], columns)

    def parts(self, columns: Sequence[str], by: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield all rows, of these columns, so that those equal in `by` are in the same part.

        Rows are spread by a hash of `by` (the partitioning of a Grace hash join), each part on disk
        until its turn; its rows are in the order of the stream.
        """
        size = sum(places[name][1] for places in self._places for name in columns)
        count = -(-size // PART_BYTES)
        if count <= 1:
            yield self.read(columns)
            return
        like = None if self._like is None else self._like[list(columns)]
        parts = [Spool(like) for _ in range(count)]
        for chunk in self.chunks(columns):
            which = _hashes(chunk[list(by)]) % np.uint64(count)
            for place in np.unique(which):
                parts[int(place)].add(chunk[which == place])
        for part in parts:
            yield part.read(columns)
            part.close()

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _joined(self, chunks: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
        filled = [chunk for chunk in chunks if len(chunk)]
        if filled:
            return pd.concat(filled) if len(filled) > 1 else filled[0]
        like = pd.DataFrame() if self._like is None else self._like[list(columns)]
        return like.set_axis(pd.Index([], dtype="int64"))

    def _write(self, column: pd.DataFrame) -> tuple[int, int]:
        """Append a column; return where it is."""
        start = self._file.seek(0, 2)
        try:
            table = pa.Table.from_pandas(column, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            name = str(column.columns[0])
            raise ExpectationError(name, "it mixes values of several types") from error
        with pa.ipc.new_stream(self._file, table.schema) as writer:
            writer.write_table(table)
        return start, self._file.tell() - start

    def _read(self, place: tuple[int, int]) -> pd.DataFrame:
        self._file.seek(place[0])
        with pa.ipc.open_stream(pa.py_buffer(self._file.read(place[1]))) as reader:
            found: pd.DataFrame = reader.read_all().to_pandas()
        return found


def _hashes(frame: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """Return a hash of each row; numbers that are equal have the same in columns of any type."""
    plain = frame.copy(deep=False)
    for name in plain.columns:
        if pd.api.types.is_numeric_dtype(plain[name].dtype):
            plain[name] = plain[name].to_numpy(np.float64, na_value=np.nan) + 0.0  # -0 is 0
    return np.asarray(pd.util.hash_pandas_object(plain, index=False), np.uint64)
