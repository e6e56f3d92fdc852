"""Bringing a collection's vectors in step with its chunks, at the end of a load.

In this order, the first that applies: fit the model (again) and embed everything; build a new
table from the old one and the new chunks; add the new chunks to the table in use.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from neurocortex.domain.embedding import (
    Embedder,
    Restore,
    StorableEmbedder,
    Trainer,
    embedded_text,
)
from neurocortex.errors import EmbedderMismatchError, LakeError
from neurocortex.lake import collections, graph, models, vectors
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver
from neurocortex.lake.models import ModelCache

BATCH: Final = 1_000
"""Chunks embedded at a time: about 1.5 MB of text."""

FIT_CHUNKS: Final = 20_000
"""Chunks a model is fitted on at most, a sample of larger collections: 10 s and 200 MB."""

REFIT_GROWTH: Final = 1.5
"""A model is fitted again when the collection has become this much larger since."""

_SELECT: Final = """
SELECT chunks.id, documents.title, chunks.heading, chunks.text
FROM lake.chunks JOIN lake.documents ON documents.id = chunks.document_id
WHERE documents.collection_id = %(collection)s
"""
ALL: Final = _SELECT
OF_LOAD: Final = _SELECT + " AND documents.load_id = %(load)s"
SAMPLE: Final = (  # the same chunks in the same order wherever and whenever they were loaded
    _SELECT
    + " AND uuid_hash_extended(documents.id, chunks.ordinal) %% %(stride)s = 0"
    + " ORDER BY documents.id, chunks.ordinal"
)

Progress = Callable[[int], None]
"""Gets how many chunks are embedded so far."""


@dataclass(frozen=True, slots=True)
class Brought:
    """Vectors that documents brought along."""

    chunk_ids: NDArray[np.int64]
    vectors: NDArray[np.float16]
    """(chunk_ids, dimension), in the precision they are stored in: a load holds all of them."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the load did to the chunks."""

    load_id: UUID
    added: int
    gone: Sequence[int]
    brought: Sequence[Brought] | None = None
    """Vectors that came with the documents; None where the model makes them."""


def check(collection: Collection, embedder: Embedder | Trainer) -> None:
    """Refuse another model than the collection's own, before any work is done.

    Raises:
        EmbedderMismatchError: its name, version or dimension is another.
    """
    asked = embedder.name
    same = collection.embedder == asked
    if same and not isinstance(embedder, Trainer) and collection.model_version is not None:
        asked = f"{embedder.name} {embedder.version} ({embedder.dimension} numbers)"
        same = (collection.model_version, collection.dimension) == (
            embedder.version,
            embedder.dimension,
        )
    if not same:
        recorded = f"{collection.embedder} {collection.model_version or ''}".strip()
        raise EmbedderMismatchError(collection.name, recorded, asked)


class Embedding:
    """One load's work on the vectors of a collection, inside its transaction.

    The index is left to `graph.build`, so that it can be built beside other work.
    """

    def __init__(
        self,
        connection: Connection,
        collection: Collection,
        *,
        restore: Restore,
        cache: ModelCache,
        progress: Progress,
    ) -> None:
        """Take the collection with the figures it has after the load."""
        self._connection = connection
        self._driver = driver(connection)
        self._collection = collection
        self._restore = restore
        self._cache = cache
        self._progress = progress
        self._brought: Sequence[Brought] | None = None

    def bring_in_step(self, embedder: Embedder | Trainer, changes: Changes) -> bool:
        """Embed what the load brought; return whether the model was fitted again for all.

        Raises:
            ProviderError: the model's provider failed.
            LakeError: the model gave something other than one vector per text.
        """
        collection = self._collection
        if isinstance(embedder, Trainer):
            if self._must_fit():
                self._embed_all(self._fitted(embedder))
                return True
            model = models.load(self._connection, collection, self._restore, self._cache)
        else:
            model = embedder
        if model is None or (not changes.added and not changes.gone):
            return False
        self._brought = changes.brought
        if self._brought is not None and not self._brought:
            if collection.vector_table is not None:
                vectors.delete(self._driver, collection.vector_table, changes.gone)
        elif collection.vector_table is None:
            self._embed_all(model)
        elif graph.is_built_anew(
            collection.chunk_count - changes.added, changes.added, model.dimension
        ):
            self._rebuild(model, collection.vector_table, changes)
        else:
            self._add(model, collection.vector_table, changes)
        return False

    def embed_anew(self, embedder: Embedder | Trainer) -> None:
        """Embed every chunk by a model of another kind, fitted first where it must be.

        Raises:
            ProviderError: the model's provider failed.
            LakeError: the model gave something other than one vector per text.
        """
        self._embed_all(self._fitted(embedder) if isinstance(embedder, Trainer) else embedder)

    def _must_fit(self) -> bool:
        collection = self._collection
        if collection.model_version is None:
            return collection.chunk_count > 0
        return collection.chunk_count > REFIT_GROWTH * collection.fitted_chunks

    def _fitted(self, trainer: Trainer) -> StorableEmbedder:
        stride = -(-self._collection.chunk_count // FIT_CHUNKS)
        return trainer.fit(text for _, text in self._chunks(SAMPLE, stride=stride))

    def _embed_all(self, model: Embedder) -> None:
        if isinstance(model, StorableEmbedder):
            models.store(self._connection, self._collection, model)
        table = vectors.create(self._driver, self._collection, model.dimension)
        self._copy(model, table, self._chunks(ALL))
        self._switch(model, table, fitted_chunks=self._collection.chunk_count)

    def _rebuild(self, model: Embedder, old: str, changes: Changes) -> None:
        vectors.delete(self._driver, old, changes.gone)
        table = vectors.create(self._driver, self._collection, model.dimension)
        vectors.adopt(self._driver, table, old)
        self._copy(model, table, self._chunks(OF_LOAD, load=changes.load_id))
        self._switch(model, table, fitted_chunks=self._collection.fitted_chunks)

    def _add(self, model: Embedder, table: str, changes: Changes) -> None:
        vectors.delete(self._driver, table, changes.gone)
        self._copy(model, table, self._chunks(OF_LOAD, load=changes.load_id))

    def _switch(self, model: Embedder, table: str, *, fitted_chunks: int) -> None:
        vectors.build_key(self._driver, table)
        collections.set_vectors(
            self._connection,
            self._collection,
            table=table,
            model_version=model.version,
            dimension=model.dimension,
            fitted_chunks=fitted_chunks,
        )

    def _chunks(self, query: str, **parameters: object) -> Iterator[tuple[int, str]]:
        """Yield id and text of chunks, fetched as they are used."""
        with self._driver.cursor(name="chunks") as cursor:
            cursor.itersize = BATCH
            cursor.execute(query, {"collection": self._collection.id, **parameters})
            for chunk_id, title, heading, text in cursor:
                yield chunk_id, embedded_text(title, heading, text)

    def _copy(self, model: Embedder, table: str, chunks: Iterator[tuple[int, str]]) -> None:
        """Write the vectors of chunks: those that were brought along, or the model's."""
        if self._brought is not None:
            for each in self._brought:
                vectors.copy(self._driver, table, each.chunk_ids, each.vectors)
            return
        done = 0
        for batch in _batches(chunks, BATCH):
            matrix = model.embed_documents([text for _, text in batch])
            if matrix.shape != (len(batch), model.dimension):
                raise LakeError(
                    f"{model.name} gave vectors of the shape {matrix.shape} for {len(batch)}"
                    f" texts; ({len(batch)}, {model.dimension}) was expected."
                )
            ids = np.asarray([chunk_id for chunk_id, _ in batch], np.int64)
            vectors.copy(self._driver, table, ids, matrix)
            done += len(batch)
            self._progress(done)


def _batches(chunks: Iterator[tuple[int, str]], size: int) -> Iterator[Sequence[tuple[int, str]]]:
    batch: list[tuple[int, str]] = []
    for chunk in chunks:
        batch.append(chunk)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
