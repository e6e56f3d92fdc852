"""The embedding models of collections: stored with their version, and kept once rebuilt."""

from collections import OrderedDict
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from neurocortex.domain.embedding import Embedder, RecordedEmbedder, Restore, StorableEmbedder
from neurocortex.lake.collections import Collection
from neurocortex.lake.tables import ModelRow

KEPT: Final = 4
"""Models a process keeps: a fitted one is up to 50 MB."""


class ModelKey(NamedTuple):
    """What makes two models the same."""

    restore: Restore
    name: str
    version: str
    dimension: int


class ModelCache:
    """The models this process used last."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` models."""
        self._limit = limit
        self._lock = Lock()
        self._models: OrderedDict[ModelKey, Embedder] = OrderedDict()

    def get(self, key: ModelKey) -> Embedder | None:
        """Return a model, if it is here."""
        with self._lock:
            found = self._models.get(key)
            if found is not None:
                self._models.move_to_end(key)
            return found

    def put(self, key: ModelKey, model: Embedder) -> None:
        """Keep a model; the one unused for longest may go."""
        with self._lock:
            self._models[key] = model
            self._models.move_to_end(key)
            while len(self._models) > self._limit:
                self._models.popitem(last=False)


def store(connection: Connection, collection: Collection, model: StorableEmbedder) -> None:
    """Store a fitted model; the collection's older versions go with its older vectors."""
    connection.execute(
        insert(ModelRow)
        .values(collection_id=collection.id, version=model.version, content=model.to_bytes())
        .on_conflict_do_nothing()
    )
    connection.execute(
        delete(ModelRow).where(
            ModelRow.collection_id == collection.id, ModelRow.version != model.version
        )
    )


def forget(connection: Connection, collection: Collection) -> None:
    """Delete the fitted models of a collection that gets another embedder."""
    connection.execute(delete(ModelRow).where(ModelRow.collection_id == collection.id))


def load(
    connection: Connection, collection: Collection, restore: Restore, cache: ModelCache
) -> Embedder | None:
    """Return the model the collection's vectors came from; None where it has no vectors yet."""
    if collection.model_version is None or collection.dimension is None:
        return None
    key = ModelKey(restore, collection.embedder, collection.model_version, collection.dimension)
    found = cache.get(key)
    if found is None:
        content = connection.scalar(
            select(ModelRow.content).where(
                ModelRow.collection_id == collection.id,
                ModelRow.version == collection.model_version,
            )
        )
        found = restore(RecordedEmbedder(key.name, key.version, key.dimension, content))
        cache.put(key, found)
    return found
