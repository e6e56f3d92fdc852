"""Whether a load that is killed leaves anything behind, or takes anything away.

Documents and rows are loaded, generation after generation, each replacing, removing and adding a
third of the one before. In each round a load of one or the other is killed with SIGKILL after a
random time, up to a tenth longer than it takes undisturbed: the process that loads, or
PostgreSQL's process that serves it, upon which all of PostgreSQL recovers as after a power failure.
The seed is fixed, so the rounds are the same as far as the machine's speed allows.

All must be 0: `partial_loads`, a collection or table that is neither of the generation before nor
of the one that was loaded; `lost_rows`, documents or rows of both generations that are gone;
`orphan_vectors`, chunks, vectors and postings without their counterpart; `left_vector_tables`;
`wrong_rollbacks`, a return to the version before, at the end, that gave something else.
`completed` counts loads that were done, those that no kill hit among them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks._postgres import postgres, say

ROUNDS: Final = 50
QUICK: Final = 8
SEED: Final = 6


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default: {SEED}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds only")


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Load, kill, and count."""
    rounds = QUICK if options.quick else options.rounds
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        say(f"{rounds} loads are killed")
        began = time.monotonic()
        words = [url, str(rounds), str(options.seed), folder]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks._lake_attack", *words],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            check=True,
        )
        figures: dict[str, float | int | str] = json.loads(done.stdout)
        return {**figures, "seconds": round(time.monotonic() - began, 1)}
