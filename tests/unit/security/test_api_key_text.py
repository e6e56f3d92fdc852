"""API keys as text."""

import hashlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.security.keys import ALPHABET, looks_like_key, new_key, read_key

KEY: Final = new_key()
TEXT: Final = KEY.text.get_secret_value()


def test_a_key_is_read_as_it_was_made() -> None:
    read = read_key(TEXT)
    assert read is not None
    assert read.id == KEY.id
    assert read.matches(KEY.digest)
    assert looks_like_key(TEXT)


def test_what_is_kept_is_the_sha256_of_the_whole_text() -> None:
    assert KEY.digest == hashlib.sha256(TEXT.encode()).digest()


def test_no_two_keys_are_alike() -> None:
    made = [new_key() for _ in range(200)]
    assert len({key.id for key in made}) == len({key.digest for key in made}) == 200


def test_a_key_of_another_with_the_same_id_does_not_match() -> None:
    other = new_key()
    read = read_key(other.text.get_secret_value())
    assert read is not None
    assert not read.matches(KEY.digest)


def test_a_key_is_selected_whole_by_a_double_click() -> None:
    assert set(TEXT) <= {*ALPHABET, "_"}


def test_the_text_does_not_show_in_a_repr() -> None:
    assert TEXT not in repr(KEY)


@given(at=st.integers(3, len(TEXT) - 1), letter=st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_noticed_without_a_server(at: int, letter: str) -> None:
    wrong = TEXT[:at] + letter + TEXT[at + 1 :]
    assert (read_key(wrong) is None) == (wrong != TEXT)


@pytest.mark.parametrize(
    "text",
    ["", "nc_", TEXT[:-1], TEXT + "0", TEXT.upper(), " " + TEXT, TEXT + "\n", "nc_ä" * 15],
    ids=["empty", "prefix", "short", "long", "upper", "space", "line", "foreign"],
)
def test_what_is_no_whole_key_is_none(text: str) -> None:
    assert read_key(text) is None
