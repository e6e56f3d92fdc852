"""What pandas judges alone has the verdict that Great Expectations gives."""

import numpy as np
import pandas as pd
import pytest
from pydantic import JsonValue

from neurocortex.quality import direct, engine
from neurocortex.quality.expectations import Expectation, Severity, Suite

NUMBERS: list[dict[str, JsonValue]] = [
    {"min_value": 2},
    {"max_value": 7.5},
    {"min_value": 2, "max_value": 7, "strict_min": True, "strict_max": True},
    {"min_value": 2, "max_value": 7, "strict_min": False},
]
CASES: list[tuple[str, dict[str, JsonValue]]] = [
    ("column_values_to_be_null", {"column": "n"}),
    ("column_values_to_not_be_null", {"column": "w"}),
    *(
        ("column_values_to_be_between", {"column": name, **each})
        for name in "nik"
        for each in NUMBERS
        if name == "n" or isinstance(each.get("max_value", 0), int)
    ),
    ("column_values_to_be_in_set", {"column": "k", "value_set": [1, 2]}),
    ("column_values_to_not_be_in_set", {"column": "k", "value_set": [1, 2]}),
    ("column_values_to_be_in_set", {"column": "n", "value_set": [1, 2.5]}),
    ("column_values_to_not_be_in_set", {"column": "i", "value_set": [1, 2]}),
    ("column_values_to_be_in_set", {"column": "w", "value_set": ["a", "b-1"]}),
    ("column_values_to_not_be_in_set", {"column": "w", "value_set": ["a"]}),
    ("column_values_to_be_in_set", {"column": "w", "value_set": []}),
    ("column_values_to_match_regex", {"column": "w", "regex": "^[a-z]-[0-9]+$"}),
    ("column_values_to_match_regex", {"column": "w", "regex": r"\d|ü"}),
    ("column_values_to_not_match_regex", {"column": "w", "regex": "b"}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "k", "column_B": "i"}),
    (
        "column_pair_values_a_to_be_greater_than_b",
        {"column_A": "n", "column_B": "m", "or_equal": True},
    ),
]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(3)
    made = pd.DataFrame(
        {
            "n": random.integers(0, 10, 80) + random.choice([0.0, 0.5], 80),
            "m": random.integers(0, 10, 80) * 1.0,
            "i": random.integers(0, 10, 80),
            "k": pd.Series(random.integers(0, 10, 80), dtype="Int64").set_axis(range(100, 180)),
            "w": pd.Series(
                random.choice(["a", "b-1", "b-22", "ü7", "B-1", ""], 80), dtype="str"
            ).set_axis(range(100, 180)),
        },
        index=pd.RangeIndex(100, 180),
    )
    made.loc[103:107, ["n", "w"]] = None
    made.loc[110, "n"] = np.inf
    made.loc[104:120, ["k", "m"]] = None
    return made


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=[str(at) for at in range(len(CASES))])
@pytest.mark.parametrize("rows", [80, 0], ids=["rows", "no rows"])
def test_the_same_verdict(
    frame: pd.DataFrame, name: str, kwargs: dict[str, JsonValue], rows: int
) -> None:
    expectation = Expectation(type=f"expect_{name}", kwargs=kwargs)
    part = frame.iloc[:rows]
    mine = direct.judge(part, expectation)
    assert mine is not None
    theirs = engine.evaluate(part, Suite(name="s", expectations=(expectation,)))
    assert mine.result == theirs.results[0]
    assert set(mine.rows) == set(theirs.failed_rows)


def test_a_share_that_may_fail(frame: pd.DataFrame) -> None:
    for mostly in (0.1, 0.99):
        expectation = Expectation(
            type="expect_column_values_to_be_between",
            kwargs={"column": "i", "min_value": 3, "mostly": mostly},
            severity=Severity.WARN,
        )
        mine = direct.judge(frame, expectation)
        theirs = engine.evaluate(frame, Suite(name="s", expectations=(expectation,)))
        assert mine is not None
        assert mine.result == theirs.results[0]


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("column_values_to_be_between", {"column": "w", "min_value": "a"}),
        ("column_values_to_be_between", {"column": "n", "min_value": "2019-01-01"}),
        ("column_values_to_be_between", {"column": "n", "min_value": 3, "max_value": 2}),
        ("column_values_to_be_between", {"column": "k", "min_value": 2.5}),
        ("column_pair_values_a_to_be_greater_than_b", {"column_A": "n", "column_B": "i"}),
        ("column_values_to_match_regex", {"column": "i", "regex": "1"}),
        ("column_values_to_match_regex", {"column": "w", "regex": "("}),
        ("column_value_lengths_to_equal", {"column": "w", "value": 1}),
    ],
    ids=["text", "date", "bounds", "fraction", "pair", "number", "expression", "other"],
)
def test_what_the_engine_has_to_say(
    frame: pd.DataFrame, name: str, kwargs: dict[str, JsonValue]
) -> None:
    assert direct.judge(frame, Expectation(type=f"expect_{name}", kwargs=kwargs)) is None
