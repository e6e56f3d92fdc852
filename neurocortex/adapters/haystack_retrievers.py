"""Haystack's retrievers over `LakeDocumentStore`: by embedding, by words, by both.

Components of pipelines, in Python or in YAML. `filters` of a call replace those of the component,
or are joined with them where its `filter_policy` is `merge`.
"""

from typing import Any, Self

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.types import FilterPolicy
from haystack.document_stores.types.filter_policy import apply_filter_policy

from neurocortex.adapters.haystack_store import LakeDocumentStore

Filters = dict[str, Any]

TOP_K = 10


class LakeRetriever:
    """What the retrievers have in common."""

    def __init__(
        self,
        *,
        document_store: LakeDocumentStore,
        filters: Filters | None = None,
        top_k: int = TOP_K,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
    ) -> None:
        if not isinstance(document_store, LakeDocumentStore):
            raise ValueError("document_store must be a LakeDocumentStore.")
        self.document_store = document_store
        self.filters = filters or {}
        self.top_k = top_k
        self.filter_policy = (
            filter_policy
            if isinstance(filter_policy, FilterPolicy)
            else FilterPolicy.from_str(filter_policy)
        )

    def close(self) -> None:
        """Close the store's connections; the next use opens new ones."""
        self.document_store.close()

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` makes the same component of."""
        return default_to_dict(self, **self._parameters())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the component that `to_dict` described."""
        made: Self = default_from_dict(cls, data)
        return made

    def _parameters(self) -> dict[str, Any]:
        return {
            "document_store": self.document_store.to_dict(),
            "filters": self.filters,
            "top_k": self.top_k,
            "filter_policy": self.filter_policy.value,
        }

    def _filters(self, of_call: Filters | None) -> Filters | None:
        return apply_filter_policy(self.filter_policy, self.filters, of_call)


@component
class LakeEmbeddingRetriever(LakeRetriever):
    """Finds the documents whose embeddings are most alike, by cosine similarity."""

    @component.output_types(documents=list[Document])
    def run(
        self,
        query_embedding: list[float],
        filters: Filters | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """Return the documents nearest to the embedding of a question, best first."""
        found = self.document_store.search_by_embedding(
            query_embedding, self._filters(filters), top_k or self.top_k
        )
        return {"documents": found}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query_embedding: list[float],
        filters: Filters | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """See `run`."""
        found = await self.document_store.search_by_embedding_async(
            query_embedding, self._filters(filters), top_k or self.top_k
        )
        return {"documents": found}


@component
class LakeBM25Retriever(LakeRetriever):
    """Finds the documents that fit the words of a question, by BM25."""

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, filters: Filters | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """Return the documents that fit the words best, best first."""
        found = self.document_store.search_by_words(
            query, self._filters(filters), top_k or self.top_k
        )
        return {"documents": found}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, filters: Filters | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """See `run`."""
        found = await self.document_store.search_by_words_async(
            query, self._filters(filters), top_k or self.top_k
        )
        return {"documents": found}


@component
class LakeHybridRetriever(LakeRetriever):
    """Finds the documents that fit by words and by embedding, as the platform's own search does.

    In a collection that the platform ingested the question needs no embedding: its model makes one.
    """

    def __init__(
        self,
        *,
        document_store: LakeDocumentStore,
        filters: Filters | None = None,
        top_k: int = TOP_K,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
        embedding_share: float | None = None,
    ) -> None:
        """Take, beside the rest, how much of a score is the embeddings' similarity, 0 to 1.

        None: as the collection's model has it, half where documents bring their own embeddings.
        """
        # Not super(): `component` makes another class of this one.
        LakeRetriever.__init__(
            self,
            document_store=document_store,
            filters=filters,
            top_k=top_k,
            filter_policy=filter_policy,
        )
        if embedding_share is not None and not 0 <= embedding_share <= 1:
            raise ValueError("embedding_share must be between 0 and 1.")
        self.embedding_share = embedding_share

    @component.output_types(documents=list[Document])
    def run(
        self,
        query: str,
        query_embedding: list[float] | None = None,
        filters: Filters | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """Return the documents that fit best, best first, with scores from 0 to 1."""
        chosen = self._filters(filters)
        found = self.document_store.search_by_both(
            query, query_embedding, chosen, top_k or self.top_k, self.embedding_share
        )
        return {"documents": found}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query: str,
        query_embedding: list[float] | None = None,
        filters: Filters | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """See `run`."""
        chosen = self._filters(filters)
        found = await self.document_store.search_by_both_async(
            query, query_embedding, chosen, top_k or self.top_k, self.embedding_share
        )
        return {"documents": found}

    def _parameters(self) -> dict[str, Any]:
        return {**LakeRetriever._parameters(self), "embedding_share": self.embedding_share}
