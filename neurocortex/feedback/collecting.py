"""Labelled predictions become rows of a Lake table: one load, one version, bad rows set aside."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Engine

from neurocortex.domain.columns import Column, ColumnType
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.strict import Strict
from neurocortex.errors import FeaturesError, FeedbackGateError
from neurocortex.feedback.values import Labelled
from neurocortex.forge.card import Card
from neurocortex.forge.schema import Kind
from neurocortex.forge.spec import Task, TrainingSpec
from neurocortex.lake import loads, quarantine
from neurocortex.lake.database import driver, translated
from neurocortex.lake.loads import LoadKind
from neurocortex.lake.rows import publishing, record, staging
from neurocortex.lake.rows.table import Table, WriteMode
from neurocortex.quality.report import GateReport

REQUEST: Final = "feedback_request"
ROW: Final = "feedback_row"
VERSION: Final = "feedback_version"
GIVEN_AT: Final = "feedback_at"

UNREADABLE: Final = "features"
"""The rule that refuses rows which the champion does not take."""


class CollectReport(Strict):
    """What a collection of feedback did."""

    model: str
    table: str
    labelled: int
    """Rows that people labelled since the last collection."""
    loaded: int
    refused: int
    """Rows that are in the Lake's quarantine."""
    seconds: float


MOST_REFUSED: Final = 0.5
"""With a larger share of refused rows the others are not trusted either."""


def require_trusted(report: CollectReport) -> None:
    """Check that not too many labelled rows were refused.

    Raises:
        FeedbackGateError: they were.
    """
    if report.refused > MOST_REFUSED * report.labelled:
        raise FeedbackGateError(
            report.model,
            f"{report.refused} of the {report.labelled} rows that were labelled since the last"
            " time were refused, see neurocortex quarantine list; the others are in"
            f" {report.table}, and are learned from the next time",
        )


@dataclass(frozen=True, slots=True)
class Sifted:
    """Labelled rows as a frame, numbered from 1, and those that cannot be in it."""

    frame: pd.DataFrame
    refused: tuple[Quarantined, ...]


def table_name(model: str) -> str:
    """Return the name of the table of a model's feedback."""
    return f"{model[:54]}_feedback"


def table_of(card: Card) -> Table:
    """Return the table of a model's feedback: what it takes, what was right, and who said so."""
    is_class = card.spec.task is Task.CLASSIFICATION
    return Table(
        table_name(card.spec.name),
        (
            Column(name=REQUEST, type=ColumnType.TEXT, key=True),
            Column(name=ROW, type=ColumnType.INTEGER, key=True),
            Column(name=VERSION, type=ColumnType.INTEGER),
            Column(name=GIVEN_AT, type=ColumnType.TIMESTAMP, timezone="UTC"),
            *(
                Column(
                    name=each.name,
                    type=ColumnType.NUMBER if each.kind is Kind.NUMBER else ColumnType.TEXT,
                    nullable=True,
                )
                for each in card.takes.features
            ),
            Column(name=card.spec.target, type=ColumnType.TEXT if is_class else ColumnType.NUMBER),
        ),
        WriteMode.UPSERT,
    )


def sift(card: Card, rows: Sequence[Labelled]) -> Sifted:
    """Return the labelled rows that the champion could take; others are refused by name."""
    good, refused = [], []
    for number, each in enumerate(rows, start=1):
        try:
            card.takes.frame(card.spec.name, [each.features])
        except FeaturesError as error:
            refused.append(_refused(card.spec, each, number, UNREADABLE, error.reason))
        else:
            good.append((number, each))
    frame = pd.DataFrame(
        {
            REQUEST: [str(each.request) for _, each in good],
            ROW: [each.row for _, each in good],
            VERSION: [each.version for _, each in good],
            GIVEN_AT: pd.to_datetime([each.given_at for _, each in good], utc=True),
            **{
                feature.name: pd.Series(
                    [_plain(each.features[feature.name], feature.kind) for _, each in good],
                    dtype="float64" if feature.kind is Kind.NUMBER else "object",
                )
                for feature in card.takes.features
            },
            card.spec.target: [each.label for _, each in good],
        }
    )
    frame.index = pd.Index([number for number, _ in good], dtype="int64")
    return Sifted(frame, tuple(refused))


def without_refused(
    spec: TrainingSpec, rows: Sequence[Labelled], sifted: Sifted, report: GateReport
) -> Sifted:
    """Return it without the rows that a gate refused."""
    refused = tuple(
        _refused(spec, rows[number - 1], number, refusal.rule, refusal.reason)
        for number, refusals in report.failed_rows.items()
        for refusal in refusals
    )
    kept = sifted.frame.drop(index=list(report.failed_rows))
    return Sifted(kept, (*sifted.refused, *refused))


def load(
    engine: Engine, card: Card, labelled: int, sifted: Sifted, flow_run: UUID | None
) -> CollectReport:
    """Bring sifted rows into the table in one transaction, and the refused ones into quarantine.

    Raises:
        LoadError: the table has other columns, e.g. because the features changed.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    began = time.monotonic()
    table = table_of(card)
    opened = record.open_load(engine, table, flow_run)
    try:
        with translated(), engine.begin() as connection:
            rows = staging.rows_of(sifted.frame, table.columns)
            staging.write(driver(connection), opened.id, table.columns, rows)
            entries = list(sifted.refused)
            quarantine.record(connection, opened.id, LoadKind.ROWS, str(table), entries)
            done = publishing.publish(driver(connection), opened.id, table, len(sifted.frame))
            refused = len({entry.row for entry in entries})
            counts = {
                "extracted": labelled,
                "loaded": done.loaded,
                "deleted": done.deleted,
                "quarantined": refused,
            }
            loads.finish(connection, opened, counts)
    except BaseException as error:
        record.close_failed(engine, opened.id, loads.explain(error))
        raise
    return CollectReport(
        model=card.spec.name,
        table=str(table),
        labelled=labelled,
        loaded=done.loaded,
        refused=refused,
        seconds=time.monotonic() - began,
    )


def _plain(value: object, kind: Kind) -> object:
    """Return a category as the text that the table keeps; a truth value as PostgreSQL spells it."""
    if value is None or kind is Kind.NUMBER:
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refused(spec: TrainingSpec, row: Labelled, number: int, rule: str, reason: str) -> Quarantined:
    return Quarantined(
        source=f"feedback on {spec.name}",
        row=number,
        rule=rule,
        reason=reason,
        payload=json.dumps({**row.features, spec.target: row.label}),
    )
