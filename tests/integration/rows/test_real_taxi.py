"""A gate fitted on one month of real taxi rides tells what changed a year later, and no more."""

from pathlib import Path
from textwrap import dedent

from sqlalchemy import Engine, text

from neurocortex.datasets import etl
from neurocortex.datasets.reader import read

COLUMNS = {
    "vendor_id": "integer, nullable: true",
    "pickup_datetime": "timestamp",
    "dropoff_datetime": "timestamp",
    "passenger_count": "integer, nullable: true",
    "trip_distance": "number",
    "rate_code_id": "integer, nullable: true",
    "store_and_fwd_flag": "text, nullable: true",
    "pickup_location_id": "integer",
    "dropoff_location_id": "integer",
    "payment_type": "integer, nullable: true",
    "fare_amount": "number",
    "extra": "number",
    "mta_tax": "number",
    "tip_amount": "number",
    "tolls_amount": "number",
    "improvement_surcharge": "number",
    "total_amount": "number",
    "congestion_surcharge": "number, nullable: true",
}

REST = """
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: fare_amount, min_value: 0}
      - type: expect_column_values_to_be_between
        kwargs: {column: trip_distance, min_value: 0, strict_min: true}
      - type: expect_column_values_to_not_be_null
        kwargs: {column: vendor_id, mostly: 0.995}
        severity: warn
      - type: expect_column_proportion_of_non_null_values_to_be_between
        kwargs: {column: congestion_surcharge, min_value: 0.3, max_value: 0.45}
        severity: warn
      - type: expect_column_mean_to_be_between
        kwargs: {column: fare_amount, min_value: 11, max_value: 14}
        severity: stop
    transforms:
      - {kind: map, column: store_and_fwd_flag, values: {Y: true, N: false}}
      - {kind: derive, column: minutes, expression: (dropoff_datetime - pickup_datetime) / 60}
    target: {table: taxi}
"""


def write(folder: Path, source: Path) -> Path:
    lines = ["name: taxi", f"source: {{kind: csv, path: {source}}}", "columns:"]
    lines += [f"  - {{name: {name}, type: {kind}}}" for name, kind in COLUMNS.items()]
    path = folder / "taxi.yaml"
    path.write_text("\n".join(lines) + dedent(REST))
    return path


def test_rides_of_two_months(real_data: Path, lake: Engine, tmp_path: Path) -> None:
    folder = real_data / "tabular" / "nyc_taxi"
    old = read(write(tmp_path, folder / "yellow_tripdata_sample_2019-01.csv"))
    outcome = etl.run(old, lake, chunk_rows=3000)
    fares, distances, vendors, surcharges, mean = outcome.gate.results
    assert (fares.unexpected, distances.unexpected) == (7, 64)
    assert vendors.success
    assert surcharges.success
    assert mean.success
    assert outcome.report.loaded == 9931
    with lake.connect() as connection:
        shortest = connection.scalar(text("SELECT min(minutes) FROM data.taxi"))
    assert shortest is not None
    assert shortest >= 0

    new = read(write(tmp_path, folder / "yellow_tripdata_sample_2020-03.csv"))
    changed = etl.run(new, lake, chunk_rows=3000)
    fares, distances, vendors, surcharges, mean = changed.gate.results
    assert (vendors.unexpected, vendors.success) == (134, False)
    assert not surcharges.success
    assert mean.success
    assert changed.report.loaded == 10_000 - changed.report.quarantined
