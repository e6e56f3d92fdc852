"""An entry in Redis or on disk is read whole, under its own key, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.cache.envelope import seal, unseal
from neurocortex.cache.keys import Key
from neurocortex.cache.values import Entry
from neurocortex.errors import CorruptEntryError

KEY = Key("acme", "answers", "1")

times = st.floats(0, 1e9)
bodies = st.binary(max_size=50) | st.binary(min_size=10, max_size=20).map(lambda part: part * 300)
versions = st.integers(0, 2**60)
tags = st.lists(st.text(st.characters(codec="utf-8"), max_size=10), max_size=3).map(tuple)
entries = st.builds(Entry, bodies, times, times, versions, versions, tags)


@given(entries)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert unseal(KEY, seal(KEY, entry)) == entry


@given(entries, st.data())
def test_an_entry_with_any_bit_changed_is_refused(entry: Entry, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, entry))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptEntryError):
        unseal(KEY, bytes(sealed))


@given(entries, st.data())
def test_a_part_of_an_entry_is_refused(entry: Entry, data: st.DataObject) -> None:
    sealed = seal(KEY, entry)
    with pytest.raises(CorruptEntryError):
        unseal(KEY, sealed[: data.draw(st.integers(0, len(sealed) - 1))])


@given(st.binary())
def test_foreign_bytes_are_refused(garbage: bytes) -> None:
    with pytest.raises(CorruptEntryError):
        unseal(KEY, garbage)


@given(entries)
def test_the_entry_of_another_key_is_refused(entry: Entry) -> None:
    with pytest.raises(CorruptEntryError, match="other:answers:1"):
        unseal(KEY, seal(Key("other", "answers", "1"), entry))


def test_a_long_body_is_compressed() -> None:
    entry = Entry(b"x" * 100_000, 1.0, 0.0, 0, 0, ())
    assert len(seal(KEY, entry)) < 1000
