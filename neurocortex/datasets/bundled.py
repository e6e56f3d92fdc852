"""Rows of the real tables that scikit-learn brings along; nothing is downloaded.

Source: https://scikit-learn.org/stable/datasets/toy_dataset.html
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import cast

import pandas as pd

from neurocortex.datasets.records import Record
from neurocortex.datasets.sources import BundledTable
from neurocortex.errors import SourceError


def records(dataset: str, name: BundledTable, columns: Sequence[str]) -> Iterator[Record]:
    """Yield the rows.

    Raises:
        SourceError: the table has not exactly the columns of the schema.
    """
    frame = table(name)
    there = [str(column) for column in frame.columns]
    problems = []
    for column in columns:
        if column not in there:
            near = get_close_matches(column, there, n=1)
            problems.append(f"it has no column {column!r}" + (f" but {near[0]!r}" if near else ""))
    problems += [f"the dataset leaves out {column!r}" for column in there if column not in columns]
    if problems:
        raise SourceError(dataset, f"scikit-learn's table {name}: {'; '.join(problems)}.")
    for row in frame[list(columns)].itertuples(index=False, name=None):
        yield [None if pd.isna(value) else str(value) for value in row]


def table(name: BundledTable) -> pd.DataFrame:
    """Return the table: its features, then its targets."""
    from sklearn import datasets  # a second and more: who defines datasets should not wait for it

    loaders = {
        BundledTable.BREAST_CANCER: datasets.load_breast_cancer,
        BundledTable.DIABETES: datasets.load_diabetes,
        BundledTable.DIGITS: datasets.load_digits,
        BundledTable.IRIS: datasets.load_iris,
        BundledTable.LINNERUD: datasets.load_linnerud,
        BundledTable.WINE: datasets.load_wine,
    }
    return cast("pd.DataFrame", loaders[name](as_frame=True).frame)
