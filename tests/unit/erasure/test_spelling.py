"""A person is found however the text was written down, and nobody else is."""

import json
import re

import pytest

from neurocortex.erasure import spelling

NAME = "José Ñandú"
QUOTED = 'Ann "Nan" O\'Neil'


@pytest.mark.parametrize(
    "written",
    [
        NAME,
        NAME.upper(),
        "by José  Ñandú.",
        "José\nÑandú",
        json.dumps(NAME),
        json.dumps({"question": json.dumps(NAME.lower())}),
        json.dumps("José\nÑandú"),
    ],
    ids=["plain", "upper", "spaces", "lines", "json", "json in json", "line in json"],
)
def test_found_in_texts(written: str) -> None:
    assert re.search(spelling.in_texts(NAME), written, re.IGNORECASE)


@pytest.mark.parametrize("written", ["Jose Nandu", "José", "JoséÑandú", r"Jos\u00e9x Ñandú"])
def test_somebody_else_is_not(written: str) -> None:
    assert not re.search(spelling.in_texts(NAME), written, re.IGNORECASE)


def test_signs_that_json_escapes_and_expressions_use() -> None:
    for text in (QUOTED, "a+b(c)@x.org", "\U0001f600 smiles"):
        for written in (text, json.dumps(text), json.dumps(json.dumps(text))):
            assert re.search(spelling.in_texts(text), written), written


def test_found_in_bytes_as_postgresql_shows_them() -> None:
    shown = "".join(chr(byte) if byte < 128 else f"\\{byte:03o}" for byte in NAME.encode())
    for written in (shown, json.dumps(NAME).replace("\\", "\\\\")):
        assert re.search(spelling.in_escaped_bytes(NAME), written, re.IGNORECASE)


def test_found_in_a_dump() -> None:
    pattern = re.compile(spelling.in_files(NAME).encode(), re.IGNORECASE)
    for line in (NAME.encode(), f"\\\\x{NAME.encode().hex()}".encode()):
        assert pattern.search(b"7\t" + line + b"\tx")
