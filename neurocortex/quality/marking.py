"""Which cells of a table do not meet what its profile proposes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from neurocortex.quality import gate
from neurocortex.quality.catalogue import Reach
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.profile import TableProfile
from neurocortex.quality.profiling import typed
from neurocortex.quality.proposals import Basis, Proposal


def marked(
    frame: pd.DataFrame, profile: TableProfile, proposals: Sequence[Proposal]
) -> Mapping[str, frozenset[int]]:
    """Return the rows, by index label, in which each column has a value to look at.

    Args:
        frame: text or None in every cell, under an index of distinct integers.
        profile: of this data or of earlier.
        proposals: those that cannot point at rows are left out, a share that may fail is not
            granted.
    """
    read = {Basis.WRITING: frame, Basis.MEANING: typed(frame, profile)}
    together: dict[tuple[str, Basis], list[Expectation]] = defaultdict(list)
    for each in proposals:
        if each.expectation.signature.reach is not Reach.AGGREGATE:
            together[each.column, each.basis].append(_strict(each.expectation))
    found: dict[str, set[int]] = defaultdict(set)
    for (column, basis), expectations in together.items():
        suite = Suite(name=column, expectations=tuple(expectations))
        found[column] |= gate.evaluate(read[basis], suite).failed_rows.keys()
    return {column: frozenset(rows) for column, rows in found.items() if rows}


def _strict(expectation: Expectation) -> Expectation:
    """Return it so that it points at each row."""
    kwargs = {name: value for name, value in expectation.kwargs.items() if name != "mostly"}
    return expectation.model_copy(update={"kwargs": kwargs, "severity": Severity.QUARANTINE})
