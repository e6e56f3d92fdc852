"""What a collection's file holds: one row for each chunk, its document's columns beside it.

The footer tells the collection and the model of its vectors. A model that was fitted on the
collection is in the footer whole, for nobody else has it.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from neurocortex.domain.embedding import RecordedEmbedder
from neurocortex.errors import ParquetFileError

HEADER: Final = "neurocortex.collection"
MODEL: Final = "neurocortex.model"
"""Keys of the footer's metadata."""

DOCUMENT: Final = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("media_type", pa.string(), nullable=False),
        pa.field("checksum", pa.string(), nullable=False),
        pa.field("metadata", pa.string(), nullable=False),  # JSON
    ]
)
CHUNK: Final = pa.schema(
    [
        pa.field("ordinal", pa.int32()),  # null where a document has no chunk
        pa.field("text", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("end", pa.int64()),
        pa.field("heading", pa.string()),
        pa.field("page", pa.int32()),
    ]
)
VECTOR: Final = "vector"


class Header(BaseModel):
    """What the footer tells of a collection."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    format: Literal[1] = 1
    collection: str
    embedder: str
    model_version: str | None
    dimension: int | None
    documents: int
    chunks: int

    def recorded(self, model: bytes | None) -> RecordedEmbedder | None:
        """Return the model of the vectors; None where there are none."""
        if self.model_version is None or self.dimension is None:
            return None
        return RecordedEmbedder(self.embedder, self.model_version, self.dimension, model)


def schema(dimension: int | None) -> pa.Schema:
    """Return the columns of a collection whose vectors have so many numbers; None for none."""
    fields = [*DOCUMENT, *CHUNK]
    if dimension is not None:
        fields.append(pa.field(VECTOR, pa.list_(pa.float16(), dimension)))
    return pa.schema(fields)


def footer(header: Header, model: bytes | None) -> Mapping[str, str]:
    """Return the metadata of a collection's file."""
    told = {HEADER: header.model_dump_json()}
    return told if model is None else {**told, MODEL: b64encode(model).decode()}


def read_footer(path: Path, file: pq.ParquetFile) -> tuple[Header, bytes | None]:
    """Return what the footer tells, and the fitted model in it.

    Raises:
        ParquetFileError: the file holds no collection, or in a way this version does not know.
    """
    told = file.metadata.metadata or {}
    if HEADER.encode() not in told:
        raise ParquetFileError(
            path,
            "holds no collection. A table is loaded by a dataset whose source is of the kind"
            " `parquet`.",
        )
    try:
        header = Header.model_validate_json(told[HEADER.encode()])
        model = b64decode(told[MODEL.encode()], validate=True) if MODEL.encode() in told else None
    except (ValidationError, ValueError) as error:
        raise ParquetFileError(
            path, f"holds a collection that this version cannot read: {error}"
        ) from error
    wanted = schema(header.dimension)
    for field in wanted:
        place = file.schema_arrow.get_field_index(field.name)
        if place < 0 or file.schema_arrow.field(place).type != field.type:
            raise ParquetFileError(path, f"has no column {field.name!r} of type {field.type}.")
    return header, model
