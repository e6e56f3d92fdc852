"""What a header presents."""

import json
from base64 import urlsafe_b64encode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.errors import UnauthenticatedError
from neurocortex.security.credentials import (
    MAX_CHARS,
    PresentedToken,
    Unreadable,
    identity_of,
    read_credential,
)
from neurocortex.security.keys import PresentedKey, new_key

KEY = new_key()
TEXT = KEY.text.get_secret_value()
SECRET = "s" * 32
CLAIMS = {"iss": "https://login", "sub": "ada"}
TOKEN = jwt.encode(CLAIMS, SECRET, "HS256", headers={"kid": "1"})


def signed_with(header: dict[str, object]) -> str:
    """Return a token with headers that PyJWT would not write."""
    parts = [json.dumps(part).encode() for part in (header, CLAIMS)] + [b"signature"]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    "header",
    [f"Bearer {TEXT}", f"bearer  {TEXT} ", TEXT, f" {TEXT}"],
    ids=["bearer", "spaces", "bare", "space"],
)
def test_an_api_key(header: str) -> None:
    read = read_credential(header)
    assert isinstance(read, PresentedKey)
    assert read.id == KEY.id
    assert identity_of(read) == f"key {KEY.id}"


def test_a_token() -> None:
    read = read_credential(f"Bearer {TOKEN}")
    assert read == PresentedToken(TOKEN, "HS256", "1", "https://login", "ada")
    assert identity_of(read) == "token https://login ada"


@pytest.mark.parametrize("header", ["", "  ", "Bearer", "bearer  "])
def test_nothing_at_all_is_answered_with_a_challenge_without_an_error(header: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        read_credential(header)
    assert caught.value.challenge == 'Bearer realm="neurocortex"'  # RFC 6750, 3.1


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param(TEXT[:-1], "mistyped", id="mistyped"),
        ("Basic dXNlcjpwYXNz", "neither"),
        ("a.b.c", "neither"),
        ("x" * (MAX_CHARS + 1), "too long"),
        (jwt.encode({"sub": "ada"}, SECRET), "no alg, no iss"),
        (jwt.encode({"iss": "x"}, SECRET), "no sub"),
        (signed_with({"alg": "HS256", "b64": True}), "extensions"),
        (signed_with({"alg": "HS256", "b64": True, "crit": ["b64"]}), "extensions"),
        (signed_with({"alg": "HS256", "exp": 1, "crit": ["exp"]}), "neither"),
        (signed_with({"alg": ["HS256"]}), "no alg"),
    ],
)
def test_what_is_neither(header: str, reason: str) -> None:
    read = read_credential(header)
    assert isinstance(read, Unreadable)
    assert reason in read.reason


@given(st.text(max_size=200))
def test_any_text_is_read_as_something(header: str) -> None:
    try:
        read_credential(header)
    except UnauthenticatedError:
        assert header.strip().lower() in {"", "bearer"}
