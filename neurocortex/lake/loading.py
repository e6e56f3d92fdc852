"""Loading documents: one transaction that ends whole, or as if it had never begun."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Engine

from neurocortex.domain.documents import SplitDocument
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import LoadReport
from neurocortex.lake import collections, documents, embed, segments
from neurocortex.lake.collections import Change, Collection
from neurocortex.lake.embedding import Embedder, Restore, Trainer
from neurocortex.lake.lexical import SegmentBuilder
from neurocortex.lake.loads import Attempt, LoadKind, attempt
from neurocortex.lake.models import ModelCache

BATCH_CHUNKS: Final = 2_000
"""Chunks written at a time: about 3 MB of text in memory."""


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load is."""

    stage: Literal["write", "embed"]
    done: int
    """Documents written, or chunks embedded, so far."""


@dataclass(slots=True)
class _Tally:
    """What the batches of a load did together."""

    inserted: int = 0
    replaced: int = 0
    unchanged: int = 0
    chunks: int = 0
    change: Change = Change()  # noqa: RUF009 - frozen


class DocumentLoader:
    """Loads documents into collections."""

    def __init__(self, engine: Engine, restore: Restore, cache: ModelCache) -> None:
        """Take the database and how to rebuild a collection's model."""
        self._engine = engine
        self._restore = restore
        self._cache = cache

    def load(
        self,
        name: str,
        incoming: Iterable[SplitDocument],
        embedder: Embedder | Trainer,
        *,
        quarantined: Sequence[Quarantined],
        flow_run_id: UUID | None,
        progress: Callable[[LoadProgress], None],
    ) -> LoadReport:
        """Load documents as `Lake.load_documents` describes."""
        started = time.monotonic()
        with attempt(
            self._engine,
            LoadKind.DOCUMENTS,
            name,
            flow_run_id=flow_run_id,
            quarantined=quarantined,
        ) as opened:
            connection = opened.connection
            collection = collections.lock_or_create(connection, name, embedder.name)
            embed.check(collection, embedder)
            tally, gone = self._write(opened, collection, incoming, progress)
            changed = bool(tally.inserted or tally.replaced)
            if changed:
                collection = collections.apply(connection, collection, tally.change)
                segments.merge(connection, collection)
            embedding = embed.Embedding(
                connection,
                collection,
                restore=self._restore,
                cache=self._cache,
                progress=lambda done: progress(LoadProgress("embed", done)),
            )
            changes = embed.Changes(opened.load.id, tally.chunks, gone)
            reembedded = embedding.bring_in_step(embedder, changes)
            model = collections.find(connection, name)
            opened.counts.update(
                inserted=tally.inserted,
                replaced=tally.replaced,
                unchanged=tally.unchanged,
                chunks=tally.chunks,
                quarantined=len(quarantined),
            )
        return LoadReport(
            load_id=opened.load.id,
            collection=name,
            inserted=tally.inserted,
            replaced=tally.replaced,
            chunks=tally.chunks,
            embedder=f"{model.embedder} {model.model_version or ''}".strip(),
            reembedded=reembedded,
            seconds=time.monotonic() - started,
        )

    def _write(
        self,
        opened: Attempt,
        collection: Collection,
        incoming: Iterable[SplitDocument],
        progress: Callable[[LoadProgress], None],
    ) -> tuple[_Tally, list[int]]:
        """Write documents, chunks and postings; return what changed, and which chunks went."""
        tally, gone = _Tally(), list[int]()
        builder = SegmentBuilder()
        for batch in _batches(incoming):
            written = documents.write(opened.connection, collection, opened.load.id, batch)
            for chunk in written.chunks:
                builder.add(chunk.id, chunk.terms)
            if builder.full:
                builder.write(opened.connection, collection)
                builder = SegmentBuilder()
            gone.extend(written.gone)
            tally.inserted += written.inserted
            tally.replaced += written.replaced
            tally.unchanged += written.unchanged
            tally.chunks += len(written.chunks)
            tally.change += written.change
            progress(LoadProgress("write", tally.inserted + tally.replaced + tally.unchanged))
        builder.write(opened.connection, collection)
        return tally, gone


def delete(
    connection: Connection, name: str, sources: Sequence[str], delete_vectors: ...
) -> int: ...


def _batches(incoming: Iterable[SplitDocument]) -> Iterator[Sequence[SplitDocument]]:
    """Yield documents in batches of some thousand chunks."""
    batch: list[SplitDocument] = []
    chunks = 0
    for split in incoming:
        batch.append(split)
        chunks += len(split.chunks) + 1
        if chunks >= BATCH_CHUNKS:
            yield batch
            batch, chunks = [], 0
    if batch:
        yield batch
