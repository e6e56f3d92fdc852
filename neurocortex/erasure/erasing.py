"""Finding and erasing all of a person's data in the platform's database."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from neurocortex.erasure import rows
from neurocortex.erasure.subject import Subject
from neurocortex.lake import collections, segments
from neurocortex.lake.database import driver, translated
from neurocortex.lake.store import Lake

DOCUMENTS: Final = text("""
SELECT DISTINCT collections.name, documents.source FROM lake.documents
JOIN lake.collections ON collections.id = documents.collection_id
LEFT JOIN lake.chunks ON chunks.document_id = documents.id
WHERE chunks.text ILIKE ANY(:patterns) OR chunks.heading ILIKE ANY(:patterns)
OR documents.title ILIKE ANY(:patterns) OR documents.source ILIKE ANY(:patterns)
OR documents.metadata::text ILIKE ANY(:patterns)
""")

FORGET: Final = text("""
DELETE FROM lake.former_documents USING lake.collections
WHERE collections.id = collection_id AND name = :name AND source = ANY(:sources)
""")
"""Versions of them that named the person in other words."""


class Copies(BaseModel):
    """What is stored about a person."""

    model_config = ConfigDict(frozen=True)

    documents: Mapping[str, tuple[str, ...]]
    """Sources of documents, by collection; chunks, postings and vectors go with them."""
    rows: Mapping[str, int]
    """Rows of tables, by the table's name."""

    @property
    def count(self) -> int:
        """How many documents and rows."""
        return sum(map(len, self.documents.values())) + sum(self.rows.values())


def find(lake: Lake, subject: Subject) -> Copies:
    """Return what is stored about a person, and change nothing.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer.
    """
    with translated(), lake.engine.connect() as connection:
        documents: dict[str, list[str]] = {}
        for name, source in connection.execute(DOCUMENTS, {"patterns": subject.patterns}):
            documents.setdefault(name, []).append(source)
        counts = {
            str(table): len(rows.find(driver(connection), table, subject))
            for table in rows.searched(driver(connection))
        }
        connection.rollback()
    return Copies(
        documents={name: tuple(sorted(found)) for name, found in documents.items()},
        rows={table: count for table, count in counts.items() if count},
    )


def erase(lake: Lake, subject: Subject) -> Copies:
    """Erase what is stored about a person; return what that was. Safe to be called again.

    Documents go as a whole: what else stands in them goes too. Where it is cut off, the rest is
    erased by the next call.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer.
    """
    found = find(lake, subject)
    for name, sources in found.documents.items():
        lake.delete_documents(name, sources)
    with translated(), lake.engine.begin() as connection:
        erased: dict[str, int] = {}
        for table in rows.searched(driver(connection)):
            # Not by what was found before: the documents that went are former ones now.
            places = rows.find(driver(connection), table, subject)
            erased[str(table)] = rows.delete(driver(connection), table, places)
        for name, sources in found.documents.items():
            connection.execute(FORGET, {"name": name, "sources": list(sources)})
        for name in found.documents:  # words of the documents are still in the lexical index
            segments.merge(connection, collections.lock(connection, name), whole=True)
    before = found.rows
    return found.model_copy(
        update={"rows": {name: count for name, count in erased.items() if count or name in before}}
    )
