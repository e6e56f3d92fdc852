"""From a good month to a suite that a person reviews: each expectation with the reason for it.

Bounds leave room for chance: a second sample of the same data must pass. What no sample can tell,
e.g. a value that was not there by luck, is held to a share: the probability of a new category is
about the share of values that were there once (Good and Turing; Good 1953).
"""

import re
from collections.abc import Iterator

import pandas as pd

from neurocortex.domain.columns import ColumnType
from neurocortex.quality import dependencies, profiling
from neurocortex.quality.expectations import Expectation, Severity
from neurocortex.quality.profile import TableProfile
from neurocortex.quality.proposals import ENOUGH, RARE, Basis, Proposal
from neurocortex.quality.proposing_columns import of_column


def propose(frame: pd.DataFrame, profile: TableProfile) -> tuple[Proposal, ...]:
    """Return what could be expected of data like this.

    Args:
        frame: the rows the profile was made of: text or None in every cell.
        profile: `profiling.profile_of` of them.
    """
    values = profiling.typed(frame, profile)
    names = [each.name for each in profile.columns if each.type is ColumnType.TEXT and each.values]
    joined = dependencies.fused(values, names)
    lacking = {each.other: each for each in joined}
    found: list[Proposal] = list(_of_table(profile))
    for column in profile.columns:
        found += of_column(column, frame[column.name], lacking.get(column.name))
    found += (_parted(each) for each in joined)
    found += _of_rows(values, profile)
    return tuple(found)


def _of_table(profile: TableProfile) -> Iterator[Proposal]:
    if profile.rows >= ENOUGH:
        low, high = profile.rows // 2, profile.rows * 2
        yield Proposal(
            Expectation(
                type="expect_table_row_count_to_be_between",
                kwargs={"min_value": low, "max_value": high},
                severity=Severity.STOP,
            ),
            f"there were {profile.rows} rows; half or twice as many is another kind of load",
            "",
        )


def _parted(found: dependencies.Fused) -> Proposal:
    choices = "|".join(map(re.escape, found.values))
    return Proposal(
        Expectation(
            type="expect_column_values_to_not_match_regex",
            kwargs={"column": found.column, "regex": rf"\S\s+(?:{choices})$"},
        ),
        f"{found.rows} values have that of {found.other} at their end, which is missing there",
        found.column,
        Basis.WRITING,
    )


def _of_rows(values: pd.DataFrame, profile: TableProfile) -> Iterator[Proposal]:
    names = [
        each.name
        for each in profile.columns
        if each.type in {ColumnType.TEXT, ColumnType.INTEGER} and each.values >= ENOUGH
    ]
    for found in dependencies.dependencies(dependencies.codes_of(values[names])):
        yield Proposal(
            Expectation(
                type="expect_column_list_to_determine_column",
                kwargs={"column_list": [found.determinant], "column": found.dependent},
            ),
            f"{found.determinant} determined it in {1 - found.error:.1%} of {found.rows} rows",
            found.dependent,
        )
    times = [
        each.name
        for each in profile.columns
        if each.type in {ColumnType.DATE, ColumnType.TIMESTAMP} and each.values >= ENOUGH
    ]
    for first in times:
        for second in times:
            both = values[[first, second]].dropna()
            if first == second or len(both) < ENOUGH:
                continue
            ordered = float((both[second] >= both[first]).mean())
            if ordered >= 1 - RARE and (both[second] > both[first]).any():
                yield Proposal(
                    Expectation(
                        type="expect_column_pair_values_a_to_be_greater_than_b",
                        kwargs={"column_A": second, "column_B": first, "or_equal": True},
                    ),
                    f"{second} was before {first} in {1 - ordered:.2%} of the rows",
                    second,
                    numeric=True,
                )
