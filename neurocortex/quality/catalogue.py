"""The expectations a gate knows: their names, their parameters, what each can say of a row.

A table of our own, because asking Great Expectations costs its import of several seconds, and a
dataset's YAML must be checked without it. `tests/unit/quality/test_catalogue.py` holds it against
the installed version. Left out on purpose: those about column names and types (a dataset's schema
says that itself), and those that only run as SQL. The parameter `row_condition` is left out because
pandas evaluates it as code. Those of `OWN` are not Great Expectations' but ours.
Source: https://greatexpectations.io/expectations/
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Reach(StrEnum):
    """How much data an expectation looks at, and whether it can point at rows."""

    ROW = "row"
    """Judges each row by itself: a stream may be checked in chunks."""
    ALL_ROWS = "all rows"
    """Judges each row beside all the others, e.g. uniqueness: needs the whole table."""
    AGGREGATE = "aggregate"
    """Judges one figure of the whole table, e.g. a mean: cannot point at rows."""


class Signature(NamedTuple):
    """What an expectation takes."""

    reach: Reach
    columns: tuple[str, ...]
    """Parameters that name a column, or for `column_list` several; all required."""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Every parameter, required ones first."""
        return (*self.columns, *self.required, *self.optional)


_BOUNDS: Final = ("min_value", "max_value", "strict_min", "strict_max")


def _row(*required: str, optional: tuple[str, ...] = ()) -> Signature:
    return Signature(Reach.ROW, ("column",), required, (*optional, "mostly"))


def _pair(*required: str, optional: tuple[str, ...] = ()) -> Signature:
    return Signature(Reach.ROW, ("column_A", "column_B"), required, (*optional, "mostly"))


def _several(reach: Reach, *required: str) -> Signature:
    return Signature(reach, ("column_list",), required, ("mostly",))


def _all_rows(*required: str, optional: tuple[str, ...] = ()) -> Signature:
    return Signature(Reach.ALL_ROWS, ("column",), required, (*optional, "mostly"))


def _aggregate(*required: str, optional: tuple[str, ...] = ()) -> Signature:
    return Signature(Reach.AGGREGATE, ("column",), required, optional)


EXPECTATIONS: Final = MappingProxyType(
    {
        "expect_column_values_to_not_be_null": _row(),
        "expect_column_values_to_be_null": _row(),
        "expect_column_values_to_be_between": _row(optional=_BOUNDS),
        "expect_column_values_to_be_in_set": _row("value_set"),
        "expect_column_values_to_not_be_in_set": _row("value_set"),
        "expect_column_values_to_match_regex": _row("regex"),
        "expect_column_values_to_not_match_regex": _row("regex"),
        "expect_column_values_to_match_regex_list": _row("regex_list", optional=("match_on",)),
        "expect_column_values_to_not_match_regex_list": _row("regex_list"),
        "expect_column_values_to_match_strftime_format": _row("strftime_format"),
        "expect_column_values_to_be_dateutil_parseable": _row(),
        "expect_column_values_to_be_json_parseable": _row(),
        "expect_column_values_to_match_json_schema": _row("json_schema"),
        "expect_column_value_lengths_to_be_between": _row(optional=_BOUNDS),
        "expect_column_value_lengths_to_equal": _row("value"),
        "expect_column_pair_values_a_to_be_greater_than_b": _pair(optional=("or_equal",)),
        "expect_column_pair_values_to_be_equal": _pair(),
        "expect_column_pair_values_to_be_in_set": _pair("value_pairs_set"),
        "expect_multicolumn_sum_to_equal": _several(Reach.ROW, "sum_total"),
        "expect_multicolumn_values_to_be_equal": _several(Reach.ROW),
        "expect_select_column_values_to_be_unique_within_record": _several(Reach.ROW),
        "expect_column_values_to_be_unique": _all_rows(),
        "expect_column_values_to_be_increasing": _all_rows(optional=("strictly",)),
        "expect_column_values_to_be_decreasing": _all_rows(optional=("strictly",)),
        "expect_column_value_z_scores_to_be_less_than": _all_rows("threshold", "double_sided"),
        "expect_column_values_to_not_be_outliers": _all_rows(optional=("method", "multiplier")),
        "expect_compound_columns_to_be_unique": _several(Reach.ALL_ROWS),
        "expect_column_distinct_values_to_be_in_set": _aggregate("value_set"),
        "expect_column_distinct_values_to_contain_set": _aggregate("value_set"),
        "expect_column_distinct_values_to_equal_set": _aggregate("value_set"),
        "expect_column_max_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_mean_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_median_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_min_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_stdev_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_sum_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_most_common_value_to_be_in_set": _aggregate(
            "value_set", optional=("ties_okay",)
        ),
        "expect_column_proportion_of_non_null_values_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_proportion_of_unique_values_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_quantile_values_to_be_between": _aggregate(
            "quantile_ranges", optional=("allow_relative_error",)
        ),
        "expect_column_unique_value_count_to_be_between": _aggregate(optional=_BOUNDS),
        "expect_column_list_to_determine_column": Signature(
            Reach.ALL_ROWS, ("column_list", "column"), (), ("mostly",)
        ),
        "expect_column_max_to_be_recent": _aggregate("max_age_hours"),
        "expect_column_values_to_be_in_table": _row("table", "table_column"),
        "expect_table_row_count_to_be_between": Signature(Reach.AGGREGATE, (), (), _BOUNDS),
        "expect_table_row_count_to_equal": Signature(Reach.AGGREGATE, (), ("value",)),
    }
)
"""By the name Great Expectations gives each, or we do."""

OWN: Final = frozenset(
    {
        "expect_column_list_to_determine_column",
        "expect_column_max_to_be_recent",
        "expect_column_values_to_be_in_table",
    }
)
"""Those that Great Expectations does not have: `own` and `references` judge them."""
