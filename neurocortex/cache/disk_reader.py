"""Reads of level 3 on the event loop itself, for as long as the disk is quick.

What was written lately is in the page cache, and reading it takes 20 µs; handing that to a thread
takes 60 more. A read that takes long sends the next ones to the thread: of a slow disk the loop
waits for one read a second.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

SMALL: Final = 256 * 1024
"""Bytes. More of them take a millisecond even from the page cache."""

SLOW_S: Final = 0.02
"""Less is as likely another process that had the processor."""

REST_S: Final = 1.0
"""Reads are left to the thread for so long after a slow one."""


class Row(NamedTuple):
    """What the disk holds of an entry; times are seconds since the epoch."""

    made: float
    until: float
    used: float
    sealed: bytes


class DiskReader:
    """A connection of its own: SQLite lets it read while the thread's connection writes."""

    def __init__(self, path: Path, timer: Callable[[], float] = time.perf_counter) -> None:
        """Read a file that another connection makes; `timer` measures how long that takes."""
        self._path = path
        self._timer = timer
        self._rests_until = -REST_S
        self._connection: sqlite3.Connection | None = None

    @property
    def is_quick(self) -> bool:
        """Whether the last read took so little that the next may be made here."""
        return self._timer() >= self._rests_until

    def read(self, text: str) -> Row | None:
        """Return the row of a key.

        Raises:
            sqlite3.Error: the thread must see to it: there is no file yet, the file is damaged,
                the entry is not small.
        """
        began = self._timer()
        try:
            row = self._select(text)
        except sqlite3.Error:
            self.close()
            raise
        ended = self._timer()
        if ended - began > SLOW_S:
            self._rests_until = ended + REST_S
        if row is None:
            return None
        made, until, used, sealed = row
        if sealed is None:
            raise sqlite3.DataError("too large to be read on the event loop")
        return Row(made, until, used, sealed)

    def close(self) -> None:
        """Close the file; the next read opens it, or the one that has replaced it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _select(self, text: str) -> tuple[float, float, float, bytes | None] | None:
        if self._connection is None:
            uri = f"file:{quote(str(self._path))}?mode=ro"
            # Closed by whoever closes the level.
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False
            )
        found: tuple[float, float, float, bytes | None] | None = self._connection.execute(
            "SELECT made, until, used, CASE WHEN size <= ? THEN sealed END"
            " FROM entries WHERE key = ?",
            (SMALL, text),
        ).fetchone()
        return found
