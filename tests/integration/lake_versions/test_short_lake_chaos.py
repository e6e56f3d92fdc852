"""Loads killed at random points, as a person runs it; the full measurement is `make bench`."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_killed_loads_leave_and_take_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "chaos_lake", "--json", "--rounds", "4"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wrong = ("partial_loads", "lost_rows", "orphan_vectors", "left_vector_tables")
    assert [found[name] for name in wrong] == [0, 0, 0, 0], found
    assert found["wrong_rollbacks"] == 0
    assert found["killed_before_the_end"] + found["completed"] >= 4
