"""A load that fails leaves the Lake as it was, and a record of itself."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from neurocortex.domain.documents import SplitDocument
from neurocortex.domain.embedding import Embedder, Vectors
from neurocortex.domain.quarantine import Quarantined
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import LakeUnavailableError, LoadError, ProviderError
from neurocortex.lake.loads import LoadStatus
from neurocortex.lake.store import Lake

if TYPE_CHECKING:
    from tests.integration.lake.conftest import Counts, MakeDocument

REFUSED = Quarantined(source="/x.pdf", rule="no_text", reason="a scan")

Make = Callable[..., Embedder]


@pytest.fixture
def filled(lake: Lake, document: "MakeDocument") -> Lake:
    lake.load_documents("papers", [document("a", "cats"), document("b", "dogs")], LsaTrainer())
    return lake


def assert_as_before(lake: Lake, before: dict[str, int], counts: "Counts", reason: str) -> None:
    """The data is as before; the failure and what was refused are recorded."""
    after = counts(lake)
    assert after == {
        **before,
        "loads": before["loads"] + 1,
        "quarantine": before["quarantine"] + 1,
    }
    record = lake.loads(1)[0]
    assert record.status is LoadStatus.FAILED
    assert reason in (record.reason or "")
    assert lake.quarantine()[0].load_id == record.id
    assert lake.search("papers", "cats")[0].text == "cats"
    assert lake.collection("papers").version == 1


@pytest.mark.parametrize("value", ["NUL \0 inside", "half a pair \ud800"])
def test_a_text_postgresql_cannot_store(
    filled: Lake, document: "MakeDocument", counts: "Counts", value: str
) -> None:
    before = counts(filled)
    documents = [document("a", "new"), document("bad.txt", value)]
    with pytest.raises(LoadError, match=r"bad\.txt"):
        filled.load_documents("papers", documents, LsaTrainer(), quarantined=[REFUSED])
    assert_as_before(filled, before, counts, "PostgreSQL cannot store")


def test_a_detail_postgresql_cannot_store(
    filled: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    before = counts(filled)
    made = document("bad.txt", "words")
    bad = SplitDocument(replace(made.document, metadata={"author": "\0"}), made.chunks)
    with pytest.raises(LoadError, match=r"bad\.txt"):
        filled.load_documents("papers", [bad], LsaTrainer(), quarantined=[REFUSED])
    assert_as_before(filled, before, counts, "PostgreSQL cannot store")


def test_documents_that_fail_while_they_are_read(
    filled: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    def broken() -> Iterator[SplitDocument]:
        for number in range(3000):
            yield document(f"n{number}", "new")
        raise OSError("the disk is gone")

    before = counts(filled)
    with pytest.raises(LoadError, match="the disk is gone"):
        filled.load_documents("papers", broken(), LsaTrainer(), quarantined=[REFUSED])
    assert_as_before(filled, before, counts, "the disk is gone")


def test_a_provider_that_fails(
    lake: Lake, document: "MakeDocument", counts: "Counts", hash_embedder: Make
) -> None:
    lake.load_documents("papers", [document("a", "cats")], hash_embedder())
    before = counts(lake)
    model = hash_embedder()

    def refuse(texts: object) -> Vectors:
        raise ProviderError("hash", "quota exceeded")

    model.embed_documents = refuse  # type: ignore[method-assign]
    with pytest.raises(ProviderError, match="quota exceeded"):
        lake.load_documents("papers", [document("c", "new")], model, quarantined=[REFUSED])
    assert_as_before(lake, before, counts, "quota exceeded")


def test_a_model_that_gives_the_wrong_number_of_vectors(
    lake: Lake, document: "MakeDocument", counts: "Counts", hash_embedder: Make
) -> None:
    lake.load_documents("papers", [document("a", "cats")], hash_embedder())
    before = counts(lake)
    model, whole = hash_embedder(), hash_embedder()
    model.embed_documents = lambda texts: whole.embed_documents(texts[1:])  # type: ignore[method-assign]
    with pytest.raises(Exception, match="gave vectors of the shape"):
        lake.load_documents("papers", [document("c", "new")], model, quarantined=[REFUSED])
    assert_as_before(lake, before, counts, "gave vectors of the shape")


def test_a_failed_first_load_leaves_no_collection(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    before = counts(lake)
    with pytest.raises(LoadError):
        lake.load_documents("new", [document("a", "x"), document("b", "\0")], LsaTrainer())
    assert lake.collections() == ()
    assert counts(lake) == {**before, "loads": 1}


def test_a_connection_cut_in_the_middle(
    filled: Lake, document: "MakeDocument", counts: "Counts", database_url: str
) -> None:
    def cut() -> Iterator[SplitDocument]:
        for number in range(6000):
            yield document(f"n{number}", "new words", "more words")
            if number == 3000:
                with psycopg.connect(database_url, autocommit=True) as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'neurocortex' AND datname = current_database()"
                    )

    before = counts(filled)
    with pytest.raises(LakeUnavailableError, match="undone"):
        filled.load_documents("papers", cut(), LsaTrainer(), quarantined=[REFUSED])
    assert_as_before(filled, before, counts, "connection")  # lost, or terminating
    report = filled.load_documents("papers", [document("c", "birds")], LsaTrainer())
    assert report.inserted == 1, "the next load works"


def test_a_statement_that_runs_too_long(
    filled: Lake, document: "MakeDocument", counts: "Counts", database_url: str
) -> None:
    """Another load holds the collection for longer than a statement may take."""
    before = counts(filled)
    with filled.engine.begin() as holding:
        holding.execute(text("SELECT FROM lake.collections FOR UPDATE"))
        with (
            Lake(database_url, statement_timeout_s=0.2) as hurried,
            pytest.raises(LoadError, match=r"longer than lake\.statement_timeout_s"),
        ):
            hurried.load_documents(
                "papers", [document("c", "x")], LsaTrainer(), quarantined=[REFUSED]
            )
    assert_as_before(filled, before, counts, "statement_timeout_s")


def test_loads_into_one_collection_wait_for_each_other(
    lake: Lake, document: "MakeDocument"
) -> None:
    failures: list[BaseException] = []

    def load(worker: int) -> None:
        try:
            for number in range(3):
                documents = [document(f"{worker}/{number}", f"cat{worker}x{number} animal")]
                lake.load_documents("papers", documents, LsaTrainer())
        except BaseException as error:  # noqa: BLE001 - reported by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=load, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    info = lake.collection("papers")
    assert (info.documents, info.chunks, info.version) == (12, 12, 12)
    for worker in range(4):
        for number in range(3):
            assert (
                lake.search("papers", f"cat{worker}x{number}", 1)[0].source == f"{worker}/{number}"
            )
