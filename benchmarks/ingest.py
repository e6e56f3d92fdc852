"""How many documents a second get into the Lake, beside pgvector-haystack on the same server.

`end_to_end_docs_per_s`: text files on disk, found, read, gated, split, embedded by the default
embedder (fitted on them) and loaded. `lake_write_docs_per_s`: the load alone, of documents with
vectors that are there already; one transaction that ends with the lexical index, and with an HNSW
graph where there are more vectors than are read as fast without (10,283 of this dimension:
`--documents 12000` has one). `pgvector_haystack_docs_per_s`: the same texts and vectors by
`PgvectorDocumentStore.write_documents`, with its HNSW index. `write_ratio` compares both as they
come; so the share of the true fifty nearest that a search of each finds is given too, with the
milliseconds it takes. `write_ratio_light_graph` gives pgvector-haystack our parameters of a light
graph.

`..._cpu_s` is the processor time of a load, ours and PostgreSQL's together: beside other work on
the machine, rates shrink, and most of all that of the load that uses several cores.
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
from psycopg import sql

from benchmarks import _corpus, _haystack_peer, _recall
from benchmarks._corpus import Corpus
from benchmarks._haystack_peer import Cost, measured, require
from benchmarks._postgres import postgres, say
from benchmarks._recall import Found
from neurocortex.documents.discover import discover
from neurocortex.documents.gate import gate
from neurocortex.documents.reading import read_all
from neurocortex.documents.split import split
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.embedding import Vectors
from neurocortex.engines.embedders import configured
from neurocortex.lake.graph import LIGHT, suited
from neurocortex.lake.store import Lake
from neurocortex.lake.walk import EF_SEARCH
from neurocortex.settings import settings

WORDS: Final = 200
DIMENSION: Final = 384
NEAREST: Final = 50
"""Passages a search looks at by vector: what recall is measured on."""

INDEX_USED_FROM: Final = 5_000
"""Rows from which on PostgreSQL prefers pgvector-haystack's index to reading all."""

CHECKED: Final = 100
"""Documents that are searched for afterwards by a word of theirs."""


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
    """Measure the rates on one server; of three loads of the Lake the median counts."""
    documents = options.documents // 10 if options.quick else options.documents
    say(f"making {documents} documents of {WORDS} words")
    corpus = _corpus.make(documents, WORDS, DIMENSION)
    graph = suited(documents, DIMENSION)
    lightest = graph or LIGHT
    parameters = {"m": lightest.m, "ef_construction": lightest.ef_construction}
    with postgres() as url, Lake(url, restore=lambda _: Precomputed(corpus.vectors)) as lake:
        lake.migrate()
        costs = [_lake_write(lake, corpus, "write-0", url)]
        found = _check_lake(lake, corpus, "write-0", url)
        end_to_end = _end_to_end(url, corpus)
        # The loads of the Lake lie around the others': what else the machine does changes.
        peer, peer_found = _pgvector_haystack(url, corpus, "as_it_comes", {})
        if not options.quick:
            costs.append(_lake_write(lake, corpus, "write-1", url))
        light_graph, _ = _pgvector_haystack(url, corpus, "light_graph", parameters)
        if not options.quick:
            costs.append(_lake_write(lake, corpus, "write-2", url))
    wall_s = statistics.median(cost.wall_s for cost in costs)
    cpu_s = statistics.median(cost.cpu_s for cost in costs)
    return {
        "end_to_end_docs_per_s": end_to_end,
        "lake_write_docs_per_s": documents / wall_s,
        "pgvector_haystack_docs_per_s": documents / peer.wall_s,
        "write_ratio": peer.wall_s / wall_s,
        "write_ratio_light_graph": light_graph.wall_s / wall_s,
        "lake_write_cpu_s": cpu_s,
        "pgvector_haystack_cpu_s": peer.cpu_s,
        "cpu_ratio": peer.cpu_s / cpu_s,
        "documents": documents,
        "dimension": DIMENSION,
        "lake_graph": (
            f"m={graph.m} ef_construction={graph.ef_construction} ef_search={EF_SEARCH}"
            if graph is not None
            else "none: so few vectors are all compared"
        ),
        "pgvector_haystack_graph": "m=16 ef_construction=64 ef_search=40 (pgvector's defaults)",
        "lake_recall_at_50": found.recall,
        "lake_nearest_50_ms": found.median_ms,
        "pgvector_haystack_recall_at_50": peer_found.recall,
        "pgvector_haystack_nearest_50_ms": peer_found.median_ms,
    }


def _lake_write(lake: Lake, corpus: Corpus, collection: str, url: str) -> Cost:
    """Return the cost of one load into a new collection."""
    documents = list(_whole(corpus))  # pgvector-haystack gets a list, too
    say(f"Lake: writing {len(documents)} documents with vectors into {collection}")

    def load() -> None:
        report = lake.load_documents(collection, documents, Precomputed(corpus.vectors))
        require(report.inserted == len(corpus.texts), f"{report.inserted} documents were inserted")

    return measured(url, load)


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


def _check_lake(lake: Lake, corpus: Corpus, collection: str, url: str) -> Found:
    """Check that words and vectors find what was written; return how well the vectors do."""
    step = max(1, len(corpus.texts) // CHECKED)
    for number in range(0, len(corpus.texts), step):
        first = lake.search(collection, _corpus.mark(number), 1)
        require(first[0].source == f"corpus/{number}", f"document {number} not found by word")
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT vector_table FROM lake.collections WHERE name = %s", [collection]
        ).fetchone()
        require(row is not None and row[0] is not None, "the collection has no vector table")
        connection.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
        nearest = sql.SQL("SELECT chunk_id FROM {} ORDER BY embedding <#> %s::halfvec LIMIT {}")
        table = sql.Identifier("lake", str(row[0] if row else ""))
        return _recall.measure(
            connection,
            nearest.format(table, NEAREST),
            _recall.between(corpus.vectors),
            must_use_index=suited(len(corpus.texts), DIMENSION) is not None,
        )


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
        require(report.inserted == len(corpus.texts), f"{report.inserted} documents came through")
        found_again = lake.search("end-to-end", _corpus.mark(0), 1)
        require(found_again[0].source.endswith("000000.txt"), "document 0 is not found")
    return len(corpus.texts) / seconds


def _pgvector_haystack(
    url: str, corpus: Corpus, table: str, graph: dict[str, int]
) -> tuple[Cost, Found]:
    """Return the cost of pgvector-haystack's load, and its search; table and index made before."""
    cost = _haystack_peer.write(url, _haystack_peer.documents(corpus), table, graph)
    with psycopg.connect(url) as connection:
        nearest = sql.SQL("SELECT id FROM {} ORDER BY embedding <=> %s::vector LIMIT {}")
        found = _recall.measure(
            connection,
            nearest.format(sql.Identifier(table), NEAREST),
            _recall.between(corpus.vectors),
            must_use_index=len(corpus.texts) >= INDEX_USED_FROM,
        )
    return cost, found
