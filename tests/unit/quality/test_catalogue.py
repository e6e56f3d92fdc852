"""The table of expectations agrees with the Great Expectations that is installed."""

import pytest
from great_expectations.exceptions.exceptions import ExpectationNotFoundError
from great_expectations.expectations.expectation import (
    ColumnAggregateExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.registry import get_expectation_impl

from neurocortex.quality.catalogue import EXPECTATIONS, OWN, Reach
from neurocortex.quality.own import JUDGES
from neurocortex.quality.references import IN_TABLE

THEIRS = {name: each for name, each in EXPECTATIONS.items() if name not in OWN}

MAP = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)


def test_every_expectation_exists_there() -> None:
    for name in THEIRS:
        assert get_expectation_impl(name).__name__


def test_parameters_are_those_it_takes() -> None:
    for name, signature in THEIRS.items():
        fields = get_expectation_impl(name).__fields__
        required = {field for field, info in fields.items() if info.required}
        assert required <= {*signature.columns, *signature.required}, name
        assert set(signature.parameters) <= set(fields), name


def test_only_those_that_judge_values_can_point_at_rows() -> None:
    for name, signature in THEIRS.items():
        kind = get_expectation_impl(name)
        assert issubclass(kind, MAP) == (signature.reach is not Reach.AGGREGATE), name
        if signature.columns and signature.reach is Reach.AGGREGATE:
            assert issubclass(kind, ColumnAggregateExpectation), name


def test_our_own_are_none_of_theirs_and_each_has_a_judge() -> None:
    assert {*JUDGES, IN_TABLE} == OWN <= set(EXPECTATIONS)
    for name in OWN:
        with pytest.raises(ExpectationNotFoundError):
            get_expectation_impl(name)
