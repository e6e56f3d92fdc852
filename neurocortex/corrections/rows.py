"""Releasing refused rows: through the dataset's gate again, and into its table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from sqlalchemy import Connection, Engine

from neurocortex.corrections.released import Released
from neurocortex.corrections.values import RefusedRow, Values
from neurocortex.datasets import checks
from neurocortex.datasets.extract import Extracted
from neurocortex.datasets.lake_tables import LakeTables
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import CorrectionError, PrivacyError
from neurocortex.lake import loads, quarantine
from neurocortex.lake.database import driver, translated
from neurocortex.lake.loads import Attempt, LoadKind
from neurocortex.lake.quarantine import QuarantineEntry
from neurocortex.lake.rows import publishing, record, staging
from neurocortex.lake.rows.table import Table, WriteMode
from neurocortex.quality import gate
from neurocortex.quality.expectations import Severity

SAME_KEY: Final = "another row that is released has the same key"
IN_TABLE: Final = "a row with the same key is in the table already"
OTHER_ROWS: Final = "it does not fit the other rows that are released: {}"


def correct(
    connection: Connection, entry: QuarantineEntry, spec: DatasetSpec, changes: Values, by: str
) -> None:
    """Note values that are to be loaded in place of a refused row's.

    Args:
        connection: its transaction is the caller's to commit.
        entry: the refused row.
        spec: the dataset it is of.
        changes: new values by the source's columns, as the source would have them.
        by: who says so.

    Raises:
        CorrectionError: there is no such column, or the row was released already.
    """
    correction = RefusedRow(entry, spec).corrected(changes)
    if not quarantine.correct(connection, entry.id, correction, by):
        raise CorrectionError(f"Entry {entry.id} was released already: it is in the Lake.")


def release(
    engine: Engine, spec: DatasetSpec, entries: Sequence[QuarantineEntry], by: str
) -> Released:
    """Hold refused rows to the gate again, and load those that pass, in one transaction.

    The rows of the table stay, also where the dataset's own loads replace them. What was released
    before is not loaded again. Expectations about the whole source, e.g. a mean, are not asked
    about a few rows.

    Raises:
        LoadError: PostgreSQL refused; nothing was changed.
        LakeUnavailableError: it does not answer.
    """
    work = _Release(spec, {})
    frame = work.readable(entries)
    checked = checks.check_chunk(Extracted(frame, (), 1.0), spec, LakeTables(engine))
    work.refuse(checked.quarantined)
    if checked.frame.empty:
        return work.outcome(None, ())
    with translated(), loads.attempt(engine, LoadKind.ROWS, str(work.target)) as opened:
        passed = work.load(opened, checked)
        quarantine.mark_released(opened.connection, passed, opened.load.id, by)
        opened.counts.update({"extracted": len(entries), "loaded": len(passed)})
        opened.counts.update({"released": len(passed), "refused": len(work.refused)})
        opened.changed = bool(passed)
    return work.outcome(opened, passed)


@dataclass(slots=True)
class _Release:
    """Entries of one dataset on their way; a row's number is its entry's id."""

    spec: DatasetSpec
    refused: dict[int, str]

    @property
    def target(self) -> Table:
        """The dataset's table, with its rows left alone."""
        mode = self.spec.target.mode
        kept = WriteMode.APPEND if mode is WriteMode.REPLACE else mode
        return Table(self.spec.target.table, self.spec.loaded_columns, kept)

    def readable(self, entries: Iterable[QuarantineEntry]) -> pd.DataFrame:
        """Return the rows in clear; those of which a value is not known are refused."""
        rows: dict[int, Values] = {}
        for entry in entries:
            try:
                rows[entry.id] = RefusedRow(entry, self.spec).clear()
            except (CorrectionError, PrivacyError) as error:
                self.refused[entry.id] = str(error)
        names = [column.name for column in self.spec.columns]
        return pd.DataFrame(
            [[row[name] for name in names] for row in rows.values()],
            index=pd.Index(list(rows), dtype="int64"),
            columns=names,
            dtype=object,
        )

    def refuse(self, entries: Iterable[Quarantined]) -> None:
        for entry in entries:
            if entry.row is not None:
                self.refused[entry.row] = entry.reason

    def load(self, opened: Attempt, checked: checks.Checked) -> list[int]:
        """Load what nobody has released meanwhile; return the entries that are in the table."""
        connection, load_id = opened.connection, opened.load.id
        record.create_schemas(connection)
        held = quarantine.held(connection, checked.frame.index.tolist())
        frame = checked.frame.loc[[row for row in checked.frame.index if row in held]]
        staging.create(driver(connection), load_id, self.target.columns)
        rows = staging.rows_of(frame, self.target.columns)
        staging.write(driver(connection), load_id, self.target.columns, rows)
        gone = self._out_of_place(connection, opened, checked.judged.loc[frame.index])
        published = publishing.publish(
            driver(connection), load_id, self.target, len(frame) - len(gone)
        )
        existing = {each.row for each in published.existing}
        self.refused.update(dict.fromkeys(existing, IN_TABLE))
        return [row for row in frame.index.tolist() if row not in gone | existing]

    def _out_of_place(
        self, connection: Connection, opened: Attempt, judged: pd.DataFrame
    ) -> set[int]:
        """Take out rows that do not fit the others, and return them."""
        found: dict[int, str] = {}
        if self.target.keys:
            repeated = staging.remove_repeated(driver(connection), opened.load.id, self.target.keys)
            found.update(dict.fromkeys((each.row for each in repeated), SAME_KEY))
        suite = self.spec.suite.by_table
        by_row = [each for each in suite.expectations if each.severity is Severity.QUARANTINE]
        if by_row:
            rest = judged.drop(index=list(found))
            report = gate.evaluate(rest, suite.model_copy(update={"expectations": tuple(by_row)}))
            failed = report.failed_rows
            for each in staging.remove(driver(connection), opened.load.id, list(failed)):
                found[each.row] = OTHER_ROWS.format(failed[each.row][0].rule)
        self.refused.update(found)
        return set(found)

    def outcome(self, opened: Attempt | None, passed: Sequence[int]) -> Released:
        refused: Mapping[int, str] = dict(sorted(self.refused.items()))
        load_id = opened.load.id if opened and passed else None
        return Released(
            target=str(self.target), load_id=load_id, released=tuple(passed), refused=refused
        )
