"""ingest-documents tells of documents that say nearly the same, or sets them aside."""

import random
from pathlib import Path

import pytest

from flows.ingest_documents import ingest_documents
from neurocortex.lake.store import Lake
from neurocortex.settings import settings

WORDS = random.Random(5).choices([f"word{number}" for number in range(900)], k=300)
ORIGINAL = " ".join(WORDS)
NEARLY = " ".join([*WORDS[:150], "changed", *WORDS[151:]])
OTHER = " ".join(random.Random(6).choices(WORDS, k=300))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(ORIGINAL)
    (tmp_path / "other.txt").write_text(OTHER)
    return tmp_path


def sources(lake: Lake) -> set[str]:
    return {Path(source).name for source in lake.checksums("papers")}


def test_they_are_told_and_loaded_also_when_the_first_is_in_the_lake_already(
    lake: Lake, folder: Path
) -> None:
    assert ingest_documents([str(folder)], "papers").near_duplicates == ()
    (folder / "copy.txt").write_text(NEARLY)
    report = ingest_documents([str(folder)], "papers")
    (found,) = report.near_duplicates
    assert (Path(found.source).name, Path(found.like).name) == ("copy.txt", "a.txt")
    assert 0.9 < found.share < 1
    assert sources(lake) == {"a.txt", "copy.txt", "other.txt"}
    assert ingest_documents([str(folder)], "papers").near_duplicates == ()  # nothing is new


def test_they_go_to_quarantine_where_that_is_set(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_DOCUMENTS__NEAR_DUPLICATES", "quarantine")
    settings.cache_clear()
    (folder / "copy.txt").write_text(NEARLY)
    report = ingest_documents([str(folder)], "papers")
    assert sources(lake) == {"a.txt", "other.txt"}
    (entry,) = report.quarantined
    assert (Path(entry.source).name, entry.rule) == ("copy.txt", "near_duplicate")
    assert entry.reason.endswith("a.txt")
