"""Documents and their chunks: written in batches, replaced where they changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, text

from neurocortex.domain.documents import Duplicates, SplitDocument
from neurocortex.domain.embedding import embedded_text
from neurocortex.errors import DuplicateDocumentError
from neurocortex.lake.collections import Change, Collection
from neurocortex.lake.copying import pieces
from neurocortex.lake.database import driver
from neurocortex.lake.document_rows import (
    COPY_CHUNKS,
    COPY_DOCUMENTS,
    chunk_rows,
    document_rows,
)
from neurocortex.lake.identity import document_id, document_key
from neurocortex.lake.tables import CollectionRow, DocumentRow
from neurocortex.lake.versions import former_documents

TAKE_IDS: Final = "SELECT nextval('lake.chunks_id_seq') FROM generate_series(1, %s)"

DELETE_CHUNKS: Final = text(
    "DELETE FROM lake.chunks WHERE document_id = ANY(:documents) RETURNING id"
)
DELETE_DOCUMENTS: Final = text("DELETE FROM lake.documents WHERE id = ANY(:documents)")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch for which room was made. Its change does not count tokens: the index does."""

    documents: Mapping[bytes, SplitDocument]
    """Those to write, by the bytes of their ids."""
    chunk_ids: Sequence[int]
    """Of their chunks, document after document, in ascending order."""
    replaced: int
    unchanged: int
    gone: tuple[int, ...]
    """Chunks of the replaced versions."""
    change: Change

    def contents(self) -> Sequence[str]:
        """Return what is indexed of each chunk."""
        return [
            embedded_text(split.document.title, chunk.heading, chunk.text)
            for split in self.documents.values()
            for chunk in split.chunks
        ]


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
    chunk_ids = _new_ids(connection, sum(len(split.chunks) for split in fresh))
    return Prepared(
        documents={document_key(collection.name, split.document.source): split for split in fresh},
        chunk_ids=chunk_ids,
        replaced=len(replaced),
        unchanged=len(latest) - len(fresh),
        gone=gone,
        change=taken + Change(documents=len(fresh), chunks=len(chunk_ids)),
    )


def write(connection: Connection, collection: Collection, load_id: UUID, batch: Prepared) -> None:
    """Write a prepared batch. Lexical index and vectors are the caller's to bring in step.

    Raises:
        LoadError: a document holds what PostgreSQL cannot, named with its source.
    """
    with driver(connection).cursor() as cursor, cursor.copy(COPY_DOCUMENTS) as copy:
        for piece in pieces(document_rows(collection.id, load_id, batch.documents)):
            copy.write(piece)
    with driver(connection).cursor() as cursor, cursor.copy(COPY_CHUNKS) as copy:
        for piece in pieces(chunk_rows(batch.chunk_ids, batch.documents)):
            copy.write(piece)


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


def _new_ids(connection: Connection, count: int) -> Sequence[int]:
    """Return ids for so many chunks, in order."""
    with driver(connection).cursor(binary=True) as cursor:
        return [number for (number,) in cursor.execute(TAKE_IDS, [count])]
