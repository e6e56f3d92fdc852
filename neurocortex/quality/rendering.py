"""Proposed expectations as the YAML of a dataset, with a comment each that says why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import yaml
from pydantic import JsonValue

from neurocortex.domain.columns import Column, ColumnType
from neurocortex.quality.expectations import Severity
from neurocortex.quality.proposals import Basis, Proposal

NOT_NULL: Final = "expect_column_values_to_not_be_null"
NOT_IN_SET: Final = "expect_column_values_to_not_be_in_set"


def fitting(
    proposals: Iterable[Proposal], columns: Sequence[Column], null_values: Iterable[str] = ()
) -> Iterator[Proposal]:
    """Yield what adds something to columns that are declared so.

    Left out is what a column's type, its `nullable` or the source's `null_values` say already, and
    what needs another type: sums of a column that is declared as text.
    """
    by_name = {column.name: column for column in columns}
    nulls = set(null_values)
    for each in proposals:
        column = by_name.get(each.column)
        if column is None or not _said(each, column, nulls):
            yield each


def expectations_yaml(proposals: Iterable[Proposal]) -> str:
    """Return the key `expectations` of a dataset's YAML."""
    lines = ["expectations:"]
    for each in proposals:
        expectation = each.expectation
        lines.append(f"  # {' '.join(each.why.split())}")
        lines.append(f"  - type: {expectation.type}")
        lines.append(f"    kwargs: {flow(expectation.kwargs)}")
        if expectation.severity is not Severity.QUARANTINE:
            lines.append(f"    severity: {expectation.severity}")
    return "\n".join(lines if len(lines) > 1 else ["expectations: []"]) + "\n"


def flow(value: Mapping[str, JsonValue]) -> str:
    """Return a mapping as YAML on one line."""
    dumped: str = yaml.safe_dump(
        dict(value),
        default_flow_style=True,
        width=float("inf"),
        sort_keys=False,
        allow_unicode=True,
    )
    return dumped.strip()


def _said(proposal: Proposal, column: Column, nulls: set[str]) -> bool:
    is_text = column.type is ColumnType.TEXT
    kind = proposal.expectation.type
    if kind == NOT_NULL:
        return not column.nullable
    if kind == NOT_IN_SET and set(map(str, _listed(proposal))) <= nulls:
        return True
    if proposal.basis is Basis.WRITING:
        return not is_text
    return is_text and proposal.numeric


def _listed(proposal: Proposal) -> list[JsonValue]:
    values = proposal.expectation.kwargs["value_set"]
    return values if isinstance(values, list) else []
