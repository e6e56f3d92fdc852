"""A chunk of extracted rows through types, gate and transforms."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import pandas as pd

from neurocortex.datasets.extract import Extracted, source_name
from neurocortex.datasets.parsing import Refusals, check_types
from neurocortex.datasets.protection import Protection, protection_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transform import transform
from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.rows.staging import Removed
from neurocortex.quality.gate import NO_TABLES, evaluate
from neurocortex.quality.references import Tables
from neurocortex.quality.report import GateReport, Refusal

DUPLICATE_KEY: Final = "duplicate_key"


class Checked(NamedTuple):
    """A chunk of rows that may be staged, and what was set aside."""

    frame: pd.DataFrame
    """With the target's columns; the index is the row's number in the source."""
    judged: pd.DataFrame
    """The same rows, with the source's columns that whole-table expectations look at, in clear."""
    quarantined: tuple[Quarantined, ...]
    report: GateReport
    """Nothing in the entries and in it shows a value that the dataset's `privacy` hides."""


def check_chunk(chunk: Extracted, spec: DatasetSpec, tables: Tables = NO_TABLES) -> Checked:
    """Take a chunk through everything that looks at one row at a time.

    Args:
        chunk: rows of the source.
        spec: the dataset.
        tables: where its references to other tables are looked up.
    """
    typed, refused = check_types(chunk.frame, spec.columns)
    report = evaluate(typed, spec.suite.by_row, tables)
    refused |= report.failed_rows
    passed = typed.drop(index=list(report.failed_rows))
    protection = protection_of(spec)
    frame, failed = transform(protection.frame(passed), spec)
    refused |= failed
    malformed = map(protection.malformed, chunk.quarantined)
    entries = (*malformed, *_set_aside(chunk.frame, refused, spec, protection))
    judged = passed.loc[frame.index, judged_columns(spec)]
    return Checked(frame, judged, entries, protection.report(report.without_rows()))


def judged_columns(spec: DatasetSpec) -> list[str]:
    """Return the columns that the dataset's whole-table expectations look at."""
    named = {name for each in spec.suite.by_table.expectations for name in each.columns}
    return [column.name for column in spec.columns if column.name in named]


def refused_later(
    removed: Iterator[Removed],
    refusals: Mapping[int, tuple[Refusal, ...]],
    judged: pd.DataFrame,
    spec: DatasetSpec,
) -> Iterator[Quarantined]:
    """Yield entries for staged rows that a whole-table expectation refused.

    `judged` is what it looked at. The rows are staged as they are to be stored, so only the reasons
    may still quote what has to be hidden.
    """
    protection = protection_of(spec)
    for each in removed:
        values = {str(name): value for name, value in judged.loc[each.row].items()}
        yield _entry(spec, each.row, protection.refusals(refusals[each.row], values), each.payload)


def repeated(removed: Iterator[Removed], spec: DatasetSpec) -> Iterator[Quarantined]:
    """Yield entries for staged rows whose key is that of another row, or in the table already."""
    keys = [column.name for column in spec.loaded_columns if column.key]
    for each in removed:
        values = json.loads(each.payload)
        shown = ", ".join(f"{key} = {values[key]!r}" for key in keys)
        whose = f"row {each.twin}" if each.twin is not None else "a row in the table"
        reason = f"{whose} has the same key already: {shown}"
        yield _entry(spec, each.row, (Refusal(DUPLICATE_KEY, reason),), each.payload)


def _set_aside(
    raw: pd.DataFrame, refused: Refusals, spec: DatasetSpec, protection: Protection
) -> Iterator[Quarantined]:
    rows = sorted(refused)
    names = [str(name) for name in raw.columns]
    values = raw.loc[rows].itertuples(index=False, name=None)
    for row, each in zip(rows, values, strict=True):
        payload = dict(zip(names, each, strict=True))
        kept = protection.kept(payload)
        reasons = protection.refusals(refused[row], payload)
        yield _entry(spec, row, reasons, kept.text, is_whole=kept.is_whole)


def _entry(
    spec: DatasetSpec,
    row: int,
    refusals: tuple[Refusal, ...],
    payload: str,
    *,
    is_whole: bool = True,
) -> Quarantined:
    """One entry per row: under the first rule, with every reason."""
    return Quarantined(
        source=source_name(spec),
        row=row,
        rule=refusals[0].rule,
        reason="; ".join(refusal.reason for refusal in refusals),
        payload=payload,
        is_whole=is_whole,
    )
