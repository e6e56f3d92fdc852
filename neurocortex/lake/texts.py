"""The text of a document, put together from its chunks."""

from typing import Final

from sqlalchemy import Engine, select

from neurocortex.domain.language import DocumentText
from neurocortex.errors import DocumentNotFoundError
from neurocortex.lake import collections
from neurocortex.lake.database import translated
from neurocortex.lake.tables import ChunkRow, DocumentRow

GAP: Final = "\n"
"""Between chunks that do not touch: what was there was white space."""


def document_text(engine: Engine, collection: str, source: str) -> DocumentText:
    """Return a document of a collection, in its present version.

    Chunks overlap; what two share is in the text once.

    Raises:
        CollectionNotFoundError: there is no such collection.
        DocumentNotFoundError: it has no such document.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    with translated(), engine.connect() as connection:
        found = collections.find(connection, collection)
        rows = connection.execute(
            select(DocumentRow.title, ChunkRow.text, ChunkRow.start, ChunkRow.end)
            .join(ChunkRow, ChunkRow.document_id == DocumentRow.id)
            .where(DocumentRow.collection_id == found.id, DocumentRow.source == source)
            .order_by(ChunkRow.ordinal)
        ).all()
    if not rows:
        raise DocumentNotFoundError(collection, source)
    parts: list[str] = []
    at = 0
    for row in rows:
        if row.end <= at:
            continue
        parts.append(row.text[at - row.start :] if row.start < at else GAP * bool(at) + row.text)
        at = row.end
    return DocumentText(source=source, title=rows[0].title, text="".join(parts))
