"""Documents and their chunks: written in batches, replaced where they changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, select, text

from neurocortex.domain.documents import SplitDocument
from neurocortex.domain.embedding import embedded_text
from neurocortex.errors import LoadError
from neurocortex.lake.collections import Change, Collection
from neurocortex.lake.database import driver
from neurocortex.lake.identity import document_id
from neurocortex.lake.tables import CollectionRow, DocumentRow

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
class WrittenChunk:
    """A chunk on its way into the lexical index."""

    id: int
    content: str
    """What is indexed of it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch did. Its change does not count tokens: the lexical index does."""

    inserted: int
    replaced: int
    unchanged: int
    gone: tuple[int, ...]
    """Chunks of the replaced versions."""
    chunks: tuple[WrittenChunk, ...]
    change: Change


def checksums(connection: Connection, collection: str) -> dict[str, str]:
    """Return the checksum of each document by source; empty for an unknown collection."""
    rows = connection.execute(
        select(DocumentRow.source, DocumentRow.checksum)
        .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
        .where(CollectionRow.name == collection)
    )
    return {row.source: row.checksum for row in rows}


def write(
    connection: Connection,
    collection: Collection,
    load_id: UUID,
    batch: Sequence[SplitDocument],
) -> Written:
    """Write a batch: new documents in, changed ones replaced, identical ones left alone.

    Of several with one source the last counts. The lexical index and the vectors are the
    caller's to bring in step.

    Raises:
        LoadError: a document holds what PostgreSQL cannot, named with its source.
    """
    latest = {split.document.source: split for split in batch}
    present = _present(connection, collection, tuple(latest))
    fresh = [
        split for source, split in latest.items() if present.get(source) != split.document.checksum
    ]
    replaced = [split.document.source for split in fresh if split.document.source in present]
    gone, taken = remove(connection, collection, replaced)
    chunks = _numbered(connection, fresh)
    _copy_documents(connection, collection, load_id, fresh)
    _copy_chunks(connection, collection, fresh, chunks)
    return Written(
        inserted=len(fresh) - len(replaced),
        replaced=len(replaced),
        unchanged=len(latest) - len(fresh),
        gone=gone,
        chunks=chunks,
        change=taken + Change(documents=len(fresh), chunks=len(chunks)),
    )


def remove(
    connection: Connection, collection: Collection, sources: Sequence[str]
) -> tuple[tuple[int, ...], Change]:
    """Delete the documents of these sources; return the ids of their chunks, and the change.

    Their postings and vectors are the caller's to delete.
    """
    if not sources:
        return (), Change()
    ids = {"documents": [document_id(collection.name, source) for source in sources]}
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


def _numbered(connection: Connection, batch: Sequence[SplitDocument]) -> tuple[WrittenChunk, ...]:
    """Give every chunk of the batch its id, in order."""
    contents = [
        embedded_text(split.document.title, chunk.heading, chunk.text)
        for split in batch
        for chunk in split.chunks
    ]
    ids = connection.scalars(TAKE_IDS, {"count": len(contents)})
    return tuple(map(WrittenChunk, ids, contents))


def _copy_documents(
    connection: Connection,
    collection: Collection,
    load_id: UUID,
    batch: Sequence[SplitDocument],
) -> None:
    with driver(connection).cursor() as cursor, cursor.copy(COPY_DOCUMENTS) as copy:
        copy.set_types(DOCUMENT_TYPES)
        for split in batch:
            document = split.document
            _write_row(
                copy,
                document.source,
                (
                    document_id(collection.name, document.source),
                    collection.id,
                    document.source,
                    document.title,
                    document.media_type,
                    document.checksum,
                    Jsonb(dict(document.metadata)),
                    load_id,
                ),
            )


def _copy_chunks(
    connection: Connection,
    collection: Collection,
    batch: Sequence[SplitDocument],
    written: Sequence[WrittenChunk],
) -> None:
    following: Iterator[WrittenChunk] = iter(written)
    with driver(connection).cursor() as cursor, cursor.copy(COPY_CHUNKS) as copy:
        copy.set_types(CHUNK_TYPES)
        for split in batch:
            owner = document_id(collection.name, split.document.source)
            for chunk in split.chunks:
                _write_row(
                    copy,
                    split.document.source,
                    (
                        next(following).id,
                        owner,
                        chunk.ordinal,
                        chunk.text,
                        chunk.start,
                        chunk.end,
                        chunk.heading,
                        chunk.page,
                    ),
                )


def _write_row(copy: psycopg.Copy, source: str, values: Sequence[object]) -> None:
    """Write a row, or name the document it is of."""
    if any("\0" in value for value in values if isinstance(value, str)):
        raise LoadError(source, "it holds the character NUL, which PostgreSQL cannot store.")
    try:
        copy.write_row(values)
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise LoadError(source, f"it holds what PostgreSQL cannot store: {error}.") from error
