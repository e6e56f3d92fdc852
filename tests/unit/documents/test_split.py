"""What splitting promises, on any text."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.documents.split import split
from neurocortex.domain.documents import Chunk, Document, Section

WORDS = st.sampled_from(
    [
        *("Alpha", "beta", "Gamma.", "delta", "e.g.", "3.5", "Is", "it?", "Yes!", "et al."),
        *(
            "東京は",
            "。",
            "naïve",
            "\u0301",
            "zeta;",
            "(see)",
            "-",
            "1.",
            "http://a.b/c.d",
            "x" * 90,
        ),
    ]
)
GAPS = st.sampled_from(
    [" ", " ", " ", "\n", "\n\n", "\n- ", "\t", "  ", "\u00a0", "\u2029", "\r\n"]
)
TEXTS = st.one_of(
    st.lists(st.tuples(WORDS, GAPS), max_size=300).map(
        lambda pairs: "".join(word + gap for word, gap in pairs)
    ),
    st.text(max_size=400),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(TEXTS)
    starts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    headings = st.sampled_from([None, "A", "A > B", "A > C", "D", "D > E"])
    pages = st.one_of(st.none(), st.integers(1, 9))
    sections = tuple(Section(start, draw(headings), draw(pages)) for start in starts)
    return make(text, sections)


def make(text: str, sections: tuple[Section, ...] = ()) -> Document:
    return Document("/a.txt", "A", text, "text/plain", "0" * 64, sections)


def sentence(number: int, words: int) -> str:
    return " ".join([f"Sentence{number}", *("word" for _ in range(words - 2)), "end."])


def covered(document: Document, chunks: tuple[Chunk, ...]) -> set[int]:
    return {index for chunk in chunks for index in range(chunk.start, chunk.end)}


@given(documents(), st.integers(1, 60), st.integers(0, 80))
@settings(deadline=None)
def test_chunks_are_slices_in_order_and_lose_nothing(
    document: Document, words: int, overlap: int
) -> None:
    chunks = split(document, words=words, overlap=overlap)
    inside = covered(document, chunks)
    assert all(index in inside for index, char in enumerate(document.text) if not char.isspace())
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""
        assert len(chunk.text.split()) <= words
    for one, two in pairwise(chunks):
        assert one.start < two.start
        assert one.end < two.end
        repeated = document.text[two.start : max(one.end, two.start)]
        assert len(repeated.split()) <= min(overlap, words // 2)


@given(documents(), st.integers(1, 60), st.integers(0, 80))
@settings(deadline=None, max_examples=25)
def test_splitting_again_gives_the_same(document: Document, words: int, overlap: int) -> None:
    assert split(document, words=words, overlap=overlap) == split(
        document, words=words, overlap=overlap
    )


def test_a_blank_text_has_no_chunks() -> None:
    assert split(make(" \n\n\t "), words=200, overlap=50) == ()


def test_whole_sentences_are_packed_and_repeated() -> None:
    text = " ".join(sentence(number, 10) for number in range(12))
    chunks = split(make(text), words=50, overlap=10)
    assert [chunk.text.split()[0] for chunk in chunks] == ["Sentence0", "Sentence4", "Sentence8"]
    assert chunks[1].text.startswith(sentence(4, 10))
    assert all(chunk.text.endswith("end.") for chunk in chunks)


def test_a_chunk_ends_early_where_a_paragraph_does() -> None:
    first = " ".join(sentence(number, 10) for number in range(4))
    second = " ".join(sentence(number, 10) for number in range(4, 9))
    chunks = split(make(f"{first}\n\n{second}"), words=50, overlap=0)
    assert [chunk.text for chunk in chunks] == [first, second]


def test_the_last_chunk_is_not_a_remnant() -> None:
    text = " ".join(sentence(number, 10) for number in range(11))
    chunks = split(make(text), words=50, overlap=0)
    assert [len(chunk.text.split()) for chunk in chunks] == [50, 30, 30]


def test_sections_are_not_mixed_and_name_the_chunk() -> None:
    one, two = (" ".join(sentence(number, 10) for number in range(4)) for _ in range(2))
    text = f"{one}\n\n{two}"
    sections = (Section(0, "One"), Section(len(one) + 2, "Two"))
    chunks = split(make(text, sections), words=100, overlap=20)
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [("One", one), ("Two", two)]


def test_small_sections_join_the_next_and_the_larger_heading_names_them() -> None:
    body = " ".join(sentence(number, 10) for number in range(6))
    text = f"Manual\n\nInstalling\n\n{body}"
    sections = (Section(0, "Manual"), Section(8, "Manual > Installing"))
    (chunk,) = split(make(text, sections), words=100, overlap=20)
    assert (chunk.heading, chunk.text) == ("Manual > Installing", text)


def test_the_small_end_of_a_chapter_stays_in_its_chapter() -> None:
    body = " ".join(sentence(number, 10) for number in range(6))
    text = f"{body}\n\nSee also. More.\n\n{body}"
    middle, last = len(body) + 2, len(body) + 19
    sections = (Section(0, "A > B"), Section(middle, "A > C"), Section(last, "D"))
    chunks = split(make(text, sections), words=100, overlap=0)
    assert [chunk.heading for chunk in chunks] == ["A > B", "D"]
    assert chunks[1].text == body


def test_pages_do_not_part_sentences_and_a_chunk_names_where_it_begins() -> None:
    text = " ".join(sentence(number, 10) for number in range(8))
    sections = (Section(0, None, 1), Section(text.index("Sentence3") + 15, None, 2))
    chunks = split(make(text, sections), words=50, overlap=0)
    assert [(chunk.page, chunk.text[:9]) for chunk in chunks] == [
        (1, "Sentence0"),
        (2, "Sentence5"),
    ]


def test_a_sentence_longer_than_a_chunk_is_cut_with_overlap() -> None:
    text = " ".join(f"w{number}" for number in range(500))
    chunks = split(make(text), words=100, overlap=20)
    assert [len(chunk.text.split()) for chunk in chunks] == [100, 100, 100, 100, 100, 100]
    assert chunks[1].text.split()[0] == "w80"


def test_lines_of_a_long_list_stay_whole() -> None:
    text = "\n".join(f"row {number} has five words" for number in range(100))
    chunks = split(make(text), words=50, overlap=10)
    assert all(chunk.text.startswith("row ") for chunk in chunks)


@pytest.mark.parametrize("unit", ["word ", "x", "A b. ", ". ", "line\n", "\n\n", "東京", '." '])
def test_time_grows_linearly(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.process_time()
        split(make(text), words=200, overlap=50)
        return time.process_time() - began

    small, large = seconds(200_000), seconds(800_000)
    assert large < 4 * small * 3 + 1  # 3: a busy machine; quadratic would be 16
