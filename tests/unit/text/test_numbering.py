from hypothesis import given
from hypothesis import strategies as st

from neurocortex.text.numbering import number
from neurocortex.text.tokens import tokens


@given(st.lists(st.text(st.sampled_from("abst' é"), max_size=30)))
def test_the_numbers_stand_for_the_tokens_of_each_text(texts: list[str]) -> None:
    numbered = number(texts)
    found = iter(numbered.numbers.tolist())
    for text, length in zip(texts, numbered.lengths.tolist(), strict=True):
        assert [numbered.terms[next(found)] for _ in range(length)] == tokens(text)
    assert next(found, None) is None
    assert list(numbered.terms) == sorted(set(numbered.terms))
