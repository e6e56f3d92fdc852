"""What the gate lets into the Lake, and what it says of the rest."""

import base64
import random

import pytest

from neurocortex.documents.gate import DOCUMENT_SUITE, gate
from neurocortex.domain.documents import Document

GOOD = "A document with a few words in it, and a second sentence. "


def document(text: str, source: str = "/a.txt", title: str = "A", **metadata: str) -> Document:
    return Document(source, title, text, "text/plain", "0" * 64, metadata=metadata)


NOISE = random.Random(0).randbytes(3000)
BAD = [
    ("", "words is 0: a document has 3 words at least"),
    ("two words", "words is 2"),
    ("=== --- *** ___ ||| /// +++ ... ((( )))", "letter_share is 0:"),
    (base64.b64encode(NOISE).decode(), "this looks like encoded data, e.g. base64"),
    (base64.encodebytes(NOISE).decode(), "this looks like encoded data, e.g. base64"),
    ("Où êtes-vous allés, élèves ? ".encode().decode("cp1252") * 9, "mojibake_share is 0."),
    ("Привет мир, это текст. ".encode().decode("latin-1") * 9, "mojibake_share is 0."),
    (GOOD + "lost \ufffd\ufffd characters", "too many characters are U+FFFD"),
]


def test_bad_documents_are_set_aside_with_the_reason_and_the_others_pass() -> None:
    texts = [GOOD, *(text for text, _ in BAD), GOOD]
    gated = gate([document(text, f"/{place}.txt") for place, text in enumerate(texts)])
    assert [each.source for each in gated.accepted] == ["/0.txt", f"/{len(BAD) + 1}.txt"]
    assert [each.source for each in gated.refused] == [f"/{n}.txt" for n in range(1, len(BAD) + 1)]
    for refused, (text, reason) in zip(gated.refused, BAD, strict=True):
        assert reason in refused.reason
        assert refused.payload == text[:500]
    assert gated.report.rows == len(texts)
    assert not gated.report.success


def test_a_blank_title_and_a_used_name_are_refused() -> None:
    gated = gate([document(GOOD, "/a", " "), document(GOOD, "/b"), document(GOOD, "/b")])
    assert [each.source for each in gated.refused] == ["/a", "/b", "/b"]
    assert "a document has a title" in gated.refused[0].reason
    assert "two documents of one load have this name" in gated.refused[1].reason


def test_a_row_is_named_by_file_and_number() -> None:
    (refused,) = gate([document("x", "/a.csv#k", file="/a.csv", row="17")]).refused
    assert (refused.source, refused.row) == ("/a.csv", 17)


@pytest.mark.parametrize(
    "text",
    [
        "这是一个中文句子。北京是中国的首都",
        "ภาษาไทยเป็นภาษาที่ไม่มีการเว้นวรรคระหว่างคำ" * 3,
        "Où êtes-vous allés, élèves ? Ça va être très long, « garçon ».",
        "यह एक हिंदी वाक्य है और इसमें कई शब्द हैं",
        "id: 7\nfare: -2.50\ntip: 0.00",
        "def f(x): return {k: v for k, v in x.items()}",
    ],
)
def test_texts_of_any_kind_pass(text: str) -> None:
    assert gate([document(text)]).refused == ()


def test_nothing_passes_a_gate_that_gets_nothing() -> None:
    gated = gate([])
    assert (gated.accepted, gated.refused, gated.report.rows) == ((), (), 0)
    assert gated.report.suite == DOCUMENT_SUITE.name
