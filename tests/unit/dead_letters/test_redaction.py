"""No secret of a run's inputs is kept."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from neurocortex.dead_letters.redaction import (
    MAX_TEXT_CHARS,
    MAX_VALUES,
    redact,
    redact_text,
    secrets_of,
)
from neurocortex.settings import MASK

SECRETS = st.text("QXZJ0123456789!$%^/+~,;&@()[]{}", min_size=8, max_size=60)
"""Of characters that the harmless values do not have."""

NAMES = st.sampled_from(
    [
        *("password", "db_password", "apiKey", "API_KEY", "access-token", "Authorization"),
        *("clientSecret", "credentials", "set-cookie", "PGPASSWORD", "key", "pwd"),
        *("aws_secret_access_key", "authToken"),
    ]
)
HARMLESS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("abcdef ", max_size=700),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef"), inner),
    max_leaves=12,
)


@st.composite
def planted(draw: st.DrawFn) -> tuple[dict[str, object], str]:
    """Draw parameters with a secret somewhere in them, in one of the forms secrets come in."""
    secret, name = draw(SECRETS), draw(NAMES)
    form: object = draw(
        st.sampled_from(
            [
                {name: secret},
                {name: [draw(HARMLESS), secret]},
                {name: {"inner": secret}},
                {"name": name, "value": secret},
                [name, secret],
                (name, f"Bearer {secret}"),
                {"hidden": SecretStr(secret)},
                f"postgresql://user:{secret}@host:5432/database?sslmode=require",
                {"url": f"see redis://:{secret}@host/0 there"},
                json.dumps({name: secret}),
                json.dumps([{"deep": {name: {"er": secret}}}]),
                f"call it with password={secret} please",
                f"Authorization: Bearer {secret}",
                f"headers {json.dumps({'access_token': secret, 'other': 1})} and more",
                f"{{'token': '{secret}', 'passwd': 'x'}}",
                f"host=h,token={secret},port=1",
                {name: secret, "elsewhere": f"before {secret} after"},
            ]
        )
    )
    for _ in range(draw(st.integers(0, 4))):
        other = draw(HARMLESS)
        form = draw(st.sampled_from([[other, form], [form, other], {"a": form, "b": other}]))
    return {"first": draw(HARMLESS), "planted": form}, secret


@given(planted())
@settings(deadline=None, max_examples=250)
def test_no_secret_survives(found: tuple[dict[str, object], str]) -> None:
    parameters, secret = found
    kept = redact(parameters)
    assert not [piece for piece in pieces(secret) if piece in kept]
    assert MASK in kept


def pieces(secret: str) -> list[str]:
    """Return every part of a secret that is long enough to be no chance."""
    return [secret[start : start + 6] for start in range(len(secret) - 5)]


ANYTHING = st.recursive(
    st.none() | st.floats() | st.integers() | st.binary(max_size=9) | st.dates() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers() | st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=9), ANYTHING, max_size=3))
@settings(deadline=None, max_examples=80)
def test_whatever_it_gets_it_returns_json_that_postgresql_can_hold(
    parameters: dict[str, object],
) -> None:
    kept = redact(parameters)
    assert isinstance(json.loads(kept), dict)
    assert "\0" not in kept
    kept.encode()


def test_harmless_values_are_kept_as_they_are() -> None:
    parameters: dict[str, object] = {
        "paths": ["/srv/a.txt", "/srv/b.txt"],
        "collection": "documents",
        "limit": 5,
        "ratio": 0.5,
        "dry_run": False,
        "until": None,
        "monkey": "banana",
        "source": "https://host:8080/page?q=1",
        "options": {"keywords": ["a", "b"]},
    }
    assert json.loads(redact(parameters)) == parameters


def test_nothing_and_a_flag_are_no_secrets() -> None:
    parameters: dict[str, object] = {"token": None, "use_password": True, "pin": 1234}
    assert json.loads(redact(parameters)) == {"token": None, "use_password": True, "pin": MASK}


def test_a_long_text_is_shortened_and_its_length_said() -> None:
    kept = json.loads(redact({"text": "word " * 1000}))["text"]
    assert kept.endswith("… (5000 characters)")
    assert len(kept) < MAX_TEXT_CHARS + 30


def test_a_secret_across_the_cut_of_a_long_text_is_hidden() -> None:
    long = "x" * (MAX_TEXT_CHARS - 40) + " https://user:Q" + "Z" * 200 + "@host/ " + "y" * 100
    assert "QZ" not in redact({"text": long})


def test_inputs_without_end_are_cut() -> None:
    cycle: dict[str, Any] = {"a": 1}
    cycle["self"] = cycle
    assert "…" in redact(cycle)
    many = redact({"many": list(range(100_000)), "wide": {str(n): n for n in range(100_000)}})
    assert len(many) < 20 * MAX_VALUES
    assert "more" in many
    assert redact({"deep": "[" * 100_000})
    assert redact({"large": 10**5000})


def test_of_other_types_only_what_is_safe_is_shown() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise AssertionError("its text may hold anything")

        __str__ = __repr__

    kept = json.loads(
        redact({"a": Hostile(), "b": b"QQQ", "c": Path("/srv"), "d": UUID(int=1), "e": {1: {2}}})
    )
    assert kept == {
        "a": "<Hostile>",
        "b": "<bytes>",
        "c": "/srv",
        "d": str(UUID(int=1)),
        "e": {"1": [2]},
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("KeyError: 'name'", "KeyError: 'name'"),
        ("InvalidTokenError: it expired", "InvalidTokenError: it expired"),
        ("duplicate key value (id)=(3)", "duplicate key value (id)=(3)"),
        ("see http://host:4200/runs and a@b.org", "see http://host:4200/runs and a@b.org"),
        ("at postgresql://u:p@ss/w@h:1/d now", f"at postgresql://u:{MASK}@h:1/d now"),
        ("401 for Bearer abcdefgh.ijkl, sorry", f"401 for Bearer {MASK}, sorry"),
        ("host=h password='two words' user=u", f"host=h password='{MASK}' user=u"),
        ("Incorrect key sk-abcdefghijklmnopqrst.", f"Incorrect key {MASK}."),
        ("token=1,user=bob;pwd=2 x", f"token={MASK},user=bob;pwd={MASK} x"),
        ("?api_key=a,b&page=2", f"?api_key={MASK}&page=2"),
        ("{'password': 'a b', 'user': 'u'}", f"{{'password': '{MASK}', 'user': 'u'}}"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", MASK),
        ("nul \0 and half \ud800", "nul \\0 and half \\ud800"),
    ],
)
def test_messages_keep_what_is_no_secret(text: str, kept: str) -> None:
    assert redact_text(text) == kept


def test_a_secret_of_the_inputs_is_hidden_in_messages_too() -> None:
    secrets = secrets_of({"llm": {"api_key": "hunter2-hunter2"}, "model": "small"})
    assert redact_text("'hunter2-hunter2' is no key for small", secrets) == (
        f"'{MASK}' is no key for small"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        *("://a:" * 50_000, 'a="' * 80_000, "token" * 50_000, "a:\\'" * 60_000, "-" * 250_000),
        *("token=" + ",a" * 120_000, "token=" + "," * 240_000, 'token="' + '\\"' * 120_000),
    ],
)
@pytest.mark.timeout(5)
def test_hostile_texts_take_no_longer_than_others(hostile: str) -> None:
    redact_text(hostile)
