"""The Lake as the store of a Haystack pipeline: writing beside pgvector-haystack, and searching.

`write_docs_per_s`: `LakeDocumentStore.write_documents` of documents with embeddings, one
transaction that ends with what searches need: see `ingest`. Of three writes the median counts, as a
pipeline's process writes more than once; `first_write_docs_per_s` is the first, which imports what
it needs and meets every word for the first time. `pgvector_haystack_docs_per_s`: the same documents
by `PgvectorDocumentStore.write_documents`, with its HNSW index as it comes. `cpu_ratio` compares
processor time, PostgreSQL's included: other work on the machine changes it little.

On 100,000 vectors: `recall_at_10` is the share of the true ten nearest, by comparing all, that 200
searches by embedding find, `search_p95_ms` how long they take from the call to the documents; so
it is with a filter that 1 % of the documents pass (`narrow`), one that 90 % pass (`wide`), and by
words and embedding (`hybrid`).
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from haystack import Document
from haystack.document_stores.types import DuplicatePolicy
from haystack.utils import Secret
from numpy.typing import NDArray

from benchmarks import _corpus, _haystack_peer
from benchmarks._corpus import Corpus
from benchmarks._haystack_peer import Cost, measured, require
from benchmarks._postgres import postgres, say
from neurocortex.adapters.haystack_store import LakeDocumentStore
from neurocortex.domain.documents import Duplicates
from neurocortex.lake.pipeline_store import PipelineStore
from neurocortex.lake.records import Record
from neurocortex.lake.store import Lake

WORDS: Final = 200
SHORT_WORDS: Final = 20
"""Of a document among the many that are searched: their texts do not matter."""

DIMENSION: Final = 384
NEAREST: Final = 10
PROBES: Final = 200
WARMING: Final = 10
"""Searches before those that count."""
GROUPS: Final = 100
NARROW: Final = {"field": "meta.group", "operator": "==", "value": 7}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--documents", type=int, default=5_000, help="to write (default 5000)")
    parser.add_argument("--vectors", type=int, default=100_000, help="to search (default 100000)")
    parser.add_argument("--quick", action="store_true", help="a tenth of both")


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Measure writing, then searching, on one server."""
    part = 10 if options.quick else 1
    documents, vectors = options.documents // part, options.vectors // part
    with postgres() as url, Lake(url) as lake:
        lake.migrate()
        written = _writing(url, documents)
        return {**written, **_searching(url, lake, vectors), "dimension": DIMENSION}


def _writing(url: str, count: int) -> dict[str, float | int | str]:
    say(f"making {count} documents of {WORDS} words")
    documents = _haystack_peer.documents(_corpus.make(count, WORDS, DIMENSION))
    costs: list[Cost] = []

    def ours(collection: str) -> None:
        store = _store(url, collection)
        store.count_documents()  # connects, as the other's store has when it made its table
        say(f"Lake: writing {count} documents with vectors into {collection}")

        def load() -> None:
            number = store.write_documents(documents, DuplicatePolicy.FAIL)
            require(number == count, f"the Lake wrote {number} documents")

        costs.append(measured(url, load))
        store.close()

    # Ours lie around the other's: what else the machine does changes.
    ours("write-0")
    ours("write-1")
    peer = _haystack_peer.write(url, documents, "peer", {})
    ours("write-2")
    wall_s = statistics.median(cost.wall_s for cost in costs)
    cpu_s = statistics.median(cost.cpu_s for cost in costs)
    return {
        "write_docs_per_s": count / wall_s,
        "first_write_docs_per_s": count / costs[0].wall_s,
        "pgvector_haystack_docs_per_s": count / peer.wall_s,
        "write_ratio": peer.wall_s / wall_s,
        "write_cpu_s": cpu_s,
        "pgvector_haystack_cpu_s": peer.cpu_s,
        "cpu_ratio": peer.cpu_s / cpu_s,
        "documents": count,
    }


def _searching(url: str, lake: Lake, count: int) -> dict[str, float | int | str]:
    say(f"making and writing {count} vectors")
    corpus = _corpus.make(count, SHORT_WORDS, DIMENSION)
    started = time.perf_counter()
    PipelineStore(lake, "many").write(_records(corpus), Duplicates.FAIL, DIMENSION)
    seconds = time.perf_counter() - started
    say("searching")
    probes = _probes(corpus)
    numbers = np.arange(count)
    store = _store(url, "many")
    wide = {"field": "meta.number", "operator": ">=", "value": count // 10}
    words = [" ".join(text.split()[1:4]) for text in corpus.texts[: len(probes)]]
    searches = {
        "search": _searches(
            probes, lambda probe, _: store.search_by_embedding(probe, None, NEAREST)
        ),
        "narrow": _searches(
            probes, lambda probe, _: store.search_by_embedding(probe, NARROW, NEAREST)
        ),
        "wide": _searches(probes, lambda probe, _: store.search_by_embedding(probe, wide, NEAREST)),
        "hybrid": _searches(
            probes,
            lambda probe, turn: store.search_by_both(words[turn], probe, None, NEAREST),
        ),
    }
    store.close()
    figures = {
        f"{name}_{quantile}_ms": 1000 * float(np.quantile(searched.seconds, share))
        for name, searched in searches.items()
        for quantile, share in (("p50", 0.5), ("p95", 0.95))
    }
    found = {name: searched.found for name, searched in searches.items()}
    return {
        "recall_at_10": _recall(corpus, probes, found["search"], numbers),
        "narrow_recall_at_10": _recall(
            corpus, probes, found["narrow"], numbers[numbers % GROUPS == NARROW["value"]]
        ),
        "wide_recall_at_10": _recall(
            corpus, probes, found["wide"], numbers[numbers >= count // 10]
        ),
        **figures,
        "vectors": count,
        "load_s": seconds,
    }


def _records(corpus: Corpus) -> Iterator[Record]:
    for number, text in enumerate(corpus.texts):
        metadata = {"group": number % GROUPS, "number": number}
        yield Record(str(number), text, metadata, corpus.vectors[number])


def _probes(corpus: Corpus) -> Sequence[Sequence[float]]:
    """Return vectors half way between two documents', as a question lies between its documents."""
    step = max(1, len(corpus.vectors) // PROBES)
    middle: NDArray[np.float32] = (
        corpus.vectors[::step] + np.roll(corpus.vectors, 1, axis=0)[::step]
    )
    return [probe.tolist() for probe in middle]


@dataclass(frozen=True, slots=True)
class _Searches:
    seconds: Sequence[float]
    found: Sequence[Sequence[int]]
    """The numbers of the documents, for each probe."""


def _searches(
    probes: Sequence[Sequence[float]], search: Callable[[Sequence[float], int], Sequence[Document]]
) -> _Searches:
    """Search for each probe; the first searches warm the server up and do not count."""
    seconds, found = [], []
    for turn, probe in enumerate(itertools.chain(probes[:WARMING], probes)):
        started = time.perf_counter()
        documents = search(probe, max(0, turn - WARMING))
        seconds.append(time.perf_counter() - started)
        require(len(documents) == NEAREST, f"{len(documents)} documents were found")
        found.append([int(document.id) for document in documents])
    return _Searches(seconds[WARMING:], found[WARMING:])


def _recall(
    corpus: Corpus,
    probes: Sequence[Sequence[float]],
    found: Sequence[Sequence[int]],
    among: NDArray[np.int64],
) -> float:
    """Return the share of the truly nearest `among` the documents that were found."""
    likeness = np.asarray(probes, np.float32) @ corpus.vectors[among].T
    nearest = among[np.argpartition(-likeness, NEAREST, axis=1)[:, :NEAREST]]
    shares = [
        len(set(true.tolist()).intersection(each)) / NEAREST
        for true, each in zip(nearest, found, strict=True)
    ]
    return statistics.mean(shares)


def _store(url: str, collection: str) -> LakeDocumentStore:
    return LakeDocumentStore(
        collection=collection,
        embedding_dimension=DIMENSION,
        url=Secret.from_token(url),
        return_embedding=False,
    )
