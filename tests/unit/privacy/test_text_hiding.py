"""Personal data hidden in long texts and documents."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.domain.documents import Document, Section
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.hiding import Hider, Place
from neurocortex.privacy.keys import generate
from neurocortex.privacy.policies import Action, text_policy
from neurocortex.privacy.texts import WINDOW, find, hidden, protected, windows

FINDER = Finder()
KEYS = generate(datetime(2026, 1, 1, tzinfo=UTC))
HIDER = Hider(Place("acme", "documents"), lambda: KEYS)
REDACT = text_policy(Action.REDACT, indirect=False)

VALUES = [
    "Agnieszka Wojcik",
    "Tom Harrison",
    "ann@example.com",
    "4111 1111 1111 1111",
    "+44 20 7946 0958",
    "203.0.113.9",
    "GB33BUKB20201555555555",
]
FILL = ["the table is read again ", "and nothing else was seen. ", "That is all. ", "\n\n"]


def test_what_names_a_person_goes_and_the_rest_stays() -> None:
    text = "Ann Smith (ann@example.com) was in Oslo in 1977."
    assert hidden(text, FINDER, REDACT, HIDER) == "<PERSON> (<EMAIL_ADDRESS>) was in Oslo in 1977."


def test_what_names_nobody_by_itself_goes_where_it_is_asked_for() -> None:
    everything = text_policy(Action.REDACT, indirect=True)
    shown = hidden("Ann Smith was in Oslo in 1977.", FINDER, everything, HIDER)
    assert shown == "<PERSON> was in <LOCATION> in <DATE_TIME>."


def test_a_value_found_once_is_hidden_wherever_it_stands() -> None:
    text = "My name is Kwame Quxworth." + " Nothing." * 1000 + " x=[Kwame Quxworth]"
    assert "Quxworth" not in hidden(text, FINDER, REDACT, HIDER)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=4),
    st.lists(st.sampled_from(FILL), min_size=0, max_size=300),
    st.sampled_from([Action.REDACT, Action.MASK, Action.HASH, Action.ENCRYPT]),
)
def test_no_value_remains_wherever_it_stands_and_however_it_is_hidden(
    values: list[str], fill: list[str], action: Action
) -> None:
    text = "".join(fill) + "".join(f"Contact: {value}.\n" + "".join(fill) for value in values)
    shown = hidden(text, FINDER, text_policy(action, indirect=False), HIDER)
    assert not [value for value in values if value in shown]
    assert shown.count("That is all.") == text.count("That is all.")


@given(st.text(st.sampled_from("ab \n"), max_size=3 * WINDOW))
@settings(max_examples=20, deadline=None)
def test_windows_cover_the_text_and_overlap(text: str) -> None:
    found = list(windows(text))
    assert found[0][0] == 0
    assert found[-1][1] == len(text)
    assert all(end - start <= WINDOW for start, end in found)
    assert all(before[1] > after[0] > before[0] for before, after in pairwise(found))


@pytest.mark.parametrize("before", [WINDOW - 40, WINDOW - 10, WINDOW - 3, WINDOW, 2 * WINDOW - 15])
def test_a_value_across_the_edge_of_a_window_is_found_whole(before: int) -> None:
    text = "word " * (before // 5) + "x" * (before % 5) + " ann.smith@example.com " + "word " * 500
    values = [text[span.start : span.end] for span in find(text, FINDER)]
    assert values == ["ann.smith@example.com"]


def test_the_parts_of_a_document_stay_where_they_begin() -> None:
    text = "Report of Ann Smith\nFirst part by Tom Harrison.\nSecond part."
    document = Document(
        source="/files/report.txt",
        title="Report of Ann Smith",
        text=text,
        media_type="text/plain",
        checksum="0" * 64,
        sections=(
            Section(0),
            Section(text.index("First"), heading="Tom Harrison wrote"),
            Section(text.index("Second"), page=2),
        ),
        metadata={"author": "Ann Smith"},
    )
    shown = protected(document, FINDER, REDACT, HIDER)
    assert "Smith" not in repr(shown)
    assert "Harrison" not in repr(shown)
    assert [shown.text[each.start :].split(" ")[0] for each in shown.sections] == [
        "Report",
        "First",
        "Second",
    ]
    assert shown.sections[2].page == 2
    assert shown.source == document.source
