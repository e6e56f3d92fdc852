"""A dataset's gate tried on its source, with nothing loaded and nothing kept."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Final, NamedTuple

import pandas as pd

from neurocortex.datasets.checks import check_chunk
from neurocortex.datasets.extract import extract
from neurocortex.datasets.frames import dtype_of
from neurocortex.datasets.protection import protection_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.quality import gate
from neurocortex.quality.references import Tables
from neurocortex.quality.report import GateReport
from neurocortex.quality.whole import Whole

CHUNK_ROWS: Final = 20_000


class Trial(NamedTuple):
    """What a gate would do."""

    gate: GateReport
    """Without `failed_rows`."""
    rules: Mapping[str, int]
    """Rows that would be set aside, by the rule that refuses them."""
    passes_nothing: bool
    """Whether a source without rows would pass, and empty the table where it is replaced."""


def tried(spec: DatasetSpec, tables: Tables = gate.NO_TABLES) -> Trial:
    """Check a dataset's source.

    Args:
        spec: the dataset.
        tables: where its references to other tables are looked up.

    Raises:
        ExpectationError: an expectation cannot be evaluated.
        SourceError: the source is missing, in another encoding, or has other columns.
    """
    gate.check(spec.suite)
    suite = spec.suite.by_table
    rules: Counter[str] = Counter()
    reports: list[GateReport] = []
    with closing(Whole(suite)) as whole:
        for chunk in extract(spec, CHUNK_ROWS):
            checked = check_chunk(chunk, spec, tables)
            rules.update(entry.rule for entry in checked.quarantined)
            reports = [GateReport.merged([*reports, checked.report])]
            whole.add(checked.judged)
        if suite.expectations:
            found = whole.evaluate()
            rules.update(refused[0].rule for refused in found.failed_rows.values())
            reports.append(protection_of(spec).report(found.without_rows()))
    return Trial(GateReport.merged(reports), rules, passes_nothing(spec))


def passes_nothing(spec: DatasetSpec) -> bool:
    """Whether no expectation of severity `stop` fails where there are no rows."""
    empty = pd.DataFrame({each.name: pd.Series(dtype=dtype_of(each)) for each in spec.columns})
    empty.index = pd.Index([], dtype="int64")
    return not gate.evaluate(empty, spec.suite).stopped
