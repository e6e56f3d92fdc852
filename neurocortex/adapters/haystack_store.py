"""Haystack's document store over a collection of the Lake.

    store = LakeDocumentStore(collection="papers", embedding_dimension=384)

What it writes is loaded in one transaction, with a version that can be returned to; filters use an
index; vectors are kept in half precision and searched by cosine similarity.
"""

from asyncio import to_thread
from collections.abc import Sequence
from typing import Any

from haystack import Document
from haystack.document_stores.types import DuplicatePolicy

from neurocortex.adapters.haystack_filters import Written
from neurocortex.adapters.haystack_sync import SyncLakeDocumentStore


class LakeDocumentStore(SyncLakeDocumentStore):
    """A collection of the Lake as Haystack's document store.

    The methods for event loops do the same as those without `_async`, in a thread.
    """

    async def close_async(self) -> None:
        """See `close`."""
        await to_thread(self.close)

    async def count_documents_async(self) -> int:
        """See `count_documents`."""
        return await to_thread(self.count_documents)

    async def filter_documents_async(self, filters: Written | None = None) -> list[Document]:
        """See `filter_documents`."""
        return await to_thread(self.filter_documents, filters)

    async def write_documents_async(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """See `write_documents`."""
        return await to_thread(self.write_documents, documents, policy)

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        """See `delete_documents`."""
        await to_thread(self.delete_documents, document_ids)

    async def delete_all_documents_async(self) -> None:
        """See `delete_all_documents`."""
        await to_thread(self.delete_all_documents)

    async def delete_by_filter_async(self, filters: Written) -> int:
        """See `delete_by_filter`."""
        return await to_thread(self.delete_by_filter, filters)

    async def update_by_filter_async(self, filters: Written, meta: dict[str, Any]) -> int:
        """See `update_by_filter`."""
        return await to_thread(self.update_by_filter, filters, meta)

    async def count_documents_by_filter_async(self, filters: Written) -> int:
        """See `count_documents_by_filter`."""
        return await to_thread(self.count_documents_by_filter, filters)

    async def count_unique_metadata_by_filter_async(
        self, filters: Written, metadata_fields: list[str]
    ) -> dict[str, int]:
        """See `count_unique_metadata_by_filter`."""
        return await to_thread(self.count_unique_metadata_by_filter, filters, metadata_fields)

    async def get_metadata_fields_info_async(self) -> dict[str, dict[str, str]]:
        """See `get_metadata_fields_info`."""
        return await to_thread(self.get_metadata_fields_info)

    async def get_metadata_field_min_max_async(self, metadata_field: str) -> dict[str, Any]:
        """See `get_metadata_field_min_max`."""
        return await to_thread(self.get_metadata_field_min_max, metadata_field)

    async def get_metadata_field_unique_values_async(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: Written | None = None,
    ) -> tuple[list[Any], int]:
        """See `get_metadata_field_unique_values`."""
        return await to_thread(
            self.get_metadata_field_unique_values, metadata_field, search_term, from_, size, filters
        )

    async def search_by_embedding_async(
        self, embedding: Sequence[float], filters: Written | None, top_k: int
    ) -> list[Document]:
        """See `search_by_embedding`."""
        return await to_thread(self.search_by_embedding, embedding, filters, top_k)

    async def search_by_words_async(
        self, query: str, filters: Written | None, top_k: int
    ) -> list[Document]:
        """See `search_by_words`."""
        return await to_thread(self.search_by_words, query, filters, top_k)

    async def search_by_both_async(
        self,
        query: str,
        embedding: Sequence[float] | None,
        filters: Written | None,
        top_k: int,
        embedding_share: float | None = None,
    ) -> list[Document]:
        """See `search_by_both`."""
        return await to_thread(
            self.search_by_both, query, embedding, filters, top_k, embedding_share
        )
