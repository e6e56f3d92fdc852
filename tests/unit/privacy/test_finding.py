"""What is found in texts, and what is not."""

import time
from pathlib import Path

import pytest
import spacy
from spacy.pipeline import EntityRuler

from neurocortex.errors import PrivacyModelError
from neurocortex.privacy.entities import Span
from neurocortex.privacy.finding import Finder, resolve
from neurocortex.privacy.recognisers.numbers import is_luhn

FINDER = Finder()


def found(text: str) -> set[tuple[str, str]]:
    return {(span.entity, text[span.start : span.end]) for span in FINDER.find(text)}


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("My name is Ottoline Fairweather.", "PERSON", "Ottoline Fairweather"),
        ("Please ask Dr. Baker about it.", "PERSON", "Baker"),
        ("the letter came from james wilson yesterday", "PERSON", "james wilson"),
        ("We spoke to Jean-Claude van Damme.", "PERSON", "Jean-Claude van Damme"),
        ("She lives in Uruguay now.", "LOCATION", "Uruguay"),
        ("They moved to Quxford last year.", "LOCATION", "Quxford"),
        (
            "Send it to 12 Baker Street, Apt. 4, London.",
            "STREET_ADDRESS",
            "12 Baker Street, Apt. 4, London",
        ),
        ("Er wohnt Hauptstraße 5 im Ort.", "STREET_ADDRESS", "Hauptstraße 5"),
        (
            "Mail: PSC 1437, Box 3833\nAPO AA 66791",
            "STREET_ADDRESS",
            "PSC 1437, Box 3833\nAPO AA 66791",
        ),
        ("ZIP: 90210", "ZIP_CODE", "90210"),
        ("He works for Wigglesworth.", "ORGANIZATION", "Wigglesworth"),
        ("Invoices go to Gizmo Trading GmbH", "ORGANIZATION", "Gizmo Trading GmbH"),
        ("My card is 4111 1111 1111 1111.", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("My IBAN is GB33BUKB20201555555555", "IBAN_CODE", "GB33BUKB20201555555555"),
        ("see https://example.org/a?b=1, please", "URL", "https://example.org/a?b=1"),
        ("my page is www.example.it", "URL", "www.example.it"),
        ("sold by shop.example.com.", "URL", "shop.example.com"),
        ("Write to ann@example.com.", "EMAIL_ADDRESS", "ann@example.com"),
        ("Call me at 555-0142-88 please", "PHONE_NUMBER", "555-0142-88"),
        ("Reach us: +44 20 7946 0958", "PHONE_NUMBER", "+44 20 7946 0958"),
        ("blocked 203.0.113.9 today", "IP_ADDRESS", "203.0.113.9"),
        ("My social security number is 078-05-1121", "US_SSN", "078-05-1121"),
        ("my driver's license number is S99988801", "US_DRIVER_LICENSE", "S99988801"),
        ("She is 47 years old.", "AGE", "47"),
        ("born on 12 March 1984 in a village", "DATE_OF_BIRTH", "12 March 1984"),
        ("founded in 1977 by nobody", "DATE_TIME", "1977"),
        ("a Norwegian film", "NRP", "Norwegian"),
        ("Ask Mrs. Doyle.", "TITLE", "Mrs."),
    ],
)
def test_personal_data_is_found_as_what_it_is(text: str, entity: str, value: str) -> None:
    assert (entity, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The index is rebuilt when the table has grown by half, in 0.35 seconds.",
        "Use version 3.8.8 and set the limit to 1024.",
        "An error of 12.5 % was seen after 300 runs; see chapter 4.",
        "",
        " \n ",
    ],
)
def test_ordinary_prose_is_left_alone(text: str) -> None:
    assert not found(text)


def test_a_name_found_once_is_found_where_it_stands_alone() -> None:
    text = "Agnieszka Wojcik signed it. Only Wojcik can change it."
    assert [text[s.start : s.end] for s in FINDER.find(text)] == ["Agnieszka Wojcik", "Wojcik"]


def test_only_the_entities_asked_for_are_given() -> None:
    text = "Ann Smith, ann@example.com"
    assert {s.entity for s in FINDER.find(text, frozenset({FINDER.find(text)[-1].entity}))} == {
        "EMAIL_ADDRESS"
    }


def test_overlaps_are_resolved_and_nothing_that_was_covered_is_uncovered() -> None:
    text = "aaaa bbbb cccc"
    spans = [
        Span(FINDER.find("a@b.com")[0].entity, 0, 9, 0.9, "one"),
        Span(FINDER.find("a@b.com")[0].entity, 5, 14, 0.5, "other"),
    ]
    resolved = resolve(text, spans)
    assert [(s.start, s.end) for s in resolved] == [(0, 9), (10, 14)]


@pytest.mark.parametrize(
    "piece",
    [
        "Ab ",
        "12 Ab ",
        "1 ",
        "a.",
        "A",
        "12 Ab-",
        "12 A, B, ",
        "1234 5678 ",
        "Apt 5 Ab ",
        "a@",
        "1 Ab\n",
    ],
)
def test_no_text_keeps_the_patterns_busy(piece: str) -> None:
    text = piece * (4000 // len(piece))
    FINDER.find("loads what is loaded once")
    before = time.process_time()
    FINDER.find(text)
    assert time.process_time() - before < 3, "some hundredths of a second are usual"


def test_a_model_that_is_not_installed_is_named_with_the_remedy() -> None:
    with pytest.raises(PrivacyModelError, match="'en_core_web_huge' is not installed"):
        Finder("en_core_web_huge").find("Ann Smith")


def test_the_entities_of_an_installed_model_are_found_too(tmp_path: Path) -> None:
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    assert isinstance(ruler, EntityRuler)
    ruler.add_patterns([{"label": "PERSON", "pattern": "zorblax of mirth"}])
    pipeline.to_disk(tmp_path / "model")
    text = "it was zorblax of mirth, and ann@example.com"
    assert not any("zorblax" in value for _, value in found(text))
    spans = Finder(str(tmp_path / "model")).find(text)
    assert [text[span.start : span.end] for span in spans] == [
        "zorblax of mirth",
        "ann@example.com",
    ]


@pytest.mark.parametrize(
    ("number", "right"), [("4111111111111111", True), ("4111111111111112", False)]
)
def test_check_digits_are_checked(number: str, right: bool) -> None:
    assert is_luhn([int(digit) for digit in number]) is right
