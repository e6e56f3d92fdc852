"""A gate on many rows in chunks, beside Great Expectations on one whole frame.

Both read the same generated csv file and check the same suite, each in a process of its own:
`rows_per_s` and `peak_mb` are the gate's, `gx_*` those of Great Expectations as its documentation
has it: one frame of all rows, one validation. `same_verdicts` is 1 where every expectation was met
or not met in both with the same number of unexpected values. Rows per second are of wall time of
checking, reading left out; `*_cpu_s` is its processor time. Peaks are resident memory of the
whole process, imports included.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import great_expectations as gx
import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from benchmarks.__main__ import Figures
from neurocortex.quality import engine
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.streaming import evaluate_chunks

ROWS: Final = 1_000_000
QUICK_ROWS: Final = 100_000
CHUNK_ROWS: Final = 50_000
KINDS: Final = ("A", "B", "C", "D")

SUITE: Final = Suite(
    name="generated",
    expectations=tuple(
        Expectation.model_validate(
            {"type": f"expect_{name}", "kwargs": kwargs, "severity": Severity.WARN}
        )
        for name, kwargs in (
            ("column_values_to_not_be_null", {"column": "amount"}),
            ("column_values_to_be_between", {"column": "amount", "min_value": 0}),
            ("column_values_to_be_in_set", {"column": "kind", "value_set": list(KINDS)}),
            ("column_values_to_match_regex", {"column": "code", "regex": "^[a-z]{2}-[0-9]+$"}),
            (
                "column_pair_values_a_to_be_greater_than_b",
                {"column_A": "until", "column_B": "since"},
            ),
            ("column_values_to_be_unique", {"column": "id"}),
            ("column_mean_to_be_between", {"column": "amount", "min_value": 90, "max_value": 110}),
            ("table_row_count_to_be_between", {"min_value": 1000}),
        )
    ),
)


class Verdict(BaseModel):
    """What a process found, and what it took."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    cpu_s: float
    peak_mb: float
    verdicts: list[tuple[bool, int]]
    """Whether each expectation was met, and its unexpected values."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows")


def run(options: argparse.Namespace) -> Figures:
    """Measure."""
    rows = QUICK_ROWS if options.quick else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        generate(path, rows)
        gated, whole = (_in_process(how, path) for how in WAYS)
    return {
        "rows": rows,
        "rows_per_s": round(rows / gated.seconds),
        "gx_rows_per_s": round(rows / whole.seconds),
        "cpu_s": round(gated.cpu_s, 2),
        "gx_cpu_s": round(whole.cpu_s, 2),
        "peak_mb": round(gated.peak_mb),
        "gx_peak_mb": round(whole.peak_mb),
        "same_verdicts": int(gated.verdicts == whole.verdicts),
    }


def generate(path: Path, rows: int) -> None:
    """Write rows of which a few are wrong in every way the suite looks for."""
    random = np.random.default_rng(0)
    since = random.integers(0, 1_000_000, rows)
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "amount": np.round(random.gamma(2, 50, rows), 2),
            "kind": random.choice(KINDS, rows),
            "code": np.char.add(random.choice(["ab-", "cd-"], rows), since.astype(str)),
            "since": since,
            "until": since + random.integers(1, 1000, rows),
        }
    )
    wrong = random.choice(rows, (6, rows // 1000), replace=False)
    frame.loc[wrong[0], "id"] = frame.loc[wrong[1], "id"].to_numpy()
    frame.loc[wrong[1], "amount"] = None
    frame.loc[wrong[2], "amount"] = -1
    frame.loc[wrong[3], "kind"] = "E"
    frame.loc[wrong[4], "code"] = "?"
    frame.loc[wrong[5], "until"] = 0
    frame.to_csv(path, index=False)


def of_chunks(path: Path) -> Verdict:
    """Check the file as the product does."""
    reading = Reading()
    with Clock() as clock:
        report = evaluate_chunks(reading.timed(pd.read_csv(path, chunksize=CHUNK_ROWS)), SUITE)
    found = sorted(report.results, key=lambda each: SUITE.expectations.index(each.expectation))
    verdicts = [(each.success, each.unexpected) for each in found]
    return clock.verdict(verdicts, reading)


def of_frame(path: Path) -> Verdict:
    """Check the file with Great Expectations alone: a data source, a batch, a validation."""
    frame = pd.read_csv(path)
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(
        name=SUITE.name,
        expectations=[engine.build(each) for each in SUITE.expectations],
    )
    with Clock() as clock:
        validated = batch.validate(suite, result_format="COMPLETE")
    found = {outcome["expectation_config"]["type"]: outcome for outcome in validated.results}
    verdicts = [
        (bool(outcome.success), int(outcome.result.get("unexpected_count", 0)))
        for outcome in (found[each.type] for each in SUITE.expectations)
    ]
    return clock.verdict(verdicts, Reading())


WAYS: Final[Mapping[str, Callable[[Path], Verdict]]] = {"chunks": of_chunks, "frame": of_frame}
"""Ways to check a file, by the name that a process is told."""


@dataclass(slots=True)
class Reading:
    """What reading chunks took, which is not the gate's."""

    seconds: float = 0.0
    cpu_s: float = 0.0

    def timed(self, chunks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield chunks."""
        waiting = iter(chunks)
        while True:
            with Clock() as clock:
                chunk = next(waiting, None)
            self.seconds += clock.seconds
            self.cpu_s += clock.cpu_s
            if chunk is None:
                return
            yield chunk


@dataclass(slots=True)
class Clock:
    """Time between entering and leaving."""

    seconds: float = 0.0
    cpu_s: float = 0.0

    def __enter__(self) -> "Clock":
        self.seconds, self.cpu_s = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()
        self.cpu_s += time.process_time()

    def verdict(self, verdicts: list[tuple[bool, int]], reading: Reading) -> Verdict:
        """Return what was found with what it took, reading left out."""
        return Verdict(
            seconds=self.seconds - reading.seconds,
            cpu_s=self.cpu_s - reading.cpu_s,
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            verdicts=verdicts,
        )


def _in_process(how: str, path: Path) -> Verdict:
    command = (sys.executable, "-m", "benchmarks.quality", how, str(path))
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Verdict.model_validate_json(said.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(WAYS[sys.argv[1]](Path(sys.argv[2])).model_dump_json())
