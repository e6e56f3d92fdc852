import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.lake.retrieval import fuse

lexical = st.dictionaries(st.integers(0, 30), st.floats(0, 100), min_size=1)
shares = st.floats(0, 1)


def test_the_share_decides_who_wins() -> None:
    words, vectors = {1: 10.0, 2: 5.0}, {1: 0.2, 2: 0.9}
    mostly_words, mostly_vectors = fuse(words, vectors, 0.1), fuse(words, vectors, 0.9)
    assert mostly_words[1] > mostly_words[2]
    assert mostly_vectors[1] < mostly_vectors[2]


def test_without_words_the_vectors_decide() -> None:
    assert fuse({1: 0.0, 2: 0.0}, {1: 0.2, 2: 0.9}, 0.1) == {1: 0.0, 2: 1.0}


def test_without_vectors_the_words_decide() -> None:
    assert fuse({1: 4.0, 2: 2.0}, {}, 0.0) == {1: 1.0, 2: 0.5}


def test_nothing_found_is_nothing_fused() -> None:
    assert fuse({}, {}, 0.5) == {}


@given(lexical, st.data(), shares)
def test_scores_lie_between_0_and_1(
    words: dict[int, float], data: st.DataObject, share: float
) -> None:
    vectors = data.draw(st.dictionaries(st.sampled_from(sorted(words)), st.floats(-1, 1)))
    fused = fuse(words, vectors, share)
    assert fused.keys() == words.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(lexical, st.floats(0.1, 10))
def test_the_scale_of_lexical_scores_does_not_matter(
    words: dict[int, float], factor: float
) -> None:
    scaled = {chunk: score * factor for chunk, score in words.items()}
    for chunk, score in fuse(words, {}, 0.0).items():
        assert fuse(scaled, {}, 0.0)[chunk] == pytest.approx(score, abs=1e-9)
