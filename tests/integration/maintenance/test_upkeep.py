"""The Lake's upkeep: what it does, and that it makes way."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pgvector import HalfVector
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import ArtifactSort
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_RESULTS_DEFAULT_SERIALIZER,
    temporary_settings,
)
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

import blocks
from flows.maintain_lake import maintain_lake
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.lake import maintenance
from neurocortex.lake.maintenance import Kind, Step
from neurocortex.lake.store import Lake
from neurocortex.ledger.allocations import Allocations
from neurocortex.settings import MaintenanceSettings
from tests.integration.lake.conftest import HashEmbedder, restored

SMALL = MaintenanceSettings(keep_versions=1, memory_mb=64)


@pytest.fixture
def lake(database_url: str) -> Iterator[Lake]:
    with Lake(database_url, restore=restored) as opened:
        opened.migrate()
        for edition in range(4):
            content = f"cats of edition {edition}"
            document = Document("a", "a", content, "text/plain", content)
            split = SplitDocument(document, (Chunk(0, content, 0, 1),))
            opened.load_documents("papers", [split], HashEmbedder())
        yield opened


def test_what_is_kept_no_longer_goes(lake: Lake) -> None:
    done = maintenance.do(lake.engine, Step(kind=Kind.PRUNE), SMALL)
    assert done.result.startswith("2 former documents, 0 former rows")
    again = maintenance.do(lake.engine, Step(kind=Kind.PRUNE), SMALL)
    assert again.result.startswith("0 former documents")


def test_a_table_is_vacuumed_and_one_that_is_gone_is_no_error(lake: Lake) -> None:
    step = Step(kind=Kind.VACUUM, schema_name="lake", name="chunks")
    done = maintenance.do(lake.engine, step, SMALL)
    assert "MB after" in done.result
    with lake.engine.connect() as connection:
        timeout = connection.scalar(text("SHOW statement_timeout"))
        dead = connection.scalar(
            text(
                "SELECT relpages > 0 AND relallvisible = relpages FROM pg_class WHERE oid ="
                " 'lake.chunks'::regclass"
            )
        )
    assert timeout != "0", "the connection goes back as it was"
    assert dead
    gone = Step(kind=Kind.VACUUM, schema_name="lake", name="vectors_99_1")
    assert maintenance.do(lake.engine, gone, SMALL).result == "it is gone"


def test_a_bloated_graph_is_built_anew_and_still_searched(lake: Lake) -> None:
    with lake.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE lake.vectors_9_1 (chunk_id bigint PRIMARY KEY,"
                " embedding halfvec(8) NOT NULL)"
            )
        )
        vectors = HashEmbedder().embed_documents([str(number) for number in range(300)])
        connection.execute(
            text("INSERT INTO lake.vectors_9_1 VALUES (:id, CAST(:vector AS halfvec))"),
            [{"id": n, "vector": HalfVector(row).to_text()} for n, row in enumerate(vectors)],
        )
        connection.execute(
            text(
                "CREATE INDEX vectors_9_1_hnsw ON lake.vectors_9_1 USING hnsw"
                " (embedding halfvec_ip_ops) WITH (m = 10)"
            )
        )
        connection.execute(text("DELETE FROM lake.vectors_9_1 WHERE chunk_id >= 30"))
    done = maintenance.do(lake.engine, Step(kind=Kind.REBUILD, name="vectors_9_1_hnsw"), SMALL)
    before, after = (float(part.split()[0]) for part in done.result.split(", "))
    assert after < before
    with lake.engine.connect() as connection:
        names = connection.scalars(
            text(
                "SELECT indexname FROM pg_indexes WHERE tablename ="
                " 'vectors_9_1' ORDER BY indexname"
            )
        ).all()
    assert names == ["vectors_9_1_hnsw", "vectors_9_1_pkey"]


@pytest.mark.parametrize(
    ("megabytes", "rows", "expected"),
    [(60, 50_000, False), (200, 50_000, True), (7, 1, False), (70, 0, True)],
)
def test_when_a_graph_is_bloated(megabytes: int, rows: int, expected: bool) -> None:
    """50,000 vectors of 384 take some 60 MB."""
    assert maintenance.is_bloated(megabytes << 20, rows, 384, 16) is expected


@pytest.mark.parametrize(("cores", "workers"), [(1, 0), (2, 0), (4, 2), (16, 11)])
def test_a_quarter_of_the_cores_stays_free(cores: int, workers: int) -> None:
    assert maintenance.parallel_workers(cores) == workers


@pytest.fixture
def platform(
    lake: Lake, database_url: str, redis_url: str, prefect_server: str, tmp_path: Path
) -> Iterator[str]:
    assert lake.check() is None
    changed = {
        PREFECT_API_URL: prefect_server,
        PREFECT_LOCAL_STORAGE_PATH: tmp_path / "results",
        PREFECT_RESULTS_DEFAULT_SERIALIZER: "json",
    }
    with temporary_settings(changed):
        blocks.Lake(url=SecretStr(database_url)).save(DEFAULT_BLOCK, overwrite=True)
        blocks.Stream(url=SecretStr(redis_url)).save(DEFAULT_BLOCK, overwrite=True)
        _count_what_was_written(lake)
        yield redis_url


def _count_what_was_written(lake: Lake) -> None:
    """PostgreSQL's statistics lag behind by a second, and longer while a session is idle."""
    deadline = time.monotonic() + 30
    with lake.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE TABLE lake.written AS SELECT 1 AS one"))
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        used = {"schemas": list(maintenance.SCHEMAS)}
        while not connection.execute(maintenance.USED, used).all():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def report() -> str:
    with get_client(sync_client=True) as client:
        newest_first = client.read_artifacts(limit=200, sort=ArtifactSort.CREATED_DESC)
    texts = [each.data for each in newest_first if each.key == "maintenance-report"]
    assert isinstance(texts[0], str)
    return texts[0]


@pytest.mark.usefixtures("platform")
def test_a_window_does_all_and_says_so() -> None:
    done = maintain_lake()
    assert {each.step.kind for each in done} == {Kind.PRUNE, Kind.VACUUM}
    shown = report()
    assert "delete what is kept no longer" in shown
    assert "left for the next time" not in shown


def test_a_window_ends_when_others_wait(platform: str) -> None:
    async def three_wait() -> None:
        async with Redis.from_url(platform, decode_responses=True) as redis:
            await Allocations(redis).demand({"high": {Tier.HIGH: 3}}, time.time() + 30)

    asyncio.run(three_wait())
    done = maintain_lake()
    assert [each.step.kind for each in done] == [Kind.PRUNE]
    assert "left for the next time" in report()
