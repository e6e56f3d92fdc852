"""What the tests of reading share: files to write, and the way from a path to documents."""

from collections.abc import Callable
from pathlib import Path

import pytest

from neurocortex.documents.discover import discover
from neurocortex.documents.reading import Reading, read_all
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined

Write = Callable[[str, str | bytes], Path]
ReadPath = Callable[[Path], Reading]
ReadOne = Callable[[Path], Document]
Refuse = Callable[[Path], Quarantined]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of that name and content, text as UTF-8, and return its path."""

    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


@pytest.fixture
def read_path() -> ReadPath:
    """Find and read what is at a path."""

    def read(path: Path) -> Reading:
        found = discover([str(path)], max_file_mb=10)
        reading = read_all(found.files)
        return Reading(reading.documents, found.refused + reading.refused)

    return read


@pytest.fixture
def read_one(read_path: ReadPath) -> ReadOne:
    """Read a file that holds one good document."""

    def read(path: Path) -> Document:
        reading = read_path(path)
        assert reading.refused == ()
        (document,) = reading.documents
        return document

    return read


@pytest.fixture
def refusal(read_path: ReadPath) -> Refuse:
    """Read a file that is refused as a whole."""

    def read(path: Path) -> Quarantined:
        reading = read_path(path)
        assert reading.documents == ()
        (refused,) = reading.refused
        return refused

    return read


@pytest.fixture(scope="session")
def shared_documents() -> Path:
    """The folder of real files beside the repository; skips where it is missing."""
    folder = Path(__file__).parents[4] / "shared" / "data" / "documents"
    if not folder.is_dir():
        pytest.skip(f"the real documents are not at {folder}")
    return folder
