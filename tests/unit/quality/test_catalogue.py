"""The table of expectations agrees with the Great Expectations that is installed."""

from great_expectations.expectations.expectation import (
    ColumnAggregateExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.registry import get_expectation_impl

from neurocortex.quality.catalogue import EXPECTATIONS, Reach

MAP = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)


def test_every_expectation_exists_there() -> None:
    for name in EXPECTATIONS:
        assert get_expectation_impl(name).__name__


def test_parameters_are_those_it_takes() -> None:
    for name, signature in EXPECTATIONS.items():
        fields = get_expectation_impl(name).__fields__
        required = {field for field, info in fields.items() if info.required}
        assert required <= {*signature.columns, *signature.required}, name
        assert set(signature.parameters) <= set(fields), name


def test_only_those_that_judge_values_can_point_at_rows() -> None:
    for name, signature in EXPECTATIONS.items():
        kind = get_expectation_impl(name)
        assert issubclass(kind, MAP) == (signature.reach is not Reach.AGGREGATE), name
        if signature.columns and signature.reach is Reach.AGGREGATE:
            assert issubclass(kind, ColumnAggregateExpectation), name
