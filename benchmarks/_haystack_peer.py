"""pgvector-haystack, the document store that ours is measured beside, and what a load costs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil
import psycopg
from haystack import Document
from haystack.utils import Secret
from haystack_integrations.document_stores.pgvector import PgvectorDocumentStore

from benchmarks import _cpu
from benchmarks._corpus import Corpus
from benchmarks._postgres import say


@dataclass(frozen=True, slots=True)
class Cost:
    """What a load took."""

    wall_s: float
    cpu_s: float
    """User and system time of this process and of PostgreSQL's."""


def measured(url: str, load: Callable[[], object]) -> Cost:
    """Run a load; return what it took here and in the PostgreSQL at `url`."""
    with psycopg.connect(url) as connection:
        postmaster = psutil.Process(connection.info.backend_pid).ppid()
        before = _cpu.of_services({"postgres": postmaster})["postgres"]
        cpu, started = time.process_time(), time.perf_counter()
        load()
        wall_s, cpu = time.perf_counter() - started, time.process_time() - cpu
        after = _cpu.of_services({"postgres": postmaster})["postgres"]
    return Cost(wall_s, cpu + after - before)


def documents(corpus: Corpus) -> list[Document]:
    """Return the corpus as a pipeline of Haystack has it."""
    return [
        Document(id=str(number), content=text, embedding=corpus.vectors[number].tolist())
        for number, text in enumerate(corpus.texts)
    ]


def write(url: str, written: Sequence[Document], table: str, graph: dict[str, int]) -> Cost:
    """Return the cost of pgvector-haystack's load; table and index are made before."""
    store = PgvectorDocumentStore(
        connection_string=Secret.from_token(url),
        table_name=table,
        keyword_index_name=f"{table}_keywords",
        embedding_dimension=len(written[0].embedding or ()),
        search_strategy="hnsw",
        hnsw_index_name=f"{table}_hnsw",
        hnsw_index_creation_kwargs=graph,
    )
    require(store.count_documents() == 0, "pgvector-haystack's table is not empty")
    say(f"pgvector-haystack: writing {len(written)} documents with vectors into {table}")

    def load() -> None:
        count = store.write_documents(list(written))
        require(count == len(written), f"pgvector-haystack wrote {count} documents")

    cost = measured(url, load)
    store.close()
    return cost


def require(holds: bool, otherwise: str) -> None:
    """Stop a benchmark whose figures would mean nothing."""
    if not holds:
        raise SystemExit(f"The result is wrong: {otherwise}.")
