"""Reads on the event loop: only what is there, small, and quick."""

import sqlite3
from pathlib import Path

import pytest

from neurocortex.cache.disk_level import SCHEMA
from neurocortex.cache.disk_reader import REST_S, SLOW_S, SMALL, DiskReader, Row


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "cache.db"
    database = sqlite3.connect(file, isolation_level=None)
    database.executescript(SCHEMA)
    for key, size in (("small", 10), ("large", SMALL + 1)):
        database.execute("INSERT INTO entries VALUES (?, 1, 2, 3, ?, ?)", (key, size, b"x" * size))
    database.close()
    return file


def test_a_small_entry_is_read_and_one_that_is_not_there_is_none(file: Path) -> None:
    reader = DiskReader(file)
    assert reader.read("small") == Row(1.0, 2.0, 3.0, b"x" * 10)
    assert reader.read("other") is None
    reader.close()


def test_a_large_entry_is_left_to_the_thread(file: Path) -> None:
    reader = DiskReader(file)
    with pytest.raises(sqlite3.DataError):
        reader.read("large")
    reader.close()


def test_a_file_that_is_not_there_yet_is_left_to_the_thread(tmp_path: Path) -> None:
    reader = DiskReader(tmp_path / "cache.db")
    with pytest.raises(sqlite3.OperationalError):
        reader.read("small")
    assert not (tmp_path / "cache.db").exists()


def test_after_a_slow_read_the_next_ones_are_left_to_the_thread_for_a_while(file: Path) -> None:
    times = iter([0.0, 2 * SLOW_S, 2 * SLOW_S, REST_S, REST_S + 2 * SLOW_S])
    reader = DiskReader(file, lambda: next(times))
    reader.read("small")
    assert [reader.is_quick for _ in range(3)] == [False, False, True]
    reader.close()
