"""A chunk of extracted rows through types, gate and transforms."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import pandas as pd

from neurocortex.datasets.extract import Extracted, source_name
from neurocortex.datasets.parsing import Refusals, check_types
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transform import transform
from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.rows.staging import Removed
from neurocortex.quality.gate import evaluate
from neurocortex.quality.report import GateReport, Refusal

DUPLICATE_KEY: Final = "duplicate_key"


class Checked(NamedTuple):
    """A chunk of rows that may be staged, and what was set aside."""

    frame: pd.DataFrame
    """With the target's columns; the index is the row's number in the source."""
    judged: pd.DataFrame
    """The same rows, with the source's columns that whole-table expectations look at."""
    quarantined: tuple[Quarantined, ...]
    report: GateReport


def check_chunk(chunk: Extracted, spec: DatasetSpec) -> Checked:
    """Take a chunk through everything that looks at one row at a time."""
    typed, refused = check_types(chunk.frame, spec.columns)
    report = evaluate(typed, spec.suite.by_row)
    refused |= report.failed_rows
    passed = typed.drop(index=list(report.failed_rows))
    frame, failed = transform(passed, spec)
    refused |= failed
    entries = (*chunk.quarantined, *_set_aside(chunk.frame, refused, spec))
    judged = passed.loc[frame.index, judged_columns(spec)]
    return Checked(frame, judged, entries, report.without_rows())


def judged_columns(spec: DatasetSpec) -> list[str]:
    """Return the columns that the dataset's whole-table expectations look at."""
    named = {name for each in spec.suite.by_table.expectations for name in each.columns}
    return [column.name for column in spec.columns if column.name in named]


def refused_later(
    removed: Iterator[Removed], refusals: Mapping[int, tuple[Refusal, ...]], spec: DatasetSpec
) -> Iterator[Quarantined]:
    """Yield entries for staged rows that a whole-table expectation refused."""
    for each in removed:
        yield _entry(spec, each.row, refusals[each.row], each.payload)


def repeated(removed: Iterator[Removed], spec: DatasetSpec) -> Iterator[Quarantined]:
    """Yield entries for staged rows whose key is that of another row, or in the table already."""
    keys = [column.name for column in spec.loaded_columns if column.key]
    for each in removed:
        values = json.loads(each.payload)
        shown = ", ".join(f"{key} = {values[key]!r}" for key in keys)
        whose = f"row {each.twin}" if each.twin is not None else "a row in the table"
        reason = f"{whose} has the same key already: {shown}"
        yield _entry(spec, each.row, (Refusal(DUPLICATE_KEY, reason),), each.payload)


def _set_aside(raw: pd.DataFrame, refused: Refusals, spec: DatasetSpec) -> Iterator[Quarantined]:
    rows = sorted(refused)
    payloads = raw.loc[rows].to_dict("records")
    for row, payload in zip(rows, payloads, strict=True):
        yield _entry(spec, row, refused[row], json.dumps(payload, ensure_ascii=False))


def _entry(spec: DatasetSpec, row: int, refusals: tuple[Refusal, ...], payload: str) -> Quarantined:
    """One entry per row: under the first rule, with every reason."""
    return Quarantined(
        source=source_name(spec),
        row=row,
        rule=refusals[0].rule,
        reason="; ".join(refusal.reason for refusal in refusals),
        payload=payload,
    )
