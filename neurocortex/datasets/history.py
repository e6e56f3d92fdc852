"""What a dataset looked like at each load: kept in the Lake, and what has changed since.

Profiles show values: those of columns that the dataset's `privacy` hides are left out.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from neurocortex.datasets.protection import protection_of
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.quality.profile import TableProfile
from neurocortex.quality.profiling import profile_of
from neurocortex.quality.reservoir import Reservoir

COMPARED: Final = 24
"""Loads that a new one is compared with: two years of months, a day of hours."""

KEPT: Final = 200
"""Profiles kept of a dataset, some 10 kB each."""

EARLIER: Final = text("""
SELECT profile FROM lake.profiles WHERE dataset = :dataset ORDER BY taken_at DESC LIMIT :most
""")

RECORD: Final = text("""
INSERT INTO lake.profiles (load_id, dataset, profile)
VALUES (:load_id, :dataset, CAST(:profile AS jsonb)) ON CONFLICT (load_id) DO NOTHING
""")

FORGET: Final = text("""
DELETE FROM lake.profiles WHERE load_id IN (
    SELECT load_id FROM lake.profiles WHERE dataset = :dataset ORDER BY taken_at DESC OFFSET :kept
)
""")


def profiled(spec: DatasetSpec, rows: Reservoir) -> TableProfile:
    """Return the profile of a dataset's rows, without values that have to be hidden.

    Args:
        spec: the dataset.
        rows: of its source: text or None in every cell.
    """
    profile = profile_of(rows.sample(), spec.name, rows.rows)
    hidden = protection_of(spec).hider.columns
    nothing = {"categories": {}, "quantiles": (), "spelled": {}, "pattern": ""}
    columns = (
        each.model_copy(update=nothing) if each.name in hidden else each for each in profile.columns
    )
    return profile.model_copy(update={"columns": tuple(columns)})


def earlier(connection: Connection, dataset: str, most: int = COMPARED) -> tuple[TableProfile, ...]:
    """Return the profiles of a dataset's loads, the newest last."""
    found = connection.execute(EARLIER, {"dataset": dataset, "most": most}).scalars()
    return tuple(TableProfile.model_validate(each) for each in found)[::-1]


def record(connection: Connection, load_id: UUID, profile: TableProfile) -> None:
    """Keep the profile of a load, and forget the oldest."""
    dataset = profile.name
    kept = {"load_id": load_id, "dataset": dataset, "profile": profile.model_dump_json()}
    connection.execute(RECORD, kept)
    connection.execute(FORGET, {"dataset": dataset, "kept": KEPT})
