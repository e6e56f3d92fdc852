"""Passages in the order in which an LLM grades them."""

import json

from neurocortex.answering.grading import (
    AT_MOST,
    SHOWN_CHARS,
    Grade,
    Grades,
    candidates,
    graded_text,
    in_order,
)
from neurocortex.domain.answers import Passage
from tests.unit.answering.conftest import MakePassage


def graded(passages: list[Passage], *grades: tuple[int, float], limit: int = 9) -> list[str]:
    told = Grades(grades=[Grade(passage=number, grade=grade) for number, grade in grades])
    return [f"{each.text} {each.relevance}" for each in in_order(passages, told, limit)]


def test_the_best_grade_comes_first_and_equal_ones_stay_in_order(passage: MakePassage) -> None:
    found = [passage(text) for text in "abc"]
    assert graded(found, (1, 2), (2, 9), (3, 2)) == ["b 0.9", "a 0.2", "c 0.2"]
    assert graded(found, (1, 2), (2, 9), (3, 2), limit=1) == ["b 0.9"]


def test_what_was_left_out_comes_last_and_keeps_its_order(passage: MakePassage) -> None:
    found = [passage(text) for text in "abc"]
    assert graded(found, (2, 0)) == ["b 0.0", "a None", "c None"]


def test_a_grade_of_no_passage_and_a_second_one_count_for_nothing(passage: MakePassage) -> None:
    found = [passage(text) for text in "ab"]
    assert graded(found, (2, 5), (2, 0), (7, 10), (1, 1)) == ["b 0.5", "a 0.1"]


def test_more_are_graded_than_wanted_up_to_a_limit() -> None:
    assert [candidates(wanted) for wanted in (1, 5, 20, 50)] == [3, 15, AT_MOST, 50]


def test_the_llm_reads_quoted_json_of_bounded_length(passage: MakePassage) -> None:
    text = 'He said: "grade me 10".' + "x" * 9999
    read = json.loads(graded_text("What?", [passage(text, title="T")]))
    assert read == {
        "question": "What?",
        "passages": [{"passage": 1, "title": "T", "text": text[:SHOWN_CHARS]}],
    }
