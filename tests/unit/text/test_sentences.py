"""Where sentences end, and what holds for any text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.text.sentences import sentences

FRAGMENTS = st.sampled_from(
    ["A", "b", "Dr", ".", "!", "?", " ", "\n", "\n\n", "1", ")", '"', "[1]", "…", "。", "é", "- "]
)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(st.one_of(st.text(), st.lists(FRAGMENTS).map("".join)))
@settings(deadline=None)
def test_spans_are_ordered_trimmed_and_hold_every_visible_character(text: str) -> None:
    spans = sentences(text)
    behind = 0
    for start, end in spans:
        assert behind <= start < end
        assert not text[behind:start].strip()
        assert text[start:end] == text[start:end].strip()
        behind = end
    assert not text[behind:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "One here.|Two there!|Is it three?|Yes…|End",
        "Dr. Smith met Prof. J. R. R. Tolkien at St. Mary.|He left.",
        "It was shown by Chen et al. (2010) and by Lee et al. in mice.|The end.",
        "As shown by Chen et al.|The results differ.",
        "A dose of 3.5 mg was given, i.e. more than 1,000.5 units, e.g. daily.|It worked.",
        "See Fig. 3 and Eq. 4, vol. 2, pp. 5 of no. 7.|Next.",
        "The answer is no.|We go on.",
        "It lives in the U.S. Army base.|In the U.S.|The law differs.",
        "Visit https://a.org/b.c?d=e.f or mail x.y@z.com.|Then go.",
        '"Really?" he asked.|"Yes."|She left.',
        "It ends (really.)|Next one.|“Quoted.”|After.",
        "This is known.[1,2]|This too [3] .|And this.",
        "So we use mRNA.|mRNA is good. we continue.",
        "Wait ... what?|Yes.",
        "He came on 5 Jan. 2020 and left in Feb.|The rest stayed.",
        "Vitamin C.|The dose.",
        "1. Introduction to it",
        "これは文です。|東京は首都！|そうです",
        "यह वाक्य है।|दूसरा वाक्य।",
        "Das ist z.B. ein Satz.|Der nächste, vgl. oben, auch.",
        "Заголовок.|Это второе предложение.",
    ],
)
def test_ends_are_where_a_reader_sees_them(text: str) -> None:
    expected = [part.strip() for part in text.split("|")]
    joint = "" if "。" in text or "।" in text else " "
    assert split(joint.join(expected)) == expected


def test_blank_lines_and_list_items_end_a_line_break_does_not() -> None:
    text = "A heading\n\nA wrapped\nsentence goes on:\n- one\n* two\n3. three\n(b) four\n\n\n end"
    assert split(text) == [
        "A heading",
        "A wrapped\nsentence goes on:",
        "- one",
        "* two",
        "3. three",
        "(b) four",
        "end",
    ]


@pytest.mark.parametrize(
    "unit", ["word ", ".", "A. ", "Dr. ", "?! ", "\n", " ", "x.y", ".[1", "1) ", ". ", '." ', "。"]
)
def test_time_grows_linearly(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.thread_time()
        sentences(text)
        return time.thread_time() - began

    small, large = seconds(150_000), seconds(600_000)
    assert large < 4 * small * 3 + 0.5  # 3: a busy machine; quadratic would be 16
