"""Haystack's pipelines over the Lake: retrievers, YAML, filters, a collection of the platform's."""

from collections.abc import Iterator

import pytest
from haystack import Document, Pipeline
from haystack.dataclasses import ByteStream, SparseEmbedding
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.utils import Secret

from neurocortex.adapters.haystack_retrievers import (
    LakeBM25Retriever,
    LakeEmbeddingRetriever,
    LakeHybridRetriever,
    LakeRetriever,
)
from neurocortex.adapters.haystack_store import LakeDocumentStore
from neurocortex.adapters.opening import URL_VARIABLE
from neurocortex.domain.documents import Chunk, SplitDocument
from neurocortex.domain.documents import Document as LakeDocument
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import EmbedderMismatchError, InvalidRecordError
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history

CAT = Document(id="cat", content="The cat sleeps.", meta={"year": 2020}, embedding=[1.0, 0.1])
DOG = Document(id="dog", content="The dog barks.", meta={"year": 2021}, embedding=[0.1, 3.0])
FISH = Document(id="fish", content="A fish says nothing.", meta={"year": 2022})

NEW = {"field": "meta.year", "operator": ">", "value": 2020}


@pytest.fixture
def store(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeDocumentStore]:
    monkeypatch.setenv(URL_VARIABLE, url)
    store = LakeDocumentStore(collection="animals", embedding_dimension=2)
    yield store
    store.close()


@pytest.fixture
def animals(store: LakeDocumentStore) -> LakeDocumentStore:
    assert store.write_documents([CAT, DOG, FISH]) == 3
    return store


def ids(found: dict[str, list[Document]]) -> list[str]:
    return [document.id for document in found["documents"]]


def test_the_nearest_embedding_comes_first(animals: LakeDocumentStore) -> None:
    retriever = LakeEmbeddingRetriever(document_store=animals)
    found = retriever.run(query_embedding=[0.0, 5.0])
    assert ids(found) == ["dog", "cat"]
    assert found["documents"][0].score == pytest.approx(0.999, abs=2e-3)
    assert found["documents"][0].embedding == pytest.approx([0.1, 3.0], rel=1e-2)
    assert ids(retriever.run(query_embedding=[0.0, 5.0], top_k=1)) == ["dog"]
    assert ids(retriever.run(query_embedding=[1.0, 0.0], filters=NEW)) == ["dog"]


def test_words_find_what_has_no_embedding(animals: LakeDocumentStore) -> None:
    retriever = LakeBM25Retriever(document_store=animals, filters=NEW)
    assert ids(retriever.run(query="a silent fish")) == ["fish"]
    assert ids(retriever.run(query="the cat that sleeps")) == []
    assert ids(retriever.run(query="cat", filters={**NEW, "operator": "<="})) == ["cat"]


def test_both_find_more_than_either(animals: LakeDocumentStore) -> None:
    retriever = LakeHybridRetriever(document_store=animals, embedding_share=0.4)
    found = retriever.run(query="fish", query_embedding=[1.0, 0.0])
    assert ids(found)[:2] == ["fish", "cat"]
    assert ids(retriever.run(query="fish", query_embedding=[1.0, 0.0], filters=NEW)) == [
        "fish",
        "dog",
    ]


def test_a_pipeline_is_read_back_from_yaml(animals: LakeDocumentStore) -> None:
    made = Pipeline()
    made.add_component("words", LakeBM25Retriever(document_store=animals, filters=NEW, top_k=3))
    made.add_component("near", LakeEmbeddingRetriever(document_store=animals))
    made.add_component(
        "both", LakeHybridRetriever(document_store=animals, filter_policy="merge", top_k=1)
    )
    written = made.dumps()
    assert "postgresql" not in written
    pipeline = Pipeline.loads(written, allowed_modules=["neurocortex.adapters.*"])
    result = pipeline.run(
        {
            "words": {"query": "dog"},
            "near": {"query_embedding": [1.0, 0.0]},
            "both": {"query": "dog"},
        }
    )
    assert [ids(result[name]) for name in ("words", "near", "both")] == [
        ["dog"],
        ["cat", "dog"],
        ["dog"],
    ]
    assert pipeline.dumps() == written
    for name in ("words", "near", "both"):
        retriever = pipeline.get_component(name)
        assert isinstance(retriever, LakeRetriever)
        retriever.document_store.close()


def test_a_document_comes_back_as_it_was(store: LakeDocumentStore) -> None:
    written = [
        Document(content=None, blob=ByteStream(b"\x00\xff", {"page": 1}, "image/png")),
        Document(content="", meta={"nested": {"list": [1, 2.5, None, True]}, "_x": "é"}),
        Document(content="no NUL: \\u0000", meta={"code": "\\u0000"}),
        Document(content="x", sparse_embedding=SparseEmbedding([1, 5], [0.5, 0.25])),
    ]
    store.write_documents(written)
    assert store.filter_documents() == written


def test_what_is_refused_leaves_nothing(store: LakeDocumentStore) -> None:
    bad = {
        "two": Document(id="short", content="x", embedding=[1.0]),
        "nan": Document(id="nan", content="x", embedding=[float("nan"), 1.0]),
        "json": Document(id="json", content="x", meta={"when": object()}),
        "nul": Document(id="nul", content="x", meta={"a": {"b": "\0"}}),
        "kept": Document(id="kept", content="x", meta={"_kept": 1}),
        "surrogate": Document(id="lone", content="x", meta={"a": "\ud800"}),
    }
    for document in bad.values():
        with pytest.raises(InvalidRecordError, match=document.id):
            store.write_documents([CAT, document])
        assert store.count_documents() == 0


def test_another_dimension_is_refused(animals: LakeDocumentStore, url: str) -> None:
    other = LakeDocumentStore(
        collection="animals", embedding_dimension=3, url=Secret.from_token(url)
    )
    with pytest.raises(EmbedderMismatchError, match="3 numbers"):
        other.write_documents([Document(content="x", embedding=[1.0, 2.0, 3.0])])
    with pytest.raises(EmbedderMismatchError, match="2 numbers"):
        LakeEmbeddingRetriever(document_store=other).run(query_embedding=[1.0, 2.0, 3.0])
    other.close()


def test_each_write_is_a_load_with_a_version(animals: LakeDocumentStore, lake: Lake) -> None:
    before = lake.collection("animals").version
    assert animals.update_by_filter(NEW, {"seen": True}) == 2
    assert animals.update_by_filter(NEW, {"seen": True}) == 2
    animals.write_documents([CAT], DuplicatePolicy.OVERWRITE)
    animals.delete_documents(["fish"])
    assert lake.collection("animals").version > before
    assert [load.target for load in lake.loads()].count("animals") == len(lake.loads())
    assert {each.id for each in animals.filter_documents()} == {"cat", "dog"}
    nearest = LakeEmbeddingRetriever(document_store=animals)
    assert ids(nearest.run([0.0, 1.0])) == ["dog", "cat"]

    history.rollback(lake, "animals", before)
    documents = {each.id: each for each in animals.filter_documents()}
    assert {name: each.meta for name, each in documents.items()} == {
        each.id: each.meta for each in (CAT, DOG, FISH)
    }
    assert documents["dog"].embedding == pytest.approx(DOG.embedding, rel=1e-2)
    assert ids(nearest.run([0.0, 1.0])) == ["dog", "cat"]


@pytest.mark.parametrize(
    "filters",
    [
        {"field": "meta.a", "operator": "~", "value": 1},
        {"field": "meta.a", "operator": "==", "value": float("inf")},
        {"field": "meta.a", "operator": ">", "value": True},
        {"field": "content", "operator": ">", "value": 1},
        {"operator": "XOR", "conditions": []},
        {"operator": "AND", "conditions": "x"},
        {"operator": "AND", "conditions": ["x"]},
        {"field": "meta.a", "operator": "in", "value": [0] * 1001},
    ],
    ids=["operator", "infinity", "bool", "text", "logic", "string", "no-dict", "too-many"],
)
def test_a_filter_that_cannot_be_read_is_refused(
    store: LakeDocumentStore, filters: dict[str, object]
) -> None:
    with pytest.raises(FilterError):
        store.filter_documents(filters)


def test_a_collection_of_the_platforms_can_be_searched_but_not_written_to(
    store: LakeDocumentStore, lake: Lake
) -> None:
    text = "The cat sleeps on the roof."
    chunks = (Chunk(0, text, 0, len(text), "Habits", 2), Chunk(1, "It purrs.", 28, 37))
    document = LakeDocument("/cats.pdf", "Cats", text, "application/pdf", "1", metadata={"a": "b"})
    lake.load_documents("animals", [SplitDocument(document, chunks)], LsaTrainer())

    found = LakeHybridRetriever(document_store=store).run(query="who sleeps on a roof?")
    best = found["documents"][0]
    assert (best.id, best.content) == ("/cats.pdf#0", text)
    assert best.meta == {
        "a": "b",
        "source": "/cats.pdf",
        "title": "Cats",
        "heading": "Habits",
        "page": 2,
    }
    assert store.count_documents() == 2
    with pytest.raises(EmbedderMismatchError):
        store.write_documents([CAT])
    with pytest.raises(EmbedderMismatchError):
        store.delete_documents(["/cats.pdf"])
