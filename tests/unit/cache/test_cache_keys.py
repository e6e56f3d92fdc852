"""The same request has the same key; another request, or another tenant's, has another."""

import datetime as dt
import struct
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from random import Random
from unicodedata import normalize
from uuid import UUID

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel

from neurocortex.cache.keys import Key, call_key, digest, key_of
from neurocortex.errors import UnkeyableValueError


@dataclass
class Query:
    text: str
    limit: int = 5


class Request(BaseModel):
    text: str
    limit: int = 5


class Mode(Enum):
    FAST = 1


def answer(question: str, /, *rest: int, passages: int = 5, **options: object) -> str:
    return f"{question}{rest}{passages}{options}"


plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False).map(lambda number: number + 0.0)
    | st.text().map(lambda text: normalize("NFC", text))
    | st.binary()
)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(plain, inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values), st.randoms())
def test_the_order_of_dict_keys_does_not_matter(request_: dict[str, object], pick: Random) -> None:
    items = list(request_.items())
    pick.shuffle(items)
    assert digest(dict(items)) == digest(request_)


@given(st.text())
def test_the_normal_form_of_text_does_not_matter(text: str) -> None:
    assert digest(normalize("NFC", text)) == digest(normalize("NFD", text))


def typed(value: object) -> str:
    """Text of a value that differs whenever type or content does."""
    if isinstance(value, dict):
        return f"dict{sorted((typed(key), typed(item)) for key, item in value.items())}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{[typed(item) for item in value]}"
    return f"{type(value).__name__}:{value!r}"


@given(values, values)
def test_two_values_share_a_digest_only_when_they_are_the_same(left: object, right: object) -> None:
    assert (digest(left) == digest(right)) == (typed(left) == typed(right))


@given(st.lists(st.text(min_size=1), min_size=1))
def test_moving_the_border_between_two_texts_gives_another_key(texts: list[str]) -> None:
    joined = ["".join(texts)]
    assume(joined != texts)
    assert digest(joined) != digest(texts)


def test_the_two_zeros_and_all_nans_are_one_each() -> None:
    other_nan = struct.unpack(">d", bytes.fromhex("7ff8000000000001"))[0]
    assert digest(-0.0) == digest(0.0)
    assert digest(float("nan")) == digest(other_nan) == digest(-float("nan"))
    assert digest(np.array([-0.0, other_nan])) == digest(np.array([0.0, np.nan]))
    assert digest(complex(-0.0, -0.0)) == digest(0j)


DISTINCT: list[object] = [
    1, 1.0, True, "1", b"1", Decimal(1), 1j, np.int64(1), np.float64(1), np.array(1), [1], (1,),
    {1}, frozenset({2}), {1: None}, None, "None", Mode.FAST, "FAST", Query("1"), Request(text="1"),
    {"text": "1", "limit": 5}, dt.date(2026, 1, 1), dt.datetime(2026, 1, 1),  # noqa: DTZ001
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "2026-01-01", dt.time(1), dt.timedelta(1),
    UUID(int=1), PurePosixPath("1"), np.array([1]), np.array([[1]]), np.array([1], "int32"),
    np.array([1, "a"], dtype=object), np.array(["1"]), [], (), {}, set(), "", b"",
]  # fmt: skip


def test_values_that_a_function_can_tell_apart_have_different_keys() -> None:
    digests = [digest(value) for value in DISTINCT]
    assert len(set(digests)) == len(DISTINCT)


@given(st.sets(st.integers() | st.text()))
def test_the_order_of_set_members_does_not_matter(members: set[object]) -> None:
    built: set[object] = set()
    for member in sorted(members, key=repr, reverse=True):
        built.add(member)
    assert digest(built) == digest(members)


def test_digests_stay_the_same_between_processes_and_versions() -> None:
    """A change here leaves every stored entry behind."""
    assert digest({"a": [1, -0.5, "é"], "b": None}) == "a1e104c1b40eb65e13f07e4ae09f9096"


def test_a_call_has_one_key_however_its_arguments_are_passed() -> None:
    first = call_key("acme", answer, ("why",), {})
    assert call_key("acme", answer, ("why",), {"passages": 5}) == first
    assert call_key("acme", answer, ("why",), {"passages": 6}) != first
    assert call_key("acme", answer, ("why", 1), {}) != first
    left = call_key("acme", answer, ("why",), {"b": 1, "a": 2})
    assert left == call_key("acme", answer, ("why",), {"a": 2, "b": 1})
    assert left != first
    assert left.namespace.endswith(".answer")


def test_a_call_that_does_not_fit_its_function_has_no_key() -> None:
    with pytest.raises(UnkeyableValueError, match="question"):
        call_key("acme", answer, (), {})


def test_tenant_namespace_model_and_version_are_part_of_a_key() -> None:
    keys = {
        key_of("acme", "answers", "why"),
        key_of("other", "answers", "why"),
        key_of("acme", "others", "why"),
        key_of("acme", "answers", "why", model="small"),
        key_of("acme", "answers", "why", model="small", model_version="2"),
    }
    assert len({key.text for key in keys}) == 5


@pytest.mark.parametrize("tenant", ["", "a:b", "a b", "a*", "?", "x" * 201, "a\n", None])
def test_a_tenant_that_could_reach_into_anothers_keys_is_refused(tenant: str) -> None:
    with pytest.raises(UnkeyableValueError, match="tenant"):
        Key(tenant, "answers", "1")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), "value"),
        ({"a": [1, lambda: 1]}, "value['a'][1]"),
        ({"a": {("x", object()): 1}}, "a key of value['a'][1]"),
        (Query(text=object()), "value.text"),  # type: ignore[arg-type]
        ("\ud800", "value"),
        (np.array([(1, 2)], dtype=[("a", int), ("b", int)]), "value"),
    ],
)
def test_what_has_no_canonical_form_is_named(value: object, place: str) -> None:
    with pytest.raises(UnkeyableValueError) as error:
        digest(value)
    assert error.value.path == place


def test_a_value_within_itself_has_no_key() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(UnkeyableValueError, match="within itself"):
        digest(endless)
