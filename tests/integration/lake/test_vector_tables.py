"""Which of the three ways the vectors of a collection are brought in step, and what readers see."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from psycopg import sql
from sqlalchemy import text

from neurocortex.domain.embedding import Embedder
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.lake import graph, vectors, walk
from neurocortex.lake.database import driver
from neurocortex.lake.halfvec import Halfvec
from neurocortex.lake.store import Lake
from neurocortex.lake.walk import EF_SEARCH

if TYPE_CHECKING:
    from tests.integration.lake.conftest import Counts, MakeDocument

Make = Callable[..., Embedder]


INDEX_FROM = 1_000
"""Vectors from which on there is a graph, in these tests."""


@pytest.fixture(autouse=True)
def _short_border(monkeypatch: pytest.MonkeyPatch, hash_embedder: Make) -> None:
    row = hash_embedder().dimension + graph.ROW_NUMBERS
    monkeypatch.setattr(graph, "READ_IN_WHOLE", (INDEX_FROM - 1) * row)


def table_of(lake: Lake) -> str:
    with lake.engine.connect() as connection:
        found = connection.scalar(text("SELECT vector_table FROM lake.collections"))
    assert found is not None
    return str(found)


def is_indexed(lake: Lake) -> bool:
    with lake.engine.connect() as connection:
        return bool(
            connection.scalar(
                text(
                    "SELECT count(*) FROM pg_indexes"
                    " WHERE tablename = :t AND indexdef LIKE '%hnsw%'"
                ),
                {"t": table_of(lake)},
            )
        )


def load(lake: Lake, document: "MakeDocument", model: Embedder, numbers: range) -> None:
    lake.load_documents("papers", (document(str(n), f"text number{n}") for n in numbers), model)


def vector_tables(counts: dict[str, int]) -> list[int]:
    return [rows for name, rows in counts.items() if name.startswith("vectors_")]


def test_a_small_collection_has_no_index_and_grows_in_place(
    lake: Lake, document: "MakeDocument", counts: "Counts", hash_embedder: Make
) -> None:
    load(lake, document, hash_embedder(), range(50))
    table = table_of(lake)
    load(lake, document, hash_embedder(), range(50, 200))
    assert table_of(lake) == table
    assert not is_indexed(lake)
    assert vector_tables(counts(lake)) == [200]


def test_a_large_load_builds_an_index_that_is_used(
    lake: Lake, document: "MakeDocument", counts: "Counts", hash_embedder: Make
) -> None:
    model = hash_embedder()
    load(lake, document, model, range(100))
    small = table_of(lake)
    load(lake, document, model, range(100, INDEX_FROM))
    large = table_of(lake)
    assert large != small
    assert is_indexed(lake)
    assert vector_tables(counts(lake)) == [INDEX_FROM], "the old table is gone"
    with lake.engine.connect() as connection:
        nearest = sql.SQL(
            "EXPLAIN SELECT chunk_id FROM {} ORDER BY embedding <#> %s::halfvec LIMIT 10"
        )
        plan = driver(connection).execute(
            nearest.format(sql.Identifier("lake", large)),
            [Halfvec(model.embed_query("x"))],
        )
        assert any("hnsw" in line for (line,) in plan)
        many = EF_SEARCH + 100
        found = vectors.nearest(driver(connection), large, model.embed_query("x"), many)
        assert len(found) == many, "the walk goes on past the candidates of a short one"
    load(lake, document, model, range(INDEX_FROM, INDEX_FROM + 100))
    assert table_of(lake) == large, "a small load inserts into the index"
    best = lake.search("papers", f"text number{INDEX_FROM + 50}", 1)
    assert best[0].source == str(INDEX_FROM + 50)
    assert best[0].dense_rank == 1


@pytest.mark.parametrize("dense_from", [INDEX_FROM, INDEX_FROM + 1], ids=["dense", "light"])
def test_a_walk_is_as_long_as_its_graph_and_the_neighbours_need(
    lake: Lake,
    document: "MakeDocument",
    hash_embedder: Make,
    monkeypatch: pytest.MonkeyPatch,
    dense_from: int,
) -> None:
    monkeypatch.setattr(graph, "DENSE_FROM", dense_from)
    load(lake, document, hash_embedder(), range(INDEX_FROM))
    is_dense = dense_from == INDEX_FROM
    with lake.engine.connect() as connection:
        for neighbours in (10, 50):
            vectors.nearest(
                driver(connection), table_of(lake), hash_embedder().embed_query("x"), neighbours
            )
            candidates = connection.scalar(text("SHOW hnsw.ef_search"))
            assert candidates == str(walk.candidates(neighbours) if is_dense else EF_SEARCH)
            assert connection.scalar(text("SHOW hnsw.iterative_scan")) == "off"
        connection.rollback()
        assert connection.scalar(text("SHOW hnsw.ef_search")) == str(EF_SEARCH)


def test_a_walk_past_deleted_vectors_goes_on(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    model = hash_embedder()
    load(lake, document, model, range(INDEX_FROM + EF_SEARCH))
    probe, table = model.embed_query("x"), table_of(lake)
    with lake.engine.connect() as connection:
        every = list(vectors.nearest(driver(connection), table, probe, 2 * EF_SEARCH))
        vectors.delete(driver(connection), table, every[: EF_SEARCH + 50])
        assert len(vectors.nearest(driver(connection), table, probe, 10)) == 10


def test_a_collection_that_grows_slowly_past_the_border_gets_its_index(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    load(lake, document, hash_embedder(), range(INDEX_FROM - 100))
    assert not is_indexed(lake)
    table = table_of(lake)
    load(lake, document, hash_embedder(), range(INDEX_FROM - 100, INDEX_FROM + 1))
    assert table_of(lake) == table
    assert is_indexed(lake)


def test_the_model_is_fitted_again_when_the_collection_has_grown_by_half(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    def grow(numbers: range) -> bool:
        documents = [document(str(n), f"word{n % 7} word{n % 5} animal") for n in numbers]
        return lake.load_documents("papers", documents, LsaTrainer()).reembedded

    assert grow(range(10))
    first = lake.collection("papers").model_version
    assert not grow(range(10, 15))
    assert lake.collection("papers").model_version == first
    assert grow(range(15, 16))
    assert lake.collection("papers").model_version != first
    rows = counts(lake)
    assert rows["embedding_models"] == 1
    assert vector_tables(rows) == [16]


def test_loading_in_another_order_gives_the_same_model(
    lake: Lake, document: "MakeDocument"
) -> None:
    documents = [document(str(n), f"word{n % 7} word{n % 5} animal") for n in range(30)]
    lake.load_documents("papers", documents, LsaTrainer())
    forwards = lake.collection("papers").model_version
    with lake.engine.begin() as connection:
        connection.execute(text("DELETE FROM lake.collections"))
    lake.load_documents("papers", documents[::-1], LsaTrainer())
    assert lake.collection("papers").model_version == forwards


def test_readers_never_wait_and_always_find(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    """Searches go on while loads replace the vector table, again and again."""
    load(lake, document, hash_embedder(), range(100))
    stop = threading.Event()
    failures: list[BaseException] = []
    searches = 0

    def read() -> None:
        nonlocal searches
        while not stop.is_set():
            try:
                assert lake.search("papers", "text number7", 1)[0].source == "7"
                searches += 1
            except BaseException as error:  # noqa: BLE001 - reported by the test's own thread
                failures.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    size = INDEX_FROM
    for _ in range(3):
        load(lake, document, hash_embedder(), range(100, size))
        size = int(size * 1.3)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert searches > 3


@pytest.mark.parametrize("dimension", [1, 2000, 2001, 4000])
def test_vectors_of_any_dimension_pgvector_indexes(
    lake: Lake, document: "MakeDocument", hash_embedder: Make, dimension: int
) -> None:
    model = hash_embedder("hash", dimension)
    load(lake, document, model, range(3))
    found = lake.search("papers", "text number1")
    assert [len(found), found[0].source] == [3, "1"]


def test_more_dimensions_are_refused(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    with pytest.raises(Exception, match="at most 4000"):
        load(lake, document, hash_embedder("hash", 4001), range(3))
    assert lake.collections() == ()


def test_only_tables_nobody_uses_are_swept(
    lake: Lake, document: "MakeDocument", counts: "Counts", hash_embedder: Make
) -> None:
    """A sweep that comes late finds the collection switched once more, and leaves it alone."""
    load(lake, document, hash_embedder(), range(10))
    active = table_of(lake)
    with lake.engine.begin() as connection:
        connection.execute(text("CREATE TABLE lake.vectors_1_99 (chunk_id bigint)"))
        connection.execute(text("CREATE TABLE lake.vectors_11_1 (chunk_id bigint)"))
    vectors.sweep(lake.engine, collection_id=1)
    assert {name for name in counts(lake) if name.startswith("vectors_")} == {
        active,
        "vectors_11_1",
    }


def test_a_sweep_waits_for_no_reader(
    lake: Lake, document: "MakeDocument", counts: "Counts", hash_embedder: Make
) -> None:
    load(lake, document, hash_embedder(), range(10))
    with lake.engine.begin() as connection:
        connection.execute(text("CREATE TABLE lake.vectors_1_99 (chunk_id bigint)"))
    with lake.engine.begin() as reading:
        reading.execute(text("SELECT * FROM lake.vectors_1_99"))
        vectors.sweep(lake.engine, collection_id=1)
        assert "vectors_1_99" in counts(lake)
    vectors.sweep(lake.engine, collection_id=1)
    assert "vectors_1_99" not in counts(lake)
