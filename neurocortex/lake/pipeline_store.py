"""A collection as the store of somebody's own pipeline: records with ids, metadata and vectors.

What it writes are loads like all others: one transaction each, recorded, with a version that can
be returned to. A collection that the platform filled can be read here, a record for each chunk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from sqlalchemy import Connection

from neurocortex.domain.documents import Duplicates
from neurocortex.domain.embedding import OWN_VECTORS, OwnVectors, Vectors
from neurocortex.domain.filters import EVERYTHING, Filter
from neurocortex.errors import CollectionNotFoundError, EmbedderMismatchError
from neurocortex.lake import lexical, metadata, retrieval, stored
from neurocortex.lake.collections import Collection, CollectionInfo
from neurocortex.lake.database import translated
from neurocortex.lake.filtered import passing
from neurocortex.lake.records import Record, split, unit
from neurocortex.lake.retrieval import Question
from neurocortex.lake.store import Lake
from neurocortex.text.tokens import tokens

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """A record that a search found."""

    record: Record
    score: float
    """Higher is better. Cosine similarity, BM25, or 0 to 1 for both together."""


def _ignored(collection: str) -> None:
    """Tell nobody."""


class PipelineStore:
    """One collection of a Lake. It is made by the first write; before that it is empty."""

    def __init__(
        self, lake: Lake, collection: str, changed: Callable[[str], None] = _ignored
    ) -> None:
        """Take the Lake, which stays the caller's to close, and the name of the collection.

        `changed` is called with that name after each write and deletion, also where nothing was
        new: an earlier try may have written it, and ended before it could tell.
        """
        self._lake = lake
        self._name = collection
        self._changed = changed

    def write(self, records: Iterable[Record], duplicates: Duplicates, dimension: int) -> int:
        """Load records in one transaction; return how many are new or were changed.

        Args:
            records: read as a stream.
            duplicates: what becomes of those whose ids the collection has.
            dimension: numbers of a vector, the same for the collection's whole life.

        Raises:
            DuplicateDocumentError: there are duplicates, and there were to be none.
            InvalidRecordError: one of them cannot be kept; none is.
            EmbedderMismatchError: the collection is the platform's, or has vectors of another
                dimension.
        """
        report = self._lake.load_documents(
            self._name,
            split(records, dimension),
            OwnVectors(dimension),
            duplicates=duplicates,
        )
        self._changed(self._name)
        return report.inserted + report.replaced

    def delete(self, ids: Sequence[str]) -> int:
        """Delete records by their ids; return how many there were."""
        with suppress(CollectionNotFoundError):
            self._own()
            deleted = self._lake.delete_documents(self._name, ids)
            self._changed(self._name)
            return deleted
        return 0

    def delete_matching(self, wanted: Filter) -> int:
        """Delete the records that a filter lets through; return how many there were."""
        ids = [record.id for record in self.read(wanted, vectors=False)]
        return self.delete(ids) if ids else 0

    def update_matching(self, wanted: Filter, changes: Mapping[str, JsonValue]) -> int:
        """Set fields of the metadata of records that a filter lets through; return how many."""
        if not self.count(wanted):
            return 0
        dimension = self._own().dimension or 1  # without vectors none is written, either

        found = 0

        def changed() -> Iterator[Record]:
            nonlocal found
            # Read when the load begins to: it holds the collection against other writers by then.
            for record in self.read(wanted, vectors=True):
                found += 1
                yield replace(record, metadata={**record.metadata, **changes})

        self.write(changed(), Duplicates.REPLACE, dimension)
        return found

    def count(self, wanted: Filter = EVERYTHING) -> int:
        """Return how many records a filter lets through."""
        return (
            self._read(lambda connection, collection: stored.count(connection, collection, wanted))
            or 0
        )

    def read(self, wanted: Filter = EVERYTHING, *, vectors: bool) -> Sequence[Record]:
        """Return the records that a filter lets through, in the order they came in."""
        return (
            self._read(
                lambda connection, collection: tuple(
                    stored.read(connection, collection, wanted, vectors=vectors)
                )
            )
            or ()
        )

    def get(self, ids: Sequence[str], *, vectors: bool = False) -> Sequence[Record]:
        """Return the records of these ids, in the order asked for, without those not there."""
        found = (
            self._read(
                lambda connection, collection: stored.by_ids(
                    connection, collection, ids, vectors=vectors
                )
            )
            or {}
        )
        return [found[each] for each in ids if each in found]

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        wanted: Filter | None = None,
        *,
        vectors: bool = False,
    ) -> Sequence[Found]:
        """Return the `k` records whose vectors are most alike, by cosine similarity."""

        def find(connection: Connection, collection: Collection) -> Sequence[Found]:
            probe = _probe(collection, vector)
            among = None if wanted is None else passing(connection, collection, wanted)
            scores = retrieval.nearest(connection, collection, probe, k, among)
            return _found(connection, collection, scores, vectors=vectors)

        return self._read(find) or ()

    def by_words(
        self, text: str, k: int, wanted: Filter | None = None, *, vectors: bool = False
    ) -> Sequence[Found]:
        """Return the `k` records that fit the words of a text best, by BM25."""

        def find(connection: Connection, collection: Collection) -> Sequence[Found]:
            among = None if wanted is None else passing(connection, collection, wanted)
            matches = lexical.search(connection, collection, tokens(text), k, among)
            return _found(connection, collection, matches.scores, vectors=vectors)

        return self._read(find) or ()

    def by_both(
        self,
        text: str,
        vector: NDArray[np.float32] | None,
        k: int,
        wanted: Filter | None = None,
        *,
        share: float | None = None,
        vectors: bool = False,
    ) -> Sequence[Found]:
        """Return the `k` records that fit best by words and by vector, as `Lake.search` does.

        Args:
            text: the question.
            vector: its vector; None: what the collection's own model makes of it.
            k: records to return.
            wanted: what they must be like.
            share: how much of the score is similarity, 0 to 1; None: the model's own share.
            vectors: whether to read their vectors, too.
        """

        def find(connection: Connection, collection: Collection) -> Sequence[Found]:
            probe = None if vector is None else _probe(collection, vector)
            asked = Question(text, k, wanted, probe, share)
            model = self._lake.model(connection, collection)
            hits = retrieval.rank(connection, collection, model, asked)
            scores = {hit.chunk_id: hit.score for hit in hits}
            return _found(connection, collection, scores, vectors=vectors)

        return self._read(find) or ()

    def fields(self) -> Mapping[str, Sequence[str]]:
        """Return the fields of the metadata, each with the kinds of its values."""
        return self._read(metadata.kinds) or {}

    def extremes(self, field: Sequence[str]) -> tuple[JsonValue, JsonValue]:
        """Return the least and the greatest value of a field; None where it has none."""
        return self._read(
            lambda connection, collection: metadata.extremes(connection, collection, field)
        ) or (None, None)

    def different(
        self,
        field: Sequence[str],
        wanted: Filter = EVERYTHING,
        *,
        containing: str = "",
        start: int = 0,
        limit: int | None = None,
    ) -> metadata.Values:
        """Return the different values of a field; see `metadata.different`."""
        return self._read(
            lambda connection, collection: metadata.different(
                connection,
                collection,
                field,
                wanted,
                containing=containing,
                start=start,
                limit=limit,
            )
        ) or metadata.Values((), 0)

    def _read(self, read: Callable[[Connection, Collection], T]) -> T | None:
        """Read from the collection; None where there is none."""
        with suppress(CollectionNotFoundError), translated():
            return retrieval.at_one_moment(self._lake.engine, self._name, read)
        return None

    def _own(self) -> CollectionInfo:
        """Return the collection; refuse to take chunks out of documents that the platform read."""
        found = self._lake.collection(self._name)
        if found.embedder != OWN_VECTORS:
            raise EmbedderMismatchError(self._name, found.embedder, OWN_VECTORS)
        return found


def _probe(collection: Collection, vector: NDArray[np.float32]) -> Vectors:
    """Return the vector of a question as a matrix of one row, of length 1."""
    if collection.dimension is not None and vector.shape != (collection.dimension,):
        raise EmbedderMismatchError(
            collection.name,
            f"{collection.embedder} ({collection.dimension} numbers)",
            f"a model of {len(vector)} numbers",
        )
    return unit(vector)[np.newaxis]


def _found(
    connection: Connection, collection: Collection, scores: Mapping[int, float], *, vectors: bool
) -> Sequence[Found]:
    records = stored.by_chunks(connection, collection, tuple(scores), vectors=vectors)
    return [Found(records[chunk], score) for chunk, score in scores.items()]
