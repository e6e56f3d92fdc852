"""LangChain's vector store over a collection of the Lake.

    store = LakeVectorStore(OpenAIEmbeddings(), collection="papers")
    store.similarity_search("peas", k=3, filter={"year": {"$gte": 1860}})

Filters are those of `neurocortex.domain.filter_syntax`. The asynchronous methods are LangChain's,
which call these in threads.
"""

# ruff: noqa: A002 - `filter` is what LangChain's stores call it

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Self
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance
from pydantic import SecretStr

from neurocortex.adapters.opening import URL_VARIABLE, LazyStore
from neurocortex.domain.documents import Duplicates
from neurocortex.domain.filter_syntax import read
from neurocortex.domain.filters import Filter
from neurocortex.errors import SettingsError
from neurocortex.lake.pipeline_store import Found
from neurocortex.lake.records import Record

Filters = Mapping[str, object]

K = 4
"""LangChain's default."""


class LakeVectorStore(VectorStore):
    """A collection of the Lake as LangChain's vector store, searched by cosine similarity."""

    def __init__(
        self,
        embedding: Embeddings,
        *,
        collection: str = "langchain",
        url: SecretStr | None = None,
    ) -> None:
        """Describe the store; it connects at first use, and the first write makes the collection.

        Args:
            embedding: what embeds documents and questions.
            collection: name of the collection.
            url: address of the Lake's PostgreSQL; None: that of NEUROCORTEX_LAKE_URL.
        """
        self._embedding = embedding
        self._opened = LazyStore(lambda: _address(url), collection, is_named=url is not None)

    @property
    def embeddings(self) -> Embeddings:
        """What embeds documents and questions."""
        return self._embedding

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        self._opened.close()

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        collection: str = "langchain",
        url: SecretStr | None = None,
        **kwargs: Any,
    ) -> Self:
        """Return a store with these texts in it. See `VectorStore.from_texts`."""
        store = cls(embedding, collection=collection, url=url)
        store.add_texts(texts, metadatas, ids=ids, **kwargs)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,  # noqa: ARG002 - LangChain's interface
    ) -> list[str]:
        """Embed texts and write them in one transaction; those of known ids are replaced.

        Returns the ids, in order; those that are not given are made up.
        """
        contents = list(texts)
        if not contents:
            return []
        named = [given or str(uuid4()) for given in ids or repeat(None, len(contents))]
        found = metadatas or [{} for _ in contents]
        vectors = np.asarray(self._embedding.embed_documents(contents), np.float32)
        records = [
            Record(each, text, metadata, vector)
            for each, text, metadata, vector in zip(named, contents, found, vectors, strict=True)
        ]
        self._opened.store.write(records, Duplicates.REPLACE, vectors.shape[1])
        return named

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:  # noqa: ARG002
        """Delete documents by their ids, all without ids. See `VectorStore.delete`."""
        store = self._opened.store
        store.delete([each.id for each in store.read(vectors=False)] if ids is None else ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return documents by their ids, without those that are not there."""
        return [_document(each) for each in self._opened.store.get(ids)]

    def similarity_search(
        self, query: str, k: int = K, *, filter: Filters | None = None, **kwargs: Any
    ) -> list[Document]:
        """Return the `k` documents most like a question, best first."""
        found = self.similarity_search_with_score(query, k, filter=filter, **kwargs)
        return [document for document, _ in found]

    def similarity_search_with_score(
        self, query: str, k: int = K, *, filter: Filters | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Return the `k` documents most like a question, each with its cosine similarity."""
        vector = self._embedding.embed_query(query)
        return self.similarity_search_with_score_by_vector(vector, k, filter=filter, **kwargs)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = K, *, filter: Filters | None = None, **kwargs: Any
    ) -> list[Document]:
        """Return the `k` documents nearest to a vector, best first."""
        found = self.similarity_search_with_score_by_vector(embedding, k, filter=filter, **kwargs)
        return [document for document, _ in found]

    def similarity_search_with_score_by_vector(
        self,
        embedding: list[float],
        k: int = K,
        *,
        filter: Filters | None = None,
        **kwargs: Any,  # noqa: ARG002 - LangChain's interface
    ) -> list[tuple[Document, float]]:
        """Return the `k` documents nearest to a vector, each with its cosine similarity."""
        return [
            (_document(found.record), found.score)
            for found in self._nearest(embedding, k, filter, vectors=False)
        ]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = K,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filters | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Return `k` documents like a question and unlike each other. See `VectorStore`."""
        return self.max_marginal_relevance_search_by_vector(
            self._embedding.embed_query(query), k, fetch_k, lambda_mult, filter=filter, **kwargs
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = K,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filters | None = None,
        **kwargs: Any,  # noqa: ARG002 - LangChain's interface
    ) -> list[Document]:
        """Return `k` of the `fetch_k` documents nearest to a vector, unlike each other.

        Maximal marginal relevance: Carbonell & Goldstein 1998.
        """
        found = self._nearest(embedding, fetch_k, filter, vectors=True)
        vectors = [each.record.vector for each in found if each.record.vector is not None]
        probe = np.asarray(embedding, np.float32)
        chosen = maximal_marginal_relevance(
            probe, [vector.tolist() for vector in vectors], lambda_mult, k
        )
        return [_document(found[index].record) for index in chosen]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda similarity: min(max(similarity, 0.0), 1.0)

    def _nearest(
        self, embedding: list[float], k: int, written: Filters | None, *, vectors: bool
    ) -> Sequence[Found]:
        wanted: Filter | None = None if not written else read(written)
        vector = np.asarray(embedding, np.float32)
        return self._opened.store.nearest(vector, k, wanted, vectors=vectors)


def _document(record: Record) -> Document:
    return Document(id=record.id, page_content=record.text, metadata=dict(record.metadata))


def _address(url: SecretStr | None) -> str:
    found = url.get_secret_value() if url else os.environ.get(URL_VARIABLE)
    if not found:
        raise SettingsError(
            f"The address of the Lake is not known: set {URL_VARIABLE}, or give the store its url."
        )
    return found
