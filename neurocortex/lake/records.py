"""Documents as other people's pipelines have them: one text each, with an id and its own vector."""

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Final

import numpy as np
import orjson
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

AT_ONCE: Final = 256
"""Records whose vectors are brought to the length 1 together."""

_JSON: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)
_NUL: Final = b"\\u0000"
"""How JSON writes the character NUL, which may follow a backslash that means itself."""


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


def as_vector(numbers: Sequence[float]) -> NDArray[np.float32]:
    """Return numbers in single precision, (numbers,): a list in a third of numpy's time."""
    if not isinstance(numbers, list):
        return np.asarray(numbers, np.float32)
    try:
        return np.frombuffer(_singles(len(numbers)).pack(*numbers), np.float32)
    except (struct.error, OverflowError):  # numpy knows more kinds, or says what is wrong
        return np.asarray(numbers, np.float32)


@lru_cache(maxsize=64)
def _singles(count: int) -> struct.Struct:
    return struct.Struct(f"{count}f")


def split(records: Iterable[Record], dimension: int) -> Iterator[SplitDocument]:
    """Yield each record as the Lake loads it: a document of one chunk.

    Raises:
        InvalidRecordError: its metadata is no JSON, or its vector has another dimension, holds
            something other than numbers, or is none.
    """
    waiting = iter(records)
    while batch := tuple(islice(waiting, AT_ONCE)):
        units = iter(_units(batch, dimension))
        for record in batch:
            vector, length = next(units) if record.vector is not None else (None, 1.0)
            yield _document(record, vector, length)


def _document(record: Record, vector: NDArray[np.float32] | None, length: float) -> SplitDocument:
    """Return the document of a record; its vector is (1, dimension) and had that length."""
    kept = record.kept
    if abs(length - 1) > UNIT:
        kept = {**kept, LENGTH: length}
    if RESERVED in record.metadata:
        raise InvalidRecordError(record.id, f"the metadata must not have the key {RESERVED!r}.")
    metadata = {**record.metadata, RESERVED: dict(kept)} if kept else dict(record.metadata)
    document = Document(
        source=record.id,
        title="",
        text=record.text,
        media_type="text/plain",
        checksum=_checksum(record, metadata, vector),
        metadata=metadata,
    )
    return SplitDocument(document, (Chunk(0, record.text, 0, len(record.text)),), vector)


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
    rows = vector[np.newaxis]
    made: NDArray[np.float32] = _divided(rows, _lengths(rows))[0]
    return made


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    squares: NDArray[np.float32] = np.vecdot(rows, rows)
    lengths: NDArray[np.float32] = np.sqrt(squares)
    return lengths


def _divided(rows: NDArray[np.float32], lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    divisors: NDArray[np.float32] = np.where(lengths > 0, lengths, np.float32(1))
    return rows / divisors[:, np.newaxis]


def _units(
    records: Sequence[Record], dimension: int
) -> Iterable[tuple[NDArray[np.float32], float]]:
    """Return each vector there is with the length 1, as (1, dimension), and its length before."""
    rows = []
    for record in records:
        if record.vector is None:
            continue
        if record.vector.shape != (dimension,):
            raise InvalidRecordError(
                record.id, f"its vector has the shape {record.vector.shape}, not ({dimension},)."
            )
        rows.append(record.vector)
    if not rows:
        return ()
    together = np.stack(rows)
    lengths = _lengths(together)
    if not np.isfinite(lengths).all():
        having = [record for record in records if record.vector is not None]
        refused = having[int(np.isfinite(lengths).argmin())]
        raise InvalidRecordError(refused.id, "its vector holds a number that is not finite.")
    return zip(_divided(together, lengths)[:, np.newaxis], lengths.tolist(), strict=True)


def _checksum(
    record: Record, metadata: Mapping[str, JsonValue], vector: NDArray[np.float32] | None
) -> str:
    try:
        # As `_JSON` writes the three in a list; texts, most of it, in a tenth of the time.
        texts = (orjson.dumps(record.id), orjson.dumps(record.text))
        written = b"[%b, %b, %b]" % (*texts, _JSON.encode(metadata).encode() if metadata else b"{}")
    except (TypeError, ValueError) as error:  # a UnicodeEncodeError is a ValueError
        raise InvalidRecordError(record.id, f"JSON cannot hold its metadata: {error}.") from error
    digest = hashlib.sha256(written)
    if _NUL in written and holds_nul([record.id, record.text, dict(metadata)]):
        raise InvalidRecordError(record.id, "it holds the character NUL, which the Lake cannot.")
    if vector is not None:
        digest.update(vector.tobytes())
    return digest.hexdigest()
