"""What a gate found and what it refused, as tables in the Prefect UI."""

from collections.abc import Sequence
from typing import Final

from prefect.artifacts import create_table_artifact

from neurocortex.domain.quarantine import Quarantined
from neurocortex.quality.report import GateReport

SHOWN_ROWS: Final = 100
"""Refused files or rows a table shows. All of them are in the Lake's quarantine."""

Cell = str | int | float | None


def publish_gate(key: str, report: GateReport) -> None:
    """Leave one row for each expectation, with its figures and a few of the bad values."""
    verdict = "passed" if report.success else "stopped" if report.stopped else "not all met"
    create_table_artifact(
        table=gate_table(report),
        key=key,
        description=f"Gate **{report.suite}**: {report.rows} rows, {verdict}.",
    )


def publish_quarantine(key: str, sample: Sequence[Quarantined], refused: int) -> None:
    """Leave one row for each refused file or row of a sample, with the rule and the reason."""
    shown = sample[:SHOWN_ROWS]
    more = f" The first {len(shown)} are shown." if refused > len(shown) else ""
    create_table_artifact(
        table=quarantine_table(shown),
        key=key,
        description=f"{refused} refused; all are kept in the Lake's quarantine.{more}",
    )


def gate_table(report: GateReport) -> list[dict[str, Cell]]:
    """Return the rows of the gate's table, in the order of the suite."""
    return [
        {
            "of": ", ".join(result.expectation.columns) or "the table",
            "expected": result.expectation.sentence,
            "met": "yes" if result.success else "no",
            "unexpected": result.unexpected,
            "of values": result.evaluated,
            "percent": round(result.percent, 2),
            "otherwise": result.expectation.severity.value,
            "for example": ", ".join(result.sample) or result.observed,
        }
        for result in report.results
    ]


def quarantine_table(refused: Sequence[Quarantined]) -> list[dict[str, Cell]]:
    """Return the rows of the quarantine's table."""
    return [
        {"source": entry.source, "row": entry.row, "rule": entry.rule, "reason": entry.reason}
        for entry in refused
    ]
