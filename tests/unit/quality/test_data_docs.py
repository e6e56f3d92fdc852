"""A gate's report as a page that fetches nothing and shows values as what they are."""

import re
from datetime import UTC, datetime

from neurocortex.quality.catalogue import EXPECTATIONS, OWN, Reach
from neurocortex.quality.data_docs import page
from neurocortex.quality.expectations import Expectation, Severity
from neurocortex.quality.report import ExpectationResult, GateReport

AT = datetime(2024, 1, 31, tzinfo=UTC)
BETWEEN = "expect_column_values_to_be_between"
EVIL = "<img src=//x.example> $a <script>alert(1)</script>"


def result(kind: str, *sample: str, **kwargs: object) -> ExpectationResult:
    severity = Severity.QUARANTINE
    if EXPECTATIONS[kind].reach is Reach.AGGREGATE:
        severity = Severity.STOP
    expectation = Expectation.model_validate(
        {"type": kind, "kwargs": kwargs, "severity": severity, "note": f"why: {EVIL}"}
    )
    return ExpectationResult(
        expectation=expectation, success=not sample, evaluated=8, unexpected=2, sample=sample
    )


def shown(*results: ExpectationResult) -> str:
    return page(GateReport(suite="fares", rows=8, results=results), AT)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = shown(result(BETWEEN, EVIL, column="fare", min_value=0))
    assert not re.search(r"https?://|<script|<link|<img", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "default-src 'none'" in html


def test_it_says_what_was_expected_and_what_was_found() -> None:
    text = re.sub(r"<[^>]*>|\s+", " ", shown(result(BETWEEN, "-3", column="fare", min_value=0)))
    assert "25% unexpected" in text
    assert "-3" in text


def test_every_expectation_there_is_can_be_shown() -> None:
    values = {
        "value_pairs_set": [["a", "b"]],
        "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2]]},
        "json_schema": {},
        "value": 3,
        "sum_total": 3,
        "max_age_hours": 24,
        "threshold": 3,
        "double_sided": True,
    }
    lists = ("value_set", "regex_list")
    results = []
    for kind, signature in EXPECTATIONS.items():
        kwargs: dict[str, object] = {
            name: values.get(name, ["a"] if name in lists else "a") for name in signature.required
        }
        for name in signature.columns:
            kwargs[name] = ["a", "b"] if name == "column_list" else name
        if kind.endswith("between") and "quantile" not in kind:
            kwargs["min_value"] = 1
        results.append(result(kind, "x", **kwargs))
    html = shown(*results)
    assert "Traceback" not in html
    assert html.count("fa-times") >= len(results)
    assert all(EXPECTATIONS[kind].columns for kind in OWN)
