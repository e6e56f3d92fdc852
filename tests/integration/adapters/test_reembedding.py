"""A collection gets another model in one step, or keeps the one it has."""

from collections.abc import Sequence
from threading import Event, Thread

import numpy as np
import pytest
from sqlalchemy import text

from neurocortex.domain.documents import Duplicates
from neurocortex.domain.embedding import Embedder, RecordedEmbedder, Vectors
from neurocortex.engines import embedders
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import EmbedderMismatchError, LoadError
from neurocortex.lake.pipeline_store import PipelineStore
from neurocortex.lake.records import Record, split
from neurocortex.lake.store import Lake


class Lengths:
    """A model that knows how long a text is; it waits before it says so, or fails."""

    name = "lengths"
    version = "1"
    dimension = 2
    share = 0.5

    def __init__(self, *, fails: bool = False) -> None:
        self.asked = Event()
        self.goes_on = Event()
        self._fails = fails

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.asked.set()
        assert self.goes_on.wait(30)
        if self._fails:
            raise RuntimeError("out of words")
        angles = [len(each) / 100 for each in texts]
        return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], np.float32)

    def embed_query(self, text: str) -> Vectors:
        return self.embed_documents([text])


def restore(recorded: RecordedEmbedder) -> Embedder:
    if recorded.name != Lengths.name:
        return embedders.restore(recorded)
    model = Lengths()
    model.goes_on.set()
    return model


@pytest.fixture
def cats(lake: Lake, url: str) -> Lake:
    """A Lake whose collection `cats` has 20 documents, embedded by LSA."""
    records = [Record(str(n), f"The cat number{n} sleeps.", {}) for n in range(20)]
    lake.load_documents("cats", split(records, 1), LsaTrainer())
    return lake


def stored(lake: Lake) -> tuple[list[str], int]:
    """Return the names of the vector tables, and how many fitted models there are."""
    with lake.engine.connect() as connection:
        tables = connection.scalars(
            text(
                "SELECT tablename FROM pg_tables JOIN lake.collections"
                " ON tablename LIKE 'vectors\\_' || collections.id || '\\_%'"
            )
        ).all()
        models = connection.scalar(text("SELECT count(*) FROM lake.embedding_models"))
        return list(tables), models or 0


def test_searches_go_on_with_the_old_vectors_until_the_switch(cats: Lake, url: str) -> None:
    model = Lengths()
    thread = Thread(target=cats.reembed, args=("cats", model))
    thread.start()
    assert model.asked.wait(30)
    before = cats.collection("cats")
    assert before.embedder == "lsa"
    assert cats.search("cats", "cat sleeps")[0].dense_rank is not None
    model.goes_on.set()
    thread.join()

    after = cats.collection("cats")
    assert (after.embedder, after.model_version, after.dimension) == ("lengths", "1", 2)
    assert after.version == before.version + 1
    assert (after.documents, after.chunks) == (before.documents, before.chunks)
    tables, models = stored(cats)
    assert (len(tables), models) == (1, 0)
    with Lake(url, restore=restore) as opened:
        assert opened.search("cats", "number7")[0].source == "7"


def test_a_failure_leaves_the_old_model(cats: Lake) -> None:
    before, tables = cats.collection("cats"), stored(cats)
    model = Lengths(fails=True)
    model.goes_on.set()
    with pytest.raises(LoadError, match="out of words"):
        cats.reembed("cats", model)
    assert cats.collection("cats") == before
    assert stored(cats) == tables
    assert cats.search("cats", "cat sleeps")[0].dense_rank is not None
    assert cats.loads()[0].reason == "out of words"


def test_back_to_a_model_that_is_fitted(cats: Lake) -> None:
    model = Lengths()
    model.goes_on.set()
    cats.reembed("cats", model)
    report = cats.reembed("cats", LsaTrainer())
    assert report.embedder.startswith("lsa ")
    assert cats.collection("cats").embedder == "lsa"
    assert cats.search("cats", "cat sleeps")[0].dense_rank is not None


def test_documents_with_vectors_of_their_own_keep_them(lake: Lake) -> None:
    store = PipelineStore(lake, "own")
    store.write([Record("a", "x", {}, np.array([1, 0], np.float32))], Duplicates.FAIL, 2)
    with pytest.raises(EmbedderMismatchError):
        lake.reembed("own", LsaTrainer())
    assert store.count() == 1
