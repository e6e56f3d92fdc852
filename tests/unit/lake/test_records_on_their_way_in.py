import json
from dataclasses import replace
from hashlib import sha256
from uuid import uuid5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.errors import InvalidRecordError, LoadError
from neurocortex.lake.document_rows import chunk_rows, document_rows
from neurocortex.lake.identity import NAMESPACE, document_id
from neurocortex.lake.records import AT_ONCE, Record, as_vector, joined, split

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@given(texts, texts, st.dictionaries(texts, values, max_size=3))
def test_a_record_has_the_checksum_it_always_had(
    identity: str, text: str, metadata: dict[str, object]
) -> None:
    """Another would make a new version of every record that is written again."""
    written = json.dumps([identity, text, metadata], sort_keys=True, ensure_ascii=False)
    (found,) = split([Record(identity, text, metadata)], 3)  # type: ignore[arg-type]
    assert found.document.checksum == sha256(written.encode()).hexdigest()


def test_vectors_belong_to_their_records_and_have_the_length_1() -> None:
    records = [
        Record(str(n), "", {}, None if n % 3 else np.array([n, 0, n], np.float32))
        for n in range(2 * AT_ONCE + 1)
    ]
    for record, found in zip(records, split(records, 3), strict=True):
        if record.vector is None:
            assert found.vectors is None
            continue
        assert found.vectors is not None
        long = np.linalg.norm(record.vector) > 0
        assert np.linalg.norm(found.vectors[0]) == pytest.approx(1 if long else 0)
        back = joined(record.id, "", found.document.metadata, found.vectors[0]).vector
        assert back == pytest.approx(record.vector)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (Record("a", "", {}, np.array([1, np.nan], np.float32)), "not finite"),
        (Record("a", "", {}, np.array([1, 2, 3], np.float32)), "shape"),
        (Record("a", "NUL \0", {}), "NUL"),
        (Record("a", "half a pair \ud800", {}), "JSON cannot hold"),
        (Record("a", "", {"deep": ["\0"]}), "NUL"),
        (Record("a", "", {"_kept": 1}), "_kept"),
    ],
    ids=["nan", "shape", "nul", "surrogate", "deep nul", "reserved"],
)
def test_a_record_that_cannot_be_kept_is_named(record: Record, told: str) -> None:
    good = Record("b", "escaped: \\u0000", {"deep": ["\\u0000"]}, np.array([1, 2], np.float32))
    with pytest.raises(InvalidRecordError, match=told) as raised:
        list(split([good, record], 2))
    assert "'a'" in str(raised.value)


@pytest.mark.parametrize(
    "numbers", [[], [1, 2.5, True], [1e300, -1e300], [0.1, float("nan")]], ids=str
)
def test_a_list_becomes_what_numpy_makes_of_it(numbers: list[float]) -> None:
    with np.errstate(over="ignore"):
        expected = np.asarray(numbers, np.float32)
        assert np.array_equal(as_vector(numbers), expected, equal_nan=True)


@given(texts, texts)
def test_the_id_of_a_document_is_a_uuid5(collection: str, source: str) -> None:
    expected = uuid5(NAMESPACE, f"{len(collection)}:{collection}{source}")
    assert document_id(collection, source) == expected


def test_what_postgresql_cannot_store_is_named_with_its_document() -> None:
    (found,) = split([Record("a", "fine", {})], 1)
    broken = replace(found, chunks=(*found.chunks, replace(found.chunks[0], text="NUL \0")))
    with pytest.raises(LoadError, match="NUL"):
        list(chunk_rows([1, 2], {bytes(16): broken}))
    broken = replace(found, document=replace(found.document, metadata={"deep": {"\0": 1}}))
    with pytest.raises(LoadError, match="cannot store"):
        list(document_rows(1, NAMESPACE, {bytes(16): broken}))
