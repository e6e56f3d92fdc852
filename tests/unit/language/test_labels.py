"""Scores of labels: of one text, whatever gave them."""

import numpy as np
import pytest

from neurocortex.domain.language import Example, Method
from neurocortex.engines import example_classifier
from neurocortex.language.classification import (
    by_similarity,
    classification,
    instructions_for,
    schema_of,
)
from neurocortex.language.schemas import check, problems_of

LABELS = ("billing", "technical")
EXAMPLES = (
    Example(text="I was charged twice for one invoice.", label="billing"),
    Example(text="Refund my payment, please.", label="billing"),
    Example(text="The app crashes at start.", label="technical"),
    Example(text="The page shows an error when I open it.", label="technical"),
)


def test_examples_teach_the_labels() -> None:
    assert example_classifier.scores("Why is my invoice wrong?", LABELS, EXAMPLES)[0] > 0.6
    assert example_classifier.scores("It crashes with an error.", LABELS, EXAMPLES)[1] > 0.6


def test_a_text_without_a_known_word_leaves_the_labels_alike() -> None:
    assert example_classifier.scores("Zzz.", LABELS, EXAMPLES) == pytest.approx([0.5, 0.5], abs=0.1)


def test_the_nearest_label_scores_best() -> None:
    scores = by_similarity(
        np.asarray([[1.0, 0.0]], np.float32), np.asarray([[0.9, 0.1], [0.0, 1.0]], np.float32)
    )
    assert scores[0] > scores[1]
    assert sum(scores) == pytest.approx(1)


def test_scores_are_shares_best_first() -> None:
    found = classification(LABELS, [0.2, 0.6], Method.LLM, "m")
    assert (found.label, found.note) == ("technical", None)
    assert [each.score for each in found.scores] == pytest.approx([0.75, 0.25])


def test_where_nothing_fits_that_is_said() -> None:
    found = classification(LABELS, [0.0, 0.0], Method.LLM, "m")
    assert found.note is not None
    assert "alike" in found.note
    assert [each.score for each in found.scores] == [0.5, 0.5]


def test_an_llm_is_asked_for_a_score_of_each_label() -> None:
    schema = schema_of(LABELS)
    check(schema)
    assert problems_of({"billing": 0.9, "technical": 0}, schema) == []
    assert problems_of({"billing": 1.5}, schema)
    told = instructions_for(LABELS, {"billing": "invoices"}, EXAMPLES[:1])
    assert "- billing: invoices" in told
    assert "'I was charged twice for one invoice.' is 'billing'" in told
