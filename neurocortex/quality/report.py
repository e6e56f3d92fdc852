"""What a gate found: frozen values that add up over the chunks of a stream."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from neurocortex.quality.catalogue import Reach
from neurocortex.quality.expectations import Expectation, Severity

SAMPLE: Final = 5
"""Unexpected values a result shows: enough to see the pattern in a table's cell."""


class Refusal(NamedTuple):
    """Why one row was refused."""

    rule: str
    """Name of the expectation: the `rule` of a quarantine entry."""
    reason: str
    """A sentence with the value and what was expected."""


class ExpectationResult(BaseModel):
    """How one expectation fared."""

    model_config = ConfigDict(frozen=True)

    expectation: Expectation
    success: bool
    evaluated: int
    """Values judged: nulls are not, except by the expectations about nulls."""
    unexpected: int
    """Values that did not meet it; 0 where the expectation judges one figure of the table."""
    sample: tuple[str, ...] = ()
    """A few of the values that did not meet it."""
    observed: str = ""
    """The figure found, e.g. the mean, where the expectation judges one."""

    @property
    def percent(self) -> float:
        """Share of the judged values that did not meet it, 0 to 100."""
        return 100.0 * self.unexpected / self.evaluated if self.evaluated else 0.0


class GateReport(BaseModel):
    """What a gate found in a frame, or in all the frames of a stream."""

    model_config = ConfigDict(frozen=True)

    suite: str
    rows: int
    """Rows looked at."""
    results: tuple[ExpectationResult, ...] = ()
    """In the order of the suite."""
    failed_rows: Mapping[int, tuple[Refusal, ...]] = {}
    """Rows refused by expectations of severity `quarantine`, by the frame's index label."""

    @property
    def success(self) -> bool:
        """Whether every expectation was met."""
        return all(result.success for result in self.results)

    @property
    def stoppers(self) -> tuple[ExpectationResult, ...]:
        """The failed expectations of severity `stop`."""
        return tuple(
            result
            for result in self.results
            if not result.success and result.expectation.severity is Severity.STOP
        )

    @property
    def stopped(self) -> bool:
        """Whether an expectation of severity `stop` was not met: nothing may be loaded."""
        return bool(self.stoppers)

    def without_rows(self) -> "GateReport":
        """Return it without `failed_rows`: figures that stay small however long the stream."""
        return self.model_copy(update={"failed_rows": {}})

    @staticmethod
    def merged(reports: Sequence["GateReport"]) -> "GateReport":
        """Add up the reports on the chunks of one stream.

        Counts are summed and `success` is judged anew on the sums, so `mostly` is a share of the
        whole stream. A report on whole-table expectations (`Suite.by_table`) may take part once;
        its rows are not counted again.

        Raises:
            ValueError: no reports, or one whole-table expectation in more than one of them.
        """
        if not reports:
            raise ValueError("There are no reports to merge.")
        found: dict[str, ExpectationResult] = {}
        failed: dict[int, tuple[Refusal, ...]] = {}
        for report in reports:
            for result in report.results:
                key = result.expectation.model_dump_json()
                found[key] = _added(found[key], result) if key in found else result
            for row, refusals in report.failed_rows.items():
                failed[row] = failed.get(row, ()) + refusals
        chunks = [report for report in reports if _is_chunk(report)]
        return GateReport(
            suite=reports[0].suite,
            rows=sum(report.rows for report in chunks or reports),
            results=tuple(found.values()),
            failed_rows=failed,
        )


def _is_chunk(report: GateReport) -> bool:
    """Whether its rows count: a pass over whole-table expectations saw rows already counted."""
    return all(result.expectation.signature.reach is Reach.ROW for result in report.results)


def _added(one: ExpectationResult, other: ExpectationResult) -> ExpectationResult:
    if one.expectation.signature.reach is not Reach.ROW:
        raise ValueError(
            f"{one.expectation.type} judges all rows together: evaluate it once, over all of them."
        )
    evaluated = one.evaluated + other.evaluated
    unexpected = one.unexpected + other.unexpected
    met = (evaluated - unexpected) / evaluated if evaluated else 1.0
    return one.model_copy(
        update={
            "success": met >= one.expectation.mostly,
            "evaluated": evaluated,
            "unexpected": unexpected,
            "sample": (one.sample + other.sample)[:SAMPLE],
        }
    )
