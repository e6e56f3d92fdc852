from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from neurocortex.domain.embedding import Embedder
from neurocortex.domain.quarantine import Quarantined
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import CollectionNotFoundError, EmbedderMismatchError, LakeError
from neurocortex.lake.loading import LoadProgress
from neurocortex.lake.loads import LoadKind, LoadStatus
from neurocortex.lake.quarantine import MAX_PAYLOAD_CHARS
from neurocortex.lake.store import Lake

if TYPE_CHECKING:
    from tests.integration.lake.conftest import Counts, MakeDocument

Make = Callable[..., Embedder]


def test_documents_are_loaded_and_counted(lake: Lake, document: "MakeDocument") -> None:
    report = lake.load_documents(
        "papers",
        [document("a", "one cat", "two cats"), document("b", "a dog")],
        LsaTrainer(),
    )
    assert (report.inserted, report.replaced, report.chunks) == (2, 0, 3)
    assert report.reembedded, "the model was fitted for the first time"
    info = lake.collection("papers")
    assert (info.documents, info.chunks, info.tokens, info.version) == (2, 3, 5, 1)
    assert (info.embedder, f"lsa {info.model_version}") == ("lsa", report.embedder)
    assert lake.collections() == (info,)


def test_loading_again_changes_nothing(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    documents = [document("a", "one cat"), document("b", "two dogs", "three birds")]
    lake.load_documents("papers", documents, LsaTrainer())
    before, info = counts(lake), lake.collection("papers")
    report = lake.load_documents("papers", documents, LsaTrainer())
    assert (report.inserted, report.replaced, report.chunks) == (0, 0, 0)
    assert not report.reembedded
    assert counts(lake) == {**before, "loads": before["loads"] + 1}
    assert lake.collection("papers") == info


def test_a_changed_document_replaces_its_old_version(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    lake.load_documents(
        "papers", [document("a", "cats", "mice"), document("b", "birds")], LsaTrainer()
    )
    before = lake.search("papers", "mice")
    report = lake.load_documents("papers", [document("a", "dogs")], LsaTrainer())
    assert (report.inserted, report.replaced, report.chunks) == (0, 1, 1)
    assert lake.search("papers", "mice") == ()
    assert lake.search("papers", "dogs")[0].document_id == before[0].document_id
    info = lake.collection("papers")
    assert (info.documents, info.chunks, info.tokens, info.version) == (2, 2, 2, 2)
    assert counts(lake)["chunks"] == 2
    assert set(lake.checksums("papers")) == {"a", "b"}


def test_of_two_versions_in_one_load_the_last_counts(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents("papers", [document("a", "cats"), document("a", "dogs")], LsaTrainer())
    assert lake.search("papers", "cats") == ()
    assert lake.search("papers", "dogs")[0].text == "dogs"
    assert lake.collection("papers").documents == 1


def test_removed_documents_go_in_the_same_transaction(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    lake.load_documents("papers", [document("a", "cats"), document("b", "birds")], LsaTrainer())
    report = lake.load_documents("papers", [], LsaTrainer(), removed=["a", "unknown"])
    assert (report.inserted, report.replaced) == (0, 0)
    assert lake.search("papers", "cats") == ()
    assert lake.loads(1)[0].counts["removed"] == 1
    info = lake.collection("papers")
    assert (info.documents, info.chunks, info.tokens, info.version) == (1, 1, 1, 2)


def test_deleted_documents_are_gone_everywhere(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    lake.load_documents(
        "papers", [document("a", "cats", "mice"), document("b", "birds")], LsaTrainer()
    )
    assert lake.delete_documents("papers", ["a", "unknown"]) == 1
    assert lake.delete_documents("papers", ["a"]) == 0
    assert lake.search("papers", "cats mice") == ()
    assert lake.search("papers", "birds")[0].source == "b"
    info = lake.collection("papers")
    assert (info.documents, info.chunks, info.tokens, info.version) == (1, 1, 1, 2)
    left = counts(lake)
    vectors = {name: rows for name, rows in left.items() if name.startswith("vectors_")}
    assert list(vectors.values()) == [left["chunks"]] == [1]
    assert lake.delete_documents("papers", ["b"]) == 1
    assert lake.search("papers", "birds") == ()
    with pytest.raises(CollectionNotFoundError, match="Existing collections: papers"):
        lake.delete_documents("nowhere", ["a"])


def test_every_column_is_kept(lake: Lake, document: "MakeDocument") -> None:
    flow_run = uuid4()
    report = lake.load_documents(
        "papers", [document("/a.txt", "one cat", title="Cats")], LsaTrainer(), flow_run_id=flow_run
    )
    passage = lake.search("papers", "cat")[0]
    assert (passage.source, passage.title, passage.text) == ("/a.txt", "Cats", "one cat")
    assert (passage.start, passage.end, passage.heading, passage.page) == (0, 7, None, None)
    with lake.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM lake.documents")).one()
    assert row.id == passage.document_id
    assert (row.media_type, row.metadata) == ("text/plain", {"author": "test"})
    record = lake.loads()[0]
    assert (record.id, record.flow_run_id) == (report.load_id, flow_run) == (row.load_id, flow_run)
    assert (record.kind, record.target) == (LoadKind.DOCUMENTS, "papers")
    assert record.status is LoadStatus.COMPLETED
    assert record.counts == {
        "removed": 0,
        "inserted": 1,
        "replaced": 0,
        "unchanged": 0,
        "chunks": 1,
        "quarantined": 0,
    }


def test_what_was_refused_is_recorded_with_the_load(lake: Lake, document: "MakeDocument") -> None:
    refused = Quarantined(
        source="/bad\udcff.txt",
        row=3,
        rule="no_text",
        reason="NUL \0 inside",
        payload="x" * 2 * MAX_PAYLOAD_CHARS,
    )
    report = lake.load_documents("papers", [], LsaTrainer(), quarantined=[refused])
    (entry,) = lake.quarantine("papers")
    assert entry.load_id == report.load_id
    assert entry.refused.source == r"/bad\udcff.txt"
    assert entry.refused.reason == r"NUL \0 inside"
    assert (entry.refused.row, entry.refused.rule) == (3, "no_text")
    assert len(entry.refused.payload) == MAX_PAYLOAD_CHARS
    assert not entry.refused.is_whole
    assert lake.quarantine("others") == ()
    assert lake.quarantine() == (entry,)


def test_collections_do_not_mix(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents("cats", [document("a", "one animal")], LsaTrainer())
    lake.load_documents("dogs", [document("a", "two animals")], LsaTrainer())
    assert [passage.text for passage in lake.search("cats", "animal")] == ["one animal"]
    assert [passage.text for passage in lake.search("dogs", "animal")] == ["two animals"]
    lake.delete_documents("cats", ["a"])
    assert lake.search("dogs", "animal")


def test_progress_is_told(lake: Lake, document: "MakeDocument") -> None:
    told: list[LoadProgress] = []
    lake.load_documents("papers", [document("a", "x", "y")], LsaTrainer(), progress=told.append)
    assert told == [LoadProgress("write", 1), LoadProgress("embed", 2)]


def test_documents_without_chunks_are_kept(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents("papers", [document("a")], LsaTrainer())
    assert set(lake.checksums("papers")) == {"a"}
    assert lake.search("papers", "anything") == ()
    lake.load_documents("papers", [document("b", "cats")], LsaTrainer())
    assert lake.search("papers", "cats")[0].source == "b"


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_collection_needs_a_name(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match="cannot name a collection"):
        lake.load_documents(name, [], LsaTrainer())


def test_strange_names_are_only_names(lake: Lake, document: "MakeDocument") -> None:
    name = "'; DROP SCHEMA lake CASCADE; --%s{}"
    lake.load_documents(name, [document("';--", "cats")], LsaTrainer())
    assert lake.search(name, "cats' OR 1=1")[0].source == "';--"
    assert lake.collection(name).documents == 1


@pytest.mark.parametrize(
    ("other", "dimension"), [("hash2", 8), ("hash", 9)], ids=["another model", "another dimension"]
)
def test_another_model_is_refused_before_anything_is_written(
    lake: Lake,
    document: "MakeDocument",
    counts: "Counts",
    hash_embedder: Make,
    other: str,
    dimension: int,
) -> None:
    lake.load_documents("papers", [document("a", "cats")], hash_embedder())
    before = counts(lake)
    with pytest.raises(EmbedderMismatchError, match="is embedded by hash"):
        lake.load_documents("papers", [document("b", "dogs")], hash_embedder(other, dimension))
    assert counts(lake) == {**before, "loads": before["loads"] + 1}
    assert lake.loads(1)[0].status is LoadStatus.FAILED


def test_lsa_is_refused_where_another_model_embeds(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    lake.load_documents("papers", [document("a", "cats")], hash_embedder())
    with pytest.raises(EmbedderMismatchError, match="is embedded by hash 1, not by lsa"):
        lake.load_documents("papers", [document("b", "dogs")], LsaTrainer())


def test_a_collection_that_does_not_exist_is_named_with_those_that_do(
    lake: Lake, document: "MakeDocument"
) -> None:
    lake.load_documents("papers", [document("a", "cats")], LsaTrainer())
    for call in (lambda: lake.collection("paper"), lambda: lake.search("paper", "cats")):
        with pytest.raises(CollectionNotFoundError, match="Existing collections: papers"):
            call()
    assert lake.checksums("paper") == {}
