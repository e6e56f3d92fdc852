"""Giving a collection another embedding model: new vectors beside the old ones, then one switch."""

import time
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Engine

from neurocortex.domain.embedding import OWN_VECTORS, Embedder, Restore, Trainer
from neurocortex.domain.reports import LoadReport
from neurocortex.errors import EmbedderMismatchError
from neurocortex.lake import collections, graph, models, vectors
from neurocortex.lake.collections import Change
from neurocortex.lake.database import driver
from neurocortex.lake.embed import Embedding
from neurocortex.lake.loads import LoadKind, attempt
from neurocortex.lake.models import ModelCache


def reembed(
    engine: Engine,
    name: str,
    embedder: Embedder | Trainer,
    *,
    restore: Restore,
    cache: ModelCache,
    flow_run_id: UUID | None,
    progress: Callable[[int], None],
) -> LoadReport:
    """Embed a collection anew as `Lake.reembed` describes."""
    started = time.monotonic()
    with attempt(engine, LoadKind.DOCUMENTS, name, flow_run_id=flow_run_id) as opened:
        connection = opened.connection
        before = collections.lock(connection, name)
        if before.embedder == OWN_VECTORS:
            raise EmbedderMismatchError(name, OWN_VECTORS, embedder.name)
        collections.forget_vectors(connection, before, embedder.name)
        models.forget(connection, before)
        collection = collections.apply(connection, before, Change())
        if collection.chunk_count:
            embedding = Embedding(
                connection, collection, restore=restore, cache=cache, progress=progress
            )
            embedding.embed_anew(embedder)
            collection = collections.find(connection, name)
            graph.build(driver(connection), collection)
        opened.counts.update(reembedded=collection.chunk_count)
    vectors.sweep(engine, collection.id)
    return LoadReport(
        load_id=opened.load.id,
        collection=name,
        inserted=0,
        replaced=0,
        chunks=0,
        embedder=f"{collection.embedder} {collection.model_version or ''}".strip(),
        reembedded=True,
        seconds=time.monotonic() - started,
    )
