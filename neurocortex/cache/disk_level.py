"""Level 3: this machine's disk. SQLite, for all processes of the machine; survives restarts."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, TypeVar

from neurocortex.cache.disk_reader import DiskReader, Row
from neurocortex.cache.envelope import seal, unseal
from neurocortex.cache.keys import Key, prefix
from neurocortex.cache.values import Aged, Entry
from neurocortex.errors import CacheUnavailableError

T = TypeVar("T")

SOFT_TIMEOUT_S: Final = 0.5
"""A value that takes longer to read is not worth it."""

BUSY_S: Final = 0.5
"""To wait for another process that writes."""

TOUCH_S: Final = 60.0
"""A read is noted only when the last noted one is older: reading shall not mean writing."""

SWEEP: Final = 64
"""Entries past their life that a write removes, at most: it stays quick."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY,
    made REAL NOT NULL,     -- seconds since the epoch
    until REAL NOT NULL,
    used REAL NOT NULL,
    size INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used, size);
CREATE INDEX IF NOT EXISTS entries_by_end ON entries (until, size);
CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL);
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT * FROM total);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON entries
    BEGIN UPDATE total SET bytes = bytes + new.size; END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON entries
    BEGIN UPDATE total SET bytes = bytes - old.size; END;
"""

_BROKEN: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DiskLevel:
    """Its one thread does the work, so that the event loop never waits for the disk; but for quick
    reads (`disk_reader.py`)."""

    name = "disk"

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        max_s: float,
        clock: Callable[[], float] = time.time,
        soft_timeout_s: float = SOFT_TIMEOUT_S,
    ) -> None:
        """Keep entries in a SQLite file, made when it is first needed.

        Args:
            path: the file; its folder is made too.
            max_bytes: of all entries together; those used longest ago go first.
            max_s: no entry is kept longer.
            clock: seconds since the epoch. Where it jumps back, entries from its future are
                misses.
            soft_timeout_s: a read that takes longer is not waited for.
        """
        self.max_s = max_s
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._soft_timeout_s = soft_timeout_s
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cache-disk")
        self._reader = DiskReader(path)
        self._replaced = False
        """The file, by the thread: what the reader has open is no more."""

    async def get(self, key: Key) -> Aged | None:
        """See `Level.get`.

        Raises:
            CacheUnavailableError: the disk is full, read-only or broken.
            CorruptEntryError: what is there is no entry.
        """
        if self._replaced:
            self._replaced = False
            self._reader.close()
        if self._reader.is_quick:
            # A failure is looked into, and counted, by the thread.
            with suppress(sqlite3.Error):
                return self._aged(key, self._reader.read(key.text))
        return await self._in_time(self._run(lambda database: self._read(database, key)))

    async def put(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """See `Level.put`."""
        stays_s = min(entry.life_s - age_s, self.max_s)
        if stays_s <= 0:
            return None
        return await self._run(lambda database: self._write(database, key, entry, age_s, stays_s))

    async def drop(self, key: Key) -> None:
        """See `Level.drop`."""
        await self._run(
            lambda database: database.execute("DELETE FROM entries WHERE key = ?", (key.text,))
        )

    async def clear(self, tenant: str) -> None:
        """See `Level.clear`. What was deleted is overwritten, in the file and its log."""
        await self._run(lambda database: self._delete(database, tenant))

    def clear_soon(self, tenant: str) -> None:
        """Do the same without being waited for; a failure shows at the next call."""
        self._thread.submit(self._guarded, lambda database: self._delete(database, tenant))

    async def close(self) -> None:
        """Finish what is being written, and close the file."""
        self._reader.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    def _read(self, database: sqlite3.Connection, key: Key) -> Aged | None:
        found = database.execute(
            "SELECT made, until, used, sealed FROM entries WHERE key = ?", (key.text,)
        ).fetchone()
        return self._aged(key, Row(*found) if found else None)

    def _aged(self, key: Key, row: Row | None) -> Aged | None:
        now = self._clock()
        if row is None or not row.made <= now < row.until:
            return None
        if now - row.used > TOUCH_S:
            # Nobody waits for it, and a failure shows at the next call.
            self._thread.submit(self._guarded, lambda database: self._touch(database, key, now))
        return Aged(unseal(key, row.sealed), now - row.made)

    def _touch(self, database: sqlite3.Connection, key: Key, now: float) -> None:
        database.execute("UPDATE entries SET used = ? WHERE key = ?", (now, key.text))

    def _write(
        self, database: sqlite3.Connection, key: Key, entry: Entry, age_s: float, stays_s: float
    ) -> int | None:
        sealed, now = seal(key, entry), self._clock()
        if len(sealed) > self._max_bytes:
            return None
        database.execute("BEGIN IMMEDIATE")
        with database:
            database.execute("DELETE FROM entries WHERE key = ?", (key.text,))
            database.execute(
                "DELETE FROM entries WHERE key IN"
                " (SELECT key FROM entries WHERE until <= ? ORDER BY until LIMIT ?)",
                (now, SWEEP),
            )
            evicted = self._make_room(database, len(sealed))
            database.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                (key.text, now - age_s, now + stays_s, now, len(sealed), sealed),
            )
        return evicted

    def _delete(self, database: sqlite3.Connection, tenant: str) -> None:
        start = prefix(tenant)
        database.execute("PRAGMA secure_delete = ON")
        try:
            # The colon that ends a prefix is followed by the semicolon.
            database.execute(
                "DELETE FROM entries WHERE key >= ? AND key < ?", (start, start[:-1] + ";")
            )
        finally:
            database.execute("PRAGMA secure_delete = OFF")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _make_room(self, database: sqlite3.Connection, size: int) -> int:
        (taken,) = database.execute("SELECT bytes FROM total").fetchone()
        evicted = 0
        while taken - evicted + size > self._max_bytes:
            victim, freed = database.execute(
                "SELECT key, size FROM entries ORDER BY used LIMIT 1"
            ).fetchone()
            database.execute("DELETE FROM entries WHERE key = ?", (victim,))
            evicted += freed
        return evicted

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Wait for the thread no longer than for an answer that is still worth it."""
        call = asyncio.ensure_future(work)
        done, _ = await asyncio.wait({call}, timeout=self._soft_timeout_s)
        if not done:
            call.add_done_callback(_ignore)
            reason = f"no answer within {self._soft_timeout_s:g} s"
            raise CacheUnavailableError("disk", reason)
        return call.result()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._guarded(work)
        )

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connect())
        except sqlite3.Error as error:
            self._disconnect()
            # The low byte is the kind of error, the others say more.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
                self._start_afresh()
            raise CacheUnavailableError("disk", f"{self._path}: {error}") from error
        except OSError as error:
            raise CacheUnavailableError("disk", str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Closed by the thread that closes the level, so not always by the one that made it.
            database = sqlite3.connect(
                self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._connection = database
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(SCHEMA)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with closing(self._connection):
                self._connection = None

    def _start_afresh(self) -> None:
        """A damaged file is only a cache: the next call makes a new one."""
        self._replaced = True
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _ignore(call: asyncio.Future[T]) -> None:
    """Ask for the exception, as asyncio warns of those that nobody asked for."""
    if not call.cancelled():
        call.exception()
