"""PostgreSQL is killed in the middle of a load of documents: the Lake is as it was before."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import text

import blocks
from flows.ingest_documents import ingest_documents
from neurocortex.domain.answers import Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.reports import IngestReport
from neurocortex.embedded.postgres import PLATFORM_DATABASE
from neurocortex.errors import LakeUnavailableError
from neurocortex.lake import loading
from neurocortex.lake.database import driver
from neurocortex.lake.loads import LoadStatus
from neurocortex.lake.store import Lake
from tasks.progress import ProgressArtifact

if TYPE_CHECKING:
    from tests.integration.conftest import MortalServer

OLD, NEW = 12, 60
"""Documents before and after the second load."""
WRITING, EMBEDDING = 0.1, 0.6
"""How far a load is while it writes, and while it embeds what it wrote."""

DieAt = Callable[[float, Callable[[], None]], None]


@pytest.fixture
def mortal_lake(prefect_api: str, mortal: "MortalServer") -> Iterator[Lake]:
    """A migrated Lake on a PostgreSQL that dies, saved as the Lake block `default`."""
    url = mortal.server.url(PLATFORM_DATABASE)
    with Lake(url) as store:
        store.migrate()
        blocks.Lake(url=SecretStr(url)).save(DEFAULT_BLOCK, overwrite=True)
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "papers"
    place.mkdir()
    return place


@pytest.fixture
def die_at(monkeypatch: pytest.MonkeyPatch) -> DieAt:
    """Do something deadly, once, when a load has come so far."""
    monkeypatch.setattr(loading, "BATCH_CHUNKS", 10)  # several batches of few documents
    show = ProgressArtifact.show

    def arrange(fraction: float, act: Callable[[], None]) -> None:
        acts = [act]

        def watching(self: ProgressArtifact, now: float) -> None:
            if acts and now >= fraction:
                acts.pop()()
            show(self, now)

        monkeypatch.setattr(ProgressArtifact, "show", watching)

    return arrange


def write(folder: Path, documents: int, word: str) -> None:
    """Write documents; those of an earlier call are changed by another word."""
    for number in range(documents):
        (folder / f"{number:03}.txt").write_text(
            f"Document {number} of the {word} collection. It speaks of topic {number % 7}, of"
            f" {word} glaciers and rivers, and of chapter {number * 31 % 17} of the handbook."
        )


def content(lake: Lake) -> Mapping[str, str]:
    """Return a checksum of the rows of every table there is, but for what is derived of them: the
    fingerprints of documents are made when they are first asked for, before a load begins."""
    with lake.engine.connect() as connection:
        run = driver(connection).execute
        tables = run(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            " AND tablename <> 'fingerprints'"
        ).fetchall()
        return {
            f"{schema}.{table}": str(run(_checksum(schema, table)).fetchall())
            for schema, table in tables
        }


def _checksum(schema: str, table: str) -> sql.Composed:
    return sql.SQL("SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {} t").format(
        sql.Identifier(schema, table)
    )


def seen(lake: Lake) -> tuple[Passage, ...]:
    return lake.search("papers", "glaciers and rivers in chapter 3", 5)


def test_the_flow_fails_when_postgresql_is_gone_and_works_when_it_is_back(
    mortal_lake: Lake, mortal: "MortalServer", folder: Path, die_at: DieAt
) -> None:
    write(folder, OLD, "old")
    ingest_documents([str(folder)], collection="papers")
    before, answer = content(mortal_lake), seen(mortal_lake)
    assert "lake.postings" in before, "what is compared holds everything"
    write(folder, NEW, "new")
    die_at(EMBEDDING, mortal.kill)

    state = ingest_documents([str(folder)], collection="papers", return_state=True)

    assert not mortal.server.is_ready(), "it was killed in the middle"
    assert state.is_failed()
    with pytest.raises(LakeUnavailableError, match=r"^Lake: "):
        state.result()

    mortal.start()
    assert content(mortal_lake) == before
    assert seen(mortal_lake) == answer
    assert [load.status for load in mortal_lake.loads()] == [LoadStatus.COMPLETED]

    _works_again(ingest_documents([str(folder)], collection="papers"), mortal_lake)


def test_the_load_is_tried_again_when_postgresql_comes_back_in_time(
    mortal_lake: Lake, mortal: "MortalServer", folder: Path, die_at: DieAt
) -> None:
    write(folder, OLD, "old")
    ingest_documents([str(folder)], collection="papers")
    write(folder, NEW, "new")
    died = []

    def die_and_come_back() -> None:
        died.append(content(mortal_lake)["lake.documents"])
        mortal.kill()
        mortal.start()

    before = content(mortal_lake)["lake.documents"]
    die_at(WRITING, die_and_come_back)

    state = ingest_documents([str(folder)], collection="papers", return_state=True)

    assert died == [before], "until the end of a load, readers see what was there before"
    assert state.is_completed(), state.message
    report = state.result()
    assert isinstance(report, IngestReport)
    _works_again(report, mortal_lake)


def _works_again(report: IngestReport, lake: Lake) -> None:
    assert report.load is not None
    assert (report.load.inserted, report.load.replaced) == (NEW - OLD, OLD)
    assert len(lake.checksums("papers")) == NEW
    assert all("new glaciers" in passage.text for passage in seen(lake))
    assert lake.collection("papers").documents == NEW
    assert LoadStatus.RUNNING not in [load.status for load in lake.loads()]
    with lake.engine.connect() as connection:
        tables = connection.execute(
            text("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'vectors%'")
        ).scalar_one()
    assert tables == 1, "no table of vectors of the load that died is left"
