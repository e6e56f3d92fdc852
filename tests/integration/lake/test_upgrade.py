"""A database of an earlier version, brought up to date with what is in it."""

from typing import Final

from pgvector import HalfVector
from sqlalchemy import text

from neurocortex.lake.store import Lake
from tests.integration.lake.conftest import DIMENSION, HashEmbedder, restored
from tests.integration.upgrading import upgrade

INDEXED_FROM: Final = 5_000
"""Vectors from which on that version had a graph."""

BEFORE: Final = """
INSERT INTO lake.collections
    (name, embedder, model_version, dimension, vector_table, chunk_count, document_count)
VALUES
    ('papers', 'hash', '1', 8, 'vectors_1_1', :chunks, 1),
    ('empty', 'lsa', NULL, NULL, NULL, 0, 0);
INSERT INTO lake.loads (id, kind, target, status, counts, started_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'documents', 'papers', 'completed', '{}', now());
INSERT INTO lake.documents
    (id, collection_id, source, title, media_type, checksum, metadata, load_id)
VALUES ('00000000-0000-0000-0000-000000000002', 1, 'a', '', 'text/plain', '', '{}',
    '00000000-0000-0000-0000-000000000001');
CREATE TABLE lake.vectors_1_1 (chunk_id bigint PRIMARY KEY, embedding vector(8) NOT NULL);
"""

CHUNKS: Final = """
INSERT INTO lake.chunks (id, document_id, ordinal, text, start, "end") OVERRIDING SYSTEM VALUE
VALUES (:id, '00000000-0000-0000-0000-000000000002', :id, :text, 0, 1)
"""

REFUSED: Final = """
INSERT INTO lake.quarantine (load_id, kind, target, source, row, rule, reason, payload, created_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'documents', 'papers', :source, NULL, 'empty',
    'the file is empty', '', :at)
"""


def test_vectors_of_an_earlier_version_are_still_found_and_by_their_index(
    database_url: str,
) -> None:
    model = HashEmbedder()
    texts = [f"text number{number}" for number in range(INDEXED_FROM)]
    vectors = model.embed_documents(texts)
    with Lake(database_url, restore=restored) as lake:
        upgrade(lake.engine, "0002")
        with lake.engine.begin() as connection:
            for statement in BEFORE.split(";\n")[:-1]:
                connection.execute(text(statement), {"chunks": INDEXED_FROM})
            connection.execute(
                text(CHUNKS), [{"id": number, "text": each} for number, each in enumerate(texts)]
            )
            connection.execute(
                text("INSERT INTO lake.vectors_1_1 VALUES (:id, CAST(:vector AS vector))"),
                [{"id": n, "vector": HalfVector(row).to_text()} for n, row in enumerate(vectors)],
            )
            connection.execute(
                text(
                    "CREATE INDEX vectors_1_1_hnsw ON lake.vectors_1_1"
                    " USING hnsw (embedding vector_ip_ops)"
                )
            )
        lake.migrate()
        with lake.engine.connect() as connection:
            stored, index = connection.execute(
                text(
                    "SELECT format_type(atttypid, atttypmod),"
                    " pg_get_indexdef('lake.vectors_1_1_hnsw'::regclass) FROM pg_attribute"
                    " WHERE attrelid = 'lake.vectors_1_1'::regclass AND attname = 'embedding'"
                )
            ).one()
        assert stored == f"halfvec({DIMENSION})"
        assert "halfvec_ip_ops" in index
        (best,) = lake.search("papers", "text number4711", 1)
        assert (best.text, best.dense_rank) == ("text number4711", 1)


def test_entries_that_quarantine_has_twice_become_one(database_url: str) -> None:
    with Lake(database_url) as lake:
        upgrade(lake.engine, "0002")
        with lake.engine.begin() as connection:
            for statement in BEFORE.split(";\n")[:-1]:
                connection.execute(text(statement), {"chunks": 0})
            for source, day in (("a", 1), ("b", 2), ("a", 3)):
                connection.execute(text(REFUSED), {"source": source, "at": f"2026-01-0{day}"})
        lake.migrate()
        found = lake.quarantine("papers")
    assert [(entry.refused.source, entry.times) for entry in found] == [("a", 2), ("b", 1)]
    assert (found[0].created_at.day, found[0].last_seen_at.day) == (1, 3)
