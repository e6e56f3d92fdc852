"""How many documents a second get into the Lake, beside pgvector-haystack on the same server.

`end_to_end_docs_per_s`: text files on disk, found, read, gated, split, embedded by the default
embedder (fitted on them) and loaded. `lake_write_docs_per_s`: the load alone, of documents with
vectors that are there already; one transaction that ends with lexical index and HNSW index built.
`pgvector_haystack_docs_per_s`: `PgvectorDocumentStore.write_documents` of the same texts and
vectors, with its HNSW index. `write_ratio` compares both as they come, each with its own index
parameters; so the share of the true fifty nearest that each index finds is given too, and the
index has to be used. `write_ratio_same_graph` gives pgvector-haystack our index parameters.
"""

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
from haystack import Document as HaystackDocument
from haystack.utils import Secret
from haystack_integrations.document_stores.pgvector import PgvectorDocumentStore
from psycopg import sql

from benchmarks import _corpus
from benchmarks._corpus import Corpus
from benchmarks._postgres import postgres, say
from neurocortex.documents.discover import discover
from neurocortex.documents.gate import gate
from neurocortex.documents.reading import read_all
from neurocortex.documents.split import split
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.embedding import Vectors
from neurocortex.engines.embedders import configured
from neurocortex.lake.store import Lake
from neurocortex.lake.vectors import EF_CONSTRUCTION, EF_SEARCH, INDEX_FROM, M, as_text
from neurocortex.settings import settings

WORDS: Final = 200
DIMENSION: Final = 384
REPEATS: Final = 3
"""Loads of the Lake whose median counts; one of pgvector-haystack takes as long as ten."""

NEAREST: Final = 50
"""Passages a search looks at by vector: what recall is measured on."""

CHECKED: Final = 100
"""Documents that are searched for afterwards, by word and by vector."""


class Precomputed:
    """An embedder whose vectors are there before the clock starts."""

    name: Final = "precomputed"
    version: Final = "1"
    share: Final = 0.5

    def __init__(self, vectors: Vectors) -> None:
        """Take the vector of each document, in order."""
        self.dimension = vectors.shape[1]
        self._vectors = vectors

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of documents, whose titles are their numbers."""
        return self._vectors[[int(text.partition("\n")[0]) for text in texts]]

    def embed_query(self, text: str) -> Vectors:  # noqa: ARG002 - as the Lake asks
        """Return nothing to go by: the questions of this benchmark are words."""
        return np.zeros((1, self.dimension), np.float32)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--documents", type=int, default=5000, help="to write (default 5000)")
    parser.add_argument("--quick", action="store_true", help="a tenth of them, once")


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Measure the three rates on one server."""
    documents = options.documents // 10 if options.quick else options.documents
    repeats = 1 if options.quick else REPEATS
    say(f"making {documents} documents of {WORDS} words")
    corpus = _corpus.make(documents, WORDS, DIMENSION)
    with postgres() as url:
        with Lake(url, restore=lambda _: Precomputed(corpus.vectors)) as lake:
            lake.migrate()
            written = statistics.median(
                _lake_write(lake, corpus, f"write-{repeat}") for repeat in range(repeats)
            )
            recall = _check_lake(lake, corpus, "write-0", url)
        end_to_end = _end_to_end(url, corpus)
        peer, peer_recall = _pgvector_haystack(url, corpus, "as_it_comes", {})
        graph = {"m": M, "ef_construction": EF_CONSTRUCTION}
        same_graph, _ = _pgvector_haystack(url, corpus, "same_graph", graph)
    return {
        "end_to_end_docs_per_s": end_to_end,
        "lake_write_docs_per_s": written,
        "pgvector_haystack_docs_per_s": peer,
        "write_ratio": written / peer,
        "write_ratio_same_graph": written / same_graph,
        "documents": documents,
        "dimension": DIMENSION,
        "lake_recall_at_50": recall,
        "pgvector_haystack_recall_at_50": peer_recall,
    }


def _lake_write(lake: Lake, corpus: Corpus, collection: str) -> float:
    """Return documents a second of one load into a new collection."""
    say(f"Lake: writing {len(corpus.texts)} documents with vectors into {collection}")
    started = time.perf_counter()
    report = lake.load_documents(collection, _whole(corpus), Precomputed(corpus.vectors))
    seconds = time.perf_counter() - started
    _require(report.inserted == len(corpus.texts), f"{report.inserted} documents were inserted")
    return len(corpus.texts) / seconds


def _whole(corpus: Corpus) -> Iterator[SplitDocument]:
    """Yield each text as a document of one chunk, titled by its number."""
    for number, text in enumerate(corpus.texts):
        document = Document(
            source=f"corpus/{number}",
            title=str(number),
            text=text,
            media_type="text/plain",
            checksum=hashlib.sha256(text.encode()).hexdigest(),
        )
        yield SplitDocument(document, (Chunk(0, text, 0, len(text)),))


def _check_lake(lake: Lake, corpus: Corpus, collection: str, url: str) -> float:
    """Check that both indexes find what was written; return the recall of the vector index."""
    step = max(1, len(corpus.texts) // CHECKED)
    for number in range(0, len(corpus.texts), step):
        first = lake.search(collection, _corpus.mark(number), 1)
        _require(first[0].source == f"corpus/{number}", f"document {number} not found by word")
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT vector_table FROM lake.collections WHERE name = %s", [collection]
        ).fetchone()
        _require(row is not None and row[0] is not None, "the collection has no vector table")
        connection.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
        nearest = sql.SQL("SELECT chunk_id FROM {} ORDER BY embedding <#> %s::vector LIMIT {}")
        table = sql.Identifier("lake", str(row[0] if row else ""))
        return _recall(connection, nearest.format(table, NEAREST), corpus, step)


def _recall(
    connection: psycopg.Connection, nearest: sql.Composed, corpus: Corpus, step: int
) -> float:
    """Return the share of the true fifty nearest that the index finds; it must be used.

    The probes lie half way between two documents, as a question does between those it is about.
    """
    between = corpus.vectors[::step] + np.roll(corpus.vectors, 1, axis=0)[::step]
    between /= np.linalg.norm(between, axis=1, keepdims=True)
    probes = [as_text(vector[np.newaxis]) for vector in between]
    plan = connection.execute(sql.SQL("EXPLAIN ") + nearest, [probes[0]]).fetchall()
    used = any("hnsw" in str(line) for (line,) in plan)
    _require(used or len(corpus.texts) < INDEX_FROM, f"the vector index is not used: {plan}")
    shares = []
    for probe in probes:
        indexed = set(connection.execute(nearest, [probe]).fetchall())
        connection.execute("SET enable_indexscan = off")
        exact = set(connection.execute(nearest, [probe]).fetchall())
        connection.execute("SET enable_indexscan = on")
        shares.append(len(indexed & exact) / len(exact))
    return float(np.mean(shares))


def _end_to_end(url: str, corpus: Corpus) -> float:
    """Return documents a second from files on disk into a collection of the default embedder."""
    chosen = settings()
    with tempfile.TemporaryDirectory(prefix="neurocortex-benchmark-") as folder, Lake(url) as lake:
        for number, text in enumerate(corpus.texts):
            Path(folder, f"{number:06d}.txt").write_text(text, encoding="utf-8")
        say(f"end to end: {len(corpus.texts)} text files")
        started = time.perf_counter()
        found = discover([folder], max_file_mb=chosen.documents.max_file_mb)
        gated = gate(read_all(found.files).documents)
        report = lake.load_documents(
            "end-to-end",
            (
                SplitDocument(
                    document,
                    split(
                        document,
                        words=chosen.documents.chunk_words,
                        overlap=chosen.documents.chunk_overlap,
                    ),
                )
                for document in gated.accepted
            ),
            configured(chosen.lake),
            quarantined=gated.refused,
        )
        seconds = time.perf_counter() - started
        _require(report.inserted == len(corpus.texts), f"{report.inserted} documents came through")
        found_again = lake.search("end-to-end", _corpus.mark(0), 1)
        _require(found_again[0].source.endswith("000000.txt"), "document 0 is not found")
    return len(corpus.texts) / seconds


def _pgvector_haystack(
    url: str, corpus: Corpus, table: str, graph: dict[str, int]
) -> tuple[float, float]:
    """Return pgvector-haystack's documents a second and recall; table and index made before."""
    store = PgvectorDocumentStore(
        connection_string=Secret.from_token(url),
        table_name=table,
        keyword_index_name=f"{table}_keywords",
        embedding_dimension=DIMENSION,
        search_strategy="hnsw",
        hnsw_index_name=f"{table}_hnsw",
        hnsw_index_creation_kwargs=graph,
    )
    _require(store.count_documents() == 0, "pgvector-haystack's table is not empty")
    documents = [
        HaystackDocument(id=str(number), content=text, embedding=corpus.vectors[number].tolist())
        for number, text in enumerate(corpus.texts)
    ]
    say(f"pgvector-haystack: writing {len(documents)} documents with vectors into {table}")
    started = time.perf_counter()
    written = store.write_documents(documents)
    seconds = time.perf_counter() - started
    _require(written == len(documents), f"pgvector-haystack wrote {written} documents")
    store.close()
    with psycopg.connect(url) as connection:
        nearest = sql.SQL("SELECT id FROM {} ORDER BY embedding <=> %s::vector LIMIT {}")
        step = max(1, len(corpus.texts) // CHECKED)
        recall = _recall(connection, nearest.format(sql.Identifier(table), NEAREST), corpus, step)
    return len(documents) / seconds, recall


def _require(holds: bool, otherwise: str) -> None:
    """Stop a benchmark whose figures would mean nothing."""
    if not holds:
        raise SystemExit(f"The result is wrong: {otherwise}.")
