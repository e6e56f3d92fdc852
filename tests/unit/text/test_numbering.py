import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.text import numbering
from neurocortex.text.numbering import number
from neurocortex.text.tokens import tokens


@settings(deadline=None)  # the first call imports Arrow
@given(st.lists(st.text(st.sampled_from("abst' é\u00a0\u2028語"), max_size=30)))
def test_the_numbers_stand_for_the_tokens_of_each_text(texts: list[str]) -> None:
    numbered = number(texts)
    found = iter(numbered.numbers.tolist())
    for text, length in zip(texts, numbered.lengths.tolist(), strict=True):
        assert [numbered.terms[next(found)] for _ in range(length)] == tokens(text)
    assert next(found, None) is None
    assert list(numbered.terms) == sorted(set(numbered.terms))


def test_texts_of_many_batches_are_numbered_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        "The cats' tails",
        "",
        "Café au lait, l'eau",
        "of the",
        "cat\ttail\x0bcats",
        "語る cat",
    ]
    at_once = number(texts * 3)
    monkeypatch.setattr(numbering, "BATCH_CHARS", 20)
    one_by_one = number(texts * 3)
    assert one_by_one.terms == at_once.terms
    assert one_by_one.numbers.tolist() == at_once.numbers.tolist()
    assert one_by_one.lengths.tolist() == at_once.lengths.tolist() == [2, 0, 4, 0, 3, 2] * 3
