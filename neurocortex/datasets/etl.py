"""Extract, check, transform, stage, publish: a dataset's way into the Lake.

`stage` streams the source through the gates into a staging table, committing chunk by chunk;
`publish` brings the staged rows into the target in one transaction. They are two functions so that
a flow can make them two tasks, of which the second may be tried again alone; `run` is both.
Memory holds one chunk: what whole-table expectations judge waits on disk.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from neurocortex.datasets import checks, history
from neurocortex.datasets.extract import extract
from neurocortex.datasets.lake_tables import LakeTables
from neurocortex.datasets.sifting import SAMPLE, Sifting, set_aside, target_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.staged import EtlOutcome, Staged
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import EtlReport
from neurocortex.errors import LakeUnavailableError, LoadError
from neurocortex.lake import loads, quarantine
from neurocortex.lake.database import driver, translated
from neurocortex.lake.rows import publishing, record
from neurocortex.lake.rows.table import Table, WriteMode
from neurocortex.quality import gate
from neurocortex.quality.drift import changes
from neurocortex.quality.report import GateReport
from neurocortex.quality.reservoir import Reservoir
from neurocortex.quality.whole import Whole

CHUNK_ROWS: Final = 50_000
"""Rows worked on at a time: some 100 MB of memory for 20 columns."""


class Progress(NamedTuple):
    """How far staging is."""

    extracted: int
    staged: int
    quarantined: int
    fraction: float
    """How much of the source is read, 0 to 1."""


def run(
    spec: DatasetSpec,
    lake: Engine,
    *,
    flow_run_id: UUID | None = None,
    chunk_rows: int = CHUNK_ROWS,
    progress: Callable[[Progress], None] = lambda _: None,
) -> EtlOutcome:
    """Load a dataset: `stage`, then `publish`. Raises what they raise."""
    staged = stage(spec, lake, flow_run_id=flow_run_id, chunk_rows=chunk_rows, progress=progress)
    try:
        return publish(spec, lake, staged)
    except LakeUnavailableError as error:
        abandon(lake, staged, str(error))
        raise


def stage(
    spec: DatasetSpec,
    lake: Engine,
    *,
    flow_run_id: UUID | None = None,
    chunk_rows: int = CHUNK_ROWS,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Staged:
    """Bring the rows that pass every gate into a staging table; the others into quarantine.

    A failed expectation of severity `stop`, or such drift, is no error here but in `publish`, so
    that its report can be shown first; the load is closed as failed. Any error closes it too. The
    quarantine of what was read until then stays.

    Raises:
        ExpectationError: an expectation cannot be evaluated, e.g. because the table that it
            refers to is not there yet.
        SourceError: the source is missing, in another encoding, or has other columns.
        LoadError: the target table differs from the dataset.
        LakeUnavailableError: PostgreSQL does not answer, or went away.
    """
    started = time.monotonic()
    gate.check(spec.suite)
    target = target_of(spec)
    with _explained(target):
        load = record.open_load(lake, target, flow_run_id)
    with (
        _closed_on_failure(lake, load.id),
        _explained(target),
        closing(Whole(spec.suite.by_table)) as whole,
    ):
        work = Sifting(spec, lake, load, whole)
        seen, tables = Reservoir(), LakeTables(lake)
        for chunk in extract(spec, chunk_rows):
            seen.add(chunk.frame)
            work.add(checks.check_chunk(chunk, spec, tables))
            progress(Progress(work.extracted, work.staged, work.refused, chunk.fraction))
        work.judge_whole()
        profile = history.profiled(spec, seen)
        with lake.connect() as connection:
            drift = changes(profile, history.earlier(connection, spec.name))
        staged = Staged(
            load=load,
            dataset=spec.name,
            extracted=work.extracted,
            staged=work.staged,
            rules=dict(work.rules),
            sample=tuple(work.sample),
            gate=GateReport.merged(work.reports),
            profile=profile,
            changes=drift,
            stopping=spec.drift.stopping(drift),
            seconds=time.monotonic() - started,
        )
    if (refusal := staged.refusal) is not None:
        record.close_failed(lake, load.id, refusal.reason)
    return staged


def publish(spec: DatasetSpec, lake: Engine, staged: Staged) -> EtlOutcome:
    """Bring staged rows into the target table, in one transaction. May be called again.

    Raises:
        GateFailedError: an expectation of severity `stop` failed: nothing is loaded.
        DriftStoppedError: it differs from earlier loads, and the dataset does not bear that.
        LoadError: the table differs, or PostgreSQL refused; the table is as it was, the load is
            closed as failed.
        LakeUnavailableError: PostgreSQL went away; the table is as it was, the staged rows wait:
            call again, or `abandon` them.
    """
    if (refusal := staged.refusal) is not None:
        raise refusal
    started = time.monotonic()
    target = target_of(spec)
    try:
        with _explained(target), lake.begin() as connection:
            earlier = record.counts_of_completed(connection, staged.load.id)
            if earlier is not None:  # the answer to the last commit was lost, not the commit
                return _outcome(spec, staged, earlier, (), staged.seconds)
            published = publishing.publish(
                driver(connection), staged.load.id, target, staged.staged
            )
            entries = tuple(checks.repeated(iter(published.existing), spec))
            set_aside(connection, staged.load.id, target, entries)
            if target.mode is WriteMode.REPLACE:
                quarantine.reopen(connection, staged.load.id)
            counts = {
                "extracted": staged.extracted,
                "loaded": published.loaded,
                "deleted": published.deleted,
                "quarantined": staged.extracted - published.loaded,
            }
            history.record(connection, staged.load.id, staged.profile)
            changed = bool(published.loaded or published.deleted)
            loads.finish(connection, staged.load, counts, changed=changed)
    except LoadError as error:
        record.close_failed(lake, staged.load.id, error.reason)
        raise
    seconds = staged.seconds + time.monotonic() - started
    return _outcome(spec, staged, counts, entries, seconds)


def abandon(lake: Engine, staged: Staged, reason: str) -> None:
    """Give staged rows up: the load is closed as failed, its quarantine stays."""
    record.close_failed(lake, staged.load.id, reason)


def _outcome(
    spec: DatasetSpec,
    staged: Staged,
    counts: Mapping[str, int],
    late: tuple[Quarantined, ...],
    seconds: float,
) -> EtlOutcome:
    rules = Counter(staged.rules)
    rules[checks.DUPLICATE_KEY] += counts["quarantined"] - sum(staged.rules.values())
    return EtlOutcome(
        report=EtlReport(
            dataset=spec.name,
            load_id=staged.load.id,
            target=str(target_of(spec)),
            extracted=counts["extracted"],
            loaded=counts["loaded"],
            quarantined=counts["quarantined"],
            seconds=seconds,
        ),
        rules=+rules,
        sample=(*staged.sample, *late)[:SAMPLE],
        gate=staged.gate,
    )


@contextmanager
def _closed_on_failure(lake: Engine, load_id: UUID) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        record.close_failed(lake, load_id, loads.explain(error))
        raise


@contextmanager
def _explained(target: Table) -> Iterator[None]:
    """Raise LakeUnavailableError or LoadError in place of what PostgreSQL's driver raises."""
    try:
        with translated():
            yield
    except (DBAPIError, psycopg.Error) as error:
        raise LoadError(str(target), loads.explain(error)) from error
