"""A dataset's rows on their way into staging: what passes its gates, and what is set aside."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from neurocortex.datasets import checks
from neurocortex.datasets.protection import protection_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake import quarantine
from neurocortex.lake.database import driver
from neurocortex.lake.loads import Load, LoadKind
from neurocortex.lake.rows import staging
from neurocortex.lake.rows.table import Table
from neurocortex.quality.report import GateReport
from neurocortex.quality.whole import Whole

SAMPLE: Final = 100
"""Quarantine entries a report shows; all of them are in the Lake."""


def target_of(spec: DatasetSpec) -> Table:
    """Return the table a dataset is loaded into."""
    return Table(spec.target.table, spec.loaded_columns, spec.target.mode)


def set_aside(
    connection: Connection, load_id: UUID, target: Table, entries: tuple[Quarantined, ...]
) -> None:
    """Record rows that a load refuses."""
    quarantine.record(connection, load_id, LoadKind.ROWS, str(target), entries)


@dataclass(slots=True)
class Sifting:
    """What adds up while chunks go by."""

    spec: DatasetSpec
    lake: Engine
    load: Load
    whole: Whole
    extracted: int = 0
    staged: int = 0
    refused: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    sample: list[Quarantined] = field(default_factory=list)
    reports: list[GateReport] = field(default_factory=list)

    def add(self, checked: checks.Checked) -> None:
        """Write what a chunk's gate let pass, and set the others aside."""
        columns = self.spec.loaded_columns
        with self.lake.begin() as connection:
            rows = staging.rows_of(checked.frame, columns)
            staging.write(driver(connection), self.load.id, columns, rows)
            self._set_aside(connection, checked.quarantined)
        self.extracted += len(checked.frame) + len(checked.quarantined)
        self.staged += len(checked.frame)
        self.reports = [GateReport.merged([*self.reports, checked.report])]
        self.whole.add(checked.judged)

    def judge_whole(self) -> None:
        """Refuse what only shows beside all other rows: repeated keys, whole-table expectations."""
        keys = target_of(self.spec).keys
        with self.lake.begin() as connection:
            if keys:
                removed = staging.remove_repeated(driver(connection), self.load.id, keys)
                gone = self._take_out(connection, checks.repeated(removed, self.spec))
                self.whole.drop(gone)
            if self.spec.suite.by_table.expectations:
                report = self.whole.evaluate()
                self.reports.append(protection_of(self.spec).report(report.without_rows()))
                judged = self.whole.rows(list(report.failed_rows))
                removed = staging.remove(driver(connection), self.load.id, list(report.failed_rows))
                entries = checks.refused_later(removed, report.failed_rows, judged, self.spec)
                self._take_out(connection, entries)

    def _take_out(self, connection: Connection, entries: Iterable[Quarantined]) -> list[int]:
        found = tuple(entries)
        self._set_aside(connection, found)
        self.staged -= len(found)
        return [entry.row for entry in found if entry.row is not None]

    def _set_aside(self, connection: Connection, entries: tuple[Quarantined, ...]) -> None:
        set_aside(connection, self.load.id, target_of(self.spec), entries)
        self.refused += len(entries)
        self.rules.update(entry.rule for entry in entries)
        self.sample += entries[: SAMPLE - len(self.sample)]
