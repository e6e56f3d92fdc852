"""Loading documents: one transaction that ends whole, or as if it had never begun."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from neurocortex.domain.documents import Duplicates, SplitDocument
from neurocortex.domain.embedding import Embedder, OwnVectors, Restore, Trainer
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import LoadReport
from neurocortex.lake import collections, documents, embed, graph, postings, segments, vectors
from neurocortex.lake.collections import Change, Collection
from neurocortex.lake.database import driver
from neurocortex.lake.loads import Attempt, LoadKind, attempt, explain
from neurocortex.lake.models import ModelCache
from neurocortex.lake.postings import SegmentBuilder
from neurocortex.lake.tally import Tally

logger = logging.getLogger(__name__)

BATCH_CHUNKS: Final = 2_000
"""Chunks written at a time: about 3 MB of text in memory."""

ANALYSED_FROM: Final = 20_000
"""New documents from which on PostgreSQL is told at once, not a minute later: searches with filters
would be planned for the few there were."""


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load is."""

    stage: Literal["write", "embed"]
    done: int
    """Documents written, or chunks embedded, so far."""


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
        removed: Sequence[str],
        quarantined: Sequence[Quarantined],
        flow_run_id: UUID | None,
        progress: Callable[[LoadProgress], None],
        duplicates: Duplicates = Duplicates.REPLACE,
        rolled_back_to: int | None = None,
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
            collection = collections.lock_or_create(opened.connection, name, embedder.name)
            embed.check(collection, embedder)
            tally = Tally()
            tally.remove(*documents.remove(opened.connection, collection, removed))
            pending = self._write(opened, collection, incoming, duplicates, tally, progress)
            reembedded = False
            if tally.removed or tally.inserted or tally.replaced:
                reembedded = self._index(opened, collection, embedder, tally, pending, progress)
            loaded = collections.find(opened.connection, name)
            opened.counts.update(tally.counts, quarantined=len(quarantined))
            if rolled_back_to is not None:
                opened.counts.update(rolled_back_to=rolled_back_to)
        self._tidy_up(loaded, tally)
        return LoadReport(
            load_id=opened.load.id,
            collection=name,
            inserted=tally.inserted,
            replaced=tally.replaced,
            chunks=tally.chunks,
            embedder=f"{loaded.embedder} {loaded.model_version or ''}".strip(),
            reembedded=reembedded,
            seconds=time.monotonic() - started,
        )

    def delete(self, name: str, sources: Sequence[str]) -> int:
        """Delete documents as `Lake.delete_documents` describes."""
        with self._engine.connect() as connection:
            collections.find(connection, name)  # one that never was has no loads either
        with attempt(self._engine, LoadKind.DOCUMENTS, name) as opened:
            connection = opened.connection
            collection = collections.lock(connection, name)
            gone, change = documents.remove(connection, collection, sources)
            opened.counts.update(removed=-change.documents)
            if not change.documents:
                return 0
            if collection.vector_table is not None:
                vectors.delete(driver(connection), collection.vector_table, gone)
            change += Change(tokens=-postings.bury(connection, collection, gone))
            collections.apply(connection, collection, change)
            segments.merge(connection, collection)
            return -change.documents

    def _write(
        self,
        opened: Attempt,
        collection: Collection,
        incoming: Iterable[SplitDocument],
        duplicates: Duplicates,
        tally: Tally,
        progress: Callable[[LoadProgress], None],
    ) -> SegmentBuilder:
        """Write documents and chunks, a batch at a time; return what is still to be indexed.

        While a batch is written, its words are numbered, mostly outside Python's lock, and the next
        one is taken in: by the caller's thread, whose context the documents may depend on.
        """
        connection, pending = opened.connection, SegmentBuilder()

        def write(batch: Sequence[SplitDocument]) -> None:
            nonlocal pending
            prepared = documents.prepare(connection, collection, batch, duplicates)
            numbering = numbers.submit(
                pending.add, zip(prepared.chunk_ids, prepared.contents(), strict=True)
            )
            documents.write(connection, collection, opened.load.id, prepared)
            tally.add(prepared)
            numbering.result()
            if pending.full:
                tally.index(pending.build(), connection, collection)
                pending = SegmentBuilder()

        # Both have ended when an error leaves here: the transaction is undone after them.
        with (
            ThreadPoolExecutor(max_workers=1) as numbers,
            ThreadPoolExecutor(max_workers=1) as writer,
        ):
            writing: Future[None] | None = None
            for batch in _batches(incoming):
                if writing is not None:
                    writing.result()
                    progress(LoadProgress("write", tally.seen))
                writing = writer.submit(write, batch)
            if writing is not None:
                writing.result()
                progress(LoadProgress("write", tally.seen))
        return pending

    def _index(
        self,
        opened: Attempt,
        collection: Collection,
        embedder: Embedder | Trainer,
        tally: Tally,
        pending: SegmentBuilder,
        progress: Callable[[LoadProgress], None],
    ) -> bool:
        """Bring vectors and postings in step; return whether all was embedded anew.

        Vectors are embedded and written, and their graph built, while we build the last segment.
        """
        connection = opened.connection
        collection = collections.apply(connection, collection, tally.change)
        embedding = embed.Embedding(
            connection,
            collection,
            restore=self._restore,
            cache=self._cache,
            progress=lambda done: progress(LoadProgress("embed", done)),
        )
        whole = sum(len(each.chunk_ids) for each in tally.brought) == tally.chunks > 0
        brought = tally.brought if whole or isinstance(embedder, OwnVectors) else None
        changes = embed.Changes(opened.load.id, tally.chunks, tally.gone, brought)

        def bring_in_step() -> tuple[bool, Collection]:
            anew = embedding.bring_in_step(embedder, changes)
            found = collections.find(connection, collection.name)
            graph.build(driver(connection), found)
            return anew, found

        with ThreadPoolExecutor(max_workers=1) as beside:
            # In this context: who hears of the progress may belong to a flow run.
            stepping = beside.submit(copy_context().run, bring_in_step)
            segment = pending.build()
            reembedded, collection = stepping.result()
        tally.index(segment, connection, collection)
        tokens = tally.tokens - postings.bury(connection, collection, tally.gone)
        collections.count_tokens(connection, collection, tokens)
        segments.merge(connection, collection)
        return reembedded

    def _tidy_up(self, collection: Collection, tally: Tally) -> None:
        """Drop vector tables no longer in use; the load is committed whether or not it works."""
        try:
            vectors.sweep(self._engine, collection.id)
            if tally.inserted >= ANALYSED_FROM:
                with self._engine.begin() as connection:
                    connection.execute(text("ANALYZE lake.documents, lake.chunks"))
        except (DBAPIError, psycopg.Error) as error:
            logger.warning(
                "Old vectors of %s stay until its next load, because %s",
                collection.name,
                explain(error),
            )


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
