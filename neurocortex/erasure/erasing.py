"""Finding and erasing all of a person's data that the platform has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from neurocortex.embedded.home import Home
from neurocortex.erasure import files, rows, runs
from neurocortex.erasure.runs import Told
from neurocortex.erasure.subject import Subject
from neurocortex.lake import collections, segments
from neurocortex.lake.database import driver, translated
from neurocortex.lake.store import Lake

DOCUMENTS: Final = text("""
SELECT DISTINCT collections.name, documents.source FROM lake.documents
JOIN lake.collections ON collections.id = documents.collection_id
LEFT JOIN lake.chunks ON chunks.document_id = documents.id
WHERE chunks.text ~* :told OR chunks.heading ~* :told OR documents.title ~* :told
OR documents.source ~* :told OR documents.metadata::text ~* :told
""")

FORGET: Final = text("""
DELETE FROM lake.former_documents USING lake.collections
WHERE collections.id = collection_id AND name = :name AND source = ANY(:sources)
""")
"""Versions of them that named the person in other words."""


NO_RUNS: Final = Told({}, {})


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a platform keeps what it is told."""

    lake: Lake
    prefect_url: str | None
    """Database of the Prefect server, where it is the platform's own."""
    home: Home
    """Results of runs, data docs and logs are in files below it."""


class Copies(BaseModel):
    """What is stored about a person."""

    model_config = ConfigDict(frozen=True)

    documents: Mapping[str, tuple[str, ...]]
    """Sources of documents, by collection; chunks, postings and vectors go with them."""
    rows: Mapping[str, int]
    """Rows of tables, by the table's name."""
    runs: Mapping[str, int] = {}
    """Rows of Prefect's tables: runs, their logs, artifacts and events."""
    files: Mapping[str, int] = {}
    """Files by kind: results of runs, data docs, logs."""
    left: Mapping[str, int] = {}
    """Rows of Prefect's tables that stay: of runs that go on, and what people set up."""

    @property
    def count(self) -> int:
        """How many documents, rows and files."""
        found = (*self.rows.values(), *self.runs.values(), *self.files.values())
        return sum(map(len, self.documents.values())) + sum(found)


def find(stores: Stores, subject: Subject) -> Copies:
    """Return what is stored about a person, and change nothing.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer.
        ConnectorError: Prefect's database does not.
    """
    told = runs.find(stores.prefect_url, subject) if stores.prefect_url else NO_RUNS
    return _in_lake(stores.lake, subject).model_copy(
        update={
            "runs": told.erased,
            "left": told.left,
            "files": files.find(stores.home, subject),
        }
    )


def erase(stores: Stores, subject: Subject) -> Copies:
    """Erase what is stored about a person; return what that was. Safe to be called again.

    Documents go as a whole, and so do runs that have ended and files: what else stands in them
    goes too. Where it is cut off, the rest is erased by the next call.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer.
        ConnectorError: Prefect's database does not.
    """
    erased = _from_lake(stores.lake, subject)
    told = runs.erase(stores.prefect_url, subject) if stores.prefect_url else NO_RUNS
    return erased.model_copy(
        update={
            "runs": told.erased,
            "left": told.left,
            "files": files.erase(stores.home, subject),
        }
    )


def _in_lake(lake: Lake, subject: Subject) -> Copies:
    with translated(), lake.engine.connect() as connection:
        documents: dict[str, list[str]] = {}
        for name, source in connection.execute(DOCUMENTS, {"told": subject.in_texts}):
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


def _from_lake(lake: Lake, subject: Subject) -> Copies:
    found = _in_lake(lake, subject)
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
