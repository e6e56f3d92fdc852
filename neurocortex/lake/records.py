"""Documents as other people's pipelines have them: one text each, with an id and its own vector."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.json_values import holds_nul
from neurocortex.errors import InvalidRecordError

RESERVED: Final = "_kept"
"""Where in a document's metadata the Lake has what is not the pipeline's own metadata."""

LENGTH: Final = "length"
"""Of the vector as it came. Stored vectors have the length 1, because they are compared so."""

UNIT: Final = 1e-3
"""A length that differs less from 1 is not recorded: half precision is no finer."""

_JSON: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What a pipeline writes, and what it gets back."""

    id: str
    text: str
    metadata: Mapping[str, JsonValue]
    vector: NDArray[np.float32] | None = field(default=None, compare=False)
    """(dimension,), of any length; in half precision when it comes back."""
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    """What its framework must know to make the same document of it again."""


def split(record: Record, dimension: int) -> SplitDocument:
    """Return a record as the Lake loads it: a document of one chunk.

    Raises:
        InvalidRecordError: its metadata is no JSON, or its vector has another dimension, holds
            something other than numbers, or is none.
    """
    vector, length = _unit(record, dimension)
    kept = dict(record.kept)
    if abs(length - 1) > UNIT:
        kept[LENGTH] = length
    if RESERVED in record.metadata:
        raise InvalidRecordError(record.id, f"the metadata must not have the key {RESERVED!r}.")
    metadata = {**record.metadata, RESERVED: kept} if kept else dict(record.metadata)
    document = Document(
        source=record.id,
        title="",
        text=record.text,
        media_type="text/plain",
        checksum=_checksum(record, metadata, vector),
        metadata=metadata,
    )
    chunk = Chunk(0, record.text, 0, len(record.text))
    return SplitDocument(document, (chunk,), None if vector is None else vector[np.newaxis])


def joined(
    identity: str,
    text: str,
    metadata: Mapping[str, JsonValue],
    vector: NDArray[np.float32] | None,
) -> Record:
    """Return the record that `split` took apart."""
    own = {name: value for name, value in metadata.items() if name != RESERVED}
    found = metadata.get(RESERVED)
    kept = dict(found) if isinstance(found, dict) else {}
    length = kept.pop(LENGTH, 1.0)
    if vector is not None and isinstance(length, float):
        vector = vector * np.float32(length)
    return Record(identity, text, own, vector, kept)


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a vector with the length 1; zeros stay zeros."""
    length = _length(vector)
    return vector / np.float32(length) if length > 0 else vector


def _length(vector: NDArray[np.float32]) -> float:
    return float(np.sqrt(vector.dot(vector)))  # as numpy's norm, in half the time


def _unit(record: Record, dimension: int) -> tuple[NDArray[np.float32] | None, float]:
    vector = record.vector
    if vector is None:
        return None, 1.0
    if vector.shape != (dimension,):
        raise InvalidRecordError(
            record.id, f"its vector has the shape {vector.shape}, not ({dimension},)."
        )
    length = _length(vector)
    if not isfinite(length):
        raise InvalidRecordError(record.id, "its vector holds a number that is not finite.")
    return unit(vector), length


def _checksum(
    record: Record, metadata: Mapping[str, JsonValue], vector: NDArray[np.float32] | None
) -> str:
    try:
        written = _JSON.encode([record.id, record.text, metadata])
        digest = hashlib.sha256(written.encode())
    except (TypeError, ValueError) as error:  # a UnicodeEncodeError is a ValueError
        raise InvalidRecordError(record.id, f"JSON cannot hold its metadata: {error}.") from error
    if holds_nul([record.id, record.text, dict(metadata)]):
        raise InvalidRecordError(record.id, "it holds the character NUL, which the Lake cannot.")
    if vector is not None:
        digest.update(vector.tobytes())
    return digest.hexdigest()
