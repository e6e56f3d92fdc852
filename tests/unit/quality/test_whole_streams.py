"""A stream is judged as one frame would be, in memory that does not grow with it."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import JsonValue

from neurocortex.errors import ExpectationError
from neurocortex.quality import spool
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.gate import evaluate
from neurocortex.quality.streaming import evaluate_chunks
from neurocortex.quality.whole import Whole

ROWS = 40_000

LIMIT_MB = 38
"""Memory that checking may take beyond what the process has when it begins."""


def expect(name: str, severity: str = "quarantine", **kwargs: JsonValue) -> Expectation:
    return Expectation(type=f"expect_{name}", kwargs=kwargs, severity=Severity(severity))


SUITE = Suite(
    name="s",
    expectations=(
        expect("column_values_to_be_unique", column="word"),
        expect("column_values_to_be_unique", column="moment"),
        expect("column_values_to_be_unique", column="flag", mostly=0.5, severity="warn"),
        expect("compound_columns_to_be_unique", column_list=["number", "word"]),
        expect("column_list_to_determine_column", column_list=["number"], column="word"),
        expect("column_list_to_determine_column", column_list=["number", "flag"], column="day"),
        expect("column_values_to_be_increasing", column="number"),
        expect("column_mean_to_be_between", column="amount", min_value=9, severity="warn"),
        expect("column_max_to_be_between", column="day", max_value="2019-01-05", severity="stop"),
        expect("table_row_count_to_equal", value=60, severity="stop"),
    ),
)


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(5)
    days = pd.Series(random.choice(pd.date_range("2019-01-01", periods=9), 60))
    made = pd.DataFrame(
        {
            "word": pd.Series(random.choice([*"abcde", "ü'\"", None], 60), dtype="str"),
            "number": pd.Series(random.integers(0, 9, 60), dtype="Int64"),
            "amount": random.normal(0, 1, 60),
            "flag": pd.Series(random.choice([True, False], 60), dtype="boolean"),
            "day": days.astype("datetime64[s]"),
            "moment": days.dt.tz_localize("UTC").astype("datetime64[us, UTC]"),
        },
    )
    made.loc[7, "number"] = pd.NA
    made.loc[9, ["amount", "day", "moment"]] = None
    made.index = pd.RangeIndex(11, 71)
    return made


def test_chunks_are_judged_as_one_frame(frame: pd.DataFrame) -> None:
    with closing(Whole(SUITE)) as whole:
        for start in range(0, 60, 7):
            whole.add(frame.iloc[start : start + 7])
        spooled, at_once = whole.evaluate(), evaluate(frame, SUITE)
    for mine, theirs in zip(spooled.results, at_once.results, strict=True):
        assert mine == theirs
    assert {row: set(each) for row, each in spooled.failed_rows.items()} == {
        row: set(each) for row, each in at_once.failed_rows.items()
    }


def test_rows_come_back_as_they_were_and_can_be_dropped(frame: pd.DataFrame) -> None:
    with closing(Whole(SUITE)) as whole:
        whole.add(frame)
        columns = sorted(frame.columns)
        pd.testing.assert_frame_equal(whole.rows([12, 18, 20]), frame.loc[[12, 18, 20], columns])
        whole.drop([12, 13])
        assert whole.evaluate().rows == 58
        assert whole.rows([12]).empty


def test_rows_that_are_equal_meet_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of which the column has another type in another chunk."""
    monkeypatch.setattr(spool, "PART_BYTES", 4096)
    numbers = np.random.default_rng(7).integers(0, 4000, 5000)
    chunks = [pd.DataFrame({"key": numbers[:2500]}), pd.DataFrame({"key": numbers[2500:] * 1.0})]
    chunks[1].index += 2500
    suite = Suite(name="s", expectations=(expect("column_values_to_be_unique", column="key"),))
    with closing(Whole(suite)) as whole:
        for chunk in chunks:
            whole.add(chunk)
        found = whole.evaluate()
    expected = pd.Series(numbers).duplicated(keep=False)
    assert set(found.failed_rows) == set(expected.index[expected])
    assert found.results[0].evaluated == 5000


def test_values_of_several_types_are_refused() -> None:
    mixed = pd.DataFrame({"key": pd.Series([1, "a"], dtype=object)})
    suite = Suite(name="s", expectations=(expect("column_values_to_be_unique", column="key"),))
    with pytest.raises(ExpectationError, match="several types"):
        evaluate_chunks([mixed], suite)


def test_a_stream_of_nothing_says_so() -> None:
    assert evaluate_chunks([], SUITE).rows == 0
    nothing = pd.DataFrame({"word": pd.Series([], dtype="str")})
    suite = Suite(
        name="s",
        expectations=(
            expect("column_values_to_be_unique", column="word"),
            expect("table_row_count_to_be_between", min_value=1, severity="stop"),
        ),
    )
    report = evaluate_chunks([nothing], suite)
    assert (report.rows, report.stopped) == (0, True)


def test_a_column_that_is_missing_is_named(frame: pd.DataFrame) -> None:
    suite = Suite(name="s", expectations=(expect("column_values_to_not_be_null", column="x"),))
    with pytest.raises(ExpectationError, match="'x'"):
        evaluate_chunks([frame], suite)


CHILD = """
import resource, sys
import pandas as pd
from neurocortex.quality import engine
from neurocortex.quality.expectations import Expectation, Suite
from neurocortex.quality.streaming import evaluate_chunks

suite = Suite(name="s", expectations=tuple(
    Expectation(type="expect_" + name, kwargs={"column": "key"})
    for name in ("column_values_to_not_be_null", "column_values_to_be_unique")))

def chunks():
    yield from pd.read_csv(sys.argv[1], chunksize=2000, dtype="str")

evaluate_chunks([pd.DataFrame({"key": ["a"], "text": ["b"]}, dtype="str")], suite)  # all imported
(size,) = (int(line.split()[1]) for line in open("/proc/self/status") if line[:7] == "VmData:")
limit = size * 1024 + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
report = evaluate_chunks(chunks(), suite)
print(report.rows, [result.unexpected for result in report.results])
try:
    pd.read_csv(sys.argv[1], dtype="str")
except (MemoryError, pd.errors.ParserError) as error:
    print("at once:", error)
"""


def test_a_file_several_times_larger_than_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    text = "x" * 4000
    with path.open("w") as file:
        file.write("key,text\n")
        file.writelines(f"key-{each:058},{text}\n" for each in range(ROWS))
        file.write(f"key-{7:058},twice\n")
    assert path.stat().st_size > 4 * LIMIT_MB * 2**20

    command = [sys.executable, "-c", CHILD, str(path), str(LIMIT_MB)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    streamed, at_once = said.stdout.splitlines()
    assert streamed == f"{ROWS + 1} [0, 2]", said.stderr
    assert "memory" in at_once  # the limit is one
