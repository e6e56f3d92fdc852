"""The adapter to Great Expectations: the only module that imports it (3 to 10 seconds).

Great Expectations 1.x validates a batch of a data asset of a data source of a context. Ours are
in memory, made once per process, and write nothing. Source: https://docs.greatexpectations.io/
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Final, cast

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import Expectation as GxExpectation
from great_expectations.expectations.registry import get_expectation_impl
from tqdm import tqdm

from neurocortex.errors import ExpectationError
from neurocortex.quality.catalogue import Reach
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.report import SAMPLE, ExpectationResult, GateReport, Refusal
from neurocortex.quality.showing import is_null, refusals, shown, values_in

NO_VALUES: Final = "no values"
"""What is observed where a figure was to be computed of nothing."""

_PLACE: Final = "place"
"""Key in an expectation's meta that says which of the suite it is."""

_SKIP_NULLS: Final = MappingProxyType(
    {
        ("column_A", "column_B"): {"ignore_row_if": "either_value_is_missing"},
        ("column_list",): {"ignore_row_if": "any_value_is_missing"},
    }
)
"""Nulls are not judged; Great Expectations does so by itself only where there is one column."""

_lock: Final = threading.Lock()
"""Great Expectations keeps its current context in a global."""

# tqdm starts a watching thread with the first bar, even a disabled one; a process that has
# threads must not be forked, and warm workers fork.
tqdm.monitor_interval = 0


def evaluate(frame: pd.DataFrame, suite: Suite) -> GateReport:
    """Check a frame; see `gate.evaluate`."""
    outcomes = _validated(frame, suite)
    results = tuple(
        _result(frame, expectation, outcome)
        for expectation, outcome in zip(suite.expectations, outcomes, strict=True)
    )
    failed: dict[int, tuple[Refusal, ...]] = {}
    for expectation, outcome in zip(suite.expectations, outcomes, strict=True):
        if expectation.severity is Severity.QUARANTINE:
            for row, refusal in _refusals(frame, expectation, outcome):
                failed[row] = (*failed.get(row, ()), refusal)
    return GateReport(suite=suite.name, rows=len(frame), results=results, failed_rows=failed)


def build(expectation: Expectation, dtype: object = None, place: int = 0) -> GxExpectation:
    """Return Great Expectations' own form of it, for a column of that pandas type.

    Raises:
        ExpectationError: it refuses the value of a parameter.
    """
    kwargs: dict[str, object] = {**expectation.kwargs, "meta": {_PLACE: place}}
    if isinstance(dtype, pd.DatetimeTZDtype | np.dtypes.DateTime64DType):
        kwargs |= _as_moments(expectation, getattr(dtype, "tz", None))
    kwargs |= _SKIP_NULLS.get(expectation.signature.columns, {})
    make = cast("Callable[..., GxExpectation]", get_expectation_impl(expectation.type))
    try:
        return make(**kwargs)
    except ValueError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        raise ExpectationError(expectation.type, "; ".join(lines[1:]) or str(error)) from error


def _as_moments(expectation: Expectation, zone: tzinfo | None) -> dict[str, object]:
    """Give dates the type of a datetime column, which pandas compares with nothing else.

    Great Expectations reads the text `2019-01-01` as a `datetime.date`, and only
    `2019-01-01T00:00:00` as a `datetime.datetime`.
    """

    def moment(text: str) -> datetime:
        try:
            parsed = datetime.fromisoformat(text)
        except ValueError as error:
            raise ExpectationError(
                expectation.type, f"{text!r} is no date or time of ISO 8601, e.g. 2019-01-31"
            ) from error
        return parsed.replace(tzinfo=zone) if parsed.tzinfo is None else parsed

    changed: dict[str, object] = {}
    for name in ("min_value", "max_value"):
        value = expectation.kwargs.get(name)
        if isinstance(value, str):
            changed[name] = moment(value).isoformat()
    values = expectation.kwargs.get("value_set")
    if isinstance(values, list):
        changed["value_set"] = [moment(str(value)) for value in values]
    return changed


@lru_cache(maxsize=1)
def _frames() -> BatchDefinition:  # type: ignore[type-arg]
    memory = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(
        store_backend_defaults=memory,
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("all rows")


def _validated(frame: pd.DataFrame, suite: Suite) -> list[ExpectationValidationResult]:
    """Run Great Expectations over the frame; one outcome per expectation, in the suite's order."""
    built = [
        build(each, frame[each.columns[0]].dtype if each.columns else None, place)
        for place, each in enumerate(suite.expectations)
    ]
    with _lock:
        batch = _frames().get_batch(batch_parameters={"dataframe": frame})
        validated = batch.validate(
            gx.ExpectationSuite(name=suite.name, expectations=built),
            result_format={
                "result_format": "COMPLETE",  # anything less has no list of row labels
                "partial_unexpected_count": SAMPLE,
                "exclude_unexpected_values": True,  # the frame has them: no copies in memory
                "return_unexpected_index_query": False,
            },
        )
    # Those that raised come first there, so the results are not in the suite's order.
    return sorted(validated.results, key=_place)


def _place(outcome: ExpectationValidationResult) -> int:
    configuration = outcome.expectation_config
    return int(configuration.meta[_PLACE]) if configuration and configuration.meta else 0


def _result(
    frame: pd.DataFrame, expectation: Expectation, outcome: ExpectationValidationResult
) -> ExpectationResult:
    reason = _raised(outcome.exception_info)
    if expectation.signature.reach is Reach.AGGREGATE:
        if reason and expectation.columns and frame[expectation.columns[0]].isna().all():
            # Several figures of no values at all cannot be computed: that is a failure of the
            # data, not of the expectation.
            return ExpectationResult(
                expectation=expectation,
                success=False,
                evaluated=0,
                unexpected=0,
                observed=NO_VALUES,
            )
        if not reason:
            return _figure(expectation, outcome)
    if reason:
        raise ExpectationError(expectation.type, f"{', '.join(expectation.columns)}: {reason}")
    counts = outcome.result
    rows = cast("list[int]", counts["partial_unexpected_index_list"])
    return ExpectationResult(
        expectation=expectation,
        success=bool(outcome.success),
        evaluated=counts["element_count"] - (counts.get("missing_count") or 0),
        unexpected=counts["unexpected_count"],
        sample=tuple(shown(value) for value in values_in(frame, expectation, rows[:SAMPLE])),
    )


def _figure(expectation: Expectation, outcome: ExpectationValidationResult) -> ExpectationResult:
    found = outcome.result
    sample = found.get("partial_unexpected_list") or ()
    if "partial_missing_list" in found:
        observed = ", ".join(
            f"{shown(value)} is missing" for value in found["partial_missing_list"]
        )
    elif "partial_unexpected_list" in found:
        observed = ""  # a set is judged: the values that are too many are the sample
    else:
        observed = NO_VALUES if is_null(found["observed_value"]) else shown(found["observed_value"])
    return ExpectationResult(
        expectation=expectation,
        success=bool(outcome.success),
        evaluated=found.get("element_count") or 0,
        unexpected=found.get("unexpected_count") or 0,
        sample=tuple(shown(value) for value in sample[:SAMPLE]),
        observed=observed,
    )


def _refusals(
    frame: pd.DataFrame, expectation: Expectation, outcome: ExpectationValidationResult
) -> Iterator[tuple[int, Refusal]]:
    rows = cast("list[int]", outcome.result["unexpected_index_list"])
    yield from refusals(frame, expectation, rows)


def _raised(info: Mapping[str, object]) -> str:
    """Return the message of an exception inside Great Expectations, or nothing.

    It puts one exception there as it is, those of metrics in a mapping by metric.
    """
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else ""
    for nested in info.values():
        message = _raised(cast("Mapping[str, object]", nested))
        if message:
            return message
    return ""
