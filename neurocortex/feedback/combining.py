"""A table and what people said about predictions, as one table to learn from."""

from hashlib import sha256
from typing import Any

import pandas as pd
from pandas.api import types

from neurocortex.forge.spec import Task, TrainingSpec
from neurocortex.lake.rows.reading import TableRows


def combined(spec: TrainingSpec, table: TableRows, feedback: TableRows) -> TableRows:
    """Return the rows of both, each column as the table has it.

    The table's version stays: the digest tells which feedback came to it.
    """
    frame = table.frame.copy()
    if spec.task is Task.CLASSIFICATION:
        known = frame[spec.target].notna()
        frame[spec.target] = frame[spec.target].astype(str).where(known, None)
    added = pd.DataFrame(
        {
            name: _as_in(feedback.frame[name], frame[name])
            for name in frame.columns
            if name in feedback.frame.columns
        }
    )
    together = pd.concat([frame, added], ignore_index=True)
    digest = sha256(f"{table.digest}{feedback.digest}".encode()).hexdigest()
    return TableRows(together, table.version, digest)


def _as_in(values: "pd.Series[Any]", known: "pd.Series[Any]") -> "pd.Series[Any]":
    if types.is_bool_dtype(known):
        return values.map({"true": True, "false": False})
    return values
