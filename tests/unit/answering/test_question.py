"""What may be asked."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.answering.question import validate_question
from neurocortex.errors import QuestionError


def test_a_question_is_cleaned() -> None:
    assert validate_question("  Qu'est-ce\n\tque l'e\u0301te\u0301\0\x07 ? ", 100) == (
        "Qu'est-ce que l'été ?"
    )


@pytest.mark.parametrize("question", ["", "  \n", "\0\0", "\u00a0"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(QuestionError, match="is empty"):
        validate_question(question, 100)


@pytest.mark.parametrize("length", [4001, 100_000, 10_000_000])
def test_a_long_question_is_refused_with_its_length_and_the_limit(length: int) -> None:
    with pytest.raises(QuestionError, match=f"has {length:,} characters, 4,000 are allowed"):
        validate_question("x" * length, 4000)


def test_the_limit_itself_is_allowed() -> None:
    assert len(validate_question("x" * 4000, 4000)) == 4000


@given(st.text(max_size=200))
@settings(deadline=None)
def test_what_passes_can_be_stored_and_passes_again(question: str) -> None:
    try:
        cleaned = validate_question(question, 100)
    except QuestionError:
        return
    assert 0 < len(cleaned) <= 100
    assert "\0" not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    cleaned.encode()
    assert validate_question(cleaned, 100) == cleaned
