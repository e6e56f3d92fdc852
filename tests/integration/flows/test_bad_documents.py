"""ingest-documents on everything a file can be that it should not be, beside one good file."""

import ctypes
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas

from flows.ingest_documents import ingest_documents
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import IngestReport
from neurocortex.embedded.launch import (
    LINUX_CAPABILITY_VERSION_3,
    CapabilityData,
    CapabilityHeader,
)
from neurocortex.lake.store import Lake

GIGABYTE = 1 << 30
ROWS = "id,name,role\n1,Ada,engineer\n2,Grace\n3,Alan,reader,King's\n1,Ada,countess\n,Nobody,none\n"
"""The rows 2 and 3 are ragged, row 4 has the key of row 1, row 5 has none."""

WANTED = {
    ("missing.txt", None): ("missing_path", "there is no such file"),
    ("forbidden.txt", None): ("unreadable", "Permission denied"),
    ("locked.pdf", None): ("encrypted", "asks for a password"),
    ("scan.pdf", None): ("no_text", "holds text"),
    ("broken.pdf", None): ("unreadable", "no valid pdf file"),
    ("empty.txt", None): ("empty", "the file is empty"),
    ("noise.txt", None): ("encoding", "is not valid UTF-8"),
    ("huge.txt", None): ("too_large", "1,024.0 MB are more than the 100 MB allowed"),
    ("program.txt", None): ("unreadable", "a binary file, not text as its name says"),
    ("people.csv", 2): ("malformed_row", "it has 2 fields, the header has 3"),
    ("people.csv", 3): ("malformed_row", "it has 4 fields, the header has 3"),
    ("people.csv", 4): ("malformed_row", "its id '1' is that of row 1"),
    ("people.csv", 5): ("malformed_row", "its id is empty"),
    ("lines.jsonl", 2): ("malformed_row", ""),
    ("lines.jsonl", 3): ("malformed_row", ""),
    ("base64.md", None): ("expect_column_values_to_be_between", "encoded data"),
}
"""File and row; rule, and a part of the reason."""


@dataclass(frozen=True)
class Run:
    """What one run over all of them did."""

    id: UUID
    report: IngestReport
    good: Path


def pdf(*lines: str) -> bytes:
    """Return a pdf of one page; without lines it shows a drawing only."""
    content = BytesIO()
    page = canvas.Canvas(content)
    for number, line in enumerate(lines):
        page.drawString(72, 760 - 15 * number, line)
    page.circle(200, 400, 80, fill=1)
    page.save()
    return content.getvalue()


def encrypted(content: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    writer.encrypt(user_password="secret", owner_password="owner", algorithm="AES-256")
    locked = BytesIO()
    writer.write(locked)
    return locked.getvalue()


def write_bad_files(folder: Path) -> None:
    """Write each file of WANTED but the missing one."""
    (folder / "forbidden.txt").write_text("Nobody may read this.")
    (folder / "forbidden.txt").chmod(0)
    (folder / "locked.pdf").write_bytes(encrypted(pdf("A report that is locked.")))
    (folder / "scan.pdf").write_bytes(pdf())
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing follows")
    (folder / "empty.txt").write_bytes(b"")
    noise = bytes(random.Random(1).choices(range(0x80, 0x100), k=5000))
    (folder / "noise.txt").write_bytes(b"Text first. " + noise)
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(GIGABYTE)
    (folder / "program.txt").write_bytes(b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 16)
    (folder / "people.csv").write_text(ROWS)
    lines = (json.dumps({"id": 1, "text": "A good line of a file."}), '{"id": 2, "text', "[1, 2]")
    (folder / "lines.jsonl").write_text("\n".join(lines))
    (folder / "base64.md").write_text("Zm9v" * 500 + "\n\n" + "YmFy" * 500 + "\n\n" + "A" * 900)


@contextmanager
def permissions_hold() -> Iterator[None]:
    """Have file permissions bind this thread, and those it starts, even where we are root."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
    before, less = (CapabilityData * 2)(), (CapabilityData * 2)()
    for data in (before, less):
        assert libc.capget(ctypes.byref(header), data) == 0
    # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, of the effective set only: they can come back.
    less[0].effective &= ~0b110
    assert libc.capset(ctypes.byref(header), less) == 0
    try:
        yield
    finally:
        assert libc.capset(ctypes.byref(header), before) == 0


@pytest.fixture
def run(lake: Lake, tmp_path: Path) -> Run:
    folder = tmp_path / "papers"
    folder.mkdir()
    write_bad_files(folder)
    good = folder / "good.txt"
    good.write_text("The Lake keeps documents, vectors and tables in PostgreSQL.")
    with permissions_hold():
        state = ingest_documents(
            [str(folder), str(folder / "missing.txt")], collection="papers", return_state=True
        )
    assert state.is_completed(), state.message
    report = state.result()
    assert isinstance(report, IngestReport)
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    return Run(flow_run_id, report, good)


def table_of(run_id: UUID, key: str) -> list[dict[str, object]]:
    """Return a table artifact of a run, as the UI gets it."""
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(
            artifact_filter=ArtifactFilter(
                flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]),
                key=ArtifactFilterKey(any_=[key]),
            )
        )
    rows = json.loads(str(artifact.data))
    assert isinstance(rows, list)
    return rows


def place(source: object, row: object) -> tuple[str, object]:
    return Path(str(source)).name, row


def test_each_is_set_aside_with_the_reason_and_the_good_ones_are_loaded(
    run: Run, lake: Lake
) -> None:
    _each_has_its_reason(run.report.quarantined)
    kept = tuple(entry.refused for entry in lake.quarantine("papers"))
    _each_has_its_reason(kept)
    assert sorted(map(repr, kept)) == sorted(map(repr, run.report.quarantined))

    shown = table_of(run.id, "ingest-quarantine")
    assert [tuple(row) for row in shown] == [("source", "row", "rule", "reason")] * len(WANTED)
    assert {place(row["source"], row["row"]): (row["rule"], row["reason"]) for row in shown} == {
        place(entry.source, entry.row): (entry.rule, entry.reason) for entry in kept
    }

    assert run.report.load is not None
    assert run.report.load.inserted == 3
    loaded = {Path(source).name for source in lake.checksums("papers")}
    assert loaded == {"good.txt", "people.csv#1", "lines.jsonl#1"}
    assert lake.search("papers", "vectors in PostgreSQL", 1)[0].source == str(run.good)
    rows = {entry.row: entry.payload for entry in kept if entry.source.endswith("people.csv")}
    assert json.loads(rows[3]) == ["3", "Alan", "reader", "King's"], "a person can put it right"


def _each_has_its_reason(refused: tuple[Quarantined, ...]) -> None:
    found = {place(entry.source, entry.row): entry for entry in refused}
    assert len(found) == len(refused)
    assert {key: entry.rule for key, entry in found.items()} == {
        key: rule for key, (rule, _) in WANTED.items()
    }
    for key, (_, part) in WANTED.items():
        assert part in found[key].reason, key
        assert len(found[key].reason) > 10
