"""Several wordings of one question, and the passages that they find together."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.answering.rewording import MAX_CHARS, Ranking, distinct, fuse
from neurocortex.domain.answers import Passage
from tests.unit.answering.conftest import MakePassage

QUESTION = "Which tiers are there?"

SIX = [
    Passage(document_id=UUID(int=n), source="s", title="t", text="x", start=0, end=1, score=1.0)
    for n in range(6)
]


def test_the_question_comes_first_and_nothing_twice() -> None:
    wordings = ["what  tiers exist", " ", "WHICH TIERS ARE THERE?", "What tiers exist"]
    assert distinct(QUESTION, wordings) == [QUESTION, "what tiers exist"]


def test_a_model_that_rambles_is_cut_short() -> None:
    assert [len(each) for each in distinct("a?", ["b" * 9999])] == [2, MAX_CHARS]


def test_what_several_wordings_find_comes_before_what_one_finds(passage: MakePassage) -> None:
    both, first, second = (passage(text, number=n) for n, text in enumerate("abc", start=1))
    fused = fuse([Ranking(QUESTION, [first, both]), Ranking("Levels?", [second, both])], limit=3)
    assert [each.text for each in fused] == ["a", "b", "c"]
    assert [each.wording for each in fused] == [None, None, "Levels?"]
    assert fused[2].score == pytest.approx(fused[1].score)
    assert 0 < fused[1].score < fused[0].score < 1


def test_a_passage_says_which_wording_ranks_it_best(passage: MakePassage) -> None:
    one, other = passage("one", number=1), passage("other", number=2)
    ranked = other.model_copy(update={"lexical_rank": 4})
    fused = fuse([Ranking(QUESTION, [one, other]), Ranking("Levels?", [ranked, one])], limit=2)
    found = {each.text: each for each in fused}
    assert (found["other"].wording, found["other"].lexical_rank) == ("Levels?", 4)
    assert found["one"].wording is None


@given(st.lists(st.permutations(range(6)), min_size=1, max_size=4), st.integers(1, 8))
def test_passages_are_distinct_and_scores_fall(orders: list[list[int]], limit: int) -> None:
    rankings = [Ranking(str(n), [SIX[each] for each in order]) for n, order in enumerate(orders)]
    fused = fuse(rankings, limit)
    assert len({each.document_id for each in fused}) == len(fused) == min(limit, 6)
    scores = [each.score for each in fused]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] <= 1.0 + 1e-9


def test_what_is_first_in_all_rankings_has_score_1(passage: MakePassage) -> None:
    best = passage("best")
    (fused,) = fuse([Ranking(QUESTION, [best]), Ranking("Levels?", [best])], limit=1)
    assert fused.score == pytest.approx(1.0)
