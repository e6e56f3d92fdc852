"""Months of taxi rides, of which the last is of another city: told, or stopped where said so."""

import random
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Engine, text

from neurocortex.datasets import etl
from neurocortex.datasets.reader import read
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.staged import Staged
from neurocortex.datasets.timeline import Point, timeline, told
from neurocortex.errors import DriftStoppedError, LoadError
from neurocortex.lake.database import connect
from neurocortex.lake.migration import migrate

RIDES = """
    name: rides
    source: {kind: csv, path: rides.csv}
    columns:
      - {name: vendor, type: text, nullable: true}
      - {name: passengers, type: integer, nullable: true}
      - {name: fare, type: number}
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: fare, min_value: 0}
    drift: DRIFT
    target: {table: rides}
"""


@pytest.fixture
def lake(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, pool_size=2)
    migrate(engine)
    yield engine
    engine.dispose()


def month(
    folder: Path, number: int, drift: str, *, missing: float = 0.01, fare: float = 12.0
) -> DatasetSpec:
    """Write a month: 2,000 rides, a little different each time."""
    draw = random.Random(number)
    lines = ["vendor,passengers,fare"]
    for _ in range(2_000 + draw.randrange(100)):
        there = draw.random() >= missing
        vendor = draw.choices(["CMT", "VTS"], [0.4, 0.6])[0] if there else ""
        passengers = draw.choices([1, 2, 5], [0.7, 0.2, 0.1])[0] if there else ""
        lines.append(f"{vendor},{passengers},{draw.lognormvariate(0, 0.5) * fare:.2f}")
    lines += ["CMT,1,-5"] * number  # more of them each month
    (folder / "rides.csv").write_text("\n".join(lines) + "\n")
    (folder / "rides.yaml").write_text(dedent(RIDES).replace("DRIFT", drift))
    return read(folder / "rides.yaml")


def points(lake: Engine, spec: DatasetSpec, staged: Staged) -> tuple[Point, ...]:
    with lake.connect() as connection:
        return timeline(connection, spec, staged)


def rows(lake: Engine) -> int:
    with lake.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM data.rides")).scalar_one())


def test_a_bad_month_is_stopped_and_told_where_the_dataset_says_so(
    lake: Engine, tmp_path: Path
) -> None:
    stop = "{severity: stop, factor: 1.5}"
    for number in range(1, 6):
        etl.run(month(tmp_path, number, stop), lake)
    good = rows(lake)

    spec = month(tmp_path, 6, stop, missing=0.25, fare=30.0)
    staged = etl.stage(spec, lake)
    assert {each.column for each in staged.stopping} == {"vendor", "passengers", "fare"}
    seen = points(lake, spec, staged)
    with pytest.raises(DriftStoppedError, match=r"vendor: .*passengers: .*fare: .*severity: warn"):
        etl.publish(spec, lake, staged)
    assert rows(lake) == good
    with pytest.raises(LoadError, match="given up before"):
        etl.publish(spec, lake, staged.model_copy(update={"stopping": ()}))

    assert [each.refused for each in seen] == [1, 2, 3, 4, 5, 6]
    assert [each.is_loaded for each in seen] == [True] * 5 + [False]
    assert all(each.changes == 0 for each in seen[:-1])
    assert seen[-1].changes == len(staged.changes) >= 3
    assert "In the 5 loads before" in told(seen)

    # It is how things are now: loaded once, the next month of its kind is nothing new.
    etl.run(month(tmp_path, 7, "{severity: warn}", missing=0.25, fare=30.0), lake)
    spec = month(tmp_path, 8, stop, missing=0.25, fare=30.0)
    later = etl.stage(spec, lake)
    assert later.stopping == ()
    assert [each.rows is None for each in points(lake, spec, later)] == [False] * 5 + [
        True,
        False,
        False,
    ]
    etl.publish(spec, lake, later)


def test_drift_of_another_aspect_only_tells(lake: Engine, tmp_path: Path) -> None:
    spoken = "{severity: stop, aspects: [schema, volume]}"
    for number in range(1, 4):
        etl.run(month(tmp_path, number, spoken), lake)
    staged = etl.stage(month(tmp_path, 4, spoken, fare=40.0), lake)
    assert staged.changes
    assert staged.refusal is None
