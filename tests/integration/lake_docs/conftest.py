"""The project's own documentation as a collection, as the first run makes it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from neurocortex.documents.discover import discover
from neurocortex.documents.gate import gate
from neurocortex.documents.reading import read_all
from neurocortex.documents.split import split
from neurocortex.domain.documents import SplitDocument
from neurocortex.embedded.postgres import PostgresServer
from neurocortex.engines.embedders import configured
from neurocortex.lake.store import Lake
from neurocortex.settings import DocumentSettings, LakeSettings

DOCS = Path(__file__).parents[3] / "docs"
COLLECTION = "documents"


@pytest.fixture(scope="module")
def docs_lake(postgres_server: PostgresServer) -> Iterator[Lake]:
    """A Lake that holds docs/ in the collection `documents`; its tests only read it."""
    name = sql.Identifier(database := f"docs_{uuid4().hex}")
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        with Lake(postgres_server.superuser_url(database)) as lake:
            lake.migrate()
            lake.load_documents(COLLECTION, _chunked(DOCS), configured(LakeSettings()))
            yield lake
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _chunked(folder: Path) -> list[SplitDocument]:
    chosen = DocumentSettings()
    found = discover([str(folder)], max_file_mb=chosen.max_file_mb)
    gated = gate(read_all(found.files).documents)
    assert not gated.refused, "our own documentation passes the gate"
    return [
        SplitDocument(
            document,
            split(document, words=chosen.chunk_words, overlap=chosen.chunk_overlap),
        )
        for document in gated.accepted
    ]
