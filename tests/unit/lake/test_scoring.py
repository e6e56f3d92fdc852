from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.lake.scoring import (
    PAIR_WINDOW,
    STRETCH,
    Statistics,
    bm25,
    inverse_frequency,
    lexical_scores,
    phrases_of,
)

QUESTION = Statistics(chunks=100, mean_length=50, idf={"virus": 1.0, "mother": 2.0, "child": 3.0})
FILLER = ["filler"] * (PAIR_WINDOW + STRETCH)

passages = st.lists(st.sampled_from(["virus", "mother", "child", "other", "word"]), max_size=60)


def score(*terms: str) -> float:
    return lexical_scores({1: terms}, QUESTION)[1]


def test_a_passage_without_the_words_scores_nothing() -> None:
    assert score("other", "word") == score() == 0


def test_a_rarer_word_scores_more() -> None:
    assert score("child", "other") > score("virus", "other")


def test_repetition_helps_less_and_less() -> None:
    once, twice, thrice = (score(*["virus"] * n, *["other"] * (9 - n)) for n in (1, 2, 3))
    assert twice > once
    assert thrice - twice < twice - once


def test_words_that_stand_together_score_more() -> None:
    assert score("mother", "child", *FILLER) > score("mother", *FILLER, "child")


def test_the_order_of_a_pair_does_not_matter() -> None:
    assert score("mother", "child", "other") == pytest.approx(score("child", "mother", "other"))


def test_words_in_the_order_of_the_question_score_more_than_the_other_way_round() -> None:
    asked = replace(QUESTION, phrases=phrases_of(["child", "mother", "virus"]))
    passages = {
        1: ["child", "mother", "other"],
        2: ["mother", "child", "other"],
        3: ["child", "other", "mother"],
    }
    scores = lexical_scores(passages, asked)
    assert scores[1] > scores[2]
    assert scores[1] > scores[3]


def test_a_word_that_is_asked_twice_makes_no_phrase() -> None:
    assert phrases_of(["virus", "virus", "child"]) == {("virus", "child")}
    assert phrases_of(["virus"]) == phrases_of([]) == frozenset()


def test_longer_passages_score_less_for_the_same_words() -> None:
    assert score("virus", *["other"] * 9) > score("virus", *["other"] * 90)


def test_a_pair_that_few_passages_have_counts_more() -> None:
    rare = lexical_scores({1: ["mother", "child"], 2: ["virus"]}, QUESTION)
    common = lexical_scores({n: ["mother", "child"] for n in range(1, 30)}, QUESTION)
    assert rare[1] > common[1]


def test_no_passages_no_scores() -> None:
    assert lexical_scores({}, QUESTION) == {}


@given(st.dictionaries(st.integers(), passages, max_size=8))
def test_scores_are_at_least_bm25(found: dict[int, list[str]]) -> None:
    scores = lexical_scores(found, QUESTION)
    assert scores.keys() == found.keys()
    for key, terms in found.items():
        assert scores[key] >= bm25(terms, QUESTION) >= 0


@given(st.integers(1, 10**6), st.data())
def test_idf_is_positive_and_falls(chunks: int, data: st.DataObject) -> None:
    containing = data.draw(st.integers(1, chunks))
    assert 0 < inverse_frequency(chunks, containing) <= inverse_frequency(chunks, 1)
