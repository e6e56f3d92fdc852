"""Documents that a later version replaced or removed, with their chunks: kept for a while."""

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import Connection, text

from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import DriverConnection
from neurocortex.lake.tables import SCHEMA

KEEP: Final = """
INSERT INTO lake.former_documents (collection_id, load_id, last_version, source, title, media_type,
    checksum, metadata, model_version, chunks)
SELECT collection_id, load_id, %(version)s, source, title, media_type, checksum, metadata,
    %(model_version)s, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('ordinal', ordinal, 'text', text, 'start', start,
        'end', "end", 'heading', heading, 'page', page, 'vector', {vector}) ORDER BY ordinal), '[]')
    FROM lake.chunks {vectors} WHERE document_id = documents.id)
FROM lake.documents WHERE id = ANY(%(documents)s)
"""

AT_VERSION: Final = """
FROM lake.former_documents AS former LEFT JOIN lake.loads ON loads.id = former.load_id
WHERE former.collection_id = :collection AND former.last_version >= :version
AND coalesce(loads.version, 0) <= :version
"""

SOURCES_AT: Final = text(f"SELECT former.source {AT_VERSION}")

DOCUMENTS_AT: Final = text(
    "SELECT former.source, title, media_type, checksum, metadata, model_version, chunks"
    f" {AT_VERSION} ORDER BY former.source"
)

CAME_AFTER: Final = text("""
SELECT source FROM lake.documents JOIN lake.loads ON loads.id = documents.load_id
WHERE collection_id = :collection AND loads.version > :version
""")

PRUNE: Final = text("""
DELETE FROM lake.former_documents USING lake.collections
WHERE collections.id = collection_id AND name = :collection AND last_version < :version
""")

FETCHED: Final = 100
"""Documents read at a time: some megabytes."""

_HEADER_BYTES: Final = 4
"""What `halfvec_send` writes before the numbers: the dimension, and two bytes of nothing."""


class FormerChunk(BaseModel):
    """A chunk of a former document."""

    model_config = ConfigDict(frozen=True)

    ordinal: int
    text: str
    start: int
    end: int
    heading: str | None
    page: int | None
    vector: str | None


class Former(BaseModel):
    """A former document as its row describes it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    source: str
    title: str
    media_type: str
    checksum: str
    metadata: Mapping[str, JsonValue]
    model_version: str | None
    chunks: tuple[FormerChunk, ...]

    def split(self, model_version: str | None) -> SplitDocument:
        """Return the document as a load takes it; its text is in the chunks, which the Lake keeps.

        Its vectors go with it where they came from the model of that version.
        """
        document = Document(
            source=self.source,
            title=self.title,
            text="",
            media_type=self.media_type,
            checksum=self.checksum,
            metadata=self.metadata,
        )
        chunks = tuple(
            Chunk(each.ordinal, each.text, each.start, each.end, each.heading, each.page)
            for each in self.chunks
        )
        vectors = self._vectors() if self.model_version == model_version else None
        return SplitDocument(document, chunks, vectors)

    def _vectors(self) -> NDArray[np.float32] | None:
        encoded = [each.vector for each in self.chunks if each.vector is not None]
        if not encoded or len(encoded) < len(self.chunks):
            return None
        rows = [np.frombuffer(b64decode(each), ">f2", offset=_HEADER_BYTES) for each in encoded]
        return np.array(rows, np.float32)


def keep(connection: DriverConnection, collection: Collection, documents: Sequence[UUID]) -> None:
    """Keep documents as they are, before they go.

    Args:
        connection: in the transaction that takes them out.
        collection: as it was before that.
        documents: their ids; those that are not there are ignored.
    """
    table = collection.vector_table
    vector: sql.Composable = sql.SQL("NULL")
    vectors: sql.Composable = sql.SQL("")
    if table is not None:
        vector = sql.SQL("translate(encode(halfvec_send(embedding), 'base64'), E'\\n', '')")
        vectors = sql.SQL("LEFT JOIN {} ON chunk_id = chunks.id").format(
            sql.Identifier(SCHEMA, table)
        )
    connection.execute(
        sql.SQL(KEEP).format(vector=vector, vectors=vectors),
        {
            "documents": list(documents),
            "version": collection.version,
            "model_version": collection.model_version,
        },
    )


def sources_at(connection: Connection, collection_id: int, version: int) -> frozenset[str]:
    """Return the sources of documents that a version held in another form than is there now."""
    found = connection.scalars(SOURCES_AT, {"collection": collection_id, "version": version})
    return frozenset(found)


def came_after(connection: Connection, collection_id: int, version: int) -> frozenset[str]:
    """Return the sources of documents that a load after a version brought."""
    found = connection.scalars(CAME_AFTER, {"collection": collection_id, "version": version})
    return frozenset(found)


def at(connection: Connection, collection: Collection, version: int) -> Iterator[SplitDocument]:
    """Yield the former documents that a version held, read as they are used."""
    rows = connection.execution_options(yield_per=FETCHED).execute(
        DOCUMENTS_AT, {"collection": collection.id, "version": version}
    )
    for row in rows:
        yield Former.model_validate(row).split(collection.model_version)


def prune(connection: Connection, collection: str, oldest: int) -> int:
    """Delete the documents that no version from `oldest` on held; return how many."""
    return connection.execute(PRUNE, {"collection": collection, "version": oldest}).rowcount
