"""txt: encodings, binaries, and what happens to characters."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.documents.cleaning import clean, clean_line
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined

Write = Callable[[str, str | bytes], Path]
ReadOne = Callable[[Path], Document]
Refuse = Callable[[Path], Quarantined]

FRENCH = "Le café est fermé à cause des élèves. Où êtes-vous allés ? Ça va être très long, garçon."
GERMAN = "Die Straße ist für Fußgänger gesperrt. Größere Lücken wären schöner."
RUSSIAN = "Быстрая коричневая лиса перепрыгивает через ленивую собаку. Это обычный русский текст."
JAPANESE = "これは日本語の文章です。東京は日本の首都であり、世界最大の都市の一つです。"
QUOTES = "The “quick” brown fox — it’s lazy. The price is £5 or €6, she said, in plain English."


def test_the_text_and_the_name_make_a_document(write: Write, read_one: ReadOne) -> None:
    path = write("annual_report-2024.txt", "One line.\r\nAnother line.\r\n\r\n\r\n\r\nThe end.")
    document = read_one(path)
    assert document.source == str(path)
    assert document.title == "annual report 2024"
    assert document.text == "One line.\nAnother line.\n\nThe end."
    assert document.media_type == "text/plain"
    assert len(document.checksum) == 64


def test_a_first_line_that_stands_alone_is_the_title(write: Write, read_one: ReadOne) -> None:
    assert read_one(write("a.txt", "On Chunks\n\nThey are pieces.")).title == "On Chunks"
    assert read_one(write("b.txt", "They are pieces.\n\nOf text.")).title == "b"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-32"),
        (FRENCH, "cp1252"),
        (FRENCH, "latin-1"),
        (GERMAN, "cp1252"),
        (QUOTES, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
@pytest.mark.parametrize("times", [1, 2000])
def test_encodings_are_told(
    write: Write, read_one: ReadOne, text: str, encoding: str, times: int
) -> None:
    whole = "\n".join([text] * times)
    assert read_one(write("a.txt", whole.encode(encoding))).text == whole


def test_one_byte_that_is_no_utf_8_far_behind_is_found(write: Write, read_one: ReadOne) -> None:
    content = b"Plain ASCII text goes on here.\n" * 100_000 + "Das Caf\u00e9.".encode("cp1252")
    assert read_one(write("a.txt", content)).text.endswith("Das Café.")


def test_bytes_of_no_encoding_are_refused(write: Write, refusal: Refuse) -> None:
    noise = bytes(random.Random(1).choices(range(0x80, 0x100), k=5000))
    refused = refusal(write("a.txt", b"Text first. " + noise))
    assert refused.rule == "encoding"
    assert "byte 12 is not valid UTF-8" in refused.reason


def test_a_mark_that_lies_is_refused(write: Write, refusal: Refuse) -> None:
    refused = refusal(write("a.txt", b"\xef\xbb\xbfcaf\xe9 au lait"))
    assert (refused.rule, "utf-8" in refused.reason) == ("encoding", True)


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03\x00\x00\x00text",
        bytes(random.Random(2).choices(range(1, 256), k=5000)),
        b"\x01\x02\x03 some words \x04\x05",
    ],
)
def test_a_binary_named_txt_is_refused(write: Write, refusal: Refuse, content: bytes) -> None:
    refused = refusal(write("a.txt", content))
    assert refused.rule == "unreadable"
    assert "a binary file, not text as its name says" in refused.reason


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", "\ufeff".encode(), "\u00a0".encode()])
def test_an_empty_file_is_refused(write: Write, refusal: Refuse, content: bytes) -> None:
    assert refusal(write("a.txt", content)).rule == "empty"


def test_a_file_that_vanished_is_refused(write: Write) -> None:
    from neurocortex.documents.discover import discover
    from neurocortex.documents.reading import read

    path = write("a.txt", "text")
    (file,) = discover([str(path)], max_file_mb=1).files
    path.unlink()
    (refused,) = read(file).refused
    assert refused.rule == "missing_path"


@given(st.text())
@settings(deadline=None)
def test_clean_text_is_what_a_database_stores(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert "\r" not in cleaned
    assert clean(cleaned) == cleaned
    assert "\n" not in clean_line(text)


def test_clean_composes_unfolds_and_drops_what_nobody_sees() -> None:
    assert clean("e\u0301\u00adt\u200be\u0301 \ufb01n\0 \ud800") == "été fin \ufffd"
