"""Filters mean what Haystack's own evaluation of them means, and are answered by an index."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from haystack import Document
from haystack.utils import Secret
from haystack.utils.filters import document_matches_filter
from sqlalchemy import event, text

from neurocortex.adapters.haystack_store import LakeDocumentStore
from neurocortex.domain.documents import Duplicates
from neurocortex.domain.filter_syntax import read
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.lake import collections, filtered, filters
from neurocortex.lake.pipeline_store import PipelineStore
from neurocortex.lake.records import Record, split
from neurocortex.lake.store import Lake

VALUES: dict[str, list[Any]] = {
    "number": [None, -1, 0, 2.5, 10, 1e6],
    "name": [None, "a", "b", "é", "it's", "%"],
    "date": [None, "2020-01-01", "2020-01-01T12:00:00", "2021-06-01T00:00:00"],
    "tags": [None, [], ["a"], ["a", "b"], ["b", "a"]],
    "nested.deep": [None, {}, {"x": 1}, {"x": 1, "y": 2}, "text"],
    "yes": [None, True, False],
}
ORDERED = ("number", "date")


def documents(rng: random.Random, count: int) -> list[Document]:
    made = []
    for number in range(count):
        meta = {name: rng.choice(values) for name, values in VALUES.items() if rng.random() < 0.8}
        deep = meta.pop("nested.deep", None)
        if rng.random() < 0.8:
            meta["nested"] = rng.choice([{"deep": deep}, deep])
        made.append(Document(id=str(number), content=f"text {number}", meta=meta))
    return made


def condition(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    if depth < 3 and rng.random() < 0.4:
        inner = [condition(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        return {"operator": rng.choice(["AND", "OR", "NOT"]), "conditions": inner}
    name = rng.choice([*VALUES, "missing"])
    operators = ["==", "!=", "in", "not in", *([">", ">=", "<", "<="] if name in ORDERED else [])]
    operator = rng.choice(operators)
    among = VALUES.get(name, [None, 1])
    value: Any = rng.choice(among)
    if operator.endswith("in"):
        value = rng.sample(among, k=rng.randint(0, 2))
    return {"field": f"meta.{name}", "operator": operator, "value": value}


@pytest.fixture
def store(lake: Lake, url: str) -> Iterator[LakeDocumentStore]:
    store = LakeDocumentStore(url=Secret.from_token(url), embedding_dimension=2)
    yield store
    store.close()


def test_any_filter_lets_the_same_documents_through_as_in_haystack(
    store: LakeDocumentStore,
) -> None:
    rng = random.Random(7)
    written = documents(rng, 80)
    store.write_documents(written)
    for _ in range(200):
        wanted = condition(rng)
        expected = [each.id for each in written if document_matches_filter(wanted, each)]
        assert [each.id for each in store.filter_documents(wanted)] == expected, wanted


def test_texts_and_ids_can_be_asked_for(store: LakeDocumentStore) -> None:
    store.write_documents([Document(id="a", content="one"), Document(id="b", content="two")])
    for field, value, expected in (("id", "b", ["b"]), ("content", "one", ["a"]), ("id", 1, [])):
        found = store.filter_documents({"field": field, "operator": "==", "value": value})
        assert [each.id for each in found] == expected


def test_dates_of_other_zones_are_the_same_moment(store: LakeDocumentStore) -> None:
    store.write_documents(
        [Document(id="a", content="x", meta={"at": "2020-01-01T12:00:00+02:00"})]
        + [Document(id=word, content="x", meta={"at": word}) for word in ("now", "infinity", "-")]
    )
    for value, expected in (("2020-01-01T09:59:59", ["a"]), ("2020-01-01T10:00:00Z", [])):
        found = store.filter_documents({"field": "meta.at", "operator": ">", "value": value})
        assert [each.id for each in found] == expected


def explained(*call: Any) -> tuple[str, object]:
    _, _, statement, parameters, *_ = call
    return f"EXPLAIN {statement}", parameters


def test_equality_is_answered_by_the_index(lake: Lake) -> None:
    store = PipelineStore(lake, "many")
    records = [Record(str(number), "x", {"number": number}) for number in range(3_000)]
    store.write(records, Duplicates.FAIL, 2)
    with lake.engine.begin() as connection:
        connection.execute(text("ANALYZE lake.documents, lake.chunks"))
        chosen = filters.chosen(collections.find(connection, "many"), read({"number": 7}))
        event.listen(connection, "before_cursor_execute", explained, retval=True)
        plan = connection.execute(chosen).all()
        assert "ix_documents_metadata" in str(plan)


@pytest.mark.parametrize(
    ("exact_up_to", "every"),
    [(1_000, 2), (10, 2), (10, 20)],
    ids=["compared", "filtered", "walked"],
)
def test_the_best_of_those_that_pass_are_found(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, exact_up_to: int, every: int
) -> None:
    monkeypatch.setattr(filtered, "EXACT_UP_TO", exact_up_to)
    monkeypatch.setattr(filtered, "SAMPLE", 300)
    vectors = np.random.default_rng(1).standard_normal((300, 8)).astype(np.float32)
    store = PipelineStore(lake, "some")
    store.write(
        [Record(str(n), "x", {"rest": n % every}, vectors[n]) for n in range(300)],
        Duplicates.FAIL,
        8,
    )
    wanted = read({"rest": 0})
    with lake.engine.connect() as connection:
        collection = collections.find(connection, "some")
        passing = filtered.passing(connection, collection, wanted)
    assert (passing.few is None, passing.share) == (
        exact_up_to < 300 // every,
        0 if exact_up_to > 300 else 1 / every,
    )
    likeness = vectors @ vectors[0] / np.linalg.norm(vectors, axis=1)
    expected = [str(n) for n in np.argsort(-likeness) if n % every == 0][:10]
    found = store.nearest(vectors[0], 10, wanted)
    assert [each.record.id for each in found] == expected
    worded = store.by_words("x", 10, wanted)
    assert [each.record.id for each in worded] == [str(n * every) for n in range(10)]


def test_a_search_of_the_platform_takes_filters(lake: Lake) -> None:
    records = [
        Record(str(year), f"The cat of {year}.", {"year": year}) for year in range(2000, 2009)
    ]
    lake.load_documents("cats", split(records, 1), LsaTrainer())
    found = lake.search("cats", "cat", 9, wanted=read({"year": {"$gte": 2005, "$ne": 2006}}))
    assert sorted(passage.source for passage in found) == ["2005", "2007", "2008"]
    assert all(passage.lexical_rank and passage.dense_rank for passage in found)
    assert lake.search("cats", "cat", wanted=read({"year": 1})) == ()
