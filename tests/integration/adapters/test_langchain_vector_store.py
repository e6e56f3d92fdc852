"""LangChain's own suite for vector stores."""

import asyncio
import math
from collections.abc import Iterator

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests
from pydantic import SecretStr

from neurocortex.adapters.langchain_store import LakeVectorStore
from neurocortex.adapters.opening import URL_VARIABLE
from neurocortex.errors import InvalidFilterError, SettingsError


# Its synchronous tests are no coroutines, which the plugin complains of.
@pytest.mark.filterwarnings("ignore:.*is marked with '@pytest.mark.asyncio':pytest.PytestWarning")
@pytest.mark.asyncio
class TestLakeVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, url: str) -> Iterator[VectorStore]:
        store = LakeVectorStore(self.get_embeddings(), url=SecretStr(url))
        yield store
        store.close()


class Compass(Embeddings):
    """Embeds what begins with a direction, from 0 to 90 degrees, by it."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        angles = [math.radians(float(text.split()[0])) for text in texts]
        return [[math.cos(angle), math.sin(angle)] for angle in angles]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture
def store(url: str) -> Iterator[LakeVectorStore]:
    store = LakeVectorStore.from_texts(
        ["0 east", "1 east again", "60 north-east", "90 north"],
        Compass(),
        [{"n": n, "axis": n in {0, 3}} for n in range(4)],
        ids=["a", "b", "c", "d"],
        collection="compass",
        url=SecretStr(url),
    )
    yield store
    store.close()


def contents(found: list[Document]) -> list[str | None]:
    return [document.id for document in found]


def test_scores_are_cosine_similarities(store: LakeVectorStore) -> None:
    found = store.similarity_search_with_score("0", 3)
    assert contents([document for document, _ in found]) == ["a", "b", "c"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.9998, 0.5], abs=1e-3)
    assert contents(store.similarity_search_by_vector([0.0, 2.0], 1)) == ["d"]
    relevant = store.similarity_search_with_relevance_scores("90", 4, score_threshold=0.5)
    assert contents([document for document, _ in relevant]) == ["d", "c"]


def test_filters_leave_out_what_does_not_fit(store: LakeVectorStore) -> None:
    assert contents(store.similarity_search("0", filter={"axis": True})) == ["a", "d"]
    assert contents(store.similarity_search("0", filter={"n": {"$in": [1, 2]}})) == ["b", "c"]
    retriever = store.as_retriever(search_kwargs={"k": 1, "filter": {"n": {"$gte": 2}}})
    assert contents(retriever.invoke("0")) == ["c"]
    with pytest.raises(InvalidFilterError, match="near"):
        store.similarity_search("0", filter={"n": {"$near": 1}})


def test_marginal_relevance_leaves_out_what_is_said_already(store: LakeVectorStore) -> None:
    assert contents(store.max_marginal_relevance_search("10", 2, lambda_mult=0.1)) == ["b", "d"]
    assert contents(asyncio.run(store.amax_marginal_relevance_search("10", 2))) != ["b", "a"]


def test_all_can_be_deleted_and_the_address_is_asked_for(
    store: LakeVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.delete()
    assert store.similarity_search("0") == []
    assert store.add_texts([]) == []
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    with pytest.raises(SettingsError, match=URL_VARIABLE):
        LakeVectorStore(Compass()).similarity_search("0")
