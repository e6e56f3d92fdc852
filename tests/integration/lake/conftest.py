"""A Lake of the test's own, and what to fill it with."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np
import pytest
from sqlalchemy import func, select, table, text

from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.domain.embedding import Embedder, RecordedEmbedder, Vectors
from neurocortex.engines import embedders
from neurocortex.lake.store import Lake

DIMENSION: Final = 8


class HashEmbedder:
    """A ready model without sense: a text's vector comes from its hash, the same every time."""

    share: Final = 0.5
    version: Final = "1"

    def __init__(self, name: str = "hash", dimension: int = DIMENSION) -> None:
        self.name = name
        self.dimension = dimension

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        seeds = [int.from_bytes(hashlib.sha256(each.encode()).digest()[:8]) for each in texts]
        drawn = [np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds]
        vectors = np.array(drawn, np.float32).reshape(len(texts), self.dimension)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def embed_query(self, text: str) -> Vectors:
        return self.embed_documents([text])


def restored(recorded: RecordedEmbedder) -> Embedder:
    """Rebuild the tests' own models as well as the product's."""
    if recorded.name.startswith("hash"):
        return HashEmbedder(recorded.name, recorded.dimension)
    return embedders.restore(recorded)


class MakeDocument(Protocol):
    """Makes a document of the chunks given."""

    def __call__(self, source: str, *chunks: str, title: str = "") -> SplitDocument: ...


class Counts(Protocol):
    """Counts the rows of every table of a Lake, the vectors' included."""

    def __call__(self, lake: Lake) -> dict[str, int]: ...


@pytest.fixture
def lake(database_url: str) -> Iterator[Lake]:
    with Lake(database_url, restore=restored) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def hash_embedder() -> Callable[..., HashEmbedder]:
    return HashEmbedder


@pytest.fixture
def document() -> MakeDocument:
    def make(source: str, *chunks: str, title: str = "") -> SplitDocument:
        joined = "\n".join(chunks)
        made = Document(
            source=source,
            title=title,
            text=joined,
            media_type="text/plain",
            checksum=hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest(),
            metadata={"author": "test"},
        )
        parts, start = [], 0
        for ordinal, chunk in enumerate(chunks):
            parts.append(Chunk(ordinal, chunk, start, start + len(chunk)))
            start += len(chunk) + 1
        return SplitDocument(made, tuple(parts))

    return make


@pytest.fixture
def counts() -> Counts:
    def count(lake: Lake) -> dict[str, int]:
        with lake.engine.connect() as connection:
            tables = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'lake'")
            ).all()
            return {
                name: connection.scalar(
                    select(func.count()).select_from(table(name, schema="lake"))
                )
                or 0
                for name in tables
            }

    return count
