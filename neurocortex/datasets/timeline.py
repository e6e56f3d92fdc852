"""The loads of a dataset in order: how many rows came, how many were refused, what had changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, text

from neurocortex.datasets import history
from neurocortex.datasets.sifting import target_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.staged import Staged
from neurocortex.quality.drift import changes
from neurocortex.quality.profile import TableProfile

SHOWN: Final = 24
"""Loads of a timeline: what a chart holds, and two years of months."""

LOADS: Final = text("""
SELECT loads.status, loads.started_at, loads.counts, profiles.profile
FROM lake.loads LEFT JOIN lake.profiles ON profiles.load_id = loads.id
WHERE loads.kind = 'rows' AND loads.target = :target AND loads.id <> :present
  AND (loads.status = 'failed' OR profiles.dataset = :dataset)
ORDER BY loads.started_at DESC LIMIT :most
""")
"""A failed load has no profile. What is none of the dataset's source, e.g. a rollback, has none,
too, but did not fail."""


class Point(BaseModel):
    """One load."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    rows: int | None
    """Of the source; None where the load failed, because nobody counted them to the end."""
    refused: int = 0
    changes: int = 0
    """In how many ways it differs from the loads before it."""
    is_loaded: bool = True
    """Whether its rows came into the table."""

    @property
    def refused_percent(self) -> float:
        """Share of the rows that were refused, 0 to 100."""
        return 100.0 * self.refused / self.rows if self.rows else 0.0


def timeline(connection: Connection, spec: DatasetSpec, staged: Staged) -> tuple[Point, ...]:
    """Return the last loads of a dataset, the oldest first; the last is the one that is staged."""
    # A load is compared with those before it, so the first one shown needs some that are not.
    asked = {"target": str(target_of(spec)), "dataset": spec.name, "present": staged.load.id}
    found = connection.execute(LOADS, {**asked, "most": SHOWN + history.COMPARED}).all()[::-1]
    points: list[Point] = []
    before: list[TableProfile] = []
    shown_from = len(found) - (SHOWN - 1)
    for place, (status, at, counts, kept) in enumerate(found):
        profile = None if status == "failed" else TableProfile.model_validate(kept)
        if place >= shown_from:
            points.append(_earlier(at, counts, profile, before[-history.COMPARED :]))
        if profile is not None:
            before.append(profile)
    return (*points, _present(staged))


def _earlier(
    at: datetime,
    counts: Mapping[str, int],
    profile: TableProfile | None,
    before: Sequence[TableProfile],
) -> Point:
    if profile is None:
        return Point(at=at, rows=None, is_loaded=False)
    drift = len(changes(profile, before))
    return Point(at=at, rows=counts["extracted"], refused=counts["quarantined"], changes=drift)


def _present(staged: Staged) -> Point:
    return Point(
        at=staged.load.started_at,
        rows=staged.extracted,
        refused=sum(staged.rules.values()),
        changes=len(staged.changes),
        is_loaded=staged.refusal is None,
    )


def told(points: Sequence[Point]) -> str:
    """Return in a sentence what a chart of the loads shows."""
    present, earlier = points[-1], [each for each in points[:-1] if each.rows is not None]
    if not earlier:
        return "This is the first load: later ones are compared with it."
    usual = sorted(each.rows or 0 for each in earlier)[len(earlier) // 2]
    return (
        f"{present.rows} rows, {present.refused_percent:.1f} % of them refused; signs of drift:"
        f" {present.changes}. In the {len(earlier)} loads before, {usual} rows are usual."
    )
