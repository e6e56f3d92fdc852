import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import column, select, table, text

from neurocortex.domain.embedding import Embedder, embedded_text
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.lake import collections, lexical, scoring
from neurocortex.lake.scoring import Statistics
from neurocortex.lake.segments import MAX_SEGMENTS
from neurocortex.lake.store import Lake
from neurocortex.text.tokens import tokens

if TYPE_CHECKING:
    from tests.integration.lake.conftest import Counts, MakeDocument

Make = Callable[..., Embedder]

WORDS = ["cat", "dog", "bird", "fish", "horse", "cow", "sheep", "goat", "hen", "duck"]


def python_bm25(chunks: dict[str, list[str]], question: list[str]) -> dict[str, float]:
    """BM25 written down plainly, over chunks by their text."""
    mean = max(1.0, sum(map(len, chunks.values())) / max(1, len(chunks)))
    idf = {}
    for term in set(question):
        containing = sum(term in terms for terms in chunks.values())
        if containing:
            idf[term] = scoring.inverse_frequency(len(chunks), containing)
    statistics = Statistics(len(chunks), mean, idf)
    scores = {key: scoring.bm25(terms, statistics) for key, terms in chunks.items()}
    return {key: score for key, score in scores.items() if score > 0}


def sql_bm25(lake: Lake, question: list[str]) -> dict[str, float]:
    with lake.engine.connect() as connection:
        collection = collections.find(connection, "papers")
        found = lexical.search(connection, collection, question, limit=1000)
        rows = connection.execute(text("SELECT id, text FROM lake.chunks"))
        texts = {row.id: row.text for row in rows}
    return {texts[chunk]: score for chunk, score in found.scores.items()}


def stored_chunks(lake: Lake) -> dict[str, list[str]]:
    with lake.engine.connect() as connection:
        return {
            row.text: tokens(row.text)
            for row in connection.execute(text("SELECT text FROM lake.chunks"))
        }


steps = st.lists(
    st.tuples(
        st.sampled_from(["load", "delete"]),
        st.integers(0, 5),
        st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), max_size=3),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps, question=st.lists(st.sampled_from([*WORDS, "unicorn"]), min_size=1, max_size=4))
def test_bm25_in_sql_is_bm25_after_any_loads_and_deletes(
    lake: Lake,
    document: "MakeDocument",
    counts: "Counts",
    hash_embedder: Make,
    steps: list[tuple[str, int, list[list[str]]]],
    question: list[str],
) -> None:
    with lake.engine.begin() as connection:
        connection.execute(text("DELETE FROM lake.collections"))
        connection.execute(text("DELETE FROM lake.postings"))
    lake.load_documents("papers", [], hash_embedder())
    for number, (step, name, chunks) in enumerate(steps):
        if step == "load":
            marked = [f"{' '.join(chunk)} mark{number}x{n}" for n, chunk in enumerate(chunks)]
            lake.load_documents("papers", [document(str(name), *marked)], hash_embedder())
        else:
            lake.delete_documents("papers", [str(name)])
    chunks_now = stored_chunks(lake)
    assert sql_bm25(lake, question) == pytest.approx(python_bm25(chunks_now, question))
    info = lake.collection("papers")
    assert info.chunks == len(chunks_now)
    assert info.tokens == sum(map(len, chunks_now.values()))
    rows = counts(lake)
    assert rows["segments"] <= MAX_SEGMENTS
    with lake.engine.connect() as connection:
        name = connection.scalar(text("SELECT vector_table FROM lake.collections"))
        if name is not None:
            stored = table(name, column("chunk_id"), schema="lake")
            vectors = set(connection.scalars(select(stored.c.chunk_id)))
            assert vectors == set(connection.scalars(text("SELECT id FROM lake.chunks")))


def test_many_small_loads_stay_few_segments(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    rng = random.Random(3)
    for number in range(30):
        chunk = " ".join(rng.choices(WORDS, k=8)) + f" mark{number}"
        lake.load_documents("papers", [document(str(number), chunk)], LsaTrainer())
    assert counts(lake)["segments"] <= MAX_SEGMENTS
    question = ["cat", "dog"]
    assert sql_bm25(lake, question) == pytest.approx(python_bm25(stored_chunks(lake), question))


def test_dead_chunks_are_cleared_away(
    lake: Lake, document: "MakeDocument", counts: "Counts"
) -> None:
    lake.load_documents(
        "papers", [document(str(n), f"cat number{n}") for n in range(20)], LsaTrainer()
    )
    for number in range(20):
        changed = [document(str(number), f"dog number{number}")]
        lake.load_documents("papers", changed, LsaTrainer())
        assert counts(lake)["dead_chunks"] <= 6
    assert sql_bm25(lake, ["cat"]) == {}
    assert len(sql_bm25(lake, ["dog"])) == 20
    with lake.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM lake.postings WHERE term = 'cat'")) == 0


def test_the_best_passage_comes_first(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents(
        "papers",
        [
            document("a", "The cat sleeps on the warm roof of the house."),
            document("b", "The dog sleeps. " + "It barks a lot. " * 9 + "The roof is warm."),
            document("c", "Interest rates were raised by the bank."),
        ],
        LsaTrainer(),
    )
    found = lake.search("papers", "Who sleeps on the warm roof?")
    assert [passage.source for passage in found[:2]] == ["a", "b"]
    assert found[0].score > found[1].score
    assert found[0].lexical_rank == 1


def test_a_document_is_found_by_its_title(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents(
        "papers",
        [
            document("a", "It sleeps all day.", title="On cats"),
            document("b", "It sleeps all day long.", title="On dogs"),
        ],
        LsaTrainer(),
    )
    assert lake.search("papers", "dogs", 1)[0].source == "b"


def test_the_same_text_is_returned_once(lake: Lake, document: "MakeDocument") -> None:
    documents = [document(str(n), "The cat sleeps.") for n in range(5)]
    lake.load_documents("papers", [*documents, document("x", "A cat purrs.")], LsaTrainer())
    assert sorted(passage.text for passage in lake.search("papers", "cat")) == [
        "A cat purrs.",
        "The cat sleeps.",
    ]


def test_a_question_of_nothing_but_stop_words_finds_nothing(
    lake: Lake, document: "MakeDocument"
) -> None:
    lake.load_documents("papers", [document("a", "to be or not to be")], LsaTrainer())
    assert lake.search("papers", "to be or not to be?") == ()
    assert lake.search("papers", "") == ()
    assert lake.search("papers", "\0 ☃ '") == ()


def test_a_very_long_question_is_answered(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents("papers", [document("a", "cats and dogs")], LsaTrainer())
    question = "cats " * 10_000 + " ".join(f"word{n}" for n in range(5000))
    assert lake.search("papers", question)[0].source == "a"


def test_vectors_find_what_words_do_not(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    lake.load_documents(
        "papers", [document(str(n), f"text number{n}") for n in range(60)], hash_embedder()
    )
    model = hash_embedder()
    question = "unknown words"
    vector = model.embed_query(question)[0]
    texts = [embedded_text("", None, f"text number{n}") for n in range(60)]
    nearest = int((model.embed_documents(texts) @ vector).argmax())
    found = lake.search("papers", question)
    assert found[0].source == str(nearest)
    assert (found[0].lexical_rank, found[0].dense_rank) == (None, 1)
    assert found[0].score == pytest.approx(1.0)


def test_words_find_what_vectors_do_not(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    lake.load_documents(
        "papers", [document(str(n), f"text number{n}") for n in range(200)], hash_embedder()
    )
    found = lake.search("papers", "number77", 3)
    assert "77" in {passage.source for passage in found}


def test_fewer_passages_than_asked_for(lake: Lake, document: "MakeDocument") -> None:
    lake.load_documents("papers", [document("a", "cats")], LsaTrainer())
    assert len(lake.search("papers", "cats", 50)) == 1
    assert lake.search("papers", "cats", 1) == lake.search("papers", "cats", 50)


def test_as_many_passages_as_there_are_can_be_asked_for(
    lake: Lake, document: "MakeDocument", hash_embedder: Make
) -> None:
    lake.load_documents(
        "papers", [document(str(n), f"text number{n}") for n in range(60)], hash_embedder()
    )
    assert len(lake.search("papers", "text", 5000)) == 60
