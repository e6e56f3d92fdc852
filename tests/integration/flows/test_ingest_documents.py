"""ingest-documents, whole: what gets in, what is refused, and that nothing is lost."""

import json
from pathlib import Path

import pytest

from flows.ingest_documents import ingest_documents
from neurocortex.errors import NothingIngestedError
from neurocortex.lake.store import Lake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good files and two that cannot get in."""
    place = tmp_path / "papers"
    place.mkdir()
    (place / "tiers.md").write_text("# Tiers\n\nThere are four tiers in all of the platform.\n")
    (place / "lake.txt").write_text("The Lake keeps documents, vectors and tables in PostgreSQL.")
    (place / "people.csv").write_text("id,name,role\n1,Ada,engineer\n2,Grace,admiral\n")
    (place / "empty.txt").write_text("")
    (place / "binary.txt").write_bytes(bytes(range(256)) * 8)
    return place


def test_good_files_get_in_and_bad_ones_are_set_aside_with_the_reason(
    lake: Lake, folder: Path
) -> None:
    report = ingest_documents([str(folder)], collection="papers")

    assert report.files == 5
    assert report.load is not None
    assert report.load.inserted == 4, "two texts and two rows"
    assert {Path(entry.source).name for entry in report.quarantined} == {"empty.txt", "binary.txt"}
    assert all(entry.reason for entry in report.quarantined)
    assert len(lake.quarantine("papers")) == 2
    assert lake.collection("papers").documents == 4


def test_running_it_twice_changes_nothing(lake: Lake, folder: Path) -> None:
    ingest_documents([str(folder)], collection="papers")
    before = lake.checksums("papers")

    again = ingest_documents([str(folder)], collection="papers")

    assert again.load is None or (again.load.inserted, again.load.replaced) == (0, 0)
    assert again.unchanged == 4
    assert lake.checksums("papers") == before


def test_a_changed_file_replaces_its_older_version(lake: Lake, folder: Path) -> None:
    ingest_documents([str(folder)], collection="papers")
    (folder / "lake.txt").write_text("The Lake is now kept in a glacier of frozen megabytes.")

    report = ingest_documents([str(folder)], collection="papers")

    assert report.load is not None
    assert (report.load.inserted, report.load.replaced) == (0, 1)
    found = lake.search("papers", "glacier", 5)
    assert Path(found[0].source).name == "lake.txt"
    assert not any("PostgreSQL" in passage.text for passage in found)


def test_rows_that_left_a_csv_file_leave_the_lake(lake: Lake, folder: Path) -> None:
    ingest_documents([str(folder)], collection="papers")
    (folder / "people.csv").write_text("id,name,role\n2,Grace,rear admiral\n3,Alan,reader\n")

    report = ingest_documents([str(folder / "people.csv")], collection="papers")

    assert report.load is not None
    assert (report.load.inserted, report.load.replaced) == (1, 1)
    rows = {source for source in lake.checksums("papers") if "#" in source}
    assert {source.rpartition("#")[2] for source in rows} == {"2", "3"}


def test_a_row_that_breaks_keeps_the_rows_that_were_there(lake: Lake, folder: Path) -> None:
    ingest_documents([str(folder)], collection="papers")
    (folder / "people.csv").write_text("id,name,role\n1,Ada\n2,Grace,admiral\n")

    report = ingest_documents([str(folder / "people.csv")], collection="papers")

    assert [(entry.row, entry.rule) for entry in report.quarantined] == [(1, "malformed_row")]
    assert sum("#" in source for source in lake.checksums("papers")) == 2


def test_when_every_file_is_refused_the_run_fails_and_says_why(lake: Lake, folder: Path) -> None:
    state = ingest_documents(
        [str(folder / "empty.txt"), str(folder / "missing.txt")],
        collection="papers",
        return_state=True,
    )

    assert state.is_failed()
    with pytest.raises(NothingIngestedError, match=r"missing\.txt.*there is no such file"):
        state.result()
    assert {entry.refused.rule for entry in lake.quarantine("papers")} == {"empty", "missing_path"}


def test_garbage_is_refused_by_the_gate(lake: Lake, tmp_path: Path) -> None:
    lines = [{"id": 1, "text": "A sentence that people read."}, {"id": 2, "text": "Zm9v" * 200}]
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))

    report = ingest_documents([str(file)], collection="lines")

    assert report.load is not None
    assert report.load.inserted == 1
    assert [entry.row for entry in report.quarantined] == [2]
    assert report.quarantined[0].rule.startswith("expect_")
