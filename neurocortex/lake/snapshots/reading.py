"""Loading a collection from the Parquet file that another one was written to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Json, JsonValue, ValidationError

from neurocortex import parquet
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.embedding import OWN_VECTORS, Embedder, RecordedEmbedder, Vectors
from neurocortex.domain.reports import LoadReport
from neurocortex.engines import embedders
from neurocortex.errors import LakeError, ParquetFileError
from neurocortex.lake.snapshots.layout import CHUNK, DOCUMENT, VECTOR, Header, read_footer
from neurocortex.lake.store import Lake

Row: TypeAlias = tuple[object, ...]
"""Values of a document, of a chunk, and the chunk's vector, an array or None."""

KEY: Final = itemgetter(slice(len(DOCUMENT)))
"""What a document's rows have in common."""


class _DocumentRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    source: str
    title: str
    media_type: str
    checksum: str
    metadata: Json[dict[str, JsonValue]]


class _ChunkRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    ordinal: int
    text: str
    start: int
    end: int
    heading: str | None
    page: int | None


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The provider's model behind the vectors of a file: named, and not asked for anything."""

    name: str
    version: str
    dimension: int
    share: float = 0.5

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Refuse: vectors come from the file."""
        raise LakeError(
            f"{len(texts)} chunks have no vector in the file, and {self.name} is not asked for"
            " them. Export the collection again, or ingest its documents."
        )

    def embed_query(self, text: str) -> Vectors:
        """Refuse likewise."""
        return self.embed_documents([text])


def load(lake: Lake, path: Path, collection: str) -> LoadReport:
    """Load what a file holds into a collection, in one transaction, as `Lake.load_documents` does.

    Vectors and the model are the file's; nothing is embedded, no provider is asked. Documents whose
    checksum the collection has are skipped, so that doing it twice changes nothing.

    Raises:
        ParquetFileError: the file is damaged, or holds no collection.
        EmbedderMismatchError: the collection has another model, or another version of it.
        LoadError: the load failed and was undone.
    """
    with parquet.opened(path) as file:
        header, model = read_footer(path, file)
        recorded = header.recorded(model)
        if recorded is None:
            raise ParquetFileError(path, "holds a collection without chunks: nothing to load.")
        return lake.load_documents(collection, _documents(path, file, header), _embedder(recorded))


def _embedder(recorded: RecordedEmbedder) -> Embedder:
    if recorded.content is not None or recorded.name == OWN_VECTORS:
        return embedders.restore(recorded)
    return _Recorded(recorded.name, recorded.version, recorded.dimension)


def _documents(path: Path, file: pq.ParquetFile, header: Header) -> Iterator[SplitDocument]:
    """Yield the documents, each with its chunks and vectors: its rows stand one after the other."""
    documents = chunks = 0
    for _, rows in groupby(_rows(path, file), KEY):
        split = _document(path, list(rows))
        documents += 1
        chunks += len(split.chunks)
        yield split
    if (documents, chunks) != (header.documents, header.chunks):
        raise ParquetFileError(
            path,
            f"has {documents} documents and {chunks} chunks where its footer tells of"
            f" {header.documents} and {header.chunks}: it was changed. Nothing was loaded.",
        )


def _rows(path: Path, file: pq.ParquetFile) -> Iterator[Row]:
    names = [*DOCUMENT.names, *CHUNK.names]
    for batch in parquet.batches(path, file):
        columns: list[Sequence[object]] = [batch.column(name).to_pylist() for name in names]
        yield from zip(*columns, _vectors(batch), strict=True)


def _vectors(batch: pa.RecordBatch) -> Iterator[object]:
    """Yield each row's vector, as an array of half precision, or None."""
    column = batch.column(VECTOR)
    there = column.flatten().to_numpy().reshape(-1, column.type.list_size)  # without the nulls
    rows = iter(there)
    for is_there in column.is_valid().to_pylist():
        yield next(rows) if is_there else None


def _document(path: Path, rows: Sequence[Row]) -> SplitDocument:
    """Return a document of its rows; its text is in the chunks, which is all the Lake keeps."""
    told = dict(zip(DOCUMENT.names, rows[0][: len(DOCUMENT)], strict=True))
    try:
        document = _DocumentRow.model_validate(told)
        chunks = tuple(_chunk(row) for row in rows if row[len(DOCUMENT)] is not None)
    except ValidationError as error:
        raise ParquetFileError(
            path, f"holds rows of {told['source']!r} that are none of a document: {error}"
        ) from error
    vectors = [row[-1] for row in rows if isinstance(row[-1], np.ndarray)]
    return SplitDocument(
        Document(
            source=document.source,
            title=document.title,
            text="",
            media_type=document.media_type,
            checksum=document.checksum,
            metadata=document.metadata,
        ),
        chunks,
        np.asarray(vectors, np.float32) if vectors and len(vectors) == len(chunks) else None,
    )


def _chunk(row: Row) -> Chunk:
    told = dict(zip(CHUNK.names, row[len(DOCUMENT) : -1], strict=True))
    found = _ChunkRow.model_validate(told)
    return Chunk(found.ordinal, found.text, found.start, found.end, found.heading, found.page)
