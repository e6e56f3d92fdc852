"""A short round of chaos, as a person runs it; the full measurement is `make bench`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from benchmarks import _chaos_book
from benchmarks._chaos_book import BEGUN, DONE

ROOT = Path(__file__).resolve().parents[3]


def test_nothing_is_lost_when_a_run_a_worker_and_redis_are_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "chaos_worker", "--json", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wrong = ("lost_runs", "leaked_slots", "double_completions", "over_admissions")
    assert [found[name] for name in wrong] == [0, 0, 0, 0], done.stderr
    assert found["rounds"] == 3
    assert found["runs_completed"] > 0


def test_the_book_tells_what_is_at_work_and_what_ended_twice(tmp_path: Path) -> None:
    book = tmp_path / "book"
    ended, working = str(uuid4()), str(uuid4())
    for run in (ended, working):
        _chaos_book.write(str(book), BEGUN, run, "high-again")
    for _ in range(2):
        _chaos_book.write(str(book), DONE, ended, "high-again")
    marks = _chaos_book.read(book)
    assert [(str(mark.run), mark.pid) for mark in _chaos_book.at_work(marks)] == [
        (working, os.getpid())
    ]
    assert {str(run): len(ends) for run, ends in _chaos_book.ends(marks).items()} == {ended: 2}
