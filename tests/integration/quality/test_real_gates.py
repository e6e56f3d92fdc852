"""Gates learned from real data find what is wrong in it, and agree with Great Expectations."""

from pathlib import Path

from benchmarks import gates, quality


def test_wrong_cells_of_beers_are_found_without_the_truth(real_data: Path) -> None:
    figures = gates.beers(real_data / "tabular" / "beers")
    assert figures["beers_f1"] > 0.95
    assert figures["beers_precision"] > 0.95


def test_a_month_of_rides_raises_what_changed_and_a_second_sample_nothing(
    real_data: Path,
) -> None:
    folder = real_data / "tabular"
    january = gates.rows_of(folder / gates.TAXI.format("2019-01"))
    march = gates.rows_of(folder / gates.TAXI.format("2020-03"))
    half, other = january.iloc[::2], january.iloc[1::2]
    assert gates.raised(half, other) == ""
    raised = gates.raised(january, march)
    assert "vendor_id to not be null" in raised
    assert "passenger_count to not be null" in raised
    drift = gates.drifted(january, march)
    assert drift["last_fifth_drift"] == ""
    assert "vendor_id missing values" in drift["march_drift"]


def test_chunks_and_one_frame_have_the_same_verdicts(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    quality.generate(path, 5000)
    chunks, frame = quality.of_chunks(path), quality.of_frame(path)
    assert chunks.verdicts == frame.verdicts
    assert sum(unexpected for _, unexpected in chunks.verdicts) == 35
