import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.text.tokens import MAX_CHARS, STOP_WORDS, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cats were running", ["cat", "run"]),
        ("COVID-19, MERS-CoV", ["covid", "19", "mer", "cov"]),
        ("vitamin D and T cells", ["vitamin", "d", "t", "cell"]),
        ("the patient's results don't agree", ["patient", "result", "agre"]),
        ("the patient\u2019s results don\u2019t agree", ["patient", "result", "agre"]),
        ("l'eau qu'il boit", ["eau", "il", "boit"]),
        ("'quoted'", ["quot"]),
        ("ﬁne β-catenin ①", ["fine", "β", "catenin", "1"]),
        ("北京大学", ["北京", "京大", "大学"]),
        ("snake_case 3.14", ["snake_cas", "3", "14"]),
        ("to be or not to be", []),
        ("", []),
        ("!?… '' \n", []),
    ],
)
def test_text_becomes_terms(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text())
def test_any_text_gives_clean_terms(text: str) -> None:
    for term in tokens(text):
        assert term
        assert not any(character.isspace() for character in term)
        assert "\0" not in term
        assert len(term) <= MAX_CHARS
        term.encode()


@given(st.text(st.characters(codec="ascii")))
def test_case_and_surrounding_space_do_not_matter(text: str) -> None:
    assert tokens(text.upper()) == tokens(text.lower()) == tokens(f" {text}\n")


@given(st.text(), st.text())
def test_texts_apart_are_analysed_apart(first: str, second: str) -> None:
    assert tokens(f"{first}\n{second}") == tokens(first) + tokens(second)


@given(st.text())
def test_compatible_spellings_give_the_same_terms(text: str) -> None:
    assert tokens(unicodedata.normalize("NFKC", text)) == tokens(text)


@given(st.text(st.sampled_from("abst'-_ 1")))
def test_plain_ascii_is_analysed_like_any_text(text: str) -> None:
    assert tokens(text + " é") == [*tokens(text), *tokens("é")]


@given(st.lists(st.sampled_from(sorted(STOP_WORDS))))
def test_stop_words_leave_nothing(words: list[str]) -> None:
    assert tokens(" ".join(words)) == []


def test_threads_do_not_mix_up_their_words() -> None:
    words = [f"running{number} generously" for number in range(2000)]
    alone = [tokens(word) for word in words]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tokens, words)) == alone
