"""Haystack's own suites for document stores, with all that they offer."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from haystack import Document
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DocumentStore, DuplicatePolicy
from haystack.testing import document_store as sync
from haystack.testing import document_store_async as asynchronous
from haystack.utils import Secret

from neurocortex.adapters.haystack_store import LakeDocumentStore
from neurocortex.lake.bound import bound
from neurocortex.lake.store import Lake


class Approximately:
    """Embeddings come back in half precision, everything else as it was."""

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]) -> None:
        assert [each.id for each in received] == [each.id for each in expected]
        for mine, theirs in zip(received, expected, strict=True):
            assert (mine.embedding is None) == (theirs.embedding is None)
            if mine.embedding is not None and theirs.embedding is not None:
                np.testing.assert_allclose(mine.embedding, theirs.embedding, rtol=1e-3, atol=1e-3)
            assert replace(mine, embedding=None) == replace(theirs, embedding=None)


@pytest.fixture(scope="module")
def opened_store(lake_url: str) -> Iterator[LakeDocumentStore]:
    store = LakeDocumentStore(url=Secret.from_token(lake_url))
    yield store
    store.close()


@pytest.fixture
def document_store(lake: Lake, opened_store: LakeDocumentStore) -> LakeDocumentStore:
    """A store without documents."""
    return opened_store


class TestLakeDocumentStore(
    Approximately,
    sync.DocumentStoreBaseExtendedTests,
    sync.CountDocumentsByFilterTest,
    sync.CountUniqueMetadataByFilterTest,
    sync.GetMetadataFieldsInfoTest,
    sync.GetMetadataFieldMinMaxTest,
    sync.GetMetadataFieldUniqueValuesTest,
):
    @pytest.fixture
    def document_store(self, document_store: LakeDocumentStore) -> LakeDocumentStore:
        return document_store

    def test_write_documents(self, document_store: DocumentStore) -> None:
        document = Document(content="test doc")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document], DuplicatePolicy.FAIL)


@pytest.mark.asyncio
class TestLakeDocumentStoreInEventLoops(
    Approximately,
    asynchronous.CountDocumentsAsyncTest,
    asynchronous.CountDocumentsByFilterAsyncTest,
    asynchronous.CountUniqueMetadataByFilterAsyncTest,
    asynchronous.DeleteAllAsyncTest,
    asynchronous.DeleteByFilterAsyncTest,
    asynchronous.DeleteDocumentsAsyncTest,
    asynchronous.FilterDocumentsAsyncTest,
    asynchronous.GetMetadataFieldMinMaxAsyncTest,
    asynchronous.GetMetadataFieldsInfoAsyncTest,
    asynchronous.GetMetadataFieldUniqueValuesAsyncTest,
    asynchronous.UpdateByFilterAsyncTest,
    asynchronous.WriteDocumentsAsyncTest,
):
    @pytest.fixture
    def filterable_docs(self) -> list[Document]:
        return sync.create_filterable_docs()

    async def test_write_documents_async(
        self, document_store: asynchronous.AsyncDocumentStore
    ) -> None:
        document = Document(content="test doc")
        assert await document_store.write_documents_async([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            await document_store.write_documents_async([document])


def test_who_lent_the_lake_is_told_what_has_changed(lake: Lake) -> None:
    """The platform ends what it has cached of a collection that a pipeline writes to."""
    changed: list[str] = []
    pea = Document(id="pea", content="peas", meta={"year": 1865})
    matching = {"field": "meta.year", "operator": "==", "value": 1865}
    with bound(lake, changed.append):
        store = LakeDocumentStore(collection="notes")
        assert store.count_documents() == 0
        assert changed == []
        store.write_documents([pea])
        assert changed == ["notes"]
        with pytest.raises(DuplicateDocumentError):
            store.write_documents([pea])
        assert changed == ["notes"]
        store.update_by_filter(matching, {"year": 1866})
        assert changed == ["notes"] * 2
        store.delete_documents(["pea"])
    assert changed == ["notes"] * 3
