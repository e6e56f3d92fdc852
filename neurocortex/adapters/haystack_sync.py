"""Haystack's document store over a collection of the Lake: the methods that wait.

They are those of `haystack.document_stores.types.DocumentStore` and of Haystack's extended suite of
tests, and what the retrievers ask.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from haystack import Document, default_from_dict, default_to_dict
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.utils import Secret

from neurocortex import errors
from neurocortex.adapters import haystack_filters
from neurocortex.adapters.haystack_documents import document, record
from neurocortex.adapters.haystack_filters import Written
from neurocortex.adapters.opening import URL_VARIABLE, LazyStore
from neurocortex.domain.documents import Duplicates
from neurocortex.domain.filters import EVERYTHING, Attribute
from neurocortex.lake.pipeline_store import Found

POLICIES: Final = {
    DuplicatePolicy.NONE: Duplicates.FAIL,  # as Haystack's own store in memory
    DuplicatePolicy.FAIL: Duplicates.FAIL,
    DuplicatePolicy.SKIP: Duplicates.SKIP,
    DuplicatePolicy.OVERWRITE: Duplicates.REPLACE,
}

KINDS: Final = {"string": "keyword", "integer": "int", "float": "float", "boolean": "boolean"}
"""Haystack's names for what a field holds; all else is "object"."""


class SyncLakeDocumentStore:
    """The base of `LakeDocumentStore`, which adds the methods for event loops."""

    def __init__(
        self,
        *,
        collection: str = "haystack",
        embedding_dimension: int = 768,
        url: Secret = Secret.from_env_var(URL_VARIABLE),  # noqa: B008 - frozen
        return_embedding: bool = True,
    ) -> None:
        """Describe the store; it connects at first use, and the first write makes the collection.

        A collection that the platform ingested can be searched, a document for each chunk; only
        the platform writes to it.

        Args:
            collection: name of the collection.
            embedding_dimension: numbers of an embedding.
            url: address of the Lake's PostgreSQL. Unset, the Lake of the run is used where
                NeuroCortex runs the pipeline, else the address in NEUROCORTEX_LAKE_URL.
            return_embedding: whether what is read and found has its embedding.
        """
        self.collection = collection
        self.embedding_dimension = embedding_dimension
        self.url = url
        self.return_embedding = return_embedding
        is_named = url != Secret.from_env_var(URL_VARIABLE)
        self._opened = LazyStore(self._address, collection, is_named=is_named)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` makes the same store of."""
        return default_to_dict(
            self,
            collection=self.collection,
            embedding_dimension=self.embedding_dimension,
            url=self.url.to_dict(),
            return_embedding=self.return_embedding,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the store that `to_dict` described."""
        made: Self = default_from_dict(cls, data)
        return made

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        self._opened.close()

    def count_documents(self) -> int:
        """Return how many documents there are."""
        return self._opened.store.count()

    def filter_documents(self, filters: Written | None = None) -> list[Document]:
        """Return the documents that a filter lets through, in the order they came in."""
        wanted = haystack_filters.read(filters)
        found = self._opened.store.read(wanted, vectors=self.return_embedding)
        return [document(each) for each in found]

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Write documents in one transaction, and return how many were written.

        Raises:
            DuplicateDocumentError: the policy is FAIL, or none, and an id is there already.
            ValueError: what is given is no list of documents.
        """
        _require_documents(documents)
        if not documents:
            return 0
        try:
            written = self._opened.store.write(
                map(record, documents), POLICIES[policy], self.embedding_dimension
            )
        except errors.DuplicateDocumentError as error:
            raise DuplicateDocumentError(str(error)) from error
        return len(documents) if policy is DuplicatePolicy.OVERWRITE else written

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents by their ids; those that are not there are ignored."""
        self._opened.store.delete(document_ids)

    def delete_all_documents(self) -> None:
        """Delete every document."""
        self._opened.store.delete_matching(EVERYTHING)

    def delete_by_filter(self, filters: Written) -> int:
        """Delete the documents that a filter lets through; return how many."""
        return self._opened.store.delete_matching(haystack_filters.read(filters))

    def update_by_filter(self, filters: Written, meta: dict[str, Any]) -> int:
        """Set fields of the metadata of documents that a filter lets through; return how many."""
        return self._opened.store.update_matching(haystack_filters.read(filters), meta)

    def count_documents_by_filter(self, filters: Written) -> int:
        """Return how many documents a filter lets through."""
        return self._opened.store.count(haystack_filters.read(filters))

    def count_unique_metadata_by_filter(
        self, filters: Written, metadata_fields: list[str]
    ) -> dict[str, int]:
        """Return how many different values each field has in what a filter lets through."""
        wanted = haystack_filters.read(filters)
        return {
            name.removeprefix(haystack_filters.META): self._opened.store.different(
                _path(name), wanted, limit=0
            ).total
            for name in metadata_fields
        }

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        """Return the fields of the metadata, each with the type of its values."""
        return {
            name: {"type": KINDS.get(kinds[0], "object") if len(kinds) == 1 else "object"}
            for name, kinds in self._opened.store.fields().items()
        }

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        """Return the least and the greatest value of a field as `min` and `max`."""
        least, greatest = self._opened.store.extremes(_path(metadata_field))
        return {"min": least, "max": greatest}

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: Written | None = None,
    ) -> tuple[list[Any], int]:
        """Return some of the different values of a field, and how many there are.

        Args:
            metadata_field: with `meta.` in front or without.
            search_term: only values that contain it, in either case, count.
            from_: values to leave out before the first.
            size: values to return at most.
            filters: only documents that it lets through count.
        """
        found = self._opened.store.different(
            _path(metadata_field),
            haystack_filters.read(filters),
            containing=search_term or "",
            start=from_,
            limit=size,
        )
        return list(found.values), found.total

    def search_by_embedding(
        self, embedding: Sequence[float], filters: Written | None, top_k: int
    ) -> list[Document]:
        """Return the documents nearest to an embedding, scored by cosine similarity."""
        vector = np.asarray(embedding, np.float32)
        wanted = haystack_filters.read(filters) if filters else None
        return _documents(
            self._opened.store.nearest(vector, top_k, wanted, vectors=self.return_embedding)
        )

    def search_by_words(self, query: str, filters: Written | None, top_k: int) -> list[Document]:
        """Return the documents that fit the words of a question best, scored by BM25."""
        wanted = haystack_filters.read(filters) if filters else None
        return _documents(
            self._opened.store.by_words(query, top_k, wanted, vectors=self.return_embedding)
        )

    def search_by_both(
        self,
        query: str,
        embedding: Sequence[float] | None,
        filters: Written | None,
        top_k: int,
        embedding_share: float | None = None,
    ) -> list[Document]:
        """Return the documents that fit best by words and by embedding, scored from 0 to 1."""
        return _documents(
            self._opened.store.by_both(
                query,
                None if embedding is None else np.asarray(embedding, np.float32),
                top_k,
                haystack_filters.read(filters) if filters else None,
                share=embedding_share,
                vectors=self.return_embedding,
            )
        )

    def _address(self) -> str:
        return str(self.url.resolve_value())


def _require_documents(documents: object) -> None:
    if not isinstance(documents, list):
        raise ValueError(f"A list of Documents is needed, not {type(documents).__name__}.")
    for each in documents:
        if not isinstance(each, Document):
            raise ValueError(f"A Document is needed, not {type(each).__name__}.")


def _documents(found: Sequence[Found]) -> list[Document]:
    return [document(each.record, each.score) for each in found]


def _path(name: str) -> tuple[str, ...]:
    field = haystack_filters.field(name)
    return (field.value,) if isinstance(field, Attribute) else field
