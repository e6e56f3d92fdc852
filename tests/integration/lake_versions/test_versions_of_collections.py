"""A collection returned to what it was: documents, postings and vectors."""

import pytest
from sqlalchemy import text

from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.embedding import Embedder
from neurocortex.errors import LoadError, TargetNotFoundError, VersionNotFoundError
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history, pruning
from tests.integration.lake.conftest import HashEmbedder

NAME = "papers"


def document(source: str, *chunks: str) -> SplitDocument:
    joined = "\n".join(chunks)
    made = Document(source, source, joined, "text/plain", joined, metadata={"author": "test"})
    return SplitDocument(made, tuple(Chunk(n, each, 0, 1) for n, each in enumerate(chunks)))


def load(lake: Lake, *documents: SplitDocument, removed: tuple[str, ...] = ()) -> int:
    lake.load_documents(NAME, documents, HashEmbedder(), removed=removed)
    return lake.collection(NAME).version


def content(lake: Lake) -> list[tuple[object, ...]]:
    """Everything a search stands on, without the ids."""
    with lake.engine.connect() as connection:
        table = connection.scalar(text("SELECT vector_table FROM lake.collections"))
        rows = connection.execute(
            text(
                "SELECT source, title, checksum, metadata ->> 'author', ordinal, text, embedding"  # noqa: S608
                " FROM lake.documents JOIN lake.chunks ON document_id = documents.id FULL JOIN"
                f" (SELECT chunk_id, embedding::text FROM lake.{table}) AS vectors"
                " ON chunk_id = chunks.id ORDER BY source, ordinal"
            )
        )
        return [tuple(row) for row in rows]


def found(lake: Lake, word: str) -> list[str]:
    return [each.source for each in lake.search(NAME, word) if word in each.text]


@pytest.fixture
def three_versions(lake: Lake) -> Lake:
    """1: a and b; 2: a changed, c new; 3: b gone."""
    load(lake, document("a", "cats", "kittens"), document("b", "dogs"))
    load(lake, document("a", "lions"), document("c", "birds"))
    load(lake, removed=("b",))
    return lake


def test_back_to_each_version_and_forward_again(three_versions: Lake) -> None:
    lake = three_versions
    last = content(lake)
    back = history.rollback(lake, NAME, 1)
    assert (back.returned_to, back.made, back.removed, back.restored) == (1, 4, 1, 2)
    assert found(lake, "kittens") == ["a"]
    assert found(lake, "dogs") == ["b"]
    assert found(lake, "lions") == found(lake, "birds") == []
    history.rollback(lake, NAME, 3)
    assert content(lake) == last
    assert found(lake, "lions") == ["a"]
    middle = history.rollback(lake, NAME, 2)
    assert found(lake, "dogs") == ["b"]
    assert middle.made == 6
    assert found(lake, "kittens") == []


def test_what_comes_back_is_what_was_there(lake: Lake) -> None:
    load(lake, document("a", "cats", "kittens"), document("b", "dogs"))
    before = content(lake)
    load(lake, document("a", "lions"), document("c", "birds"))
    load(lake, document("c", "herons"), removed=("a", "b"))
    history.rollback(lake, NAME, 1)
    assert content(lake) == before


def test_the_versions_tell_what_each_load_did(three_versions: Lake) -> None:
    history.rollback(three_versions, NAME, 1)
    listed = history.versions(three_versions, NAME)
    assert [each.version for each in listed] == [4, 3, 2, 1]
    assert listed[0].counts["rolled_back_to"] == 1
    assert listed[1].counts["removed"] == 1
    three_versions.delete_documents(NAME, ["a"])
    assert history.versions(three_versions, NAME)[0].counts == {"removed": 1}


def test_a_deleted_document_comes_back(lake: Lake) -> None:
    load(lake, document("a", "cats"), document("b", "dogs"))
    lake.delete_documents(NAME, ["a"])
    assert found(lake, "cats") == []
    history.rollback(lake, NAME, 1)
    assert found(lake, "cats") == ["a"]


@pytest.mark.parametrize("version", [-1, 3, 4])
def test_a_version_that_is_not_kept_is_refused(three_versions: Lake, version: int) -> None:
    with pytest.raises(VersionNotFoundError, match="kept are 0 to 2"):
        history.rollback(three_versions, NAME, version)


def test_before_the_first_load_it_was_empty(three_versions: Lake) -> None:
    back = history.rollback(three_versions, NAME, 0)
    assert (back.removed, back.restored) == (2, 0)
    assert three_versions.collection(NAME).documents == 0


def test_a_name_of_nothing(lake: Lake) -> None:
    with pytest.raises(TargetNotFoundError, match="nothing"):
        history.versions(lake, "nothing")


def test_a_rollback_that_fails_changes_nothing(three_versions: Lake, database_url: str) -> None:
    before, versions = content(three_versions), history.versions(three_versions, NAME)
    with three_versions.engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE lake.chunks ADD CONSTRAINT none CHECK (text <> 'dogs') NOT VALID")
        )
    with pytest.raises(LoadError):
        history.rollback(three_versions, NAME, 1)
    assert content(three_versions) == before
    assert history.versions(three_versions, NAME) == versions


def test_another_load_meanwhile_is_not_lost(three_versions: Lake) -> None:
    """The plan was made for a version that is not the present one any more."""
    lake = three_versions
    find_model = lake.embedder

    def overtaken(collection: str) -> Embedder | None:
        load(lake, document("d", "fish"))
        return find_model(collection)

    lake.embedder = overtaken  # type: ignore[method-assign]
    with pytest.raises(Exception, match="run the rollback again"):
        history.rollback(lake, NAME, 1)
    assert found(lake, "fish") == ["d"]


def test_only_so_many_versions_are_kept(three_versions: Lake) -> None:
    lake = three_versions
    with lake.engine.begin() as connection:
        pruned = pruning.prune_versions(connection, keep=1, days=30)
    assert pruned.documents == 1, "the cats; the dogs are of version 2"
    assert [each.version for each in history.versions(lake, NAME)] == [3, 2]
    with pytest.raises(VersionNotFoundError, match="kept are 2 to 2"):
        history.rollback(lake, NAME, 1)
    history.rollback(lake, NAME, 2)
    assert found(lake, "dogs") == ["b"]


def test_versions_that_ended_long_ago_go(three_versions: Lake) -> None:
    with three_versions.engine.begin() as connection:
        connection.execute(
            text("UPDATE lake.loads SET finished_at = finished_at - interval '2 days'")
        )
        pruned = pruning.prune_versions(connection, keep=10, days=1)
    assert pruned.documents == 2
    assert [each.version for each in history.versions(three_versions, NAME)] == [3]
