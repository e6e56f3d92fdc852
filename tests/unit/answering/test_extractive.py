"""The quoted answer: which sentence, with which neighbours, and when none."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.answering.extractive import answer_extractively
from neurocortex.domain.answers import AnswerKind, Passage
from neurocortex.text.tokens import tokens

MakePassage = Callable[..., Passage]

STRASBOURG = (
    "Strasbourg is the capital and largest city of the Grand Est region of eastern France. "
    "It is also the official seat of the European Parliament. "
    "In 2013 the city proper had 275,718 inhabitants, the whole of the district had 482,384. "
    "The cathedral of the city was finished in 1439, after more than two hundred years of work. "
    "Its tower was the tallest building in the world because no other town dared to build higher. "
    "The city has three rivers of different size. They are the Ill, the Bruche and the Rhine."
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many inhabitants did the city of Strasbourg have?", "275,718"),
        ("When was the cathedral of the city finished?", "1439"),
        ("Why was the tower the tallest building in the world?", "no other town dared"),
        ("What is the capital of the Grand Est region?", "Strasbourg is the capital"),
    ],
)
def test_the_answering_sentence_is_quoted(passage: MakePassage, question: str, answer: str) -> None:
    found = answer_extractively(question, [passage(STRASBOURG)], "cities")
    assert found.kind is AnswerKind.EXTRACTIVE
    assert answer in found.text
    quote = found.text.removeprefix("“").removesuffix("” [1]")
    assert quote in STRASBOURG
    assert len(quote) < len(STRASBOURG) / 2
    assert (found.model, found.note, found.collection) == ("extractive", None, "cities")


def test_a_sentence_that_points_back_brings_the_one_before(passage: MakePassage) -> None:
    found = answer_extractively(
        "Where is the official seat of the European Parliament?", [passage(STRASBOURG)], "c"
    )
    assert found.text.startswith("“Strasbourg is the capital")
    assert "European Parliament" in found.text


def test_a_sentence_that_announces_the_answer_brings_the_next(passage: MakePassage) -> None:
    found = answer_extractively("Which rivers has the city?", [passage(STRASBOURG)], "c")
    assert "the Ill, the Bruche and the Rhine" in found.text


def test_the_source_is_the_passage_that_holds_the_sentence(passage: MakePassage) -> None:
    other = passage("Basel lies on the Rhine and has a port for ships.", number=2, score=9.0)
    found = answer_extractively(
        "When was the cathedral finished?", [other, passage(STRASBOURG)], "c"
    )
    (citation,) = found.citations
    assert (citation.number, citation.passage.source) == (1, "/docs/1.txt")


def test_a_number_in_the_question_is_no_answer(passage: MakePassage) -> None:
    text = (
        "The limit of 5 flow runs is the limit of the pool low. "
        "The limit of the pool medium is set to 12 flow runs."
    )
    found = answer_extractively("How many, if not 5, is the limit of a pool?", [passage(text)], "c")
    assert "12 flow runs" in found.text


def test_a_row_of_a_table_is_quoted_not_the_table(passage: MakePassage) -> None:
    rows = "\n".join(f"setting_{n} | its default is {n} seconds | some words" for n in range(40))
    found = answer_extractively("What is the default of setting_7?", [passage(rows)], "c")
    assert "setting_7 | its default is 7 seconds" in found.text
    assert "setting_20" not in found.text


def test_a_colon_brings_its_list_and_stops_where_the_list_does(passage: MakePassage) -> None:
    text = "The platform reads these file formats:\n\n- text\n- markdown\n- pdf\n\nNothing else."
    found = answer_extractively("Which file formats does the platform read?", [passage(text)], "c")
    assert found.text.endswith("- text\n- markdown\n- pdf” [1]")


def test_a_short_sentence_does_not_reach_into_the_next_paragraph(passage: MakePassage) -> None:
    text = "Everything listens on 127.0.0.1.\n\nSome other paragraph says more."
    found = answer_extractively("On what does everything listen?", [passage(text)], "c")
    assert found.text == "“Everything listens on 127.0.0.1.” [1]"


def test_the_heading_above_counts(passage: MakePassage) -> None:
    text = "Write one YAML file into the folder, then deploy it by the command given there."
    under = passage(text, number=1).model_copy(update={"heading": "Guide > How to add a dataset"})
    other = passage("Nobody had added much of anything to that list before then.", number=2)
    found = answer_extractively("How do I add a dataset?", [other, under], "c")
    assert found.citations[0].passage is under


def test_a_heading_is_not_quoted_but_tells_what_the_sentences_below_are_about(
    passage: MakePassage,
) -> None:
    text = (
        "Ports\n\nEvery service of the platform has a port that was free at the start.\n\n"
        "Telemetry\n\nNothing of the kind leaves this machine at any time unless you ask for it."
    )
    found = answer_extractively("What about telemetry?", [passage(text)], "c")
    assert found.text.startswith("“Nothing of the kind leaves")


def test_paragraphs_without_a_full_stop_are_quoted_where_there_is_nothing_else(
    passage: MakePassage,
) -> None:
    text = "Revenue grew by 5 percent in 2024\n\nCosts fell by 2 percent\n\nTwo sites were closed"
    found = answer_extractively("By how much did the revenue grow in 2024?", [passage(text)], "c")
    assert "Revenue grew by 5 percent" in found.text


def test_the_sentence_that_defines_a_thing_comes_before_those_that_name_it(
    passage: MakePassage,
) -> None:
    text = (
        "The suite of a gate is written down. The name of a gate is short. "
        "A gate is the check that all data has to pass before any of it is loaded."
    )
    found = answer_extractively("What is a gate?", [passage(text)], "c")
    assert "A gate is the check" in found.text


def test_an_instruction_answers_how_to(passage: MakePassage) -> None:
    text = (
        "A port that another program holds cannot be used by the platform. "
        "The port was changed once in the year 2019. "
        "To change the port, set the variable before the platform starts."
    )
    found = answer_extractively("How do I change the port?", [passage(text)], "c")
    assert "To change the port, set the variable" in found.text


def test_a_sentence_comes_before_a_row_of_a_table(passage: MakePassage) -> None:
    text = (
        "service | its port\nredis | 63790 is its port\n\n"
        "The service redis listens on the port 63790 unless you set another."
    )
    found = answer_extractively("Which port has redis?", [passage(text)], "c")
    assert "listens on the port 63790" in found.text


def test_nothing_is_quoted_where_nothing_matches(passage: MakePassage) -> None:
    found = answer_extractively("Who invented the jet engine?", [passage(STRASBOURG)], "cities")
    assert found.kind is AnswerKind.NONE
    assert found.text == (
        "No sentence found in the collection 'cities' answers this question."
        " The nearest source is [1]."
    )
    assert found.citations[0].passage.source == "/docs/1.txt"


def test_a_weak_match_says_so(passage: MakePassage) -> None:
    found = answer_extractively(
        "Which architect finished the cathedral tower in the world?", [passage(STRASBOURG)], "c"
    )
    assert found.kind is AnswerKind.EXTRACTIVE
    assert found.note is not None
    assert "it may not answer it" in found.note


def test_no_passages_no_answer() -> None:
    found = answer_extractively("Who invented the jet engine?", [], "cities")
    assert (found.kind, found.citations, found.note) == (AnswerKind.NONE, (), None)
    assert found.text == "No sentence found in the collection 'cities' answers this question."


def test_a_question_of_common_words_is_told_so(passage: MakePassage) -> None:
    found = answer_extractively("What is it?", [passage(STRASBOURG)], "c")
    assert found.kind is AnswerKind.NONE
    assert found.note is not None
    assert "only common words" in found.note


@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.text(max_size=200), st.floats(0, 9)), max_size=4),
)
@settings(deadline=None, max_examples=60)
def test_any_text_gets_an_answer_that_is_a_slice_of_it(
    question: str, texts: list[tuple[str, float]]
) -> None:
    from uuid import UUID

    passages = [
        Passage(
            document_id=UUID(int=number),
            source="s",
            title="t",
            text=text,
            start=0,
            end=len(text),
            score=score,
        )
        for number, (text, score) in enumerate(texts)
    ]
    found = answer_extractively(question, passages, "c")
    if found.kind is AnswerKind.EXTRACTIVE:
        quote = found.text.removeprefix("“").removesuffix("” [1]")
        assert quote in found.citations[0].passage.text
        assert set(tokens(quote)) & set(tokens(question))


def test_the_rule_holds_its_figure_on_covid_qa(passage: MakePassage) -> None:
    """The gold paragraph's neighbourhood of about 600 words, every tenth question."""
    path = Path(__file__).parents[4] / "shared" / "data" / "qa" / "200423_covidQA.json"
    if not path.is_file():
        pytest.skip(f"COVID-QA is not at {path}")
    papers = json.loads(path.read_text())["data"]
    cases = [
        (paper["paragraphs"][0]["context"], qa["question"], qa["answers"][0]["text"])
        for paper in papers
        for qa in paper["paragraphs"][0]["qas"]
    ][::10]
    right = total = 0
    for context, question, answer in cases:
        place = context.find(answer)
        if place < 0:
            continue
        text = context[max(place - 2000, 0) : place + 2000]
        quote = answer_extractively(question, [passage(text)], "c").text
        wanted, held = Counter(answer.lower().split()), Counter(quote.lower().split())
        right += 2 * (wanted & held).total() >= wanted.total()
        total += 1
    assert total > 100
    assert right / total > 0.6
