"""Documents and their chunks: written in batches, replaced where they changed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, select, text

from neurocortex.domain.documents import Chunk, Document, Duplicates, SplitDocument
from neurocortex.domain.embedding import embedded_text
from neurocortex.errors import DuplicateDocumentError, LoadError
from neurocortex.lake.collections import Change, Collection
from neurocortex.lake.database import driver
from neurocortex.lake.identity import document_id
from neurocortex.lake.tables import CollectionRow, DocumentRow
from neurocortex.lake.versions import former_documents

COPY_DOCUMENTS: Final = (
    "COPY lake.documents (id, collection_id, source, title, media_type, checksum, metadata,"
    " load_id) FROM STDIN (FORMAT BINARY)"
)
DOCUMENT_TYPES: Final = ("uuid", "int4", "text", "text", "text", "text", "jsonb", "uuid")

COPY_CHUNKS: Final = (
    'COPY lake.chunks (id, document_id, ordinal, text, start, "end", heading, page)'
    " FROM STDIN (FORMAT BINARY)"
)
CHUNK_TYPES: Final = ("int8", "uuid", "int4", "text", "int8", "int8", "text", "int4")

TAKE_IDS: Final = text("SELECT nextval('lake.chunks_id_seq') FROM generate_series(1, :count)")

DELETE_CHUNKS: Final = text(
    "DELETE FROM lake.chunks WHERE document_id = ANY(:documents) RETURNING id"
)
DELETE_DOCUMENTS: Final = text("DELETE FROM lake.documents WHERE id = ANY(:documents)")


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk that has its id, on its way into the table and into the lexical index."""

    id: int
    document_id: UUID
    source: str
    chunk: Chunk
    content: str
    """What is indexed of it."""
    vector: NDArray[np.float32] | None = None
    """What it brings along of its own."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch for which room was made. Its change does not count tokens: the index does."""

    documents: Mapping[UUID, Document]
    """Those to write, by their ids."""
    chunks: tuple[NewChunk, ...]
    replaced: int
    unchanged: int
    gone: tuple[int, ...]
    """Chunks of the replaced versions."""
    change: Change


def checksums(connection: Connection, collection: str) -> dict[str, str]:
    """Return the checksum of each document by source; empty for an unknown collection."""
    rows = connection.execute(
        select(DocumentRow.source, DocumentRow.checksum)
        .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
        .where(CollectionRow.name == collection)
    )
    return {row.source: row.checksum for row in rows}


def prepare(
    connection: Connection,
    collection: Collection,
    batch: Sequence[SplitDocument],
    duplicates: Duplicates = Duplicates.REPLACE,
) -> Prepared:
    """Sort out a batch: take changed documents' old versions out, leave identical ones alone.

    Of several with one source the last counts, or the first where old ones stay.

    Raises:
        DuplicateDocumentError: there are duplicates, and there were to be none.
    """
    latest: dict[str, SplitDocument] = {}
    for split in batch:
        if duplicates is Duplicates.REPLACE or split.document.source not in latest:
            latest[split.document.source] = split
    present = _present(connection, collection, tuple(latest))
    if duplicates is Duplicates.FAIL and (present or len(latest) < len(batch)):
        twice = Counter(split.document.source for split in batch)
        twice.update(present.keys())
        raise DuplicateDocumentError(
            collection.name, [source for source, times in twice.items() if times > 1]
        )
    fresh = [
        split
        for source, split in latest.items()
        if source not in present
        or (duplicates is Duplicates.REPLACE and present[source] != split.document.checksum)
    ]
    replaced = [split.document.source for split in fresh if split.document.source in present]
    gone, taken = remove(connection, collection, replaced)
    splits = {document_id(collection.name, split.document.source): split for split in fresh}
    chunks = _numbered(connection, splits)
    return Prepared(
        documents={key: split.document for key, split in splits.items()},
        chunks=chunks,
        replaced=len(replaced),
        unchanged=len(latest) - len(fresh),
        gone=gone,
        change=taken + Change(documents=len(fresh), chunks=len(chunks)),
    )


def write(connection: Connection, collection: Collection, load_id: UUID, batch: Prepared) -> None:
    """Write a prepared batch. Lexical index and vectors are the caller's to bring in step.

    Raises:
        LoadError: a document holds what PostgreSQL cannot, named with its source.
    """
    with driver(connection).cursor() as cursor, cursor.copy(COPY_DOCUMENTS) as copy:
        copy.set_types(DOCUMENT_TYPES)
        for key, document in batch.documents.items():
            _refuse_nul(document.source, document.metadata.values())
            _write_row(copy, document.source, _document_row(key, collection, load_id, document))
    with driver(connection).cursor() as cursor, cursor.copy(COPY_CHUNKS) as copy:
        copy.set_types(CHUNK_TYPES)
        for chunk in batch.chunks:
            _write_row(copy, chunk.source, _chunk_row(chunk))


def remove(
    connection: Connection, collection: Collection, sources: Sequence[str]
) -> tuple[tuple[int, ...], Change]:
    """Delete the documents of these sources; return the ids of their chunks, and the change.

    They are kept as former documents for a while, so that the collection can be returned to its
    present version. Their postings and vectors are the caller's to delete.
    """
    if not sources:
        return (), Change()
    ids = {"documents": [document_id(collection.name, source) for source in sources]}
    former_documents.keep(driver(connection), collection, ids["documents"])
    gone = connection.scalars(DELETE_CHUNKS, ids).all()
    deleted = connection.execute(DELETE_DOCUMENTS, ids)
    return tuple(gone), Change(documents=-deleted.rowcount, chunks=-len(gone))


def _present(
    connection: Connection, collection: Collection, sources: Sequence[str]
) -> Mapping[str, str]:
    rows = connection.execute(
        text(
            "SELECT source, checksum FROM lake.documents"
            " WHERE collection_id = :collection AND source = ANY(:sources)"
        ),
        {"collection": collection.id, "sources": list(sources)},
    )
    return {row.source: row.checksum for row in rows}


def _numbered(connection: Connection, splits: Mapping[UUID, SplitDocument]) -> tuple[NewChunk, ...]:
    """Give every chunk of the documents its id, in order."""
    count = sum(len(split.chunks) for split in splits.values())
    ids = iter(connection.scalars(TAKE_IDS, {"count": count}))
    return tuple(
        NewChunk(
            id=next(ids),
            document_id=owner,
            source=split.document.source,
            chunk=chunk,
            content=embedded_text(split.document.title, chunk.heading, chunk.text),
            vector=None if split.vectors is None else split.vectors[number],
        )
        for owner, split in splits.items()
        for number, chunk in enumerate(split.chunks)
    )


def _document_row(
    key: UUID, collection: Collection, load_id: UUID, document: Document
) -> Sequence[object]:
    return (
        key,
        collection.id,
        document.source,
        document.title,
        document.media_type,
        document.checksum,
        Jsonb(dict(document.metadata)),
        load_id,
    )


def _chunk_row(new: NewChunk) -> Sequence[object]:
    chunk = new.chunk
    return (
        new.id,
        new.document_id,
        chunk.ordinal,
        chunk.text,
        chunk.start,
        chunk.end,
        chunk.heading,
        chunk.page,
    )


def _write_row(copy: psycopg.Copy, source: str, values: Sequence[object]) -> None:
    """Write a row, or name the document it is of."""
    _refuse_nul(source, values)
    try:
        copy.write_row(values)
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise LoadError(source, f"it holds what PostgreSQL cannot store: {error}.") from error


def _refuse_nul(source: str, values: Iterable[object]) -> None:
    """The server refuses it as well, but would not say which document it was in."""
    if any("\0" in value for value in values if isinstance(value, str)):
        raise LoadError(source, "it holds the character NUL, which PostgreSQL cannot store.")
