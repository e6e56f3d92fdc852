"""A dataset's YAML drafted from what a file holds: a person reviews it, and it can be deployed."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from neurocortex.datasets.sources import CsvSource, JsonlSource
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transforms import Rename
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.quality.profile import ColumnProfile, TableProfile
from neurocortex.quality.profiling import time_format
from neurocortex.quality.proposals import Proposal
from neurocortex.quality.rendering import expectations_yaml, fitting, flow

FEW: Final = 0.1
"""Share of values that may be written in another way than the column's type: those rows will go to
quarantine. Where there are more, the column stays text for a transform to put right."""


def draft(
    spec: DatasetSpec, frame: pd.DataFrame, profile: TableProfile, proposals: Sequence[Proposal]
) -> str:
    """Return the YAML of a dataset for a file.

    Args:
        spec: of the file as it is: `sampling.spec_of`.
        frame: the rows the profile was made of.
        profile: of the file.
        proposals: what was proposed of it.
    """
    columns = tuple(_declared(each, frame[each.name]) for each in profile.columns)
    spelled = sorted({value for each in profile.columns for value in each.spelled})
    nulls = ["", *spelled]
    lines = [
        f"# Learned from {profile.sampled} of {profile.rows} rows: review it before you use it.",
        f"name: {spec.name}",
        f"source: {_source(spec, nulls)}",
        "columns:",
    ]
    for column, seen in zip(columns, profile.columns, strict=True):
        lines += _column(column, seen)
    text = "\n".join(lines) + "\n" + expectations_yaml(fitting(proposals, columns, nulls))
    for step in spec.transforms:
        if isinstance(step, Rename):
            text += f"transforms:\n  - {flow({'kind': 'rename', 'columns': dict(step.columns)})}\n"
    return text + f"target: {flow({'table': spec.target.table})}\n"


def _declared(seen: ColumnProfile, texts: pd.Series) -> Column:
    odd = sum(seen.others.values())
    fits = seen.values and odd <= FEW * seen.values
    kind = seen.type if fits else ColumnType.TEXT
    form = (
        time_format(texts, seen.form) if kind in {ColumnType.DATE, ColumnType.TIMESTAMP} else None
    )
    return Column(name=seen.name, type=kind, nullable=seen.missing > 0, format=form)


def _column(column: Column, seen: ColumnProfile) -> list[str]:
    declared: dict[str, str | bool] = {"name": column.name, "type": str(column.type)}
    if column.nullable:
        declared["nullable"] = True
    if column.format:
        declared["format"] = column.format
    line = f"  - {flow(dict(declared))}"
    if not seen.others:
        return [line]
    odd = ", ".join(f"{form} ({count}×)" for form, count in seen.others.items())
    return [f"  # expected: {seen.form}; there is also: {odd}", line]


def _source(spec: DatasetSpec, nulls: list[str]) -> str:
    match spec.source:
        case CsvSource(path=path, delimiter=delimiter, encoding=encoding):
            return flow(
                {
                    "kind": "csv",
                    "path": str(path),
                    "delimiter": delimiter,
                    "encoding": encoding,
                    "null_values": list(nulls),
                }
            )
        case JsonlSource(path=path, encoding=encoding):
            return flow({"kind": "jsonl", "path": str(path), "encoding": encoding})
        case other:
            raise TypeError(f"no file: {other.kind}")
